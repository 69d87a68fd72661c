#include "train/fused.h"

namespace y6q::train {
namespace {

template <typename T>
void update_all(const SgdArrays<T>& arrays, int64_t first, int64_t last, const SgdStep<T>& step) {
  T* __restrict parameter = arrays.parameter;
  T* __restrict velocity = arrays.velocity;
  const T* __restrict gradient = arrays.gradient;
  const T* __restrict mask = arrays.mask;
  const auto update = [&](int64_t i, T masked) {
    const T g = masked + step.decay * parameter[i];
    const T v = step.momentum * velocity[i] + g;
    velocity[i] = v;
    parameter[i] -= step.lr * (g + step.momentum * v);
  };
  if (mask == nullptr) {
    for (int64_t i = first; i < last; ++i) update(i, gradient[i]);
  } else {
    for (int64_t i = first; i < last; ++i) update(i, gradient[i] * mask[i]);
  }
}

}  // namespace

void sgd_update(const SgdArrays<float>& arrays, int64_t first, int64_t last, const SgdStep<float>& step) {
  update_all(arrays, first, last, step);
}

void sgd_update(const SgdArrays<double>& arrays, int64_t first, int64_t last, const SgdStep<double>& step) {
  update_all(arrays, first, last, step);
}

void average_update(float* __restrict average, const float* __restrict value, int64_t count, double decay) {
  const auto take = static_cast<float>(1 - decay);
  for (int64_t i = 0; i < count; ++i) average[i] += take * (value[i] - average[i]);
}

}  // namespace y6q::train
