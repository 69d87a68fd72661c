#include "stages/sensitivity.h"

#include <algorithm>
#include <map>

#include "base/errors.h"
#include "checkpoint/convert.h"
#include "checkpoint/onnx_model.h"
#include "data/check_classes.h"
#include "formats/provenance.h"
#include "infer/eager_runner.h"
#include "ir/queries.h"
#include "ptq/range_fields.h"
#include "stages/evaluate.h"

namespace y6q::stages {
namespace {

using nlohmann::json;

struct Accuracy {
  double map = 0, map50 = 0;
};

/// Results by name, kept in the first process' file while the measurement goes on.
class Measured {
 public:
  Measured(fs::path path, std::string subject, dist::Group& group)
      : path_(std::move(path)), subject_(std::move(subject)), group_(group) {
    const std::string text = group.from_first(group.is_first() ? kept() : "");
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded() || document.value("subject", "") != subject_) return;
    for (const auto& [name, row] : document.at("rows").items()) rows_[name] = {row.at(0), row.at(1)};
  }
  const Accuracy* find(const std::string& name) const {
    const auto found = rows_.find(name);
    return found == rows_.end() ? nullptr : &found->second;
  }
  Accuracy add(const std::string& name, const Accuracy& accuracy) {
    rows_[name] = accuracy;
    if (!group_.is_first()) return accuracy;
    json rows = json::object();
    for (const auto& [key, row] : rows_) rows[key] = {row.map, row.map50};
    write_file(path_, json{{"subject", subject_}, {"rows", rows}}.dump());
    return accuracy;
  }
  void remove() const {
    if (group_.is_first()) fs::remove(path_);
  }

 private:
  /// Tasks that share a search measure into one file; one may be done with it at any time.
  std::string kept() const {
    try {
      return fs::exists(path_) ? read_file(path_) : "";
    } catch (const InputError&) {
      if (fs::exists(path_)) throw;
      return "";
    }
  }

  fs::path path_;
  std::string subject_;
  dist::Group& group_;
  std::map<std::string, Accuracy> rows_;
};

/// What the float network detects with at least this score is an object of an estimate; where that is less
/// than one an image, as many of the best as there are images.
constexpr float kObjectScore = 0.4F;

/// A few training images from all over the set, without labels.
data::Dataset without_labels(const data::Dataset& train, const std::vector<std::string>& class_names) {
  data::Dataset few;
  few.split = train.split;
  few.class_names = class_names;
  for (size_t i = 0; i < class_names.size(); ++i) few.category_ids.push_back(static_cast<int64_t>(i));
  const size_t all = train.images.size(), wanted = std::min(all, static_cast<size_t>(kEstimateImages));
  for (size_t i = 0; i < wanted; ++i) {
    data::ImageRecord& record = few.images.emplace_back(train.images[i * all / wanted]);
    record.labels.clear(), record.difficult.clear();
  }
  return few;
}

float least_score(const std::vector<coco::ImageDetections>& found) {
  std::vector<float> scores;
  for (const auto& image : found)
    for (const detect::Detection& detection : image.detections) scores.push_back(detection.score);
  if (scores.size() <= found.size()) return 0;
  const auto last = scores.begin() + static_cast<std::ptrdiff_t>(found.size()) - 1;
  std::ranges::nth_element(scores, last, std::greater<>());
  return std::min(kObjectScore, *last);
}

/// found: of the dataset's images, in their order.
void label_with(const std::vector<coco::ImageDetections>& found, data::Dataset& dataset) {
  const float least = least_score(found);
  for (size_t i = 0; i < found.size(); ++i) {
    data::ImageRecord& record = dataset.images.at(i);
    const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
    for (const auto& [box, score, label] : found[i].detections) {
      if (score < least || box.x2 <= box.x1 || box.y2 <= box.y1) continue;
      record.labels.push_back({label, (box.x1 + box.x2) / 2 / width, (box.y1 + box.y2) / 2 / height,
                               (box.x2 - box.x1) / width, (box.y2 - box.y1) / height});
    }
  }
}

class Measurement {
 public:
  Measurement(const SensitivityOptions& options, Run& run)
      : options_(options),
        run_(run),
        monitor_(run.monitor()),
        file_(checkpoint::read_network({.weights = options.weights})),
        train_(run.data("train")),
        labelled_(options.estimate ? nullptr : &run.labelled(options.split)),
        calibrator_(ptq::deployed(file_.model, options.ranges)),
        done_(options.out.string() + ".part", subject(), run.group()) {
    if (!file_.info.scheme.empty()) {
      throw InputError("{}: is calibrated already (scheme {}); give the float model",
                       options.weights.string(), file_.info.scheme);
    }
    if (!file_.info.class_names.empty())  // an ONNX file need not say them
      data::check_classes(file_.info.class_names, options.weights, train_.class_names, run.options().data);
  }

