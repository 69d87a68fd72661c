#include "train/fused.h"

namespace y6q::train {

void sgd_update(const SgdArrays& arrays, int64_t first, int64_t last, const SgdStep& step) {
  float* __restrict parameter = arrays.parameter;
  float* __restrict velocity = arrays.velocity;
  const float* __restrict gradient = arrays.gradient;
  const float* __restrict mask = arrays.mask;
  const auto update = [&](int64_t i, float masked) {
    const float g = masked + step.decay * parameter[i];
    const float v = step.momentum * velocity[i] + g;
    velocity[i] = v;
    parameter[i] -= step.lr * (g + step.momentum * v);
  };
  if (mask == nullptr) {
    for (int64_t i = first; i < last; ++i) update(i, gradient[i]);
  } else {
    for (int64_t i = first; i < last; ++i) update(i, gradient[i] * mask[i]);
  }
}

void average_update(float* __restrict average, const float* __restrict value, int64_t count, double decay) {
  const auto keep = static_cast<float>(decay), take = static_cast<float>(1 - decay);
  for (int64_t i = 0; i < count; ++i) average[i] = keep * average[i] + take * value[i];
}

}  // namespace y6q::train
