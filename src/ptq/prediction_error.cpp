#include "ptq/prediction_error.h"

#include <algorithm>

#include "base/errors.h"
#include "eager/device.h"
#include "eager/images.h"
#include "eager/network.h"
#include "ptq/calibration_batches.h"

namespace y6q::ptq {
namespace {

using torch::Tensor;

/// Added to distances in units of the stride, so that what is next to nothing does not count.
constexpr double kShortest = 0.1;

/// The scores and distances of one level.
struct Level {
  size_t cls, reg;  ///< positions among the outputs
};

std::vector<Level> levels_of(const ir::Graph& graph) {
  const auto position = [&](const std::string& name) {
    const auto found = std::ranges::find(graph.outputs(), name, &ir::Output::name);
    return found == graph.outputs().end() ? -1 : found - graph.outputs().begin();
  };
  std::vector<Level> levels;
  for (int i = 0;; ++i) {
    const auto cls = position(fmt::format("cls{}", i)), reg = position(fmt::format("reg{}", i));
    if (cls < 0 || reg < 0) break;
    levels.push_back({static_cast<size_t>(cls), static_cast<size_t>(reg)});
  }
  if (levels.empty()) throw InputError("prediction error: the network has no outputs cls0 and reg0");
  return levels;
}

}  // namespace

struct PredictionError::Kept {
  at::Device device;
  std::vector<Level> levels;
  struct Batch {
    Tensor images;  ///< [N, 3, H, W] bytes
    std::vector<Tensor> outputs;
  };
  std::vector<Batch> batches;
  int64_t count = 0;

  std::vector<Tensor> forward(eager::Network& network, const Tensor& images) const {
    return network.forward(eager::to_images(images.const_data_ptr<uint8_t>(), images.sizes(), device),
                           eager::Mode::evaluate);
  }
};

PredictionError::PredictionError(const ir::Model& reference, const data::Dataset& dataset,
                                 const CalibrationImages& images, Monitor& monitor)
    : kept_(new Kept{eager::open_device(images.device), levels_of(reference.graph), {}}) {
  eager::Network network(reference, {.device = kept_->device});
  for_calibration_batches(
      dataset, images, "predictions", monitor, [&](const data::Batch& batch, int64_t count) {
        Tensor pixels = torch::empty({count, 3, batch.height, batch.width}, at::kByte);
        std::copy_n(batch.images.data(), pixels.numel(), pixels.mutable_data_ptr<uint8_t>());
        std::vector<Tensor> outputs = kept_->forward(network, pixels);
        kept_->batches.push_back({std::move(pixels), std::move(outputs)});
        kept_->count += count;
      });
}

PredictionError::~PredictionError() = default;

double PredictionError::of(const ir::Model& model) const {
  const torch::NoGradGuard no_gradients;
  eager::Network network(model, {.device = kept_->device});
  double sum = 0;
  for (const Kept::Batch& batch : kept_->batches) {
    const std::vector<Tensor> outputs = kept_->forward(network, batch.images);
    for (const Level& level : kept_->levels) {
      const Tensor before = batch.outputs[level.cls].sigmoid(), after = outputs[level.cls].sigmoid();
      const Tensor &sides = batch.outputs[level.reg], &moved = outputs[level.reg];
      const Tensor relative = (moved - sides) / (sides.abs() + kShortest);
      sum += ((after - before).square().sum(torch::kFloat64) +
              (before.amax({1}, true) * relative.square()).sum(torch::kFloat64))
                 .item<double>();
    }
  }
  return sum / static_cast<double>(kept_->count);
}

}  // namespace y6q::ptq
