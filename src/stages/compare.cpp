#include "stages/compare.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/errors.h"
#include "data/check_classes.h"
#include "detect/iou.h"
#include "infer/open.h"
#include "stages/evaluate.h"

namespace y6q::stages {
namespace {

using nlohmann::json;
using Tensors = std::vector<std::vector<float>>;

struct Side {
  fs::path file;
  ir::Model model;
  std::vector<NetworkTensor> tensors;
};

Side read(const fs::path& file) {
  Side side{file, network_of(file), {}};
  side.tensors = tensors_of(side.model);
  return side;
}

/// Adds up what is seen on several images.
class Statistics {
 public:
  void add(std::span<const float> first, std::span<const float> second, float step) {
    for (size_t i = 0; i < first.size(); ++i) {
      const double apart = std::fabs(static_cast<double>(second[i]) - first[i]);
      result_.largest = std::max(result_.largest, apart);
      sum_ += apart;
      result_.magnitude = std::max(result_.magnitude, std::fabs(static_cast<double>(first[i])));
      if (step == 0) continue;
      const int64_t codes = std::llabs(std::llround(second[i] / step) - std::llround(first[i] / step));
      equal_ += codes == 0;
      result_.largest_code_difference = std::max(result_.largest_code_difference, codes);
    }
    count_ += std::ssize(first);
  }
  Difference result(bool codes) const {
    Difference result = result_;
    const auto count = static_cast<double>(std::max<int64_t>(count_, 1));
    result.mean = sum_ / count;
    result.equal_codes = codes ? static_cast<double>(equal_) / count : 1;
    return result;
  }

