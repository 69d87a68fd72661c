#pragma once

#include <cstdint>

namespace y6q::train {

// Element-wise passes of the training step over plain float arrays; the callers share them out to threads.

template <typename T>
struct SgdStep {
  T lr = 0, momentum = 0, decay = 0;
};

template <typename T>
struct SgdArrays {
  T* parameter = nullptr;
  T* velocity = nullptr;
  const T* gradient = nullptr;
  const T* mask = nullptr;  ///< may be null
};

/// g = grad * mask + decay * p; v = momentum * v + g; p -= lr * (g + momentum * v).
void sgd_update(const SgdArrays<float>& arrays, int64_t first, int64_t last, const SgdStep<float>& step);
void sgd_update(const SgdArrays<double>& arrays, int64_t first, int64_t last, const SgdStep<double>& step);

/// average = decay * average + (1 - decay) * value; an average that equals the value stays as it is.
void average_update(float* average, const float* value, int64_t count, double decay);

}  // namespace y6q::train
