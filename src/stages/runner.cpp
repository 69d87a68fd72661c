#include "stages/runner.h"

#include <map>

#include "base/errors.h"

namespace y6q::stages {
namespace {

const ImageOutput& find(const std::map<std::string_view, const ImageOutput*>& by_name,
                        const std::string& name) {
  const auto found = by_name.find(name);
  if (found == by_name.end()) {
    throw InputError("network: has no output '{}'; cls0, reg0, … or outputs are accepted", name);
  }
  return *found->second;
}

}  // namespace

std::vector<detect::Detection> detections_of(const std::vector<ImageOutput>& outputs, int64_t image_height,
                                             const detect::NmsOptions& options) {
  std::map<std::string_view, const ImageOutput*> by_name;
  for (const ImageOutput& output : outputs) by_name[output.name] = &output;
  if (const auto rows = by_name.find("outputs"); rows != by_name.end()) {
    const ImageOutput& all = *rows->second;
    const auto count = static_cast<size_t>(all.channels * all.width);
    return detect::nms(detect::decode_rows({all.data, count}, all.width - 5, options), options);
  }
  std::vector<detect::LevelMaps> levels;
  int64_t class_count = 0;
  for (int level = 0; level == 0 || by_name.contains("cls" + std::to_string(level)); ++level) {
    const ImageOutput& cls = find(by_name, "cls" + std::to_string(level));
    const ImageOutput& reg = find(by_name, "reg" + std::to_string(level));
    class_count = cls.channels;
    levels.push_back({cls.data, reg.data, cls.height, cls.width, image_height / cls.height});
  }
  return detect::nms(detect::decode(levels, class_count, options), options);
}

}  // namespace y6q::stages
