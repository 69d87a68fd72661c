#pragma once

namespace y6q {

/// Tells the C library's allocator to keep what is freed for the next time, instead of giving it back to the
/// kernel: images, activations and gradients come and go by the megabyte, and every page that comes anew
/// costs a fault. For programs, at their start; not for libraries in programs of others.
void keep_freed_memory();

}  // namespace y6q
