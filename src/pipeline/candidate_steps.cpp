#include "pipeline/candidate_steps.h"

#include <algorithm>
#include <bit>

#include "base/errors.h"
#include "formats/provenance.h"
#include "models/yolov6.h"
#include "pipeline/measurements.h"
#include "pipeline/results.h"
#include "stages/bench.h"
#include "stages/export.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;
using stages::Run;

/// Ranges of drawn weights are as good as any for the clock, and few images give them.
stages::CalibrationSettings survey_settings(const PipelineOptions& common) {
  constexpr int64_t kImages = 4;
  stages::CalibrationSettings settings = common.calibrate;
  settings.ranges.images = kImages, settings.ranges.method = quant::RangeMethod::max;
  settings.ranges.adaptive_rounding = false, settings.keep_float_count = 0;
  return settings;
}

std::map<std::string, Candidate> shapes_of(const NetworkSearchOptions& options) {
  std::map<std::string, Candidate> shapes;
  for (const Candidate& candidate : options.candidates) shapes.try_emplace(candidate.shape(), candidate);
  return shapes;
}

/// The INT8 file of a network that nobody has trained.
fs::path write_drawn(const Candidate& shape, const CandidateContext& in, Run& run) {
  const fs::path stem = in.files.survey / shape.shape();
  const fs::path drawn = stem.string() + ".safetensors", int8 = stem.string() + ".int8.safetensors",
                 onnx = stem.string() + ".onnx";
  const data::Dataset& train_set = run.data("train");
  formats::ModelInfo info{.architecture = shape.architecture,
                          .mode = std::string(name_of(models::Mode::repopt)),
                          .class_names = train_set.class_names,
                          .image_size = shape.image_size,
                          .provenance = formats::provenance("search", {}, train_set.sha256)};
  formats::write_model(drawn, {models::yolov6({.architecture = shape.architecture,
                                               .class_count = std::ssize(train_set.class_names),
                                               .image_size = shape.image_size}),
                               std::move(info)});
  stages::calibrate({.weights = drawn, .out = int8, .settings = survey_settings(in.options.common)}, run);
  stages::export_onnx({.weights = int8, .out = onnx, .form = stages::ExportForm::qdq, .raw_head = true});
  return onnx;
}

void survey(const CandidateContext& in, Run& run) {
  stages::BenchOptions bench{.engine = run.options().engine,
                             .threads = run.options().threads,
                             .seconds = in.options.common.bench.seconds,
                             .rounds = in.options.common.bench.rounds};
  const std::map<std::string, Candidate> shapes = shapes_of(in.options);
  for (const auto& [name, shape] : shapes)
    bench.candidates.push_back({write_drawn(shape, in, run), engine::Precision::int8});
  const std::vector<stages::BenchResult> results = stages::bench(bench, run.monitor());
  json document = json::object();
  size_t i = 0;
  for (const auto& [name, shape] : shapes) document[name] = results[i++].latency_ms.p50;
  write_file(in.files.latencies, document.dump(2) + "\n");
}

/// Settings as they will be used, for a part of their epochs; with --epochs and --batch-size in them.
std::string shortened(train::TrainRecipe recipe, int halvings) {
  recipe.epochs = epochs_before(recipe.epochs, halvings);
  return train::to_yaml(recipe);
}

class CandidateSteps {
 public:
  CandidateSteps(const CandidateContext& context, const Candidate& candidate, int halvings)
      : in_(context),
        candidate_(candidate),
        options_(run_options(context, candidate, halvings)),
        networks_(networks_of(options_)),
        run_context_{options_, networks_.front(), context.premises, context.run},
        result_file_(context.files.result(candidate, halvings)) {}

  std::vector<Step> list() {
    const double ms = read_latency_survey(in_.files.latencies).at(candidate_.shape());
    CandidateResult result{.ms = ms};
    if (in_.options.max_ms && ms > *in_.options.max_ms) {
      result.skipped = fmt::format("takes {:.2f} ms", ms);
      Step step = last(true);
      step.work = [result, to = result_file_](Run&) { write_file(to, to_json(result).dump(2) + "\n"); };
      return {step};
    }
    std::vector<Step> steps = making_steps(run_context_);
    std::ranges::copy_if(measuring_steps(run_context_), std::back_inserter(steps), [&](const Step& step) {
      return std::ranges::count(step.makes, numbers("float")) +
                 std::ranges::count(step.makes, numbers("engine")) >
             0;
    });
    steps.push_back(judging(result, steps));
    return steps;
  }

  /// The step that writes the result, without its work. It says everything that changes the result: whoever
  /// reads it need not look at the steps before.
  Step last(bool is_skipped) const {
    const Premises& premises = in_.premises;
    json choices{{"train", premises.train},
                 {"val", premises.val},
                 {"threads", in_.run.options().threads},
                 {"seed", in_.run.seed()},
                 {"recipe", options_.train.training.recipe},
                 {"calibrate", settings_of(stages::calibration_fields(), options_.calibrate)},
                 {"bench", settings_of(bench_fields(), options_.bench)}};
    choices.update(engine_premises(in_.run));
    if (networks_.front().searches) choices["hyper_search"] = options_.search_recipe;
    if (is_skipped) choices["max_ms"] = *in_.options.max_ms;
    Step step{.phase = "report", .name = "result", .choices = std::move(choices), .makes = {result_file_}};
    if (!is_skipped) step.needs = {numbers("float"), numbers("engine")};
    return step;
  }

