#include "stages/torch.h"
