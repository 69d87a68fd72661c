// quantnet/: the whole quantization path on a narrow network. The reference puts a quantizer on the input of
// every layer and on the two upsampled maps, unfolded; ours puts one on every tensor, folded. So its
// placement is made here, to compare what both are made of: ranges, rounding, forward and gradients.
#include <map>

#include "eager/network.h"
#include "golden/golden.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/fold_batch_norm.h"
#include "passes/insert_quantizers.h"
#include "passes/refresh_ranges.h"
#include "passes/rewrite.h"
#include "passes/share_ranges.h"
#include "quant/range_search.h"
#include "train/arrays.h"
#include "train/predictions.h"

namespace y6q {
namespace {

using formats::SafetensorsReader;
using ir::Value;

constexpr golden::Tolerance kBoxes{.atol = 1e-3}, kScores{.atol = 1e-5}, kFeatures{.atol = 1e-4};

SafetensorsReader quantnet(const std::string& name) { return golden::tensors("quantnet/" + name); }

/// The topology of N at a quarter of its width.
ir::Model float_network(const std::array<int64_t, 2>& size) {
  models::Layout layout = models::layout_of("yolov6n");
  layout.channels = {8, 8, 16, 32, 64, 16, 8, 8, 16, 16, 32};
  ir::Model model =
      models::yolov6({.mode = models::Mode::repopt, .class_count = 3, .image_size = size, .layout = layout});
  const auto state = quantnet("state");
  for (const auto& [key, raw] : state.tensors()) {
    if (key.ends_with(".num_batches_tracked") || key.starts_with("detect.proj")) continue;
    EXPECT_EQ(model.weights.at(key).shape, raw.shape) << key;
    model.weights.at(key) = state.floats(key);
  }
  return model;
}

/// The reference's name of a layer: its pool is one module that runs three times.
std::string layer_of(const std::string& node) {
  constexpr std::string_view kPool = ".sppf.m.";
  const size_t pool = node.find(kPool);
  return pool == std::string::npos ? node : node.substr(0, pool + kPool.size() - 1);
}

bool is_layer(const ir::Node& node) {
  return std::holds_alternative<ir::Conv2d>(node.op) ||
         std::holds_alternative<ir::ConvTranspose2d>(node.op) ||
         std::holds_alternative<ir::MaxPool2d>(node.op);
}

/// The reference's name of a quantizer behind a transposed convolution.
std::string upsample_quantizer(const std::string& node) {
  return node.find("upsample0") != std::string::npos ? "neck.upsample_feat0_quant"
                                                     : "neck.upsample_feat1_quant";
}

/// By quantizer: [] or [C].
using Ranges = std::map<std::string, ir::Array>;

/// The reference's placement; quantizers carry its names. A missing range is 0.
class ReferencePlacement {
 public:
  ReferencePlacement(const ir::Model& model, const Ranges& ranges)
      : model_(model), ranges_(ranges), rewriter_(model) {}

  ir::Model run() {
    for (const Value value : rewriter_.old_values()) {
      const ir::Node& node = model_.graph.node(value);
      if (is_layer(node)) {
        quantize_layer(value, node);
      } else {
        rewriter_.keep(value);
      }
    }
    return rewriter_.finish();
  }

 private:
  void quantize_layer(Value value, const ir::Node& node) {
    const std::string layer = layer_of(node.name);
    std::vector<Value> inputs;
    for (const Value input : node.inputs) inputs.push_back(rewriter_.mapped(input));
    inputs[0] = quantizer(layer + "._input_quantizer", inputs[0], -1, {});
    // Axis 0 for transposed convolutions too: the reference's choice (spec/04 §10.8).
    if (inputs.size() > 1) {
      inputs[1] =
          quantizer(layer + "._weight_quantizer", inputs[1], 0, {model_.weight(node.inputs[1]).shape[0]});
    }
    const Value result = rewriter_.keep_with(value, std::move(inputs));
    if (std::holds_alternative<ir::ConvTranspose2d>(node.op)) {
      rewriter_.replace(value, quantizer(upsample_quantizer(node.name), result, -1, {}));
    }
  }

  Value quantizer(const std::string& name, Value source, int64_t axis, const ir::Shape& shape) {
    const auto found = ranges_.find(name);
    ir::Array amax = found == ranges_.end() ? ir::Array::zeros(shape) : found->second;
    amax.shape = shape;
    const Value range =
        rewriter_.add_parameter(rewriter_.free_name(name + "._amax"), std::move(amax), false, "");
    return rewriter_.add(rewriter_.free_name(name), ir::FakeQuant{.channel_axis = axis}, {source, range}, "");
  }

