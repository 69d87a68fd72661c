#include "train/learner.h"

#include <fnmatch.h>

#include "base/errors.h"
#include "base/isa.h"
#include "eager/images.h"
#include "train/arrays.h"
#include "train/distillation.h"
#include "train/teacher_labels.h"

namespace y6q::train {
namespace {

LossOptions loss_options(const ir::Model& model, const TrainRecipe& recipe) {
  const auto channels = [&](const char* output) {
    const auto value = model.graph.find_output(output);
    if (!value) throw InternalError("training: the network has no output '{}'", output);
    return model.graph.node(*value).shape.at(1);
  };
  LossOptions options;
  options.class_count = channels("cls0");
  options.reg_max = channels("reg0") / 4 - 1;
  options.iou = from_name<IouType>(recipe.iou_type);
  options.atss_warmup_epochs = recipe.atss_warmup_epochs;
  return options;
}

Arrays to_arrays(const std::map<std::string, torch::Tensor>& tensors) {
  Arrays arrays;
  for (const auto& [name, tensor] : tensors) arrays.emplace(name, to_array(tensor));
  return arrays;
}

void restore_all(const Arrays& arrays, const std::map<std::string, torch::Tensor>& tensors,
                 const char* what) {
  if (arrays.size() != tensors.size()) {
    throw InputError("training state: {} arrays of {}; the network has {}", arrays.size(), what,
                     tensors.size());
  }
  for (const auto& [name, tensor] : tensors) {
    const auto found = arrays.find(name);
    if (found == arrays.end()) throw InputError("training state: no {} of '{}'", what, name);
    copy_into(found->second, name, tensor);
  }
}

std::map<std::string, torch::Tensor> by_name(const eager::Network& network) {
  std::map<std::string, torch::Tensor> tensors;
  for (const eager::NamedTensor& named : network.tensors()) tensors.emplace(named.name, named.tensor);
  return tensors;
}

/// Parameters that the recipe freezes get no gradient: whoever looks for those that learn does not find them.
eager::Network with_frozen(eager::Network network, const std::vector<std::string>& patterns) {
  std::vector<const eager::NamedTensor*> learning;
  for (const eager::NamedTensor& named : network.tensors()) {
    if (eager::learns(named.kind)) learning.push_back(&named);
  }
  size_t frozen = 0;
  for (const std::string& pattern : patterns) {
    bool fits = false;
    for (const eager::NamedTensor* named : learning) {
      if (::fnmatch(pattern.c_str(), named->name.c_str(), 0) != 0) continue;
      fits = true;
      frozen += named->tensor.requires_grad() ? 1 : 0;
      torch::Tensor(named->tensor).set_requires_grad(false);
    }
    if (!fits) {
      throw InputError("recipe: freeze: no parameter is called like '{}'; their names go from {} to {}",
                       pattern, learning.front()->name, learning.back()->name);
    }
  }
  if (frozen == learning.size()) throw InputError("recipe: freeze: nothing is left that learns");
  return network;
}

}  // namespace

bool use_bf16(const std::string& choice, at::Device device) {
  if (choice != "auto") return choice == "on";
  if (!device.is_cpu()) return true;  // every GPU that LibTorch's CUDA 13 serves has it
  const Isa isa = kernel_isa();
  return isa.amx_bf16 || isa.avx512_bf16;
}

Learner::Learner(const Training& training, const TrainRecipe& recipe, double weight_decay, dist::Group& group,
                 at::Device device)
    : recipe_(recipe),
      processes_(group.size()),
      sum_(group.is_alone() && !recipe.sync_bn ? nullptr : dist::tensor_sum(group, device)),
      device_(device),
      network_(with_frozen(
          eager::Network(training.start, {.bf16 = use_bf16(recipe.bf16, device),
                                          .device = device,
                                          .copies_together = !device.is_cpu() && group.is_alone(),
                                          .learn_ranges = recipe.learn_ranges,
                                          .sync_batch_norm = recipe.sync_bn ? sum_.get() : nullptr}),
          recipe.freeze)),
      gather_(network_),
      loss_(loss_options(training.start, recipe), sum_.get()),
      optimizer_(network_.tensors(), weight_decay) {
  const auto tensors = by_name(network_);
  for (const auto& [name, mask] : training.masks) {
    const auto found = tensors.find(name);
    const bool frozen = found != tensors.end() && !found->second.requires_grad();
    if (!frozen) optimizer_.set_gradient_mask(name, to_tensor(mask));
  }
  if (!recipe.labels && !training.teacher) {
    throw InputError(
        "recipe: labels: false: nothing to learn from; it is for qat with a teacher (not with --no-distill)");
  }
  if (training.teacher)
    teacher_.emplace(*training.teacher, eager::NetworkOptions{.bf16 = use_bf16(recipe.bf16, device),
                                                              .device = device,
                                                              .copies_together = !device.is_cpu()});
  network_.follow_weights();
  if (recipe.ema) ema_.emplace(network_.tensors());
  if (!group.is_alone()) gradient_sum_.emplace(network_.tensors(), *sum_);
}

std::future<std::vector<torch::Tensor>> Learner::Teacher::look_at(const torch::Tensor& images) {
  const auto look = [this, images] { return network.forward(images, eager::Mode::evaluate); };
  return beside ? beside->start(look) : std::async(std::launch::deferred, look);
}

PendingTerms Learner::learn(const data::Batch& batch, int64_t epoch, bool before_step) {
  const torch::Tensor images =
      eager::to_images(batch.images.data(), {batch.count, 3, batch.height, batch.width}, device_);
  std::future<std::vector<torch::Tensor>> looked;
  if (teacher_) looked = teacher_->look_at(images);
  const auto outputs = network_.forward(images, eager::Mode::train);
  const auto taught = teacher_ ? looked.get() : std::vector<torch::Tensor>{};
  const auto targets =
      recipe_.labels ? batch.targets : teacher_labels(teacher_->network, taught, batch.height, batch.width);
  DetectionLossResult loss = loss_(gather_(outputs), targets, gather_.levels(outputs), epoch);
  if (teacher_) distil(taught, outputs, batch.whole_count, epoch, loss);
  const bool sums = gradient_sum_ && before_step;
  if (sums) gradient_sum_->begin();
  loss.total.backward();
  if (sums) gradient_sum_->end();
  return loss.terms();
}

void Learner::distil(const std::vector<torch::Tensor>& taught, const std::vector<torch::Tensor>& outputs,
                     int64_t whole_count, int64_t epoch, DetectionLossResult& loss) {
  const auto maps = [](const eager::Network& network, const std::vector<torch::Tensor>& all) {
    std::vector<torch::Tensor> list;
    for (const char* name : {"feat0", "feat1", "feat2"}) list.push_back(all[network.output_index(name)]);
    return list;
  };
  const torch::Tensor features =
      channelwise_distillation(maps(network_, outputs), maps(teacher_->network, taught), whole_count);
  const torch::Tensor classes = class_distillation(gather_(outputs).logits, teacher_->gather(taught).logits,
                                                   recipe_.distill_temperature) /
                                loss.normaliser.to(torch::kFloat32);
  const torch::Tensor sum =
      (features * recipe_.distill_feature_weight + classes * recipe_.distill_class_weight) *
      distill_decay(epoch, recipe_.epochs);
  loss.parts[static_cast<int64_t>(place_of(&LossTerms::distill))] = sum.detach();
  loss.total = loss.total + sum;
}

void Learner::average_statistics() {
  const torch::NoGradGuard no_gradients;
  std::vector<torch::Tensor> statistics, flat;
  for (const eager::NamedTensor& named : network_.tensors()) {
    if (named.kind != eager::Kind::statistics) continue;
    statistics.push_back(named.tensor);
    flat.push_back(named.tensor.flatten());
  }
  if (flat.empty()) return;
  const torch::Tensor all = torch::cat(flat);
  sum_->start(all);
  sum_->finish();
  int64_t first = 0;
  for (const torch::Tensor& tensor : statistics) {
    tensor.copy_(all.slice(0, first, first + tensor.numel()).view(tensor.sizes()) / processes_);
    first += tensor.numel();
  }
}

void Learner::step(const StepSettings& settings) {
  optimizer_.step(settings);
  if (gradient_sum_) {
    gradient_sum_->clear();
    if (!recipe_.sync_bn) average_statistics();
  } else {
    optimizer_.zero_gradients();
  }
  network_.follow_weights();
  if (ema_) ema_->update();
}

ir::Model Learner::model() const {
  ir::Model model = network_.snapshot();
  return ema_ ? ema_->apply(std::move(model)) : model;
}

void Learner::save(TrainState& state) const {
  state.weights = to_arrays(by_name(network_));
  state.momentum = to_arrays(optimizer_.state());
  state.average = ema_ ? to_arrays(ema_->state()) : Arrays{};
  state.progress.ema_updates = ema_ ? ema_->updates() : 0;
}

void Learner::restore(const TrainState& state) {
  restore_all(state.weights, by_name(network_), "weights");
  restore_all(state.momentum, optimizer_.state(), "momentum");
  if (ema_) {
    restore_all(state.average, ema_->state(), "average");
    ema_->set_updates(state.progress.ema_updates);
  }
}

}  // namespace y6q::train
