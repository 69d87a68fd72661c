#include "ptq/calibrator.h"

#include <algorithm>

#include "base/errors.h"
#include "base/random.h"
#include "data/loader.h"
#include "dist/message.h"
#include "eager/device.h"
#include "eager/fake_quant.h"
#include "eager/images.h"
#include "eager/network.h"
#include "ir/queries.h"
#include "passes/clip_weights.h"
#include "passes/correct_biases.h"
#include "passes/deploy.h"
#include "passes/equalize.h"
#include "passes/share_ranges.h"
#include "ptq/adaptive_rounding.h"
#include "ptq/count_magnitudes.h"

namespace y6q::ptq {
namespace {

/// A quantizer on every tensor that any choice of scheme and layers quantizes.
ir::Model with_all_quantizers(const ir::Model& float_model) {
  return passes::insert_quantizers(float_model,
                                   {.rules = {.round_results = true}, .float_predictions = false});
}

/// The weight of a convolution as best_range takes it; nothing where a window does not hold what it sees.
std::optional<torch::Tensor> kernel_of(const ir::Model& model, const ir::Node& node) {
  const auto* conv = std::get_if<ir::Conv2d>(&node.op);
  const bool transposed = std::holds_alternative<ir::ConvTranspose2d>(node.op);
  if (conv == nullptr && !transposed) return std::nullopt;
  const ir::Node& operand = model.graph.node(node.inputs[1]);
  const bool quantized = std::holds_alternative<ir::FakeQuant>(operand.op);
  const ir::Array& weight = model.weight(quantized ? operand.inputs[0] : node.inputs[1]);
  const torch::Tensor kernel = torch::tensor(weight.floats()).view(weight.shape);
  // Each pixel of the source makes kh kw pixels of the result: as many 1x1 kernels.
  if (transposed) return kernel.permute({1, 2, 3, 0}).reshape({-1, weight.shape[0], 1, 1});
  const int64_t side = weight.shape[2], pad = side / 2;
  const bool fits = (side == 1 || side == kWindowSide) && weight.shape[3] == side && conv->groups == 1 &&
                    conv->pad == ir::Hw{pad, pad};
  return fits ? std::optional(kernel) : std::nullopt;
}

}  // namespace

int64_t RangeOptions::windows() const {
  // A sum over a window's values has as many unknowns; a range has one.
  if (adaptive_rounding) return std::min<int64_t>(2048, 64 * images);
  return method ? 0 : 256;
}

quant::RangeSearch RangeOptions::search() const {
  return {.method = method.value_or(quant::RangeMethod::max), .percentile = percentile};
}

ir::Model deployed(const ir::Model& trained, const RangeOptions& options) {
  ir::Model model = passes::deploy(trained);
  return options.equalize ? passes::equalize(std::move(model)) : model;
}

/// One pass over images, shared among processes.
class Calibrator::Look {
 public:
  Look(const ir::Model& float_model, const data::Dataset& dataset, const CalibrationImages& images,
       Monitor& monitor, dist::Group& group)
      : device_(eager::open_device(images.device)),
        network_(with_all_quantizers(float_model), {.device = device_}),
        dataset_(dataset),
        images_(images),
        monitor_(monitor),
        group_(group),
        wanted_(std::min(images.count, static_cast<int64_t>(dataset.images.size()))) {
    network_.set_observer(
        [this](const ir::Node& quantizer, const torch::Tensor& source) { observe(quantizer.name, source); });
  }

  AllSeen run() {
    monitor_.begin("calibrate", wanted_, "images");
    const int64_t first = look_for_widths();
    data::Loader loader = loader_of(data::Sharing::whole_batches);
    loader.start_epoch(0, first);
    while (auto batch = loader.next()) {
      if (is_beyond(*batch) || monitor_.stop_requested()) break;
      look(*batch);
    }
    AllSeen seen = merged();
    monitor_.end();
    return seen;
  }

 private:
  /// What one batch adds. Sums of fractions depend on their order, so they are added at the end, in order.
  struct Means {
    std::vector<double> sums;
    double pixels = 0;
    std::vector<float> windows;
  };

  data::Loader loader_of(data::Sharing sharing) const {
    const bool shared = sharing == data::Sharing::whole_batches;
    return {dataset_,
            {.batch_size = images_.batch_size,
             .image_height = images_.image_size[0],
             .image_width = images_.image_size[1],
             .shuffle = true,
             .seed = images_.seed,
             .workers = images_.workers,
             .cache_bytes = 0,
             .sharing = sharing,
             .part = shared ? group_.rank() : 0,
             .parts = shared ? group_.size() : 1}};
  }

