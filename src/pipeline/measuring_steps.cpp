#include <algorithm>

#include "pipeline/measurements.h"
#include "pipeline/steps.h"
#include "stages/bench.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;
using stages::Run;

class MeasuringSteps {
 public:
  explicit MeasuringSteps(const Context& context)
      : in_(context),
        files_(context.network.files),
        rows_(context.measured()),
        prefix_(in_.options.split == "test" ? "final-" : "") {}

  std::vector<Step> list() {
    for (const Measured& row : rows_) evaluate(row);
    differences();
    if (in_.network.prefix.empty()) bench();
    return std::move(steps_);
  }

 private:
  /// What the numbers are of: they are not those of another set, size or machine.
  json subject(const Measured& row) const {
    json subject{{"data", in_.premises.measured},
                 {"split", in_.options.split},
                 {"image_size", in_.options.train.image_size},
                 {"precision", name_of(row.precision)}};
    if (row.file.extension() == ".onnx") subject.update(engine_premises(in_.run));
    return subject;
  }

  void evaluate(const Measured& row) {
    const json choices = subject(row);
    const fs::path numbers = files_.numbers(row.model), detections = files_.detections(row.model);
    Step step{.phase = "evaluate",
              .name = prefix_ + in_.network.prefix + "evaluate-" + row.model,
              .choices = choices,
              .needs = {row.file},
              .makes = {numbers, detections},
              .together = true};
    if (row.model == "engine") {
      step.by_hand = fmt::format("eval --weights {}{} {} --split {}", in_.inside(row.file),
                                 in_.engine_argument(), in_.data_arguments(), in_.options.split);
    }
    step.work = [row, choices, files = AccuracyFiles{numbers, detections},
                 split = in_.options.split](Run& run) { measure_accuracy(row, files, choices, split, run); };
    steps_.push_back(std::move(step));
  }

  /// Paired bootstrap of each row against float, and of engines against their simulation.
  void differences() {
    Step step{.phase = "evaluate",
              .name = prefix_ + in_.network.prefix + "differences",
              .choices = {{"data", in_.premises.measured}, {"replicates", kReplicates}},
              .makes = {files_.differences}};
    for (const Measured& row : rows_) step.needs.push_back(files_.detections(row.model));
    step.work = [rows = rows_, files = files_, split = in_.options.split](Run& run) {
      const auto difference = [&](const std::string& model, const std::string& other) {
        return paired_difference({files.detections(model), files.detections(other)}, split, run);
      };
      json document = json::object();
      run.monitor().begin("intervals", std::ssize(rows), "models");
      for (size_t i = 0; i < rows.size(); ++i) {
        json entry = json::object();
        if (i > 0) entry["float"] = difference(rows[i].model, rows[0].model);
        if (!rows[i].simulation.empty()) entry["simulation"] = difference(rows[i].model, rows[i].simulation);
        document[rows[i].model] = entry;
        run.monitor().advance(static_cast<int64_t>(i) + 1, "");
      }
      run.monitor().end();
      write_file(files.differences, document.dump(2) + "\n");
    };
    steps_.push_back(std::move(step));
  }

  void bench() {
    using engine::Precision;
    std::vector<std::pair<std::string, stages::BenchCandidate>> named{
        {"float", {files_.float_onnx, Precision::fp32}},
        {"float", {files_.float_onnx, Precision::bf16}},
        {"engine", {files_.engine_onnx, Precision::int8}}};
    if (in_.network.quantized() != files_.ptq)
      named.push_back({"ptq_engine", {files_.ptq_onnx, Precision::int8}});
    Step step{.phase = "bench",
              .name = "bench",
              .choices = engine_premises(in_.run),
              .needs = {files_.float_onnx, files_.ptq_onnx, files_.engine_onnx},
              .makes = {files_.bench}};
    step.choices["threads"] = in_.run.options().threads;
    step.choices.update(settings_of(bench_fields(), in_.options.bench));
    step.work = [named, settings = in_.options.bench, to = files_.bench](Run& run) {
      json rows = json::array();
      for (const int64_t batch : settings.batches) bench_batch(named, settings, batch, run, rows);
      write_file(to, rows.dump(2) + "\n");
    };
    for (const int64_t batch : in_.options.bench.batches) {
      step.by_hand +=
          fmt::format("{}bench --onnx export/float.onnx --int8 export/engine.onnx{} --batch-size {}",
                      step.by_hand.empty() ? "" : "\nyolov6q ", in_.engine_argument(), batch);
    }
    steps_.push_back(std::move(step));
  }

  static void bench_batch(const std::vector<std::pair<std::string, stages::BenchCandidate>>& named,
                          const BenchSettings& settings, int64_t batch, Run& run, json& rows) {
    stages::BenchOptions options{.engine = run.options().engine,
                                 .batch = batch,
                                 .threads = run.options().threads,
                                 .seconds = settings.seconds,
                                 .rounds = settings.rounds};
    for (const auto& [model, candidate] : named) options.candidates.push_back(candidate);
    const std::vector<stages::BenchResult> results = stages::bench(options, run.monitor());
    for (const stages::BenchResult& result : results) {
      const auto owner = std::ranges::find_if(named, [&](const auto& entry) {
        return entry.second.onnx == result.candidate.onnx &&
               entry.second.precision == result.candidate.precision;
      });
      rows.push_back({{"model", owner->first},
                      {"precision", name_of(result.candidate.precision)},
                      {"batch", batch},
                      {"p50_ms", result.latency_ms.p50},
                      {"p90_ms", result.latency_ms.p90},
                      {"p99_ms", result.latency_ms.p99},
                      {"images_per_s", result.images_per_s}});
      if (result.candidate.precision == engine::Precision::int8)
        note_speedup(result, results, owner->first, run.monitor(), rows.back());
    }
  }

  /// Against the best float precision, both in alternation.
  static void note_speedup(const stages::BenchResult& int8, const std::vector<stages::BenchResult>& results,
                           const std::string& model, Monitor& monitor, json& row) {
    const auto speedup = stages::speedup_of(int8, results);
    if (!speedup) return;
    row["speedup"] = speedup->ratio;
    if (speedup->ratio >= stages::kWorthwhileSpeedup) return;
    monitor.warning(fmt::format(
        "{}, batch {}: int8 is only {:.2f}x as fast as {}; yolov6q bench --layers shows where the time goes",
        model, int8.batch, speedup->ratio, name_of(speedup->best_float)));
  }

  const Context& in_;
  const NetworkFiles& files_;
  const std::vector<Measured> rows_;
  const std::string prefix_;  ///< results of the test split are steps of their own
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> measuring_steps(const Context& context) { return MeasuringSteps(context).list(); }

}  // namespace y6q::pipeline
