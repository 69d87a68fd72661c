#pragma once

#include <memory>
#include <optional>

#include "base/worker.h"
#include "eager/network.h"
#include "train/checkpoint.h"
#include "train/detection_loss.h"
#include "train/ema.h"
#include "train/gradient_sum.h"
#include "train/optimizer.h"
#include "train/recipe.h"
#include "train/training.h"

namespace y6q::train {

/// Whether to train in BF16: "on", "off", or "auto" (where the device has instructions for it).
bool use_bf16(const std::string& choice, at::Device device = at::kCPU);

/// A network that learns: forward, loss, backward, step, averages. It knows nothing of the order of epochs
/// and of files.
class Learner {
 public:
  /// Throws InternalError when an output is missing, ShapeError when the teacher's are of other shapes,
  /// InputError when the recipe's patterns of frozen parameters fit none, or all, and without labels and
  /// teacher. With several processes each learns from its share of every batch, and all calls are
  /// collectives. device: see eager::open_device.
  Learner(const Training& training, const TrainRecipe& recipe, double weight_decay,
          dist::Group& group = dist::alone(), at::Device device = at::kCPU);

  /// Adds the batch's gradients to those pending; before_step: it is the last one before a step. The loss
  /// terms are this process' share of the batch's, and may be non-finite; the device may still be at work.
  PendingTerms learn(const data::Batch& batch, int64_t epoch, bool before_step = true);
  /// One optimizer step with the pending gradients, and the averages after it.
  void step(const StepSettings& settings);

  /// The model to keep: averaged when the recipe says ema, else as it is.
  ir::Model model() const;

  /// Values of weights, momentum and averages.
  void save(TrainState& state) const;
  /// Throws InputError when the state is of another network.
  void restore(const TrainState& state);

 private:
  /// Adds the teacher's terms. taught: its outputs. whole_count: images of the batch.
  void distil(const std::vector<torch::Tensor>& taught, const std::vector<torch::Tensor>& outputs,
              int64_t whole_count, int64_t epoch, DetectionLossResult& loss);
  /// Running statistics become the mean of all processes'.
  void average_statistics();

  struct Teacher {
    eager::Network network;
    PredictionGatherer gather;
    /// On a device: the thread that queues its work there while the student's is queued. The CPU's cores are
    /// busy anyway.
    std::optional<Worker> beside;
    Teacher(const ir::Model& model, const eager::NetworkOptions& options)
        : network(model, options), gather(network) {
      if (!options.device.is_cpu()) beside.emplace();
    }
    /// The images' outputs, on their way.
    std::future<std::vector<torch::Tensor>> look_at(const torch::Tensor& images);
  };

  TrainRecipe recipe_;
  int processes_;
  std::unique_ptr<dist::TensorSum> sum_;  ///< over several processes, and what stands for it in SyncBN of one
  at::Device device_;
  eager::Network network_;
  std::optional<Teacher> teacher_;
  PredictionGatherer gather_;
  DetectionLoss loss_;
  Sgd optimizer_;
  std::optional<Ema> ema_;
  std::optional<GradientSum> gradient_sum_;  ///< with several processes
};

}  // namespace y6q::train
