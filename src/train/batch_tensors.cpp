#include "train/batch_tensors.h"

#include <algorithm>

namespace y6q::train {
namespace {

// Without waiting for what the device has to do before; ordinary memory has been read when the call returns.
constexpr bool kNonBlocking = true;

}  // namespace

AnchorTensors anchor_tensors(const AnchorGrid& grid, torch::Device device) {
  const torch::Tensor centres = torch::empty({grid.count(), 2}), strides = torch::empty({grid.count(), 1});
  float* centre = centres.mutable_data_ptr<float>();
  float* stride = strides.mutable_data_ptr<float>();
  for (int64_t anchor = 0; anchor < grid.count(); ++anchor) {
    *centre++ = grid.x(anchor);
    *centre++ = grid.y(anchor);
    *stride++ = grid.stride(anchor);
  }
  return {grid.levels(), centres.to(device), strides.to(device)};
}

PaddedTruths pad_truths(std::span<const std::vector<GroundTruth>> images,
                        const torch::TensorOptions& options) {
  size_t most = 1;
  for (const auto& truths : images) most = std::max(most, truths.size());
  const auto count = static_cast<int64_t>(images.size()), padded = static_cast<int64_t>(most);
  const torch::Tensor boxes = torch::zeros({count, padded, 4}, torch::kFloat64),
                      labels = torch::zeros({count, padded}, torch::kInt64),
                      real = torch::zeros({count, padded}, torch::kBool);
  for (size_t image = 0; image < images.size(); ++image) {
    const size_t first = image * most;
    double* box = boxes.mutable_data_ptr<double>() + first * 4;
    int64_t* label = labels.mutable_data_ptr<int64_t>() + first;
    bool* is_real = real.mutable_data_ptr<bool>() + first;
    for (const GroundTruth& truth : images[image]) {
      for (const double corner : {truth.x1, truth.y1, truth.x2, truth.y2}) *box++ = corner;
      *label++ = truth.label;
      *is_real++ = true;
    }
  }
  const torch::Device device = options.device();
  return {boxes.to(options, kNonBlocking), labels.to(device, kNonBlocking), real.to(device, kNonBlocking)};
}

}  // namespace y6q::train
