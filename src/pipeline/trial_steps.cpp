#include "pipeline/trial_steps.h"

#include "base/errors.h"
#include "formats/sensitivity_file.h"
#include "pipeline/measurements.h"
#include "ptq/range_fields.h"
#include "stages/bench.h"
#include "stages/export.h"
#include "stages/qat.h"
#include "stages/sensitivity.h"

namespace y6q::pipeline {
namespace {

using engine::Precision;
using nlohmann::json;
using stages::Run;

/// The share of the bound that a predicted speed has to reach: conversions between the precisions are not
/// predicted, and steps that are timed on a busy machine are not worth more.
constexpr double kPredictedShare = 0.8;
constexpr double kDefaultConfidence = 0.95;

/// What a measured speed depends on beside the files.
json bench_choices(const SearchContext& in) {
  json choices = engine_premises(in.run);
  choices["threads"] = in.run.options().threads;
  choices["settings"] = settings_of(bench_fields(), in.options.bench);
  return choices;
}

/// Accuracy of a file on val.
Step evaluation(const SearchContext& in, std::string name, const Measured& row, const AccuracyFiles& files) {
  json subject{{"data", in.premises.val}, {"split", "val"}, {"precision", name_of(row.precision)}};
  if (row.file.extension() == ".onnx") subject.update(engine_premises(in.run));
  return {.phase = "evaluate",
          .name = std::move(name),
          .choices = subject,
          .needs = {row.file},
          .makes = {files.numbers, files.detections},
          .work = [=](Run& run) { measure_accuracy(row, files, subject, "val", run); }};
}

Step export_step(std::string name, const fs::path& model, const fs::path& onnx, stages::ExportForm form) {
  return {.phase = "export", .name = std::move(name), .needs = {model}, .makes = {onnx}, .work = [=](Run&) {
            stages::export_onnx({.weights = model, .out = onnx, .form = form, .raw_head = true});
          }};
}

Step calibration(const SearchContext& in, std::string name, stages::CalibrateOptions options) {
  Step step{.phase = "calibrate",
            .name = std::move(name),
            .choices = {{"train", in.premises.train},
                        {"settings", settings_of(stages::calibration_fields(), options.settings)},
                        {"seed", in.run.seed()}},
            .needs = {options.weights},
            .makes = {options.out},
            .work = [options](Run& run) { stages::calibrate(options, run); }};
  if (!options.sensitivity.empty()) step.needs.push_back(options.sensitivity);
  return step;
}

/// One trial's steps. Their names begin with its own.
class TrialSteps {
 public:
  TrialSteps(const SearchContext& context, const Trial& trial)
      : in_(context), trial_(trial), folder_(context.files.trial(trial)) {}

  std::vector<Step> list() {
    const std::string skipped = why_to_skip();
    if (!skipped.empty()) {
      finish(true, [skipped, ms = predicted_ms()](Run&) {
        return TrialResult{.skipped = skipped, .predicted_ms = ms};
      });
      return std::move(steps_);
    }
    calibrate();
    if (trial_.has_qat) qat();
    const fs::path onnx = in_.files.onnx(trial_);
    steps_.push_back(export_step(named("export"), in_.files.model(trial_), onnx, stages::ExportForm::qdq));
    steps_.push_back(
        evaluation(in_, named("evaluate"), {trial_.name, onnx, Precision::int8, ""}, accuracy()));
    bench();
    judge();
    return std::move(steps_);
  }

  /// The step that writes the result, without its work. Where the trial was not made, it needs nothing.
  Step last(bool is_skipped) const {
    Step step{.phase = "report",
              .name = named("result"),
              .choices = choices(),
              .makes = {in_.files.result(trial_)}};
    if (!is_skipped) step.needs = {accuracy().numbers, accuracy().detections, speed()};
    return step;
  }

 private:
  std::string named(const char* name) const { return fmt::format("{}-{}", trial_.name, name); }
  fs::path ptq() const { return folder_ / "ptq.safetensors"; }
  AccuracyFiles accuracy() const { return {folder_ / "val.json", folder_ / "val.detections.json"}; }
  fs::path speed() const { return folder_ / "bench.json"; }

  std::optional<double> predicted_ms() const {
    if (trial_.settings.keep_float_count == 0) return {};
    return read_latencies(in_.files.latencies).model.predicted_ms(kept_float(trial_, in_.files));
  }

