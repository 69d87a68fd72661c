#include "train/ema.h"

#include <cmath>

#include "train/arrays.h"
#include "train/elements.h"
#include "train/foreach.h"
#include "train/fused.h"

namespace y6q::train {

double ema_decay(int64_t update) { return 0.9999 * (1 - std::exp(-static_cast<double>(update) / 2000)); }

Ema::Ema(const std::vector<eager::NamedTensor>& tensors) {
  for (const eager::NamedTensor& named : tensors) {
    if (!named.tensor.is_floating_point()) continue;
    const torch::Tensor source = named.tensor.detach();
    slots_.push_back({named.name, source, torch::empty_like(source).copy_(source)});
  }
}

void Ema::update() {
  const double decay = ema_decay(++updates_);
  if (!slots_.empty() && !slots_.front().average.device().is_cpu()) {
    std::vector<torch::Tensor> averages, values;
    for (const Slot& slot : slots_) {
      averages.push_back(slot.average);
      values.push_back(slot.source);
    }
    return average_update(averages, values, decay);
  }
  std::vector<int64_t> counts;
  std::vector<std::pair<float*, const float*>> arrays;
  for (Slot& slot : slots_) {
    counts.push_back(slot.average.numel());
    arrays.emplace_back(slot.average.mutable_data_ptr<float>(), slot.source.const_data_ptr<float>());
  }
  for_elements(counts, [&](size_t i, int64_t first, int64_t last) {
    average_update(arrays[i].first + first, arrays[i].second + first, last - first, decay);
  });
}

std::map<std::string, torch::Tensor> Ema::state() const {
  std::map<std::string, torch::Tensor> state;
  for (const Slot& slot : slots_) state.emplace(slot.name, slot.average);
  return state;
}

ir::Model Ema::apply(ir::Model model) const {
  for (const Slot& slot : slots_) model.weights.at(slot.name) = to_array(slot.average);
  return model;
}

}  // namespace y6q::train
