#include "train/targets.h"

#include "base/errors.h"

namespace y6q::train {

std::vector<std::vector<GroundTruth>> targets_by_image(std::span<const data::Target> targets,
                                                       const BatchShape& batch, int64_t class_count) {
  std::vector<std::vector<GroundTruth>> images(static_cast<size_t>(batch.count));
  const auto width = static_cast<double>(batch.width), height = static_cast<double>(batch.height);
  for (const data::Target& row : targets) {
    if (row.image < 0 || row.image >= batch.count) {
      throw InputError("targets: row for image {} of a batch of {}", row.image, batch.count);
    }
    if (row.label < 0 || row.label >= class_count) {
      throw InputError("targets: class {} found, 0 to {} accepted by this network", row.label,
                       class_count - 1);
    }
    const double cx = row.cx * width, cy = row.cy * height, w = row.w * width, h = row.h * height;
    const GroundTruth truth{row.label, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2};
    if (truth.x1 + truth.y1 + truth.x2 + truth.y2 > 0)
      images[static_cast<size_t>(row.image)].push_back(truth);
  }
  return images;
}

}  // namespace y6q::train