  std::string why_to_skip() const {
    const std::optional<double> ms = predicted_ms();
    if (!ms || !in_.options.bounds.min_speedup) return {};
    const Latencies latencies = read_latencies(in_.files.latencies);
    const double speedup = latencies.best_float_ms / *ms;
    if (speedup >= *in_.options.bounds.min_speedup * kPredictedShare) return {};
    return fmt::format("predicted to be {:.2f} times as fast as {}", speedup, latencies.best_float);
  }

  void calibrate() {
    stages::CalibrateOptions options{
        .weights = in_.options.weights, .out = ptq(), .settings = trial_.settings};
    if (trial_.settings.keep_float_count > 0) options.sensitivity = in_.files.sensitivity;
    steps_.push_back(calibration(in_, named("calibrate"), std::move(options)));
  }

  void qat() {
    stages::QatOptions options;
    options.training = in_.options.qat;
    options.training.out = folder_ / "qat";
    options.weights = ptq();
    options.teacher = in_.options.weights;
    options.scales = in_.options.scales;
    const fs::path& out = options.training.out;
    Step step{.phase = "qat",
              .name = named("qat"),
              .choices = {{"train", in_.premises.train},
                          {"val", in_.premises.val},
                          {"recipe", in_.premises.qat_recipe}},
              .needs = {options.weights, options.teacher},
              .makes = {out / "last.safetensors"},
              .state = out / "state.safetensors"};
    if (!options.scales.empty()) step.needs.push_back(options.scales);
    step.work = [options](Run& run) mutable {
      options.training.resume = fs::exists(options.training.out / "state.safetensors");
      stages::qat(options, run);
    };
    steps_.push_back(std::move(step));
  }

  /// Against both float precisions, in alternation.
  void bench() {
    const std::vector<stages::BenchCandidate> candidates{{in_.files.float_onnx, Precision::fp32},
                                                         {in_.files.float_onnx, Precision::bf16},
                                                         {in_.files.onnx(trial_), Precision::int8}};
    Step step{.phase = "bench",
              .name = named("bench"),
              .choices = bench_choices(in_),
              .needs = {candidates[0].onnx, candidates[2].onnx},
              .makes = {speed()}};
    step.work = [candidates, settings = in_.options.bench, to = speed()](Run& run) {
      const auto results = stages::bench({.engine = run.options().engine,
                                          .candidates = candidates,
                                          .threads = run.options().threads,
                                          .seconds = settings.seconds,
                                          .rounds = settings.rounds},
                                         run.monitor());
      const stages::BenchResult& int8 = results.back();
      const auto speedup = stages::speedup_of(int8, results);
      write_file(to, json{{"latency_ms", int8.latency_ms.p50},
                          {"speedup", speedup->ratio},
                          {"against", name_of(speedup->best_float)}}
                             .dump(2) +
                         "\n");
    };
    steps_.push_back(std::move(step));
  }

  /// The result from what the other steps wrote.
  void judge() {
    const double confidence = in_.options.bounds.confidence.value_or(kDefaultConfidence);
    std::vector<std::string> names;
    for (const Step& step : steps_) names.push_back(step.name);
    finish(false, [names, confidence, accuracy = accuracy(), root = in_.files.root,
                   reference = in_.files.float_detections, speed = speed(), latencies = in_.files.latencies,
                   predicted = predicted_ms()](Run& run) {
      const json difference = paired_difference({accuracy.detections, reference, confidence}, "val", run);
      const json numbers = read_result(accuracy.numbers), measured = read_result(speed);
      const StepLog log(root);
      TrialResult result{.map = numbers.at("map"), .map50 = numbers.at("map50")};
      result.to_float = {difference.at("value"), difference.at("low"), difference.at("high"),
                         difference.at("p_value")};
      result.speedup = measured.at("speedup");
      result.ms = read_latencies(latencies).best_float_ms / result.speedup;
      result.predicted_ms = predicted;
      for (const std::string& name : names) result.seconds += log.seconds(name);
      return result;
    });
  }

  /// Everything that changes the result: whoever reads it need not look at the steps before, nor have made
  /// the same survey.
  json choices() const {
    const QuantizeOptions& options = in_.options;
    json all{{"weights", in_.premises.weights},
             {"train", in_.premises.train},
             {"val", in_.premises.val},
             {"seed", in_.run.seed()},
             {"settings", settings_of(stages::calibration_fields(), trial_.settings)},
             {"bench", bench_choices(in_)},
             {"confidence", options.bounds.confidence.value_or(kDefaultConfidence)}};
    if (trial_.has_qat) all.update({{"recipe", in_.premises.qat_recipe}, {"scales", in_.premises.scales}});
    return all;
  }

