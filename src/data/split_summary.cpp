#include "data/split_summary.h"

#include <fmt/format.h>

namespace y6q::data {

SplitCounts counts_of(const Dataset& dataset) {
  SplitCounts counts{.images = std::ssize(dataset.images)};
  for (const ImageRecord& record : dataset.images) {
    counts.with_objects += !record.labels.empty();
    counts.boxes += std::ssize(record.labels);
  }
  counts.background = counts.images - counts.with_objects;
  return counts;
}

std::string summary_line(const Dataset& dataset) {
  const SplitCounts counts = counts_of(dataset);
  return fmt::format(
      "{}: {} images, {} with objects, {} background, {} label files missing, {} labels without image, "
      "{} broken, {} boxes",
      dataset.split, counts.images, counts.with_objects, counts.background, dataset.findings.labels_missing,
      dataset.findings.labels_without_image, dataset.skipped, counts.boxes);
}

std::vector<std::string> likely_mistakes(const Dataset& dataset) {
  constexpr int64_t kTolerated = 10;  // one image in so many; COCO leaves out one in a hundred
  const Findings& found = dataset.findings;
  if (found.labels_missing * kTolerated <= std::ssize(dataset.images)) return {};
  return {fmt::format(
      "{} of {} images of split '{}' have no label file and count as background; the first is expected at {}",
      found.labels_missing, dataset.images.size(), dataset.split, found.first_missing.string())};
}

void say_what_was_read(const Dataset& dataset, Monitor& monitor) {
  const Findings& found = dataset.findings;
  monitor.message("data: " + summary_line(dataset));
  const auto say = [&](int64_t count, const std::string& what) {
    if (count > 0) monitor.message(fmt::format("data: {}: {} {}", dataset.split, count, what));
  };
  say(found.outlines, "boxes are those around outlines (polygons)");
  say(found.listed_twice, "lines of lists name an image again; each image counts once");
  say(found.labels_without_image,
      "label files have no image, the first: " + found.first_without_image.string());
  for (const std::string& mistake : likely_mistakes(dataset)) monitor.warning("data: " + mistake);
}

}  // namespace y6q::data
