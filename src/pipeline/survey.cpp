#include "pipeline/survey.h"

#include "base/errors.h"
#include "checkpoint/convert.h"
#include "infer/eager_runner.h"
#include "pipeline/results.h"
#include "pipeline/trial.h"
#include "ptq/prediction_error.h"
#include "stages/bench.h"
#include "stages/sensitivity.h"

namespace y6q::pipeline {
namespace {

using engine::Precision;
using nlohmann::json;

/// As many as any calibration needs.
int64_t windows_of(const ptq::RangeOptions& common) {
  int64_t most = 0;
  for (const CalibrationKind& kind : calibrations()) most = std::max(most, kind.in(common).windows());
  return most;
}

/// Looks at images once for the network as it is, and once for the equalized one.
std::vector<double> errors_of(const formats::ModelFile& file, const ptq::RangeOptions& common,
                              stages::Run& run) {
  const data::Dataset& dataset = run.data("train");
  infer::set_torch_threads(run.threads());
  ptq::CalibrationImages images{.image_size = file.info.image_size,
                                .count = common.images,
                                .seed = run.seed(),
                                .workers = run.workers(),
                                .device = run.device(),
                                .windows = windows_of(common)};
  ptq::CalibrationImages fewer = images;
  fewer.count = std::min(images.count, stages::kEstimateImages);
  const ptq::PredictionError error(ptq::deployed(file.model, common), dataset, fewer, run.monitor());
  std::vector<double> errors(calibrations().size());
  for (const bool equalized : {false, true}) {
    std::optional<ptq::Calibrator> calibrator;
    for (size_t i = 0; i < errors.size(); ++i) {
      const ptq::RangeOptions ranges = calibrations()[i].in(common);
      if (ranges.equalize != equalized) continue;
      if (!calibrator) {
        calibrator.emplace(ptq::deployed(file.model, ranges));
        calibrator->look_at(dataset, images, run.monitor());
      }
      errors[i] = error.of(calibrator->quantized(ranges));
    }
  }
  return errors;
}

}  // namespace

void survey_calibrations(const QuantizeOptions& options, const fs::path& to, stages::Run& run) {
  const formats::ModelFile file = checkpoint::read_network({.weights = options.weights, .float_only = true});
  ptq::RangeOptions common = options.ranges;
  common.equalize = common.adaptive_rounding = false;
  const std::vector<double> errors = errors_of(file, common, run);
  json document = json::object();
  for (size_t i = 0; i < errors.size(); ++i) document[calibrations()[i].name] = errors[i];
  write_file(to, document.dump(2) + "\n");
}

std::vector<double> read_survey(const fs::path& path) {
  const json document = read_result(path);
  std::vector<double> errors;
  for (const CalibrationKind& kind : calibrations()) {
    const auto found = document.find(kind.name);
    if (found == document.end() || !found->is_number()) throw not_of_its_step(path);
    errors.push_back(found->get<double>());
  }
  return errors;
}

void survey_latencies(const QuantizeOptions& options, const std::vector<fs::path>& float_and_int8,
                      const fs::path& to, stages::Run& run) {
  const std::vector<stages::BenchResult> results =
      stages::bench({.engine = run.options().engine,
                     .candidates = {{float_and_int8.at(0), Precision::fp32},
                                    {float_and_int8.at(0), Precision::bf16},
                                    {float_and_int8.at(1), Precision::int8}},
                     .threads = run.options().threads,
                     .seconds = options.bench.seconds,
                     .rounds = options.bench.rounds,
                     .layers = true},
                    run.monitor());
  const stages::BenchResult &plain = results.front(), &int8 = results.back();
  const formats::ModelFile file = checkpoint::read_network({.weights = options.weights});
  const stages::LatencyModel model = stages::latency_model(ptq::deployed(file.model, {}).graph, int8, plain);
  const auto speedup = stages::speedup_of(int8, results);
  const auto& best = speedup && speedup->best_float == Precision::bf16 ? results[1] : plain;
  json layers = json::array();
  for (const stages::LayerCost& layer : model.layers)
    layers.push_back({{"layer", layer.layer}, {"int8_ms", layer.int8_ms}, {"float_ms", layer.float_ms}});
  const json document{
      {"fp32_ms", plain.latency_ms.p50},      {"best_float", name_of(best.candidate.precision)},
      {"best_float_ms", best.latency_ms.p50}, {"int8_ms", model.int8_ms},
      {"steps_ms", model.steps_ms},           {"layers", layers}};
  write_file(to, document.dump(2) + "\n");
}

Latencies read_latencies(const fs::path& path) {
  try {
    const json document = read_result(path);
    Latencies latencies{.fp32_ms = document.at("fp32_ms"),
                        .best_float_ms = document.at("best_float_ms"),
                        .best_float = document.at("best_float"),
                        .model = {}};
    latencies.model.int8_ms = document.at("int8_ms");
    latencies.model.steps_ms = document.at("steps_ms");
    for (const json& layer : document.at("layers"))
      latencies.model.layers.push_back({layer.at("layer"), layer.at("int8_ms"), layer.at("float_ms")});
    return latencies;
  } catch (const json::exception&) {
    throw not_of_its_step(path);
  }
}

}  // namespace y6q::pipeline
