#include "ptq/calibrator.h"

#include "base/errors.h"
#include "data/loader.h"
#include "eager/images.h"
#include "eager/network.h"
#include "ir/queries.h"
#include "passes/correct_biases.h"
#include "passes/share_ranges.h"
#include "quant/fake_quant.h"

namespace y6q::ptq {

int64_t Calibrator::look_at(const data::Dataset& dataset, const CalibrationImages& images, Monitor& monitor) {
  eager::Network network(passes::insert_quantizers(float_, {.float_predictions = false}));
  network.set_observer([&](const ir::Node& quantizer, const torch::Tensor& source) {
    Seen& seen = seen_[quantizer.name];
    const torch::Tensor dense = source.is_non_overlapping_and_dense() ? source : source.contiguous();
    seen.histogram.observe({dense.const_data_ptr<float>(), static_cast<size_t>(dense.numel())});
    const torch::Tensor sums = source.sum({0, 2, 3}, false, torch::kFloat64);
    seen.channel_sums.resize(static_cast<size_t>(sums.numel()), 0);
    const double* sum = sums.const_data_ptr<double>();
    for (size_t i = 0; i < seen.channel_sums.size(); ++i) seen.channel_sums[i] += sum[i];
    seen.pixels += static_cast<double>(source.size(0) * source.size(2) * source.size(3));
  });
  data::Loader loader(dataset, {.batch_size = images.batch_size,
                                .image_height = images.image_size[0],
                                .image_width = images.image_size[1],
                                .shuffle = true,
                                .seed = images.seed,
                                .workers = images.workers,
                                .cache_bytes = 0});
  const auto wanted = std::min(images.count, static_cast<int64_t>(dataset.images.size()));
  monitor.begin("calibrate", wanted, "images");
  loader.start_epoch(0);
  int64_t done = 0;
  while (done < wanted) {
    if (monitor.stop_requested()) throw Interrupted("calibration stopped; start it again to begin anew");
    const auto batch = loader.next();
    const int64_t count = std::min(batch->count, wanted - done);
    network.forward(eager::to_images(batch->images.data(), {count, 3, batch->height, batch->width}),
                    eager::Mode::observe);
    done += count;
    monitor.advance(done, "");
  }
  monitor.end();
  return done;
}

/// Writes the range found in each histogram into the quantizer's parameter.
void Calibrator::search(ir::Model& model, const RangeOptions& ranges) const {
  for (const ir::Value value : ir::activation_quantizers(model.graph)) {
    const ir::Node& node = model.graph.node(value);
    const auto& op = std::get<ir::FakeQuant>(node.op);
    const int levels = quant::integer_range(op.bits, op.is_signed).high + 1;
    const float amax = quant::search_amax(histogram(node.name), {ranges.method, ranges.percentile, levels});
    model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(amax);
  }
}

ir::Model Calibrator::quantized(const RangeOptions& ranges, bool float_predictions,
                                const std::set<std::string>& keep_float) const {
  // Ranges are shared before the search for their signs, which decide the number of levels, and after it.
  ir::Model model =
      passes::share_ranges(passes::insert_quantizers(float_, {.scheme = ranges.scheme,
                                                              .weight_bits = ranges.weight_bits,
                                                              .float_predictions = float_predictions,
                                                              .keep_float = keep_float}));
  search(model, ranges);
  model = passes::share_ranges(model);
  if (!ranges.bias_correction) return model;
  passes::ChannelMeans means;
  for (const auto& [name, seen] : seen_) {
    for (const double sum : seen.channel_sums) means[name].push_back(sum / seen.pixels);
  }
  return passes::correct_biases(model, means);
}

}  // namespace y6q::ptq
