#include "stages/evaluate.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/errors.h"
#include "detect/placement.h"
#include "dist/message.h"

namespace y6q::stages {
namespace {

data::LoaderOptions loader_options(const EvaluateOptions& options, const Run& run) {
  return {.batch_size = options.batch_size,
          .image_height = options.image_size[0],
          .image_width = options.image_size[1],
          .rectangular = options.protocol.rectangular,
          .rectangular_pad = options.protocol.rect_pad,
          .shrink = options.protocol.shrink,
          .workers = run.workers(),
          .cache_bytes = 0,
          .sharing = data::Sharing::whole_batches,
          .part = run.group().rank(),
          .parts = run.group().size()};
}

/// What one process has found in its batches, by their numbers.
using Found = std::map<int64_t, std::vector<coco::ImageDetections>>;

/// What all processes have found, in the order of one process. Throws Interrupted when one of them was
/// stopped.
std::vector<coco::ImageDetections> merged(const Found& mine, bool stopped, dist::Group& group) {
  dist::Message message;
  message.put(stopped);
  for (const auto& [number, images] : mine) {
    message.put(number);
    message.put(images.size());
    for (const coco::ImageDetections& image : images) {
      message.put(image.image_id);
      message.put(image.detections);
    }
  }
  Found all;
  for (const std::string& bytes : group.gather(message.bytes())) {
    dist::MessageReader reader(bytes);
    stopped |= reader.take<bool>();
    while (!reader.at_end()) {
      auto& images = all[reader.take<int64_t>()];
      images.resize(reader.take<size_t>());
      for (coco::ImageDetections& image : images) {
        image.image_id = reader.take<int64_t>();
        image.detections = reader.take_all<detect::Detection>();
      }
    }
  }
  if (stopped) throw Interrupted("evaluation stopped; start it again to begin anew");
  std::vector<coco::ImageDetections> detections;
  for (auto& [number, images] : all) std::ranges::move(images, std::back_inserter(detections));
  return detections;
}

/// Numbers classes as the data set does, and drops the boxes of those that it has not.
void renumber(std::vector<detect::Detection>& detections, const std::vector<int64_t>& class_of) {
  if (class_of.empty()) return;
  for (const detect::Detection& detection : detections) {
    if (detection.label >= std::ssize(class_of))
      throw InputError("evaluate: the network finds class {}, its file names 0 to {}", detection.label,
                       class_of.size() - 1);
  }
  std::erase_if(detections, [&](detect::Detection& detection) {
    return (detection.label = class_of.at(static_cast<size_t>(detection.label))) < 0;
  });
}

/// Whoever opens a network compares its classes by name where its file names them; not every ONNX file does.
void check_labels(const std::vector<detect::Detection>& detections, const data::Dataset& dataset) {
  for (const detect::Detection& detection : detections) {
    if (detection.label < std::ssize(dataset.class_names)) continue;
    throw InputError(
        "evaluate: the network finds class {}, the data set has 0 to {}; give the set it was made for",
        detection.label, dataset.class_names.size() - 1);
  }
}

data::Dataset with_objects(const data::Dataset& dataset) {
  data::Dataset result = dataset;
  std::erase_if(result.images, [](const data::ImageRecord& record) {
    return record.labels.empty() && record.difficult.empty();
  });
  return result;
}

}  // namespace

coco::GroundTruth ground_truth_of(const data::Dataset& dataset) {
  if (!dataset.annotation_json.empty()) return coco::read_ground_truth(dataset.annotation_json);
  coco::GroundTruth truth;
  for (size_t i = 0; i < dataset.class_names.size(); ++i) {
    truth.categories.push_back({dataset.category_ids.at(i), dataset.class_names[i]});
  }
  for (const data::ImageRecord& record : dataset.images) {
    truth.images.push_back(record.image_id);
    const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
    const auto add = [&](const data::Label& label) {
      truth.add(record.image_id, dataset.category_ids.at(static_cast<size_t>(label.label)),
                {(label.cx - label.w / 2) * width, (label.cy - label.h / 2) * height, label.w * width,
                 label.h * height});
    };
    for (const data::Label& label : record.labels) add(label);
    for (const data::Label& label : record.difficult) {
      add(label);
      truth.ignore.back() = 1;
    }
  }
  return truth;
}

coco::Options judging_of(const data::Dataset& dataset, const Run& run) {
  // An annotation file is judged as COCO does, whatever it flags.
  coco::Options options{.use_ignore = dataset.annotation_json.empty(), .threads = run.threads()};
  for (const data::ImageRecord& record : dataset.images) options.image_ids.push_back(record.image_id);
  if (!dataset.other_classes.empty()) options.category_ids = dataset.category_ids;
  return options;
}

Evaluation evaluate(infer::Runner& runner, const data::Dataset& all, const EvaluateOptions& options,
                    const Run& run, Monitor& monitor) {
  const data::Dataset annotated = options.protocol.annotated_only ? with_objects(all) : data::Dataset{};
  const data::Dataset& dataset = options.protocol.annotated_only ? annotated : all;
  data::Loader loader(dataset, loader_options(options, run));
  Evaluation result;
  result.protocol = options.protocol.describe();
  result.runner = runner.name();
  monitor.begin("evaluate " + runner.name(), static_cast<int64_t>(dataset.images.size()), "images");
  loader.start_epoch(0);
  Found found_here;
  bool stopped = false;
  int64_t done = 0;
  while (const auto batch = loader.next()) {
    stopped = monitor.stop_requested();
    if (stopped) break;
    auto detections = runner.detect(*batch, options.protocol.nms);
    for (size_t i = 0; i < detections.size(); ++i) {
      const data::ImageRecord& record = dataset.images[static_cast<size_t>(batch->records[i])];
      renumber(detections[i], options.class_of);
      check_labels(detections[i], dataset);
      detect::to_source(detections[i], batch->placements[i]);
      found_here[batch->number].push_back({record.image_id, std::move(detections[i])});
    }
    done += batch->count * run.group().size();
    monitor.advance(std::min(done, static_cast<int64_t>(dataset.images.size())), "");
  }
  result.detections = merged(found_here, stopped, run.group());
  monitor.end();
  coco::Detections found = coco::to_detections(result.detections, dataset.category_ids);
  if (options.protocol.rounded) coco::round_as_reference(found);
  result.coco = coco::evaluate(ground_truth_of(dataset), found, judging_of(dataset, run));
  return result;
}

}  // namespace y6q::stages
