#include "detect/outputs.h"

#include <string>

#include "base/errors.h"
#include "detect/decode.h"

namespace y6q::detect {
namespace {

const ImageOutput* find(std::span<const ImageOutput> outputs, std::string_view name) {
  for (const ImageOutput& output : outputs) {
    if (output.name == name) return &output;
  }
  return nullptr;
}

const ImageOutput& need(std::span<const ImageOutput> outputs, const std::string& name) {
  if (const ImageOutput* found = find(outputs, name)) return *found;
  throw InputError("network: has no output '{}'; cls0, reg0, … or outputs are accepted", name);
}

struct Level {
  const ImageOutput &cls, &reg;
};

std::vector<Level> levels_of(std::span<const ImageOutput> outputs) {
  std::vector<Level> levels;
  for (int i = 0; i == 0 || find(outputs, "cls" + std::to_string(i)) != nullptr; ++i) {
    const Level level{need(outputs, "cls" + std::to_string(i)), need(outputs, "reg" + std::to_string(i))};
    const ImageOutput &cls = level.cls, &reg = level.reg, &first = levels.empty() ? cls : levels[0].cls;
    if (cls.channels != first.channels || reg.channels != 4 || reg.height != cls.height ||
        reg.width != cls.width || cls.height < 1) {
      throw InputError(
          "network: '{}' is [{}, {}, {}] and '{}' [{}, {}, {}]; [classes, H, W] and [4, H, W] "
          "are accepted",
          cls.name, cls.channels, cls.height, cls.width, reg.name, reg.channels, reg.height, reg.width);
    }
    levels.push_back(level);
  }
  return levels;
}

/// The detections that a network has kept.
std::vector<Detection> kept(std::span<const ImageOutput> outputs, const NmsOptions& options) {
  constexpr float kMostClasses = 1 << 20;
  const ImageOutput &count = need(outputs, "num_dets"), &boxes = need(outputs, "det_boxes"),
                    &scores = need(outputs, "det_scores"), &classes = need(outputs, "det_classes");
  if (count.channels != 1 || boxes.channels != scores.channels || boxes.width != 4 ||
      classes.channels != scores.channels) {
    throw InputError(
        "network: 'num_dets' has {} numbers, 'det_boxes' {} of {}, 'det_scores' {}, 'det_classes' {}; 1, K "
        "of "
        "4, K and K are accepted",
        count.channels, boxes.channels, boxes.width, scores.channels, classes.channels);
  }
  if (!(*count.data >= 0 && *count.data <= static_cast<float>(scores.channels)))
    throw InputError("network: 'num_dets' is {}; 0 to {} is accepted", *count.data, scores.channels);
  std::vector<Detection> detections;
  for (int64_t i = 0; i < static_cast<int64_t>(*count.data); ++i) {
    const float* box = boxes.data + 4 * i;
    const float label = classes.data[i];
    if (!(label >= 0 && label < kMostClasses))
      throw InputError("network: 'det_classes' has {} in place {}; 0 and more is accepted", label, i);
    if (scores.data[i] > options.score_threshold)
      detections.push_back({{box[0], box[1], box[2], box[3]}, scores.data[i], static_cast<int64_t>(label)});
  }
  return detections;
}

}  // namespace

bool are_suppressed(std::span<const ImageOutput> outputs) { return find(outputs, "det_scores") != nullptr; }

int64_t class_count_of(std::span<const ImageOutput> outputs) {
  const ImageOutput* rows = find(outputs, "outputs");
  const int64_t count = rows != nullptr ? rows->width - 5 : levels_of(outputs)[0].cls.channels;
  if (count < 1) throw InputError("network: its outputs have room for {} classes", count);
  return count;
}

std::vector<Detection> candidates_of(std::span<const ImageOutput> outputs, int64_t image_height,
                                     const NmsOptions& options) {
  if (are_suppressed(outputs)) return kept(outputs, options);
  const int64_t class_count = class_count_of(outputs);
  if (const ImageOutput* rows = find(outputs, "outputs")) {
    const auto count = static_cast<size_t>(rows->channels * rows->width);
    return decode_rows({rows->data, count}, class_count, options);
  }
  std::vector<LevelMaps> maps;
  for (const auto& [cls, reg] : levels_of(outputs)) {
    maps.push_back({cls.data, reg.data, cls.height, cls.width, image_height / cls.height});
  }
  return decode(maps, class_count, options);
}

std::vector<Detection> detections_of(std::span<const ImageOutput> outputs, int64_t image_height,
                                     const NmsOptions& options) {
  return nms(candidates_of(outputs, image_height, options), options);
}

}  // namespace y6q::detect