  void finish(bool is_skipped, const std::function<TrialResult(Run&)>& find) {
    Step step = last(is_skipped);
    step.work = [find, file = step.makes.front()](Run& run) {
      write_file(file, to_json(find(run)).dump(2) + "\n");
    };
    steps_.push_back(std::move(step));
  }

  const SearchContext& in_;
  const Trial& trial_;
  const fs::path folder_;
  std::vector<Step> steps_;
};

}  // namespace

SearchFiles::SearchFiles(const fs::path& out, const dist::Share& share)
    : root(out), survey(out / (share.part == 0 ? "survey" : fmt::format("survey-{}", share.part))) {}

fs::path SearchFiles::model(const Trial& candidate) const {
  return trial(candidate) / (candidate.has_qat ? "qat/last.safetensors" : "ptq.safetensors");
}

std::optional<TrialResult> trial_result(const SearchContext& context, const Trial& trial,
                                        const StepLog& log) {
  const fs::path file = context.files.result(trial);
  if (!fs::exists(file)) return {};
  try {
    TrialResult result = trial_result_of(read_result(file));
    const Step step = TrialSteps(context, trial).last(!result.skipped.empty());
    return log.is_done(step) ? std::optional(std::move(result)) : std::nullopt;
  } catch (const json::exception&) {
    throw not_of_its_step(file);
  }
}

std::set<std::string> kept_float(const Trial& trial, const SearchFiles& files) {
  const int64_t count = trial.settings.keep_float_count;
  if (count == 0) return {};
  const auto layers = formats::most_sensitive(formats::read_sensitivity(files.sensitivity), count);
  return {layers.begin(), layers.end()};
}

std::vector<Step> survey_steps(const SearchContext& in) {
  const SearchFiles& files = in.files;
  const std::string prefix = files.survey.filename().string() + "-";
  json names = json::array();
  for (const CalibrationKind& kind : calibrations()) names.push_back(kind.name);
  std::vector<Step> steps;
  steps.push_back(
      export_step(prefix + "export", in.options.weights, files.float_onnx, stages::ExportForm::plain));
  steps.push_back(evaluation(in, prefix + "evaluate", {"float", in.options.weights, Precision::fp32, ""},
                             {files.float_numbers, files.float_detections}));
  steps.push_back({.phase = "calibrate",
                   .name = prefix + "errors",
                   .choices = {{"train", in.premises.train},
                               {"calibrations", names},
                               {"settings", settings_of(ptq::range_fields(), in.options.ranges)},
                               {"seed", in.run.seed()}},
                   .needs = {in.options.weights},
                   .makes = {files.errors},
                   .work = [options = in.options, to = files.errors](Run& run) {
                     survey_calibrations(options, to, run);
                   }});
  return steps;
}

std::vector<Step> latency_steps(const SearchContext& in, const ptq::RangeOptions& best) {
  const SearchFiles& files = in.files;
  const std::string prefix = files.survey.filename().string() + "-";
  std::vector<Step> steps;
  stages::CalibrateOptions options{.weights = in.options.weights, .out = files.int8, .settings = {}};
  options.settings.ranges = best;
  steps.push_back(calibration(in, prefix + "calibrate", options));
  steps.push_back(export_step(prefix + "export-int8", files.int8, files.int8_onnx, stages::ExportForm::qdq));
  steps.push_back({.phase = "bench",
                   .name = prefix + "latencies",
                   .choices = bench_choices(in),
                   .needs = {files.float_onnx, files.int8_onnx},
                   .makes = {files.latencies},
                   .work = [options = in.options, onnx = std::vector{files.float_onnx, files.int8_onnx},
                            to = files.latencies](Run& run) { survey_latencies(options, onnx, to, run); }});
  return steps;
}

std::vector<Step> ranking_steps(const SearchContext& in, const ptq::RangeOptions& best) {
  const stages::SensitivityOptions ranking{
      .weights = in.options.weights, .out = in.files.sensitivity, .estimate = true, .ranges = best};
  std::vector<Step> steps;
  steps.push_back({.phase = "sensitivity",
                   .name = in.files.survey.filename().string() + "-sensitivity",
                   .choices = {{"train", in.premises.train},
                               {"ranges", settings_of(ptq::range_fields(), best)},
                               {"seed", in.run.seed()}},
                   .needs = {in.options.weights},
                   .makes = {in.files.sensitivity},
                   .work = [ranking](Run& run) { stages::sensitivity(ranking, run); }});
  return steps;
}

std::vector<Step> trial_steps(const SearchContext& context, const Trial& trial) {
  return TrialSteps(context, trial).list();
}

}  // namespace y6q::pipeline
