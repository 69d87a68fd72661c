#include "stages/pipeline.h"

#include <chrono>

#include "base/errors.h"
#include "base/isa.h"
#include "eval/coco_dataset.h"
#include "formats/model_file.h"
#include "passes/pipeline.h"
#include "stages/bench.h"
#include "stages/eager_runner.h"
#include "stages/engine_runner.h"
#include "stages/evaluate.h"
#include "stages/export.h"
#include "stages/provenance.h"
#include "stages/result_page.h"
#include "stages/step_log.h"

namespace y6q::stages {
namespace {

using nlohmann::json;

/// Null when the option was not given, so that giving its default counts as a change.
template <typename T>
json given(const std::optional<T>& option) {
  return option ? json(*option) : json();
}

class Pipeline {
 public:
  Pipeline(const PipelineOptions& options, Monitor& monitor)
      : options_(options), monitor_(monitor), out_(options.train.out), log_(out_ / "steps") {
    const data::Dataset train_set = read("train");
    digest_ = train_set.sha256;
    val_digest_ = read("val").sha256;
    evaluated_ = read(options.split);
    check_split(evaluated_, options.split, train_set, options.train.data);
  }

  PipelineResult run() {
    run_train();
    run_calibrate();
    run_export();
    PipelineResult result{options_.split, eval::Protocol{}.describe(), detect_isa().name(), {}};
    result.rows.push_back(run_evaluate("float", float_));
    result.rows.push_back(run_evaluate("ptq", ptq_));
    result.rows.push_back(run_evaluate("engine", ptq_onnx_));
    run_bench();
    add_latencies(result);
    write_file(out_ / "summary.json", result_document(result).dump(2) + "\n");
    run_report(result);
    return result;
  }

 private:
  data::Dataset read(const std::string& split) const {
    return data::read_dataset(
        options_.train.data,
        {.split = split, .skip_broken = options_.train.skip_broken, .threads = options_.train.threads},
        monitor_);
  }

