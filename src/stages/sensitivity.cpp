#include "stages/sensitivity.h"

#include <algorithm>
#include <map>

#include "base/errors.h"
#include "checkpoint/convert.h"
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
    const std::string text = group.from_first(group.is_first() && fs::exists(path_) ? read_file(path_) : "");
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
  fs::path path_;
  std::string subject_;
  dist::Group& group_;
  std::map<std::string, Accuracy> rows_;
};

class Measurement {
 public:
  Measurement(const SensitivityOptions& options, Run& run)
      : options_(options),
        run_(run),
        monitor_(run.monitor()),
        file_(checkpoint::read_network({.weights = options.weights})),
        train_(run.data("train")),
        measured_on_(run.labelled(options.split)),
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
    const Accuracy plain = measure("float", [&] { return calibrator_.float_model(); });
    const Accuracy all = measure("all", [&] { return calibrator_.quantized(options_.ranges); });
    formats::Sensitivity result{plain.map, plain.map50, all.map, all.map50, {}, run_.skipped()};
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
    return fmt::format("{} {} {} {}{} seed {} batch {}", sha256_of_file(options_.weights), train_.sha256,
                       measured_on_.sha256, options_.split,
                       arguments_of(ptq::range_fields(), options_.ranges), run_.seed(), options_.batch_size);
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
    const auto runner = infer::open_eager(model, {.threads = run_.threads(), .device = run_.device()});
    InnerMonitor inner(monitor_);
    try {
      const Evaluation evaluation =
          evaluate(*runner, measured_on_,
                   {.image_size = file_.info.image_size, .batch_size = options_.batch_size}, run_, inner);
      return {evaluation.map(), evaluation.map50()};
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
  const data::Dataset &train_, &measured_on_;
  ptq::Calibrator calibrator_;
  Measured done_;
  int64_t count_ = 0;
};

}  // namespace

formats::Sensitivity sensitivity(const SensitivityOptions& options, Run& run) {
  return Measurement(options, run).run();
}

}  // namespace y6q::stages
