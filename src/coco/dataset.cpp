#include "coco/dataset.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/errors.h"

namespace y6q::coco {

void GroundTruth::add(int64_t image, int64_t category, const BoxXywh& object, double object_area,
                      bool is_crowd) {
  image_id.push_back(image);
  category_id.push_back(category);
  box.push_back(object);
  area.push_back(object_area < 0 ? object.w * object.h : object_area);
  crowd.push_back(is_crowd ? 1 : 0);
  ignore.push_back(0);
}

void Detections::add(int64_t image, int64_t category, const BoxXywh& object, double object_score) {
  image_id.push_back(image);
  category_id.push_back(category);
  box.push_back(object);
  score.push_back(object_score);
}

Detections to_detections(std::span<const ImageDetections> images, std::span<const int64_t> category_ids) {
  Detections result;
  for (const ImageDetections& image : images) {
    for (const detect::Detection& found : image.detections) {
      if (found.label < 0 || found.label >= std::ssize(category_ids)) {
        throw InternalError("coco: image {}: label {} has no category; {} categories were given",
                            image.image_id, found.label, category_ids.size());
      }
      const double x = found.box.x1, y = found.box.y1;
      result.add(image.image_id, category_ids[static_cast<size_t>(found.label)],
                 {x, y, found.box.x2 - x, found.box.y2 - y}, found.score);
    }
  }
  return result;
}

void round_as_reference(Detections& detections) {
  const auto round_to = [](double& value, double scale) { value = std::nearbyint(value * scale) / scale; };
  for (BoxXywh& box : detections.box) {
    for (double* value : {&box.x, &box.y, &box.w, &box.h}) round_to(*value, 1e3);
  }
  for (double& score : detections.score) round_to(score, 1e5);
}

void write_detections(const fs::path& path, const Detections& given, const WriteDetectionsOptions& options) {
  Detections rounded;
  if (options.rounded) {
    rounded = given;
    round_as_reference(rounded);
  }
  const Detections& detections = options.rounded ? rounded : given;
  AtomicFile file(path);
  fmt::memory_buffer text;
  for (size_t i = 0; i < detections.size(); ++i) {
    const BoxXywh& box = detections.box[i];
    fmt::format_to(std::back_inserter(text),
                   "{}{{\"image_id\":{},\"category_id\":{},\"bbox\":[{},{},{},{}],\"score\":{}}}",
                   i ? ",\n" : "[", detections.image_id[i], detections.category_id[i], box.x, box.y, box.w,
                   box.h, detections.score[i]);
    if (text.size() > 1 << 16) {
      file.stream().write(text.data(), static_cast<std::streamsize>(text.size()));
      text.clear();
    }
  }
  file.stream().write(text.data(), static_cast<std::streamsize>(text.size()));
  file.stream() << (detections.size() ? "]\n" : "[]\n");
  file.commit();
}

}  // namespace y6q::coco