  /// Runs `work` unless the log says that it is done.
  template <typename Work>
  void once(const Step& step, Work work) {
    if (log_.is_done(step)) {
      monitor_.message(step.name + ": done before");
      return;
    }
    const auto start = std::chrono::steady_clock::now();
    work();
    log_.mark_done(step, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  void run_train() {
    TrainOptions options = options_.train;
    options.out = out_ / "float";
    const Step step{
        "float",
        {{"data", digest_},
         {"val", val_digest_},
         {"architecture", options.architecture},
         {"mode", options.mode},
         {"image_size", options.image_size},
         {"recipe", options.recipe},
         {"epochs", given(options.epochs)},
         {"batch_size", given(options.batch_size)},
         {"seed", given(options.seed)}},
        {},
        {float_, options.out / "last.safetensors", options.out / "history.csv", options.out / "recipe.yaml"}};
    const fs::path state = options.out / "state.safetensors";
    once(step, [&] {
      // A state that other options left behind must be gone before the log says that these have begun.
      if (log_.begins_anew(step)) fs::remove(state);
      log_.mark_begun(step);
      options.resume = fs::exists(state);
      train(options, monitor_);
    });
  }

  void run_calibrate() {
    CalibrateOptions options = options_.calibrate;
    options.weights = float_;
    options.data = options_.train.data;
    options.out = ptq_;
    options.seed = options_.train.seed.value_or(0);
    options.workers = options_.train.workers;
    options.threads = options_.train.threads;
    options.skip_broken = options_.train.skip_broken;
    once({"calibrate",
          {{"data", digest_},
           {"scheme", quant::name_of(options.ranges.scheme)},
           {"method", quant::name_of(options.ranges.method)},
           {"percentile", options.ranges.percentile},
           {"images", options.images},
           {"bias_correction", options.ranges.bias_correction},
           {"seed", options.seed}},
          {float_},
          {ptq_}},
         [&] { calibrate(options, monitor_); });
  }

  /// Raw heads: decoding outside, on the few anchors above the threshold, is faster than in the graph.
  void run_export() {
    once({"export", {{"raw_head", true}}, {float_, ptq_}, {float_onnx_, ptq_onnx_}}, [&] {
      export_onnx({.weights = float_, .out = float_onnx_, .form = onnx::Form::plain, .raw_head = true});
      export_onnx({.weights = ptq_, .out = ptq_onnx_, .form = onnx::Form::qdq, .raw_head = true});
    });
  }

  std::unique_ptr<Runner> open(const fs::path& file) const {
    const int threads = options_.train.threads;
    if (file.extension() == ".onnx") return open_engine(file, engine::Precision::int8, threads);
    return open_eager(passes::deploy(formats::read_model(file).model), {.threads = threads});
  }

  fs::path detections_of_model(const std::string& name) const {
    return out_ / "evaluate" / (name + ".detections.json");
  }

  PipelineRow run_evaluate(const std::string& name, const fs::path& file) {
    const fs::path numbers = out_ / "evaluate" / (name + ".json");
    once({"evaluate-" + name,
          {{"data", evaluated_.sha256}, {"split", options_.split}, {"image_size", options_.train.image_size}},
          {file},
          {numbers, detections_of_model(name)}},
         [&] {
           const auto runner = open(file);
           const Evaluation result = evaluate(*runner, evaluated_,
                                              {.image_size = options_.train.image_size,
                                               .workers = options_.train.workers,
                                               .threads = options_.train.threads},
                                              monitor_);
           eval::write_coco_detections(detections_of_model(name),
                                       eval::to_coco_detections(result.detections, evaluated_.category_ids));
           const json document{{"map", result.map()},
                               {"map50", result.map50()},
                               {"stats", result.coco.stats},
                               {"runner", result.runner},
                               {"protocol", result.protocol}};
           write_file(numbers, document.dump(2) + "\n");
         });
    const json document = json::parse(read_file(numbers));
    return {name, document.at("map"), document.at("map50"), {}};
  }

  void run_bench() {
    once({"bench",
          {{"seconds", options_.bench_seconds},
           {"rounds", options_.bench_rounds},
           {"isa", detect_isa().name()},
           {"threads", options_.train.threads}},
          {float_onnx_, ptq_onnx_},
          {bench_file_}},
         [&] {
           const auto results = bench({.candidates = {{float_onnx_, engine::Precision::fp32},
                                                      {float_onnx_, engine::Precision::bf16},
                                                      {ptq_onnx_, engine::Precision::int8}},
                                       .threads = options_.train.threads,
                                       .seconds = options_.bench_seconds,
                                       .rounds = options_.bench_rounds},
                                      monitor_);
           json document = json::object();
           for (const BenchResult& result : results) {
             document[std::string(engine::to_text(result.candidate.precision))] = result.latency_ms.p50;
           }
           write_file(bench_file_, document.dump(2) + "\n");
         });
  }

  void add_latencies(PipelineResult& result) const {
    const json document = json::parse(read_file(bench_file_));
    for (const auto& [precision, ms] : document.items()) {
      PipelineRow& row = precision == "int8" ? result.rows.back() : result.rows.front();
      row.latency_ms[precision] = ms;
    }
  }

  void run_report(const PipelineResult& result) {
    ResultPageInputs inputs{result,
                            evaluated_,
                            {},
                            read_file(out_ / "float" / "history.csv"),
                            options_.train.architecture,
                            options_.train.mode,
                            digest_};
    for (const PipelineRow& row : result.rows) {
      inputs.detections.push_back({row.model, eval::read_coco_detections(detections_of_model(row.model))});
    }
    write_file(out_ / "report.html", report::to_html(result_page(inputs)));
  }

  const PipelineOptions& options_;
  Monitor& monitor_;
  const fs::path out_;
  const fs::path float_ = out_ / "float" / "best.safetensors", ptq_ = out_ / "calibrate" / "ptq.safetensors",
                 float_onnx_ = out_ / "export" / "float.onnx", ptq_onnx_ = out_ / "export" / "ptq.onnx",
                 bench_file_ = out_ / "bench" / "bench.json";
  StepLog log_;
  std::string digest_, val_digest_;
  data::Dataset evaluated_;
};

}  // namespace

PipelineResult pipeline(const PipelineOptions& options, Monitor& monitor) {
  return Pipeline(options, monitor).run();
}

report::Table result_table(const PipelineResult& result) {
  auto latency = [](const PipelineRow& row, const char* precision) -> report::Cell {
    const auto found = row.latency_ms.find(precision);
    return found == row.latency_ms.end() ? report::Cell() : report::Cell(found->second);
  };
  report::Table table{.title = "mAP on " + result.split,
                      .columns = {{"model", "model"},
                                  {"map", "mAP", 1, 100},
                                  {"map50", "mAP50", 1, 100},
                                  {"fp32_ms", "FP32 ms", 2},
                                  {"bf16_ms", "BF16 ms", 2},
                                  {"int8_ms", "INT8 ms", 2},
                                  {"ratio", "times FP32", 2, 1, "x"}},
                      .note = result.protocol + "; latency: median at batch 1, " + result.isa};
  const auto reference = result.rows.front().latency_ms.find("fp32");
  for (const PipelineRow& row : result.rows) {
    report::Cell ratio;
    const auto int8 = row.latency_ms.find("int8");
    if (int8 != row.latency_ms.end() && reference != result.rows.front().latency_ms.end()) {
      ratio = reference->second / int8->second;
    }
    table.rows.push_back({row.model, row.map, row.map50, latency(row, "fp32"), latency(row, "bf16"),
                          latency(row, "int8"), ratio});
  }
  return table;
}

nlohmann::json result_document(const PipelineResult& result) {
  json rows = json::array();
  for (const PipelineRow& row : result.rows) {
    json entry{{"model", row.model}, {"split", result.split}, {"map", row.map}, {"map50", row.map50}};
    if (!row.latency_ms.empty()) entry["latency_ms"] = row.latency_ms;
    rows.push_back(std::move(entry));
  }
  return {{"split", result.split}, {"protocol", result.protocol}, {"isa", result.isa}, {"rows", rows}};
}

}  // namespace y6q::stages
