#pragma once

#include <ATen/Parallel.h>

// at::parallel_for is a template over OpenMP, which without the compiler's option silently runs on one
// thread.
#if AT_PARALLEL_OPENMP && !defined(_OPENMP)
#error "link LibTorch::openmp: y6q_library(… TORCH) does"
#endif