  bool is_beyond(const data::Batch& batch) const { return batch.number * images_.batch_size >= wanted_; }

  /// The first batches decide how wide the bins are, for all: every process looks at them, the first one
  /// counts. One is enough unless a tensor was all zeros. Returns the batch to go on with.
  int64_t look_for_widths() {
    if (group_.is_alone()) return 0;
    data::Loader loader = loader_of(data::Sharing::within_batches);
    loader.start_epoch(0);
    int64_t next = 0;
    while (next == 0 || has_unknown_width()) {
      const auto batch = loader.next();
      if (!batch || is_beyond(*batch)) break;
      look(*batch);
      next = batch->number + 1;
    }
    if (!group_.is_first()) means_.clear();
    dist::Message widths;
    for (const auto& [name, histogram] : histograms_) widths.put(histogram.width());
    const std::string of_first = group_.from_first(widths.bytes());
    dist::MessageReader reader(of_first);
    for (auto& [name, histogram] : histograms_) {
      const auto width = reader.take<float>();
      if (!group_.is_first()) histogram = quant::Histogram(width);
    }
    return next;
  }

  bool has_unknown_width() const {
    return std::ranges::any_of(histograms_, [](const auto& entry) { return entry.second.width() == 0; });
  }

  void look(const data::Batch& batch) {
    number_ = batch.number;
    const int64_t before = batch.number * images_.batch_size, count = std::min(batch.count, wanted_ - before);
    if (images_.windows > 0) draw_places(before, count);
    network_.forward(eager::to_images(batch.images.data(), {count, 3, batch.height, batch.width}, device_),
                     eager::Mode::observe);
    monitor_.advance(std::min(before + count, wanted_), "");
  }

  /// The same number in each image, the same ones whichever process looks at it.
  void draw_places(int64_t before, int64_t count) {
    const int64_t in_image = (images_.windows + wanted_ - 1) / wanted_;
    places_.clear();
    for (int64_t i = 0; i < count * in_image; ++i) {
      if (before * in_image + i >= images_.windows) break;
      Random random(images_.seed, before * in_image + i);
      const double y = random.uniform(), x = random.uniform();
      places_.push_back({i / in_image, y, x});
    }
  }

  void observe(const std::string& name, const torch::Tensor& source) {
    count_magnitudes(histograms_[name], source);
    const torch::Tensor sums = source.sum({0, 2, 3}, false, torch::kFloat64).cpu();
    const double* sum = sums.const_data_ptr<double>();
    Means& means = means_[number_][name];
    means = {
        {sum, sum + sums.numel()}, static_cast<double>(source.size(0) * source.size(2) * source.size(3)), {}};
    if (places_.empty()) return;
    const torch::Tensor windows = windows_at(places_, source).contiguous();
    const float* first = windows.const_data_ptr<float>();
    means.windows.assign(first, first + windows.numel());
  }

  std::string packed() const {
    dist::Message message;
    message.put(monitor_.stop_requested());
    for (const auto& [name, histogram] : histograms_) {
      const quant::Histogram::State state = histogram.state();
      message.put(state.width);
      message.put(state.max);
      message.put(state.zeros);
      message.put(state.counts);
    }
    for (const auto& [number, tensors] : means_) {
      message.put(number);
      for (const auto& [name, means] : tensors) {
        message.put(means.sums);
        message.put(means.pixels);
        message.put(means.windows);
      }
    }
    return message.bytes();
  }

  /// What all processes have seen. All have the same tensors, in the order of their names.
  AllSeen merged() {
    std::vector<std::string> names;
    for (const auto& [name, histogram] : histograms_) names.push_back(name);
    AllSeen seen;
    std::map<int64_t, std::map<std::string, Means>> means;
    bool stopped = false;
    for (const std::string& bytes : group_.gather(packed())) {
      dist::MessageReader reader(bytes);
      stopped |= reader.take<bool>();
      for (const std::string& name : names) {
        quant::Histogram::State state{reader.take<float>(), reader.take<float>(), reader.take<uint64_t>(),
                                      reader.take_all<uint64_t>()};
        seen[name].histogram.merge(quant::Histogram::from_state(std::move(state)));
      }
      while (!reader.at_end()) {
        auto& batch = means[reader.take<int64_t>()];
        for (const std::string& name : names) {
          batch[name] = {reader.take_all<double>(), reader.take<double>(), reader.take_all<float>()};
        }
      }
    }
    if (stopped) throw Interrupted("calibration stopped; start it again to begin anew");
    for (const auto& [number, tensors] : means) {
      for (const auto& [name, batch] : tensors) {
        Seen& all = seen[name];
        all.channel_sums.resize(batch.sums.size(), 0);
        for (size_t i = 0; i < batch.sums.size(); ++i) all.channel_sums[i] += batch.sums[i];
        all.pixels += batch.pixels;
        all.windows.insert(all.windows.end(), batch.windows.begin(), batch.windows.end());
      }
    }
    return seen;
  }