  const ir::Model& model_;
  const Ranges& ranges_;
  passes::Rewriter rewriter_;
};

Ranges ranges_of(const std::string& method) {
  const auto file = quantnet("amax");
  Ranges ranges;
  for (const auto& [key, raw] : file.tensors()) {
    if (key.starts_with(method + "/")) ranges[key.substr(method.size() + 1)] = file.floats(key);
  }
  return ranges;
}

/// The half-precision ranges of the reference's calibrated checkpoint.
Ranges reloaded_ranges() {
  const auto file = quantnet("tiny_calib_histogram_amax");
  Ranges ranges;
  for (const auto& [key, raw] : file.tensors()) {
    ranges[key.substr(0, key.size() - std::string("._amax").size())] = file.floats(key);
  }
  return ranges;
}

torch::Tensor images_named(const std::string& name) {
  const auto file = quantnet("images");
  const ir::Array array = file.integers(name);
  return torch::tensor(std::get<std::vector<int64_t>>(array.data), torch::kInt64)
             .view(array.shape)
             .to(torch::kFloat32) /
         255;
}

void expect_tensor(const torch::Tensor& got, const SafetensorsReader& file, const std::string& name,
                   golden::Tolerance tolerance) {
  golden::expect_close(train::to_array(got).floats(), file.floats(name).floats(), tolerance, name);
}

/// <prefix>out and <prefix>feat0 … 2.
void expect_outputs(const ir::Model& model, const std::string& images, const SafetensorsReader& file,
                    const std::string& prefix) {
  eager::Network network(passes::append_decode(model, {models::kStrides.begin(), models::kStrides.end()}));
  const auto outputs = network.forward(images_named(images), eager::Mode::evaluate);
  const torch::Tensor rows = outputs[network.output_index("outputs")];
  const torch::Tensor want = train::to_tensor(file.floats(prefix + "out"));
  const auto part = [](const torch::Tensor& t, int64_t first, int64_t last) {
    return train::to_array(t.slice(2, first, last)).floats();
  };
  golden::expect_close(part(rows, 0, 4), part(want, 0, 4), kBoxes, prefix + "boxes");
  golden::expect_close(part(rows, 4, 8), part(want, 4, 8), kScores, prefix + "scores");
  for (const std::string level : {"feat0", "feat1", "feat2"}) {
    expect_tensor(outputs[network.output_index(level)], file, prefix + level, kFeatures);
  }
}

TEST(GoldenQuantnet, TheFloatNetworkAgrees) {
  Y6Q_NEED_GOLDEN();
  expect_outputs(float_network({64, 64}), "test/max", quantnet("eval_outputs"), "float/");
}

TEST(GoldenQuantnet, QuantizableLayersAreThoseOfTheReference) {
  Y6Q_NEED_GOLDEN();
  std::vector<std::string> recorded;
  const auto description = golden::json("quantnet/quantnet");
  for (const auto& layer : description["inventory"]["layers"]) recorded.push_back(layer["layer"]);
  std::vector<std::string> ours;
  for (const std::string& name : passes::quantizable_layers(float_network({64, 64}).graph)) {
    if (ours.empty() || ours.back() != layer_of(name)) ours.push_back(layer_of(name));
  }
  std::sort(recorded.begin(), recorded.end());
  std::sort(ours.begin(), ours.end());
  EXPECT_EQ(ours, recorded);
}

class RecordedRanges : public testing::TestWithParam<const char*> {};

TEST_P(RecordedRanges, TheSimulatedNetworkAgrees) {
  Y6Q_NEED_GOLDEN();
  const std::string method = GetParam();
  const ir::Model model = ReferencePlacement(float_network({64, 64}), ranges_of(method)).run();
  expect_outputs(model, "test/" + method, quantnet("eval_outputs"), method + "/");
}

INSTANTIATE_TEST_SUITE_P(GoldenQuantnet, RecordedRanges,
                         testing::Values("max", "percentile", "mse", "entropy"),
                         [](const auto& method) { return std::string(method.param); });

/// Histograms of all activation quantizers over both calibration batches, by the reference's names.
std::map<std::string, quant::Histogram> observed() {
  eager::Network network(ReferencePlacement(float_network({96, 128}), {}).run());
  std::map<std::string, quant::Histogram> histograms;
  network.set_observer([&](const ir::Node& quantizer, const torch::Tensor& source) {
    std::string name = quantizer.name;
    const size_t number = name.find("quantizer.");  // of the pool's second and third run
    if (number != std::string::npos) name = name.substr(0, number + std::string("quantizer").size());
    const torch::Tensor dense = source.contiguous();
    histograms[name].observe({dense.const_data_ptr<float>(), static_cast<size_t>(dense.numel())});
  });
  for (const char* batch : {"calib0", "calib1"}) network.forward(images_named(batch), eager::Mode::observe);
  return histograms;
}

TEST(GoldenQuantnet, OwnActivationsGiveTheRecordedHistogramsAndRanges) {
  Y6Q_NEED_GOLDEN();
  const auto histograms = observed();
  const auto recorded = quantnet("histograms");
  const Ranges max = ranges_of("max"), percentile = ranges_of("percentile");
  ASSERT_EQ(histograms.size(), recorded.tensors().size());
  for (const auto& [name, histogram] : histograms) {
    const auto want = recorded.floats(name).floats();
    const auto got = histogram.counts();
    ASSERT_EQ(got.size(), want.size()) << name;
    double moved = 0;
    for (size_t i = 0; i < want.size(); ++i)
      moved += std::abs(static_cast<double>(got[i]) - static_cast<double>(want[i]));
    // Last bits decide on which side of a border a value falls, and pools repeat it up to 25 times.
    EXPECT_LE(moved / 2, 0.005 * static_cast<double>(histogram.total())) << name;
    EXPECT_NEAR(histogram.max(), max.at(name).floats()[0], 1e-5 * static_cast<double>(histogram.max()))
        << name;
    EXPECT_NEAR(quant::search_amax(histogram, {quant::RangeMethod::percentile, 99.99, 128}),
                percentile.at(name).floats()[0], 1.01 * static_cast<double>(histogram.width()))
        << name;
  }
}

// mse and entropy are decided by differences of single counts: searched in the recorded histograms.
TEST(GoldenQuantnet, RangesSearchedInTheRecordedHistogramsAgree) {
  Y6Q_NEED_GOLDEN();
  const auto recorded = quantnet("histograms");
  const auto settings = golden::json("quantnet/histograms");
  const Ranges max = ranges_of("max");
  for (const auto& [name, method] :
       {std::pair{"percentile", quant::RangeMethod::percentile}, std::pair{"mse", quant::RangeMethod::mse},
        std::pair{"entropy", quant::RangeMethod::entropy}}) {
    const Ranges ranges = ranges_of(name);
    for (const auto& row : settings["rows"]) {
      const std::string quantizer = row["quantizer"];
      const auto floats = recorded.floats(quantizer).floats();
      const auto width = row["width"].get<float>();
      const auto histogram =
          quant::Histogram::from_counts(width, {floats.begin(), floats.end()}, max.at(quantizer).floats()[0]);
      EXPECT_NEAR(quant::search_amax(histogram, {method, 99.99, 128}), ranges.at(quantizer).floats()[0],
                  1.01 * static_cast<double>(width))
          << name << " " << quantizer;
    }
  }
}

TEST(GoldenQuantnet, FoldedBatchNormGivesTheRecordedWeightsRangesAndOutputs) {
  Y6Q_NEED_GOLDEN();
  const auto folded = quantnet("folded");
  const ir::Model model = passes::refresh_ranges(
      ReferencePlacement(passes::fold_batch_norm(float_network({64, 64})), ranges_of("entropy")).run());
  int64_t compared = 0;
  for (const auto& [key, raw] : folded.tensors()) {
    const size_t slash = key.find('/');
    if (slash == std::string::npos) continue;
    const std::string layer = key.substr(0, slash), what = key.substr(slash + 1);
    const std::map<std::string, std::string> names{{"weight_amax", layer + "._weight_quantizer._amax"},
                                                   {"bias", layer + ".bias"},
                                                   {"weight", layer + ".weight"}};
    if (!names.contains(what)) continue;
    golden::expect_close(model.weights.at(names.at(what)).floats(), folded.floats(key).floats(),
                         {.rtol = 1e-6, .atol = 1e-6}, key);
    ++compared;
  }
  EXPECT_GE(compared, 100);
  expect_outputs(model, "test/folded", folded, "");
}

TEST(GoldenQuantnet, ReloadedHalfPrecisionRangesAgree) {
  Y6Q_NEED_GOLDEN();
  expect_outputs(ReferencePlacement(float_network({64, 64}), reloaded_ranges()).run(), "test/reloaded",
                 quantnet("train"), "reloaded/");
}

TEST(GoldenQuantnet, TrainingOutputsAndGradientsAgree) {
  Y6Q_NEED_GOLDEN();
  const auto file = quantnet("train");
  const auto settings = golden::json("quantnet/train");
  Ranges ranges = reloaded_ranges();
  for (const auto& layer : settings["amax_times_4"]) {
    ranges.at(layer.get<std::string>() + "._input_quantizer").floats()[0] *= 4;
  }
  eager::Network network(ReferencePlacement(float_network({64, 64}), ranges).run());
  const auto outputs = network.forward(images_named("test/train"), eager::Mode::train);
  const train::Predictions rows = train::PredictionGatherer(network)(outputs);
  const torch::Tensor scores = rows.logits.sigmoid();
  const golden::Tolerance tolerance{.atol = 1e-4};
  expect_tensor(scores, file, "train_cls", tolerance);
  expect_tensor(rows.distances, file, "train_reg", tolerance);
  for (const std::string level : {"0", "1", "2"}) {
    expect_tensor(outputs[network.output_index("feat" + level)], file, "train_feat" + level, tolerance);
  }
  const torch::Tensor loss = (scores * train::to_tensor(file.floats("up_cls"))).sum() +
                             (rows.distances * train::to_tensor(file.floats("up_reg"))).sum();
  EXPECT_NEAR(loss.item<double>(), settings["loss"].get<double>(), 1e-3);
  loss.backward();
  for (const eager::NamedTensor& named : network.tensors()) {
    if (file.tensors().contains("grad/" + named.name)) {
      const ir::Array want = file.floats("grad/" + named.name);
      double square = 0;
      for (const float g : want.floats()) square += static_cast<double>(g) * static_cast<double>(g);
      const double rms = std::sqrt(square / static_cast<double>(want.floats().size()));
      expect_tensor(named.tensor.grad(), file, "grad/" + named.name, {.atol = 1e-3 * rms});
    }
    if (file.tensors().contains("after/" + named.name)) {
      expect_tensor(named.tensor, file, "after/" + named.name, {.rtol = 1e-5, .atol = 1e-6});
    }
    if (named.name.ends_with("_input_quantizer._amax")) {
      EXPECT_EQ(
          named.tensor.item<float>(),
          ranges.at(named.name.substr(0, named.name.size() - std::string("._amax").size())).floats()[0]);
    }
  }
}

/// The tensor that a layer reads, in our graph.
std::string source_of(const ir::Graph& graph, const std::string& layer) {
  for (const ir::Node& node : graph.nodes()) {
    if (is_layer(node) && layer_of(node.name) == layer) return graph.node(node.inputs[0]).name;
  }
  // neck.upsample_feat<i>_quant stands behind its transposed convolution.
  return layer.find("feat0") != std::string::npos ? "neck.upsample0.upsample_transpose"
                                                  : "neck.upsample1.upsample_transpose";
}

// The list of record names eight groups; ours are found in the graph and hold all of them.
TEST(GoldenQuantnet, SharedRangesHoldTheGroupsOfRecord) {
  Y6Q_NEED_GOLDEN();
  const ir::Model plain = passes::fold_batch_norm(float_network({64, 64}));
  const auto recorded = golden::json("quantnet/quantnet")["fusion"];
  for (const std::string method : {"max", "entropy"}) {
    const Ranges ranges = ranges_of(method);
    ir::Model model = passes::insert_quantizers(plain, {.float_predictions = false});
    for (const ir::Node& node : plain.graph.nodes()) {
      std::vector<std::string> names;
      if (is_layer(node)) names.push_back(layer_of(node.name) + "._input_quantizer");
      if (std::holds_alternative<ir::ConvTranspose2d>(node.op))
        names.push_back(upsample_quantizer(node.name));
      for (const std::string& name : names) {
        const bool is_upsample = name.starts_with("neck.upsample_feat");
        const std::string tensor = is_upsample ? node.name : plain.graph.node(node.inputs[0]).name;
        const auto range = model.weights.find(tensor + ".amax");
        ASSERT_NE(range, model.weights.end()) << tensor;
        float& amax = range->second.floats()[0];
        amax = std::max(amax, ranges.at(name).floats()[0]);
      }
    }
    model = passes::share_ranges(model);
    for (const auto& group : recorded[method]) {
      for (size_t i = 0; i < group["members"].size(); ++i) {
        const std::string tensor = source_of(plain.graph, group["members"][i]);
        EXPECT_NEAR(model.weights.at(tensor + ".amax").floats()[0], group["after"][i].get<float>(), 1e-6)
            << method << " " << group["members"][i];
      }
    }
  }
}

}  // namespace
}  // namespace y6q
