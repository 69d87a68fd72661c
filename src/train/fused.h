#pragma once

#include <cstdint>

namespace y6q::train {

// Element-wise passes of the training step over plain float arrays; the callers share them out to threads.

struct SgdStep {
  float lr = 0, momentum = 0, decay = 0;
};

/// g = grad * mask + decay * p; v = momentum * v + g; p -= lr * (g + momentum * v). mask may be null.
struct SgdArrays {
  float* parameter = nullptr;
  float* velocity = nullptr;
  const float* gradient = nullptr;
  const float* mask = nullptr;
};
void sgd_update(const SgdArrays& arrays, int64_t first, int64_t last, const SgdStep& step);

/// average = decay * average + (1 - decay) * value.
void average_update(float* average, const float* value, int64_t count, double decay);

}  // namespace y6q::train