  formats::Sensitivity run() {
    run_.require_same("network or options", subject());
    infer::set_torch_threads(run_.threads());
    calibrator_.look_at(train_,
                        {.image_size = file_.info.image_size,
                         .count = options_.ranges.images,
                         .seed = run_.seed(),
                         .workers = run_.workers(),
                         .device = run_.device(),
                         .windows = options_.ranges.windows()},
                        monitor_, run_.group());
    const ir::Graph& graph = calibrator_.float_model().graph;
    const std::vector<std::string> layers = passes::quantizable_layers(graph);
    monitor_.begin("sensitivity", std::ssize(layers) + 2, "networks");
    if (options_.estimate) look_at_itself();
    const Accuracy plain = measure("float", [&] { return calibrator_.float_model(); });
    const Accuracy all = measure("all", [&] { return calibrator_.quantized(options_.ranges); });
    formats::Sensitivity result{plain.map, plain.map50,    all.map,          all.map50,
                                {},        run_.skipped(), options_.estimate};
    for (const std::string& layer : layers) {
      std::set<std::string> others(layers.begin(), layers.end());
      others.erase(layer);
      const Accuracy alone =
          measure("layer " + layer, [&] { return calibrator_.quantized(options_.ranges, false, others); });
      result.layers.push_back({layer, ir::is_prediction(graph, *graph.find(layer)), alone.map, alone.map50});
    }
    monitor_.end();
    std::stable_sort(result.layers.begin(), result.layers.end(),
                     [](const auto& a, const auto& b) { return a.map < b.map; });
    if (run_.group().is_first()) write_file(options_.out, to_json(result).dump(2) + "\n");
    done_.remove();
    run_.group().meet();
    return result;
  }

 private:
  std::string subject() const {
    return fmt::format("{} {} {}{} seed {} batch {}", sha256_of_file(options_.weights), train_.sha256,
                       labelled_ == nullptr ? "itself" : labelled_->sha256 + ' ' + options_.split,
                       arguments_of(ptq::range_fields(), options_.ranges), run_.seed(), options_.batch_size);
  }

  /// Makes objects of what the float network detects.
  void look_at_itself() {
    std::vector<std::string> class_names = file_.info.class_names;
    if (class_names.empty()) {
      for (size_t i = 0; i < checkpoint::class_count_of(file_.model); ++i)
        class_names.push_back(fmt::format("class{}", i));
    }
    own_ = without_labels(train_, class_names);
    label_with(evaluation_of(calibrator_.float_model()).detections, own_);
    const bool has_objects = std::ranges::any_of(
        own_.images, [](const data::ImageRecord& record) { return !record.labels.empty(); });
    if (!has_objects) {
      throw InputError(
          "sensitivity: {} detects nothing in {} training images, so there is nothing to estimate from; "
          "train it longer, or measure without --estimate",
          options_.weights.string(), own_.images.size());
    }
  }

  template <typename Make>
  Accuracy measure(const std::string& name, const Make& make) {
    if (run_.group().any(monitor_.stop_requested())) stop();
    const Accuracy* before = done_.find(name);
    const Accuracy accuracy = before != nullptr ? *before : done_.add(name, evaluated(make()));
    monitor_.advance(++count_, fmt::format("mAP {:.2f}", 100 * accuracy.map));
    return accuracy;
  }

  Accuracy evaluated(const ir::Model& model) const {
    const Evaluation evaluation = evaluation_of(model);
    return {evaluation.map(), evaluation.map50()};
  }

  Evaluation evaluation_of(const ir::Model& model) const {
    const auto runner = infer::open_eager(model, {.threads = run_.threads(), .device = run_.device()});
    InnerMonitor inner(monitor_);
    try {
      return evaluate(*runner, labelled_ == nullptr ? own_ : *labelled_,
                      {.image_size = file_.info.image_size, .batch_size = options_.batch_size}, run_, inner);
    } catch (const Interrupted&) {
      stop();
    }
  }

  [[noreturn]] void stop() const {
    throw Interrupted("sensitivity: stopped after {} networks; the same command goes on", count_);
  }

  const SensitivityOptions& options_;
  Run& run_;
  Monitor& monitor_;
  formats::ModelFile file_;
  const data::Dataset& train_;
  const data::Dataset* labelled_;  ///< measured on; null: on own_
  data::Dataset own_;
  ptq::Calibrator calibrator_;
  Measured done_;
  int64_t count_ = 0;
};

}  // namespace

formats::Sensitivity sensitivity(const SensitivityOptions& options, Run& run) {
  return Measurement(options, run).run();
}

}  // namespace y6q::stages
