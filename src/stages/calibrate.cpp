#include "stages/calibrate.h"

#include "base/errors.h"
#include "data/check_classes.h"
#include "formats/model_file.h"
#include "formats/provenance.h"
#include "formats/sensitivity_file.h"
#include "infer/eager_runner.h"
#include "passes/pipeline.h"

namespace y6q::stages {
namespace {

std::set<std::string> layers_to_keep(const CalibrateOptions& options) {
  std::set<std::string> layers = options.keep_float;
  if (options.keep_float_count == 0) return layers;
  if (options.sensitivity.empty()) {
    throw UsageError("--keep-float {}: needs --sensitivity FILE to know which; or name the layers",
                     options.keep_float_count);
  }
  for (std::string& layer :
       formats::most_sensitive(formats::read_sensitivity(options.sensitivity), options.keep_float_count)) {
    layers.insert(std::move(layer));
  }
  return layers;
}

/// What the histogram says of a range, in bins for a picture.
Range described(const std::string& quantizer, float amax, const quant::Histogram& histogram) {
  constexpr size_t kBins = 64;
  Range range{quantizer, amax, histogram.max(), 0, std::vector<double>(kBins, 0)};
  const std::vector<uint64_t> counts = histogram.counts();
  const auto total = static_cast<double>(histogram.total());
  for (size_t i = 0; i < counts.size() && histogram.max() > 0; ++i) {
    const double share = static_cast<double>(counts[i]) / total;
    const auto place = static_cast<size_t>(histogram.edge(static_cast<int64_t>(i)) / histogram.max() * kBins);
    range.histogram[std::min(place, kBins - 1)] += share;
    if (histogram.edge(static_cast<int64_t>(i)) >= amax) range.clipped += share;
  }
  return range;
}

}  // namespace

Calibration calibrate(const CalibrateOptions& options, Monitor& monitor) {
  check_not_an_input(options.out, {options.weights, options.sensitivity});
  formats::ModelFile file = formats::read_model(options.weights);
  if (!file.info.scheme.empty()) {
    throw InputError("{}: is calibrated already (scheme {}); give the float model", options.weights.string(),
                     file.info.scheme);
  }
  const std::set<std::string> keep_float = layers_to_keep(options);
  const data::Dataset dataset = data::read_dataset(
      options.data,
      {.split = "train", .skip_broken = options.skip_broken, .threads = options.threads, .sole_split = true},
      monitor);
  data::check_classes(file.info.class_names, options.weights, dataset.class_names, options.data);
  infer::set_torch_threads(options.threads);
  ptq::Calibrator calibrator(passes::deploy(file.model));
  passes::insert_quantizers(calibrator.float_model(),
                            {.keep_float = keep_float});  // unknown names end it here
  Calibration result;
  result.skipped = dataset.skipped;
  result.kept_float.assign(keep_float.begin(), keep_float.end());
  result.images = calibrator.look_at(dataset,
                                     {.image_size = file.info.image_size,
                                      .count = options.images,
                                      .batch_size = options.batch_size,
                                      .seed = options.seed,
                                      .workers = options.workers},
                                     monitor);
  file.model = calibrator.quantized(options.ranges, true, keep_float);
  for (const ir::Value value : ptq::activation_quantizers(file.model.graph)) {
    const ir::Node& node = file.model.graph.node(value);
    result.ranges.push_back(
        described(node.name, file.model.floats(node.inputs[1])[0], calibrator.histogram(node.name)));
  }
  file.info.scheme = quant::name_of(options.ranges.scheme);
  file.info.mode = "repvgg_deploy";
  for (auto& [key, value] : formats::provenance("calibrate", options.weights, dataset.sha256)) {
    file.info.provenance[key] = value;  // the recipe of the float network stays
  }
  file.info.provenance["calibration"] =
      fmt::format("method {}, percentile {}, images {}, seed {}, bias correction {}, float layers {}",
                  quant::name_of(options.ranges.method), options.ranges.percentile, result.images,
                  options.seed, options.ranges.bias_correction ? "on" : "off", keep_float.size());
  formats::write_model(options.out, file);
  return result;
}

}  // namespace y6q::stages
