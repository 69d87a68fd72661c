#include <nowhere/system.h>
#include "base/low.h"
  #  include  "ir/high.h"
