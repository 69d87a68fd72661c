#include "stages/calibrate.h"

#include "base/errors.h"
#include "checkpoint/convert.h"
#include "checkpoint/onnx_model.h"
#include "data/check_classes.h"
#include "formats/provenance.h"
#include "formats/sensitivity_file.h"
#include "infer/eager_runner.h"
#include "ir/queries.h"
#include "ptq/range_fields.h"

namespace y6q::stages {
namespace {

std::set<std::string> layers_to_keep(const CalibrateOptions& options) {
  std::set<std::string> layers = options.settings.keep_float;
  if (options.settings.keep_float_count == 0) return layers;
  if (options.sensitivity.empty()) {
    throw UsageError("--keep-float {}: needs --sensitivity FILE to know which; or name the layers",
                     options.settings.keep_float_count);
  }
  for (std::string& layer :
       formats::most_sensitive(formats::read_sensitivity(options.sensitivity),
                               options.settings.keep_float_count, options.settings.int8_predictions)) {
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

bool set_keep_float(CalibrationSettings& settings, std::string_view text) {
  std::set<std::string> layers;
  std::optional<int64_t> count;
  for (const std::string_view word : fields::elements(text)) {
    constexpr double kMost = 1000;
    if (word.empty()) return false;
    const bool is_number = word.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number) {
      layers.emplace(word);
    } else if (count || !fields::parse_number(word, 0, kMost, count.emplace())) {
      return false;
    }
  }
  settings.keep_float = std::move(layers);
  settings.keep_float_count = count.value_or(0);
  return true;
}

/// An ONNX file need not say them.
void take_class_names(formats::ModelFile& file, const fs::path& weights, const data::Dataset& dataset) {
  const size_t count = checkpoint::class_count_of(file.model);
  if (dataset.class_names.size() != count) {
    throw InputError("{}: tells {} classes apart, the data set has {}; give the set it was made for",
                     weights.string(), count, dataset.class_names.size());
  }
  file.info.class_names = dataset.class_names;
}

std::string keep_float_text(const CalibrationSettings& settings) {
  std::string text = fmt::format("{}", fmt::join(settings.keep_float, ","));
  if (settings.keep_float_count > 0 || text.empty()) {
    text = fmt::format("{}{}{}", settings.keep_float_count, text.empty() ? "" : ",", text);
  }
  return text;
}

}  // namespace

const std::vector<Field<CalibrationSettings>>& calibration_fields() {
  static const std::vector<Field<CalibrationSettings>> kFields = [] {
    auto table = lifted(ptq::range_fields(), &CalibrationSettings::ranges);
    table.push_back(truth_field("int8_predictions", &CalibrationSettings::int8_predictions,
                                "Compute prediction convolutions in INT8 as well"));
    table.push_back(
        {"keep_float",
         "Partial quantization: how many of the most sensitive layers stay float, or layers by name",
         "one count (0 to 1000) of the most sensitive layers, or the name of a layer",
         Field<CalibrationSettings>::Kind::list, keep_float_text, set_keep_float});
    return table;
  }();
  return kFields;
}

Calibration calibrate(const CalibrateOptions& options, Run& run) {
  check_not_an_input(options.out, {options.weights, options.sensitivity});
  formats::ModelFile file = checkpoint::read_network({.weights = options.weights});
  if (!file.info.scheme.empty()) {
    throw InputError("{}: is calibrated already (scheme {}); give the float model", options.weights.string(),
                     file.info.scheme);
  }
  const ptq::RangeOptions& ranges = options.settings.ranges;
  const std::set<std::string> keep_float = layers_to_keep(options);
  ptq::Calibrator calibrator(ptq::deployed(file.model, ranges));
  passes::insert_quantizers(calibrator.float_model(),
                            {.rules = ranges.rules(),
                             .float_predictions = !options.settings.int8_predictions,
                             .keep_float = keep_float});  // mistakes end it here
  const data::Dataset& dataset = run.data("train");
  if (file.info.class_names.empty()) take_class_names(file, options.weights, dataset);
  data::check_classes(file.info.class_names, options.weights, dataset.class_names, run.options().data);
  run.require_same("network", sha256_of_file(options.weights));
  infer::set_torch_threads(run.threads());
  Calibration result;
  result.skipped = run.skipped();
  result.kept_float.assign(keep_float.begin(), keep_float.end());
  result.images = calibrator.look_at(dataset,
                                     {.image_size = file.info.image_size,
                                      .count = ranges.images,
                                      .batch_size = options.batch_size,
                                      .seed = run.seed(),
                                      .workers = run.workers(),
                                      .device = run.device(),
                                      .windows = ranges.windows()},
                                     run.monitor(), run.group());
  file.model = calibrator.quantized(ranges, !options.settings.int8_predictions, keep_float);
  for (const ir::Value value : ir::activation_quantizers(file.model.graph)) {
    const ir::Node& node = file.model.graph.node(value);
    result.ranges.push_back(
        described(node.name, file.model.floats(node.inputs[1])[0], calibrator.histogram(node.name)));
  }
  file.info.scheme = name_of(ranges.scheme);
  file.info.mode = "repvgg_deploy";
  for (auto& [key, value] : formats::provenance("calibrate", options.weights, dataset.sha256)) {
    file.info.provenance[key] = value;  // the recipe of the float network stays
  }
  // What the float network reached is not what this one does.
  if (auto measured = file.info.provenance.extract("val_map")) {
    measured.key() = "float_val_map";
    file.info.provenance.insert(std::move(measured));
  }
  std::string settings;
  for (const auto& field : calibration_fields()) {
    settings += fmt::format("{} {}, ", field.name, field.text(options.settings));
  }
  file.info.provenance["calibration"] =
      fmt::format("{}seen {}, seed {}", settings, result.images, run.seed());
  if (run.group().is_first()) formats::write_model(options.out, file);
  run.group().meet();
  return result;
}

nlohmann::json to_json(const Calibration& calibration) {
  auto rows = nlohmann::json::array();
  for (const Range& range : calibration.ranges) {
    rows.push_back({{"quantizer", range.quantizer},
                    {"amax", range.amax},
                    {"max", range.max},
                    {"clipped", range.clipped},
                    {"histogram", range.histogram}});
  }
  return {{"images", calibration.images}, {"float_layers", calibration.kept_float}, {"ranges", rows}};
}

}  // namespace y6q::stages