 private:
  Difference result_;
  double sum_ = 0;
  int64_t count_ = 0, equal_ = 0;
};

/// Keeps the tensors that both sides have, in one order; returns the names of those that one has alone.
void keep_common(Side& first, Side& second, Comparison& result) {
  std::map<std::string, NetworkTensor> others;
  for (const NetworkTensor& tensor : second.tensors) others.emplace(tensor.name, tensor);
  std::vector<NetworkTensor> ours, theirs;
  for (const NetworkTensor& tensor : first.tensors) {
    const auto found = others.find(tensor.name);
    const bool fits = found != others.end() && first.model.graph.node(tensor.value).shape ==
                                                   second.model.graph.node(found->second.value).shape;
    if (!fits) {
      result.only_first.push_back(tensor.name);
      continue;
    }
    ours.push_back(tensor);
    theirs.push_back(found->second);
    others.erase(found);
  }
  for (const NetworkTensor& tensor : second.tensors) {
    if (others.contains(tensor.name)) result.only_second.push_back(tensor.name);
  }
  if (ours.empty()) {
    throw InputError("compare: {} and {} have no tensor of one name and shape; give networks of one kind",
                     first.file.string(), second.file.string());
  }
  first.tensors = std::move(ours);
  second.tensors = std::move(theirs);
}

void compare_tensors(const CompareOptions& options, Run& run, Comparison& result) {
  Side first = read(options.first), second = read(options.second);
  const ir::Shape &size = first.model.graph[0].shape, &other = second.model.graph[0].shape;
  if (size != other) {
    throw InputError("compare: {} takes images {}, {} takes {}", first.file.string(), ir::to_text(size),
                     second.file.string(), ir::to_text(other));
  }
  keep_common(first, second, result);
  const size_t count = first.tensors.size();
  const auto a = open_network(first.file, first.model, first.tensors, run.runner());
  const auto b = open_network(second.file, second.model, second.tensors, run.runner());
  std::vector<bool> codes(count);
  bool same_kind = result.only_first.empty() && result.only_second.empty();
  for (size_t i = 0; i < count; ++i) {
    const float ours = first.tensors[i].step, theirs = second.tensors[i].step;
    codes[i] = ours > 0 && std::fabs(ours - theirs) <= 1e-6F * ours;
    same_kind = same_kind && (ours > 0) == codes[i] && (theirs > 0) == codes[i];
  }
  std::optional<LayerByLayer> alone;
  if (same_kind) alone.emplace(first.model, first.tensors);
  std::vector<Statistics> together(count), layer(count);
  const data::Dataset& dataset = run.data(options.split);
  data::Loader loader(dataset, {.batch_size = 1,
                                .image_height = size[2],
                                .image_width = size[3],
                                .workers = run.workers(),
                                .cache_bytes = 0});
  loader.start_epoch(0);
  run.monitor().begin("compare tensors", std::min(options.images, std::ssize(dataset.images)), "images");
  while (result.images < options.images) {
    if (run.monitor().stop_requested()) throw Interrupted("compare stopped; start it again to begin anew");
    const auto batch = loader.next();
    if (!batch) break;
    const Tensors ours = a->run(batch->images), theirs = b->run(batch->images);
    const Tensors by_layer = alone ? alone->run(batch->images, theirs) : Tensors{};
    for (size_t i = 0; i < count; ++i) {
      const float step = codes[i] ? first.tensors[i].step : 0;
      together[i].add(ours[i], theirs[i], step);
      if (alone) layer[i].add(by_layer[i], theirs[i], step);
    }
    run.monitor().advance(++result.images, "");
  }
  run.monitor().end();
  for (size_t i = 0; i < count; ++i) {
    TensorComparison row{first.tensors[i], codes[i], together[i].result(codes[i])};
    if (alone) row.alone = layer[i].result(codes[i]);
    result.tensors.push_back(std::move(row));
  }
}

void match(const std::vector<detect::Detection>& first, const std::vector<detect::Detection>& second,
           DetectionComparison& result) {
  constexpr float kLeastIou = 0.5F;
  std::vector<bool> taken(second.size());
  for (const detect::Detection& ours : first) {
    float best = 0;
    size_t where = 0;
    for (size_t i = 0; i < second.size(); ++i) {
      if (taken[i] || second[i].label != ours.label) continue;
      // Boxes without area have no IoU.
      const float iou = second[i].box == ours.box ? 1 : detect::iou(ours.box, second[i].box);
      if (iou > best) best = iou, where = i;
    }
    if (best < kLeastIou) continue;
    taken[where] = true;
    ++result.matched;
    result.mean_iou += best;
    result.largest_score_difference = std::max(
        result.largest_score_difference, std::fabs(static_cast<double>(second[where].score) - ours.score));
  }
  result.first += std::ssize(first);
  result.second += std::ssize(second);
}

Evaluation evaluation_of(const fs::path& file, const CompareOptions& options, Run& run,
                         std::string& runner_name) {
  const auto runner = infer::open(file, run.runner());
  if (!runner->note().empty()) run.monitor().message(file.string() + ": " + runner->note());
  const data::Dataset& dataset = run.data(options.split);
  EvaluateOptions evaluation{.image_size = runner->image_size()};
  evaluation.class_of = data::match_classes(runner->facts().class_names, file, dataset, run.options().data);
  runner_name = runner->name();
  return evaluate(*runner, dataset, evaluation, run);
}

void compare_results(const CompareOptions& options, Run& run, Comparison& result) {
  const Evaluation first = evaluation_of(options.first, options, run, result.first_runner);
  const Evaluation second = evaluation_of(options.second, options, run, result.second_runner);
  std::map<int64_t, const std::vector<detect::Detection>*> of_image;
  for (const coco::ImageDetections& image : second.detections) of_image[image.image_id] = &image.detections;
  for (const coco::ImageDetections& image : first.detections)
    match(image.detections, *of_image.at(image.image_id), result.detections);
  if (result.detections.matched > 0)
    result.detections.mean_iou /= static_cast<double>(result.detections.matched);
  const data::Dataset& dataset = run.data(options.split);
  const coco::Detections ours = coco::to_detections(first.detections, dataset.category_ids),
                         theirs = coco::to_detections(second.detections, dataset.category_ids);
  result.accuracy =
      coco::compare(ground_truth_of(dataset), {&ours, &theirs}, judging_of(dataset, run), options.bootstrap);
}

json to_json(const Difference& difference, bool codes) {
  json document{
      {"largest", difference.largest}, {"mean", difference.mean}, {"magnitude", difference.magnitude}};
  if (codes) {
    document["equal_codes"] = difference.equal_codes;
    document["largest_code_difference"] = difference.largest_code_difference;
  }
  return document;
}

json to_json(const TensorComparison& row) {
  json document{{"tensor", row.tensor.name},
                {"op", row.tensor.op},
                {"quantized", row.codes},
                {"run", to_json(row.run, row.codes)},
                {"parts", row.parts()}};
  if (row.alone) document["alone"] = to_json(*row.alone, row.codes);
  return document;
}

}  // namespace

bool TensorComparison::parts() const {
  constexpr double kEqualCodes = 0.999, kRelative = 1e-3;
  const Difference& difference = alone ? *alone : run;
  if (codes) return difference.equal_codes < kEqualCodes || difference.largest_code_difference > 1;
  return difference.largest > kRelative * std::max(difference.magnitude, 1e-6);
}

const TensorComparison* Comparison::first_to_part() const {
  const auto found = std::ranges::find_if(tensors, [](const TensorComparison& row) { return row.parts(); });
  return found == tensors.end() ? nullptr : &*found;
}

int64_t Comparison::parting_count() const {
  return std::ranges::count_if(tensors, [](const TensorComparison& row) { return row.parts(); });
}

void require_goals(const Comparison& comparison, const CompareGoals& goals) {
  if (goals.max_parting && comparison.parting_count() > *goals.max_parting) {
    throw GoalMissed("compare: {} tensors part, the first is {}; --max-parting {} is accepted",
                     comparison.parting_count(), comparison.first_to_part()->tensor.name, *goals.max_parting);
  }
  // coco::kResampledNames begins with AP.
  const double points = 100 * comparison.accuracy.stats[0].difference.value;
  if (goals.max_drop && !(std::fabs(points) <= *goals.max_drop)) {
    throw GoalMissed("compare: the mAP of the second is {:+.2f} points apart, --max-drop {} is accepted",
                     points, *goals.max_drop);
  }
}

Comparison compare(const CompareOptions& options, Run& run) {
  Comparison result;
  run.labelled(options.split);
  compare_tensors(options, run, result);
  compare_results(options, run, result);
  return result;
}

json to_json(const Comparison& comparison) {
  json rows = json::array();
  for (const TensorComparison& row : comparison.tensors) rows.push_back(to_json(row));
  const TensorComparison* parting = comparison.first_to_part();
  const DetectionComparison& detections = comparison.detections;
  return {{"first", comparison.first_runner},
          {"second", comparison.second_runner},
          {"images", comparison.images},
          {"tensors", rows},
          {"only_first", comparison.only_first},
          {"only_second", comparison.only_second},
          {"parting", comparison.parting_count()},
          {"first_to_part", parting == nullptr ? json() : to_json(*parting)},
          {"detections",
           {{"first", detections.first},
            {"second", detections.second},
            {"matched", detections.matched},
            {"mean_iou", detections.mean_iou},
            {"largest_score_difference", detections.largest_score_difference}}}};
}

}  // namespace y6q::stages