 private:
  fs::path numbers(const std::string& model) const { return networks_.front().files.numbers(model); }

  Step judging(CandidateResult result, const std::vector<Step>& before) const {
    Step step = last(false);
    std::vector<std::string> names;
    for (const Step& each : before) names.push_back(each.name);
    result.epochs = run_context_.float_recipe(options_.train.mode, options_.train.training.recipe).epochs;
    step.work = [result, names, to = result_file_, plain = numbers("float"),
                 engine = numbers("engine")](Run&) mutable {
      const json int8 = read_result(engine);
      const StepLog log(to.parent_path());
      result.float_map = read_result(plain).at("map");
      result.map = int8.at("map"), result.map50 = int8.at("map50"), result.protocol = int8.at("protocol");
      for (const std::string& name : names) result.seconds += log.seconds(name);
      write_file(to, to_json(result).dump(2) + "\n");
    };
    return step;
  }

  const CandidateContext& in_;
  const Candidate& candidate_;
  const PipelineOptions options_;
  const std::vector<Network> networks_;
  const Context run_context_;
  const fs::path result_file_;
};

}  // namespace

int rounds_of(const NetworkSearchOptions& options) {
  const int useful = static_cast<int>(std::bit_width(options.candidates.size())) - 1;
  return std::min(options.halvings, useful) + 1;
}

NetworkSearchFiles::NetworkSearchFiles(const NetworkSearchOptions& options, const dist::Share& share)
    : root(options.common.train.training.out),
      survey(root / (share.part == 0 ? "survey" : fmt::format("survey-{}", share.part))),
      rounds(rounds_of(options)) {}

fs::path NetworkSearchFiles::run(const Candidate& candidate, int halvings) const {
  return root / fmt::format("round-{}", rounds - halvings) / candidate.name();
}

Step latency_survey(const CandidateContext& in) {
  json shapes = json::array();
  for (const auto& [name, shape] : shapes_of(in.options)) shapes.push_back(name);
  json choices{{"shapes", shapes},
               {"train", in.premises.train},
               {"threads", in.run.options().threads},
               {"calibrate", settings_of(stages::calibration_fields(), survey_settings(in.options.common))},
               {"bench", settings_of(bench_fields(), in.options.common.bench)}};
  choices.update(engine_premises(in.run));
  return {.phase = "bench",
          .name = in.files.survey.filename().string() + "-latencies",
          .choices = std::move(choices),
          .makes = {in.files.latencies},
          .work = [in](Run& run) { survey(in, run); }};
}

std::map<std::string, double> read_latency_survey(const fs::path& path) {
  try {
    return read_result(path).get<std::map<std::string, double>>();
  } catch (const json::exception&) {
    throw not_of_its_step(path);
  }
}

PipelineOptions run_options(const CandidateContext& in, const Candidate& candidate, int halvings) {
  PipelineOptions options = in.options.common;
  options.train.architecture = candidate.architecture;
  options.train.mode = candidate.mode;
  options.train.image_size = candidate.image_size;
  options.train.training.out = in.files.run(candidate, halvings);
  options.calibrate.keep_float_count = 0;
  options.parts = {.sensitivity = false, .qat = false};
  const std::vector<Network> networks = networks_of(options);
  const Context context{options, networks.front(), in.premises, in.run};
  std::string& text = options.train.training.recipe;
  const std::string& search_text = options.search_recipe.empty() ? text : options.search_recipe;
  std::string search = shortened(context.float_recipe("hyper_search", search_text), halvings);
  text = shortened(context.float_recipe(candidate.mode, text), halvings);
  options.search_recipe = std::move(search);
  options.train.training.epochs.reset();
  return options;
}

std::vector<Step> candidate_steps(const CandidateContext& context, const Candidate& candidate, int halvings) {
  return CandidateSteps(context, candidate, halvings).list();
}

std::optional<CandidateResult> candidate_result(const CandidateContext& context, const Candidate& candidate,
                                                int halvings) {
  const fs::path file = context.files.result(candidate, halvings);
  if (!fs::exists(file)) return {};
  try {
    CandidateResult result = candidate_result_of(read_result(file));
    const bool is_skipped = !result.skipped.empty();
    if (is_skipped && !context.options.max_ms) return {};
    const Step step = CandidateSteps(context, candidate, halvings).last(is_skipped);
    return StepLog(file.parent_path()).is_done(step) ? std::optional(std::move(result)) : std::nullopt;
  } catch (const json::exception&) {
    throw not_of_its_step(file);
  }
}

}  // namespace y6q::pipeline
