#include <algorithm>

#include "base/errors.h"
#include "checkpoint/convert.h"
#include "data/check_classes.h"
#include "infer/eager_runner.h"
#include "ir/queries.h"
#include "ptq/prediction_error.h"
#include "stages/sensitivity.h"

namespace y6q::stages {

formats::Sensitivity estimate_sensitivity(const SensitivityOptions& options, Run& run) {
  const formats::ModelFile file = checkpoint::read_network({.weights = options.weights, .float_only = true});
  const data::Dataset& dataset = run.data("train");
  if (!file.info.class_names.empty())  // an ONNX file need not say them
    data::check_classes(file.info.class_names, options.weights, dataset.class_names, run.options().data);
  run.require_same("network", sha256_of_file(options.weights));
  infer::set_torch_threads(run.threads());
  ptq::Calibrator calibrator(ptq::deployed(file.model, options.ranges));
  ptq::CalibrationImages images{.image_size = file.info.image_size,
                                .count = options.ranges.images,
                                .seed = run.seed(),
                                .workers = run.workers(),
                                .device = run.device(),
                                .windows = options.ranges.windows()};
  calibrator.look_at(dataset, images, run.monitor(), run.group());
  images.count = std::min(images.count, kEstimateImages);
  const ptq::PredictionError error(calibrator.float_model(), dataset, images, run.monitor());
  const ir::Graph& graph = calibrator.float_model().graph;
  const std::vector<std::string> layers = passes::quantizable_layers(graph);
  std::vector<double> errors(layers.size(), 0);
  run.monitor().begin("sensitivity", std::ssize(layers), "layers");
  // Layers are shared: what the others have measured is added to zeros.
  const auto rank = static_cast<size_t>(run.group().rank()), size = static_cast<size_t>(run.group().size());
  for (size_t i = rank; i < layers.size() && !run.monitor().stop_requested(); i += size) {
    std::set<std::string> others(layers.begin(), layers.end());
    others.erase(layers[i]);
    errors[i] = error.of(calibrator.quantized(options.ranges, false, others));
    run.monitor().advance(static_cast<int64_t>(i) + 1, "");
  }
  if (run.group().any(run.monitor().stop_requested()))
    throw Interrupted("sensitivity: stopped; start it again to begin anew");
  run.monitor().end();
  run.group().sum(errors);
  formats::Sensitivity result;
  result.is_estimate = true;
  result.skipped = run.skipped();
  for (size_t i = 0; i < layers.size(); ++i)
    result.layers.push_back({layers[i], ir::is_prediction(graph, *graph.find(layers[i])), 0, 0, errors[i]});
  std::ranges::stable_sort(result.layers, std::greater<>(), &formats::LayerSensitivity::error);
  if (run.group().is_first()) write_file(options.out, to_json(result).dump(2) + "\n");
  run.group().meet();
  return result;
}

}  // namespace y6q::stages
