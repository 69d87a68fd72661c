#include "train/optimizer.h"

#include <map>

#include "base/errors.h"
#include "train/elements.h"
#include "train/foreach.h"
#include "train/fused.h"

namespace y6q::train {
namespace {

/// The same elements in the same memory order as `like`.
torch::Tensor in_order_of(const torch::Tensor& like, const torch::Tensor& tensor) {
  if (tensor.strides() == like.strides() && tensor.scalar_type() == like.scalar_type()) return tensor;
  return torch::empty_like(like).copy_(tensor);
}

double rate_of(eager::Kind kind, const StepSettings& settings) {
  if (kind == eager::Kind::weight) return settings.weight_lr;
  return kind == eager::Kind::bias ? settings.bias_lr : settings.lr;
}

}  // namespace

Sgd::Sgd(const std::vector<eager::NamedTensor>& tensors, double weight_decay) : weight_decay_(weight_decay) {
  for (const eager::NamedTensor& named : tensors) {
    if (!eager::learns(named.kind) || !named.tensor.requires_grad()) continue;
    if (!named.tensor.is_non_overlapping_and_dense() || named.tensor.scalar_type() != torch::kFloat32) {
      throw InternalError("optimizer: parameter '{}' is not a dense float32 tensor", named.name);
    }
    slots_.push_back({named.name, named.kind, named.tensor, torch::zeros_like(named.tensor.detach()), {}});
  }
}

void Sgd::set_gradient_mask(const std::string& name, const torch::Tensor& mask) {
  for (Slot& slot : slots_) {
    if (slot.name != name) continue;
    if (slot.parameter.sizes() != mask.sizes()) break;
    slot.mask = in_order_of(slot.momentum, mask.to(slot.momentum.device(), torch::kFloat32));
    return;
  }
  throw InternalError("optimizer: no parameter '{}' of the mask's shape", name);
}

/// One list for each kind of parameter, with and without masks.
void Sgd::step_on_device(const StepSettings& settings) {
  std::map<std::pair<eager::Kind, bool>, ForeachGroup> groups;
  for (const Slot& slot : slots_) {
    const torch::Tensor& gradient = slot.parameter.grad();
    if (!gradient.defined()) continue;
    ForeachGroup& group = groups[{slot.kind, slot.mask.defined()}];
    group.parameters.push_back(slot.parameter);
    group.velocities.push_back(slot.momentum);
    group.gradients.push_back(in_order_of(slot.momentum, gradient));
    if (slot.mask.defined()) group.masks.push_back(slot.mask);
  }
  for (auto& [key, group] : groups) {
    group.lr = rate_of(key.first, settings);
    group.momentum = settings.momentum;
    group.decay = key.first == eager::Kind::weight ? weight_decay_ : 0;
    sgd_update(group);
  }
}

void Sgd::step(const StepSettings& settings) {
  const torch::NoGradGuard no_gradients;
  if (!slots_.empty() && !slots_.front().parameter.device().is_cpu()) return step_on_device(settings);
  struct Update {
    torch::Tensor gradient;  ///< owns what the arrays point to
    SgdArrays<float> arrays;
    SgdStep<float> step;
  };
  std::vector<Update> updates;
  std::vector<int64_t> counts;
  for (Slot& slot : slots_) {
    const torch::Tensor& raw = slot.parameter.grad();
    if (!raw.defined()) continue;
    Update update{.gradient = in_order_of(slot.momentum, raw), .arrays = {}, .step = {}};
    update.step = {static_cast<float>(rate_of(slot.kind, settings)), static_cast<float>(settings.momentum),
                   slot.kind == eager::Kind::weight ? static_cast<float>(weight_decay_) : 0.0F};
    update.arrays = {slot.parameter.mutable_data_ptr<float>(), slot.momentum.mutable_data_ptr<float>(),
                     update.gradient.const_data_ptr<float>(),
                     slot.mask.defined() ? slot.mask.const_data_ptr<float>() : nullptr};
    counts.push_back(slot.parameter.numel());
    updates.push_back(std::move(update));
  }
  for_elements(counts, [&](size_t i, int64_t first, int64_t last) {
    sgd_update(updates[i].arrays, first, last, updates[i].step);
  });
}

void Sgd::zero_gradients() {
  // Dropped rather than filled with zeros: the next backward pass then stores instead of adding.
  for (Slot& slot : slots_) slot.parameter.mutable_grad() = torch::Tensor();
}

std::map<std::string, torch::Tensor> Sgd::state() const {
  std::map<std::string, torch::Tensor> state;
  for (const Slot& slot : slots_) state.emplace(slot.name, slot.momentum);
  return state;
}

}  // namespace y6q::train
