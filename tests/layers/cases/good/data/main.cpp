#include "ir/high.h"
