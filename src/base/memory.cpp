#include "base/memory.h"

#include <malloc.h>

namespace y6q {

void keep_freed_memory() {
  constexpr int kMegabyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * kMegabyte);  // the largest that is accepted
  mallopt(M_TRIM_THRESHOLD, 1024 * kMegabyte);
  mallopt(M_TOP_PAD, 64 * kMegabyte);
}

}  // namespace y6q
