#include "stages/calibrate.h"

#include <map>

#include "base/errors.h"
#include "data/loader.h"
#include "eager/images.h"
#include "eager/network.h"
#include "formats/model_file.h"
#include "passes/correct_biases.h"
#include "passes/insert_quantizers.h"
#include "passes/pipeline.h"
#include "passes/share_ranges.h"
#include "quant/histogram.h"
#include "stages/eager_runner.h"
#include "stages/provenance.h"

namespace y6q::stages {
namespace {

/// What is known of a quantizer's source.
struct Seen {
  quant::Histogram histogram;
  std::vector<double> channel_sums;  ///< over images and pixels
  double pixels = 0;                 ///< of all images, per channel

  void observe(const torch::Tensor& source) {
    const torch::Tensor dense = source.is_non_overlapping_and_dense() ? source : source.contiguous();
    histogram.observe({dense.const_data_ptr<float>(), static_cast<size_t>(dense.numel())});
    const torch::Tensor sums = source.sum({0, 2, 3}, false, torch::kFloat64);
    channel_sums.resize(static_cast<size_t>(sums.numel()), 0);
    for (size_t i = 0; i < channel_sums.size(); ++i)
      channel_sums[i] += sums[static_cast<int64_t>(i)].item<double>();
    pixels += static_cast<double>(source.size(0) * source.size(2) * source.size(3));
  }
};

using Statistics = std::map<std::string, Seen>;  ///< by the quantizer's name

/// Runs the images through the float network and notes what each activation quantizer would see.
int64_t collect(eager::Network& network, const data::Dataset& dataset, const formats::ModelInfo& info,
                const CalibrateOptions& options, Statistics& statistics, Monitor& monitor) {
  network.set_observer([&](const ir::Node& quantizer, const torch::Tensor& source) {
    statistics[quantizer.name].observe(source);
  });
  data::Loader loader(dataset, {.batch_size = options.batch_size,
                                .image_height = info.image_size[0],
                                .image_width = info.image_size[1],
                                .shuffle = true,
                                .seed = options.seed,
                                .workers = options.workers,
                                .cache_bytes = 0});
  const auto wanted = std::min(options.images, static_cast<int64_t>(dataset.images.size()));
  monitor.begin("calibrate", wanted, "images");
  loader.start_epoch(0);
  int64_t seen = 0;
  while (seen < wanted) {
    if (monitor.stop_requested()) throw Interrupted("calibration stopped; start it again to begin anew");
    const auto batch = loader.next();
    const int64_t count = std::min(batch->count, wanted - seen);
    network.forward(eager::to_images(batch->images.data(), {count, 3, batch->height, batch->width}),
                    eager::Mode::observe);
    seen += count;
    monitor.advance(seen, "");
  }
  monitor.end();
  return seen;
}

/// Writes the range found in each histogram into the quantizer's parameter.
void set_ranges(ir::Model& model, const Statistics& statistics, const CalibrateOptions& options) {
  for (const ir::Node& node : model.graph.nodes()) {
    const auto found = statistics.find(node.name);
    if (found == statistics.end()) continue;
    const auto& op = std::get<ir::FakeQuant>(node.op);
    const int levels = 1 << (op.is_signed ? op.bits - 1 : op.bits);
    const quant::RangeSearch search{options.method, options.percentile, levels};
    model.weights.at(model.graph.node(node.inputs[1]).name) =
        ir::Array::scalar(quant::search_amax(found->second.histogram, search));
  }
}

passes::ChannelMeans means_of(const Statistics& statistics) {
  passes::ChannelMeans means;
  for (const auto& [name, seen] : statistics) {
    for (const double sum : seen.channel_sums) means[name].push_back(sum / seen.pixels);
  }
  return means;
}

}  // namespace

Calibration calibrate(const CalibrateOptions& options, Monitor& monitor) {
  formats::ModelFile file = formats::read_model(options.weights);
  if (!file.info.scheme.empty()) {
    throw InputError("{}: is calibrated already (scheme {}); give the float model", options.weights.string(),
                     file.info.scheme);
  }
  const data::Dataset dataset = data::read_dataset(
      options.data, {.split = "train", .skip_broken = options.skip_broken, .threads = options.threads},
      monitor);
  check_classes(file.info, options.weights, dataset.class_names, options.data);
  // Ranges are shared before the search for their signs, which decide the number of levels, and after it.
  file.model =
      passes::share_ranges(passes::insert_quantizers(passes::deploy(file.model), {.scheme = options.scheme}));
  set_torch_threads(options.threads);
  eager::Network network(file.model);
  Statistics statistics;
  Calibration result;
  result.images = collect(network, dataset, file.info, options, statistics, monitor);
  set_ranges(file.model, statistics, options);
  file.model = passes::share_ranges(file.model);
  if (options.bias_correction) file.model = passes::correct_biases(file.model, means_of(statistics));
  for (const ir::Node& node : file.model.graph.nodes()) {
    if (statistics.contains(node.name))
      result.ranges.push_back({node.name, file.model.floats(node.inputs[1])[0]});
  }
  file.info.scheme = quant::name_of(options.scheme);
  file.info.mode = "repvgg_deploy";
  for (auto& [key, value] : provenance("calibrate", options.weights, dataset.sha256)) {
    file.info.provenance[key] = value;  // the recipe of the float network stays
  }
  file.info.provenance["calibration"] = fmt::format(
      "method {}, percentile {}, images {}, seed {}, bias correction {}", quant::name_of(options.method),
      options.percentile, result.images, options.seed, options.bias_correction ? "on" : "off");
  formats::write_model(options.out, file);
  return result;
}

}  // namespace y6q::stages
