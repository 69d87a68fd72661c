#include "train/predictions.h"

#include <string>

namespace y6q::train {
namespace {

/// [B, C, H, W] -> [B, H * W, C]; without a copy when the map is channels-last.
torch::Tensor rows(const torch::Tensor& map) { return map.permute({0, 2, 3, 1}).flatten(1, 2); }

}  // namespace

Predictions gather_predictions(const std::vector<torch::Tensor>& classes,
                               const std::vector<torch::Tensor>& boxes) {
  std::vector<torch::Tensor> logits, distances;
  for (const torch::Tensor& map : classes) logits.push_back(rows(map));
  for (const torch::Tensor& map : boxes) distances.push_back(rows(map));
  return {torch::cat(logits, 1), torch::cat(distances, 1)};
}

PredictionGatherer::PredictionGatherer(const eager::Network& network, size_t level_count) {
  for (size_t level = 0; level < level_count; ++level) {
    classes_.push_back(network.output_index("cls" + std::to_string(level)));
    boxes_.push_back(network.output_index("reg" + std::to_string(level)));
  }
}

Predictions PredictionGatherer::operator()(const std::vector<torch::Tensor>& outputs) const {
  std::vector<torch::Tensor> classes, boxes;
  for (const size_t index : classes_) classes.push_back(outputs.at(index));
  for (const size_t index : boxes_) boxes.push_back(outputs.at(index));
  return gather_predictions(classes, boxes);
}

std::vector<Level> PredictionGatherer::levels(const std::vector<torch::Tensor>& outputs) const {
  std::vector<Level> levels;
  int64_t stride = 8;
  for (const size_t index : classes_) {
    const torch::Tensor& map = outputs.at(index);
    levels.push_back({map.size(2), map.size(3), stride, 0});
    stride *= 2;
  }
  return levels;
}

}  // namespace y6q::train
