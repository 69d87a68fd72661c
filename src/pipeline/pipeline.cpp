#include "pipeline/pipeline.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "base/errors.h"
#include "base/folder_lock.h"
#include "base/isa.h"
#include "coco/dataset.h"
#include "data/check_classes.h"
#include "formats/provenance.h"
#include "infer/open.h"
#include "pipeline/result_page.h"
#include "pipeline/step_log.h"
#include "pipeline/table.h"
#include "stages/bench.h"
#include "stages/build.h"
#include "stages/evaluate.h"
#include "stages/export.h"
#include "stages/qat.h"
#include "stages/sensitivity.h"

namespace y6q::pipeline {
using namespace stages;  // TEMPORARY
namespace {

using nlohmann::json;

/// Null when the option was not given, so that giving its default counts as a change.
template <typename T>
json given(const std::optional<T>& option) {
  return option ? json(*option) : json();
}

size_t position(const std::string& step, const char* option, size_t otherwise) {
  if (step.empty()) return otherwise;
  const auto found = std::find(kPipelineSteps.begin(), kPipelineSteps.end(), step);
  if (found != kPipelineSteps.end()) return static_cast<size_t>(found - kPipelineSteps.begin());
  throw UsageError("{} {}: there is no such step; steps are {}", option, step,
                   fmt::join(kPipelineSteps, ", "));
}

/// A file that an earlier step wrote. Throws InputError where something else has got hold of it.
json read_result(const fs::path& path) {
  json document = json::parse(read_file(path), nullptr, false);
  if (!document.is_discarded()) return document;
  throw InputError("{}: is not what its step wrote; remove it, and the same command makes it again",
                   path.string());
}

json to_json(const ptq::RangeOptions& ranges) {
  return {{"scheme", name_of(ranges.scheme)},
          {"method", name_of(ranges.method)},
          {"percentile", ranges.percentile},
          {"bias_correction", ranges.bias_correction}};
}

json to_json(const Calibration& calibration) {
  json rows = json::array();
  for (const Range& range : calibration.ranges) {
    rows.push_back({{"quantizer", range.quantizer},
                    {"amax", range.amax},
                    {"max", range.max},
                    {"clipped", range.clipped},
                    {"histogram", range.histogram}});
  }
  return {{"images", calibration.images}, {"float_layers", calibration.kept_float}, {"ranges", rows}};
}

class Pipeline {
 public:
  Pipeline(const PipelineOptions& options, Monitor& monitor)
      : options_(options),
        monitor_(monitor),
        out_(options.train.out),
        results_(results_folder(options)),
        log_(out_ / "steps"),
        from_(position(options.from, "--from", 0)),
        to_(position(options.to, "--to", kPipelineSteps.size() - 1)) {
    if (from_ > to_) throw UsageError("--from {} comes after --to {}", options.from, options.to);
    const data::Dataset train_set = read("train");
    digest_ = train_set.sha256;
    const data::Dataset val_set = read("val");
    val_digest_ = val_set.sha256;
    evaluated_ = read(options.split);
    data::check_split(evaluated_, options.split, train_set, options.train.data);
    result_.split = options.split;
    result_.skipped = train_set.skipped + val_set.skipped;
    if (options.split == "test") result_.skipped += evaluated_.skipped;
    result_.protocol = eval::Protocol{}.describe();
    result_.isa = kernel_isa().name();
  }

  PipelineResult run() {
    const FolderLock lock(out_);
    // In the order of kPipelineSteps.
    constexpr std::array<void (Pipeline::*)(), kPipelineSteps.size()> kRun{
        &Pipeline::run_search,      &Pipeline::run_scales, &Pipeline::run_float,  &Pipeline::run_calibrate,
        &Pipeline::run_sensitivity, &Pipeline::run_qat,    &Pipeline::run_export, &Pipeline::run_build,
        &Pipeline::run_evaluate,    &Pipeline::run_bench,  &Pipeline::run_report};
    for (at_ = 0; at_ <= to_; ++at_) (this->*kRun[at_])();
    return std::move(result_);
  }

 private:
  data::Dataset read(const std::string& split) const {
    return data::read_dataset(
        options_.train.data,
        {.split = split, .skip_broken = options_.train.skip_broken, .threads = options_.train.threads},
        monitor_);
  }