  at::Device device_;
  eager::Network network_;
  const data::Dataset& dataset_;
  const CalibrationImages& images_;
  Monitor& monitor_;
  dist::Group& group_;
  const int64_t wanted_;
  int64_t number_ = 0;         ///< of the batch under way
  std::vector<Place> places_;  ///< of its windows
  std::map<std::string, quant::Histogram> histograms_;
  std::map<int64_t, std::map<std::string, Means>> means_;  ///< by batch, by quantizer
};

int64_t Calibrator::look_at(const data::Dataset& dataset, const CalibrationImages& images, Monitor& monitor,
                            dist::Group& group) {
  seen_ = Look(float_, dataset, images, monitor, group).run();
  return std::min(images.count, static_cast<int64_t>(dataset.images.size()));
}

torch::Tensor Calibrator::windows_of(const ir::Node& quantizer) const {
  const std::vector<float>& windows = seen_.at(quantizer.name).windows;
  const int64_t channels = quantizer.shape[1], window = channels * kWindowSide * kWindowSide;
  return torch::tensor(windows).view({std::ssize(windows) / window, channels, kWindowSide, kWindowSide});
}

SeenTensor Calibrator::seen_tensor(const ir::Model& model, ir::Value quantizer) const {
  const ir::Node& node = model.graph.node(quantizer);
  SeenTensor tensor{histogram(node.name), windows_of(node)};
  for (const ir::Value reader : model.graph.consumers(quantizer)) {
    if (auto kernel = kernel_of(model, model.graph.node(reader)))
      tensor.kernels.push_back(*std::move(kernel));
  }
  return tensor;
}

/// Writes the range found for each tensor into the quantizer's parameter.
void Calibrator::search(ir::Model& model, const RangeOptions& ranges) const {
  for (const ir::Value value : ir::activation_quantizers(model.graph)) {
    const ir::Node& node = model.graph.node(value);
    const auto& op = std::get<ir::FakeQuant>(node.op);
    const float amax = ranges.method ? range_by(ranges.search(), histogram(node.name), op)
                                     : best_range(seen_tensor(model, value), op, ranges.search()).amax;
    model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(amax);
  }
}

/// Of quantized convolutions whose windows hold all that they see.
void Calibrator::round_weights(ir::Model& model) const {
  for (uint32_t id = 0; id < model.graph.size(); ++id) {
    const ir::Node& node = model.graph[id];
    if (!std::holds_alternative<ir::Conv2d>(node.op) || !ir::is_quantized_layer(model.graph, node)) continue;
    const auto kernel = kernel_of(float_, float_.graph.node(*float_.graph.find(node.name)));
    if (!kernel) continue;
    const ir::Node &source = model.graph.node(node.inputs[0]), &weight = model.graph.node(node.inputs[1]);
    const torch::Tensor inputs =
        eager::fake_quantize(windows_of(source), torch::scalar_tensor(model.floats(source.inputs[1])[0]),
                             std::get<ir::FakeQuant>(source.op));
    const torch::Tensor rounded =
        rounded_adaptively(kernel->flatten(1), torch::tensor(model.floats(weight.inputs[1])),
                           seen_by(*kernel, inputs).flatten(1), std::get<ir::FakeQuant>(weight.op));
    const float* first = rounded.const_data_ptr<float>();
    model.weights.at(model.graph.node(weight.inputs[0]).name).floats().assign(first, first + rounded.numel());
  }
}

ir::Model Calibrator::quantized(const RangeOptions& ranges, bool float_predictions,
                                const std::set<std::string>& keep_float) const {
  // Ranges are shared before the search for their signs, which decide the number of levels, and after it.
  ir::Model model = passes::share_ranges(passes::insert_quantizers(
      float_, {.rules = ranges.rules(), .float_predictions = float_predictions, .keep_float = keep_float}));
  if (ranges.weight_method == WeightMethod::mse) model = passes::clip_weights(std::move(model));
  search(model, ranges);
  model = passes::share_ranges(model);
  if (ranges.adaptive_rounding) round_weights(model);
  if (!ranges.bias_correction) return model;
  passes::ChannelMeans means;
  for (const auto& [name, seen] : seen_) {
    for (const double sum : seen.channel_sums) means[name].push_back(sum / seen.pixels);
  }
  return passes::correct_biases(model, float_, means);
}

}  // namespace y6q::ptq
