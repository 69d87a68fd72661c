#include "stages/plain.h"
