#pragma once

#include <memory>
#include <optional>

#include "eager/network.h"
#include "train/checkpoint.h"
#include "train/detection_loss.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/recipe.h"

namespace y6q::train {

/// Whether to train in BF16: "on", "off", or "auto" (where the CPU has instructions for it).
bool use_bf16(const std::string& choice);

/// A network that learns: forward, loss, backward, step, averages. Knows nothing of epochs' order, files or
/// hooks.
class Learner {
 public:
  /// model: outputs cls<l> and reg<l> of three levels. Throws InternalError when they are missing.
  Learner(const ir::Model& model, const TrainRecipe& recipe, double weight_decay);

  /// Adds the batch's gradients to those pending. Its loss terms may be non-finite.
  LossTerms learn(const data::Batch& batch, int64_t epoch);
  /// One optimizer step with the pending gradients, and the averages after it.
  void step(const StepSettings& settings);

  /// The model to keep: averaged when the recipe says ema, else as it is.
  ir::Model model() const;

  /// Values of weights, momentum and averages.
  void save(TrainState& state) const;
  /// Throws InputError when the state is of another network.
  void restore(const TrainState& state);

 private:
  eager::Network network_;
  PredictionGatherer gather_;
  DetectionLoss loss_;
  Sgd optimizer_;
  std::optional<Ema> ema_;
};

}  // namespace y6q::train
