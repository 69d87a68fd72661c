#include "train/teacher_labels.h"

#include <algorithm>
#include <array>
#include <string>

#include "detect/outputs.h"

namespace y6q::train {
namespace {

constexpr std::array kMaps{"cls0", "cls1", "cls2", "reg0", "reg1", "reg2"};

}  // namespace

std::vector<data::Target> teacher_labels(const eager::Network& network,
                                         const std::vector<torch::Tensor>& outputs, int64_t height,
                                         int64_t width) {
  std::vector<torch::Tensor> maps;
  for (const char* name : kMaps) maps.push_back(outputs.at(network.output_index(name)).cpu().contiguous());
  const detect::NmsOptions options{.score_threshold = kTeacherScore, .multi_label = false};
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  std::vector<data::Target> targets;
  for (int64_t image = 0; image < maps[0].size(0); ++image) {
    std::vector<detect::ImageOutput> views;
    for (size_t i = 0; i < maps.size(); ++i) {
      const torch::Tensor& map = maps[i];
      views.push_back({kMaps[i], map.const_data_ptr<float>() + image * map.stride(0), map.size(1),
                       map.size(2), map.size(3)});
    }
    for (const detect::Detection& found : detect::detections_of(views, height, options)) {
      const float x1 = std::clamp(found.box.x1, 0.0F, w), x2 = std::clamp(found.box.x2, 0.0F, w),
                  y1 = std::clamp(found.box.y1, 0.0F, h), y2 = std::clamp(found.box.y2, 0.0F, h);
      if (x2 > x1 && y2 > y1)
        targets.push_back(
            {image, found.label, (x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (x2 - x1) / w, (y2 - y1) / h});
    }
  }
  return targets;
}

}  // namespace y6q::train