  /// Runs `work` unless the log says that it is done. Steps before --from are taken as they are.
  template <typename Work>
  void once(const Step& step, Work work) {
    if (at_ < from_) {
      for (const fs::path& output : step.outputs) {
        if (fs::exists(output)) continue;
        throw UsageError("--from {}: needs {}, which step {} makes; start with --from {} or leave it out",
                         options_.from, output.string(), step.name, kPipelineSteps[at_]);
      }
      return;
    }
    if (log_.is_done(step)) {
      monitor_.message(step.name + ": done before");
      return;
    }
    const auto start = std::chrono::steady_clock::now();
    work();
    log_.mark_done(step, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  /// A step that trains: goes on from its state unless that belongs to other options.
  template <typename Options, typename Work>
  void train_once(const std::string& name, json choices, std::vector<fs::path> inputs, Options options,
                  Work work) {
    choices.update({{"data", digest_},
                    {"val", val_digest_},
                    {"image_size", options_.train.image_size},
                    {"recipe", options.recipe},
                    {"epochs", given(options.epochs)},
                    {"batch_size", given(options.batch_size)},
                    {"seed", given(options.seed)}});
    const Step step{name,
                    std::move(choices),
                    std::move(inputs),
                    {options.out / "best.safetensors", options.out / "last.safetensors",
                     options.out / "history.csv", options.out / "recipe.yaml"}};
    const fs::path state = options.out / "state.safetensors";
    once(step, [&] {
      // A state that other options left behind must be gone before the log says that these have begun.
      if (log_.begins_anew(step)) fs::remove(state);
      log_.mark_begun(step);
      options.resume = fs::exists(state);
      work(options, monitor_);
    });
  }

  bool searches() const {
    return options_.train.mode == "repopt" && options_.search && options_.train.scales.empty();
  }

  void run_search() {
    if (!searches()) return;
    TrainOptions options = options_.train;
    options.out = out_ / "search";
    options.mode = "hyper_search";
    if (!options_.search_recipe.empty()) options.recipe = options_.search_recipe;
    train_once("hyper-search", {{"architecture", options.architecture}}, {}, options, stages::train);
  }

  void run_scales() {
    if (options_.train.mode != "repopt" || (!searches() && options_.train.scales.empty())) return;
    const fs::path source = searches() ? out_ / "search" / "best.safetensors" : options_.train.scales;
    scales_ = out_ / "search" / "scales.json";
    once({"scales", {}, {source}, {scales_}},
         [&] { formats::write_scales(scales_, formats::read_scales(source)); });
  }

  void run_float() {
    TrainOptions options = options_.train;
    options.out = out_ / "float";
    options.scales = scales_;
    std::vector<fs::path> inputs;
    if (!scales_.empty()) inputs.push_back(scales_);
    train_once("float", {{"architecture", options.architecture}, {"mode", options.mode}}, inputs, options,
               stages::train);
  }

  CalibrateOptions calibrate_options() const {
    CalibrateOptions options = options_.calibrate;
    options.weights = float_;
    options.data = options_.train.data;
    options.seed = options_.train.seed.value_or(0);
    options.workers = options_.train.workers;
    options.threads = options_.train.threads;
    options.skip_broken = options_.train.skip_broken;
    return options;
  }

  json calibration_choices(const CalibrateOptions& options) const {
    return {{"data", digest_},
            {"ranges", to_json(options.ranges)},
            {"images", options.images},
            {"keep_float", options.keep_float},
            {"keep_float_count", options.keep_float_count},
            {"seed", options.seed}};
  }

  void calibrate_once(const std::string& name, const CalibrateOptions& options, std::vector<fs::path> inputs,
                      const fs::path& ranges) {
    once({name, calibration_choices(options), std::move(inputs), {options.out, ranges}},
         [&] { write_file(ranges, to_json(calibrate(options, monitor_)).dump(1) + "\n"); });
  }

  void run_calibrate() {
    CalibrateOptions options = calibrate_options();
    options.keep_float_count = 0;
    options.out = ptq_;
    calibrate_once("calibrate", options, {float_}, ranges_);
    quantized_ = ptq_;
  }

  void run_sensitivity() {
    CalibrateOptions calibration = calibrate_options();
    const bool partial = calibration.keep_float_count > 0;
    if (!options_.sensitivity && !partial) return;
    const SensitivityOptions options{.weights = float_,
                                     .data = options_.train.data,
                                     .out = sensitivity_,
                                     .split = "val",
                                     .ranges = calibration.ranges,
                                     .images = calibration.images,
                                     .seed = calibration.seed,
                                     .workers = calibration.workers,
                                     .threads = calibration.threads,
                                     .skip_broken = calibration.skip_broken};
    json choices = calibration_choices(calibration);
    choices["val"] = val_digest_;
    choices.erase("keep_float");
    choices.erase("keep_float_count");
    once({"sensitivity", choices, {float_}, {sensitivity_}}, [&] { sensitivity(options, monitor_); });
    if (!partial) return;
    quantized_ = out_ / "calibrate" / "partial.safetensors";
    calibration.out = quantized_;
    calibration.sensitivity = sensitivity_;
    calibrate_once("partial", calibration, {float_, sensitivity_},
                   ranges_.parent_path() / "partial_ranges.json");
  }

  void run_qat() {
    if (!options_.qat) return;
    QatOptions options;
    static_cast<TrainingRunOptions&>(options) = options_.train;
    options.recipe = options_.qat_recipe;
    options.epochs.reset();  // those of --epochs are the float network's
    options.out = out_ / "qat";
    options.weights = quantized_;
    options.teacher = float_;
    options.scales = scales_;
    options.distill = options_.distill;
    std::vector<fs::path> inputs{float_, quantized_};
    if (!scales_.empty()) inputs.push_back(scales_);
    train_once("qat", {{"distill", options.distill}}, inputs, options, stages::qat);
    quantized_ = options.out / "best.safetensors";
  }

  /// For the engine raw heads: decoding outside, on the few anchors above the threshold, is faster than in
  /// the graph. For TensorRT the decoded network without its quantizers, and its cache.
  void run_export() {
    const bool cache = options_.calibrate.ranges.scheme == quant::Scheme::tensorrt;
    const fs::path free = out_ / "export" / "engine_qdq_free.onnx";
    Step step{"export",
              {{"raw_head", true}, {"cache", cache}},
              {float_, ptq_, quantized_},
              {float_onnx_, ptq_onnx_, engine_onnx_}};
    if (cache) step.outputs.insert(step.outputs.end(), {free, fs::path(free).replace_extension(".cache")});
    once(step, [&] {
      export_onnx({.weights = float_, .out = float_onnx_, .form = ExportForm::plain, .raw_head = true});
      export_onnx({.weights = ptq_, .out = ptq_onnx_, .form = ExportForm::qdq, .raw_head = true});
      export_onnx({.weights = quantized_, .out = engine_onnx_, .form = ExportForm::qdq, .raw_head = true});
      if (cache) export_onnx({.weights = quantized_, .out = free, .form = ExportForm::qdq_free});
    });
    if (cache) {
      result_.trtexec =
          trtexec_command({.out = free, .form = ExportForm::qdq_free}, options_.train.image_size);
    }
  }

  void run_build() {
    const fs::path out = out_ / "build" / "engine.json";
    once({"build", {{"isa", result_.isa}}, {engine_onnx_}, {out}}, [&] {
      const BuildResult built = build({.onnx = engine_onnx_, .out = out, .threads = options_.train.threads});
      monitor_.message(fmt::format("engine: {} of {} convolutions in integers", built.integer_convolutions,
                                   built.convolutions));
    });
  }

  fs::path detections_of_model(const std::string& name) const {
    return results_ / "evaluate" / (name + ".detections.json");
  }

  std::unique_ptr<infer::Runner> open(const fs::path& file, engine::Precision precision) const {
    // Model files have one precision each: what they are made for.
    const auto wanted = file.extension() == ".onnx" ? std::optional(precision) : std::nullopt;
    return infer::open(file, {.precision = wanted, .threads = options_.train.threads});
  }

  void evaluate_once(const std::string& name, const fs::path& file,
                     engine::Precision precision = engine::Precision::int8) {
    const fs::path numbers = results_ / "evaluate" / (name + ".json");
    const json subject{{"data", evaluated_.sha256},
                       {"split", options_.split},
                       {"image_size", options_.train.image_size},
                       {"precision", name_of(precision)}};
    const std::string step = results_ == out_ ? "evaluate-" : "final-evaluate-";
    once({step + name, subject, {file}, {numbers, detections_of_model(name)}}, [&] {
      const auto runner = open(file, precision);
      const Evaluation result = stages::evaluate(*runner, evaluated_,
                                                 {.image_size = options_.train.image_size,
                                                  .workers = options_.train.workers,
                                                  .threads = options_.train.threads},
                                                 monitor_);
      coco::write_detections(detections_of_model(name),
                             coco::to_detections(result.detections, evaluated_.category_ids));
      const json document{{"map", result.map()}, {"map50", result.map50()}, {"stats", result.coco.stats},
                          {"subject", subject},  {"runner", result.runner}, {"protocol", result.protocol}};
      write_file(numbers, document.dump(2) + "\n");
    });
    const json document = read_result(numbers);
    if (document.value("subject", json()) != subject) {
      throw InputError("{}: was measured with another data set, split or image size; use --from evaluate",
                       numbers.string());
    }
    result_.rows.push_back({name, document.at("map"), document.at("map50"), {}, {}});
  }

  void run_evaluate() {
    evaluate_once("float", float_);
    if (engine::supports(engine::Kind::openvino, engine::Precision::bf16)) {
      evaluate_once("float_bf16", float_onnx_, engine::Precision::bf16);
    }
    evaluate_once("ptq", ptq_);
    if (quantized_ != ptq_) {
      evaluate_once("ptq_engine", ptq_onnx_);
      if (options_.qat) evaluate_once("qat", quantized_);
    }
    evaluate_once("engine", engine_onnx_);
    if (options_.branchy) run_branchy();
  }

  /// The branchy network through the same steps, in a folder of its own.
  void run_branchy() {
    PipelineOptions options = options_;
    options.train.mode = "repvgg";
    options.train.out = out_ / "branchy";
    options.train.scales.clear();
    options.calibrate.keep_float_count = 0;
    options.sensitivity = options.qat = options.branchy = false;
    options.from.clear();
    options.to = "evaluate";
    for (PipelineRow row : Pipeline(options, monitor_).run().rows) {
      row.model = "branchy_" + row.model;
      result_.rows.push_back(std::move(row));
    }
  }

  void run_bench() {
    once({"bench",
          {{"seconds", options_.bench_seconds},
           {"rounds", options_.bench_rounds},
           {"batches", options_.bench_batches},
           {"isa", result_.isa},
           {"threads", options_.train.threads}},
          {float_onnx_, ptq_onnx_, engine_onnx_},
          {bench_file_}},
         [&] {
           json rows = json::array();
           for (const int64_t batch : options_.bench_batches) bench_batch(batch, rows);
           write_file(bench_file_, rows.dump(2) + "\n");
         });
    for (const json& row : read_result(bench_file_)) note_speed(row);
  }

  void bench_batch(int64_t batch, json& rows) {
    std::vector<std::pair<std::string, BenchCandidate>> named{
        {"float", {float_onnx_, engine::Precision::fp32}},
        {"float", {float_onnx_, engine::Precision::bf16}},
        {"engine", {engine_onnx_, engine::Precision::int8}}};
    if (quantized_ != ptq_) named.push_back({"ptq_engine", {ptq_onnx_, engine::Precision::int8}});
    BenchOptions options{.candidates = {},
                         .batch = batch,
                         .threads = options_.train.threads,
                         .seconds = options_.bench_seconds,
                         .rounds = options_.bench_rounds};
    for (const auto& [model, candidate] : named) options.candidates.push_back(candidate);
    for (const BenchResult& result : bench(options, monitor_)) {
      const auto owner = std::find_if(named.begin(), named.end(), [&](const auto& entry) {
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
    }
  }

  void note_speed(const json& measured) {
    const std::string precision = measured.at("precision");
    for (PipelineRow& row : result_.rows) {
      const bool same =
          row.model == measured.at("model") || (row.model == "float_bf16" && precision == "bf16");
      if (!same) continue;
      if (measured.at("batch") == 1) row.latency_ms[precision] = measured.at("p50_ms");
      row.images_per_s[precision][measured.at("batch")] = measured.at("images_per_s");
    }
  }

  void run_report() {
    write_file(results_ / "summary.json", result_document(result_).dump(2) + "\n");
    ResultPageInputs inputs{
        .result = result_, .options = options_, .dataset = evaluated_, .data_sha256 = digest_};
    inputs.quantized = fs::relative(quantized_, out_);
    const std::string last =
        result_.rows.back().model.starts_with("branchy_") ? "engine" : result_.rows.back().model;
    for (const std::string& model : {std::string("float"), last}) {
      inputs.detections.emplace_back(model, coco::read_detections(detections_of_model(model)));
    }
    const auto add_history = [&](const char* folder) {
      inputs.histories.emplace_back(folder, read_file(out_ / folder / "history.csv"));
    };
    if (searches()) add_history("search");
    add_history("float");
    if (options_.qat) add_history("qat");
    write_file(results_ / "report.html", report::to_html(result_page(inputs)));
  }

  const PipelineOptions& options_;
  Monitor& monitor_;
  const fs::path out_, results_;
  const fs::path float_ = out_ / "float" / "best.safetensors", ptq_ = out_ / "calibrate" / "ptq.safetensors",
                 ranges_ = out_ / "calibrate" / "ranges.json",
                 sensitivity_ = out_ / "sensitivity" / "sensitivity.json",
                 float_onnx_ = out_ / "export" / "float.onnx", ptq_onnx_ = out_ / "export" / "ptq.onnx",
                 engine_onnx_ = out_ / "export" / "engine.onnx", bench_file_ = out_ / "bench" / "bench.json";
  StepLog log_;
  size_t from_, to_, at_ = 0;
  fs::path scales_;     ///< empty without RepOptimizer
  fs::path quantized_;  ///< the last quantized model so far: PTQ, partial, QAT
  std::string digest_, val_digest_;
  data::Dataset evaluated_;
  PipelineResult result_;
};

}  // namespace

fs::path results_folder(const PipelineOptions& options) {
  return options.split == "test" ? options.train.out / "final" : options.train.out;
}

PipelineResult pipeline(const PipelineOptions& options, Monitor& monitor) {
  return Pipeline(options, monitor).run();
}

}  // namespace y6q::pipeline
