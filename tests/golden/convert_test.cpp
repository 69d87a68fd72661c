// convert: the recorded checkpoints as model files and back.
#include "checkpoint/convert.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "checkpoint/ranges.h"
#include "checkpoint/state_dict.h"
#include "formats/checkpoint_names.h"
#include "formats/pt_writer.h"
#include "formats/scales.h"
#include "golden/golden.h"
#include "ir/interpret.h"
#include "ir/text.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"
#include "stages/export.h"
#include "support/folder.h"

namespace y6q::golden {
namespace {

using formats::EntryKind;
using formats::PtReader;

class Convert : public testing::Test {
 protected:
  void SetUp() override { Y6Q_NEED_GOLDEN(); }

  formats::ModelFile model_of(const std::string& checkpoint, checkpoint::ConvertOptions options = {}) {
    options.weights = folder() / (checkpoint + ".pt");
    options.out = scratch_ / "model.safetensors";
    checkpoint::convert(options);
    return formats::read_model(options.out);
  }
  /// The model file written last, as a checkpoint.
  fs::path back() {
    checkpoint::convert({.weights = scratch_ / "model.safetensors", .out = scratch_ / "back.pt"});
    return scratch_ / "back.pt";
  }

  support::Folder scratch_;
};

/// Every float tensor of the recorded state but the unused projection, and no other.
void expect_weights(const ir::Model& model, const formats::SafetensorsReader& state,
                    const std::string& prefix = "") {
  size_t compared = 0;
  for (const auto& [key, raw] : state.tensors()) {
    const std::string name = key.substr(std::min(prefix.size(), key.size()));
    if (!key.starts_with(prefix) || formats::entry_kind(name) != EntryKind::weight) continue;
    ASSERT_TRUE(model.weights.contains(name)) << name;
    EXPECT_TRUE(model.weights.at(name) == state.floats(key)) << name;
    ++compared;
  }
  EXPECT_EQ(compared, model.weights.size());
}

void expect_same_entries(const fs::path& got_path, const fs::path& want_path) {
  const PtReader got(got_path), want(want_path);
  const auto& entries = want.network().tensors;
  ASSERT_EQ(got.network().tensors.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [name, tensor] = got.network().tensors[i];
    EXPECT_EQ(name, formats::nested_name(entries[i].first));
    EXPECT_TRUE(got.array(tensor) == want.array(entries[i].second)) << name;
  }
}

TEST_F(Convert, TrainingCheckpointsGiveTheirAveragedWeights) {
  const auto state = tensors("model/train_ckpt_tiny_state");
  const auto file = model_of("model/train_ckpt_tiny");
  expect_weights(file.model, state, "ema/");
  EXPECT_EQ(file.info.architecture, "yolov6-custom");
  EXPECT_EQ(file.info.mode, "repopt");
  EXPECT_EQ(file.info.class_names, (std::vector<std::string>{"alpha", "beta", "gamma"}));
  EXPECT_EQ(file.info.provenance.at("entry"), "ema");
  expect_weights(model_of("model/train_ckpt_tiny", {.entry = checkpoint::CheckpointEntry::model}).model,
                 state, "model/");
  expect_weights(model_of("model/stripped_ckpt_tiny").model, state, "ema/");
}

TEST_F(Convert, ComesBackEntryByEntry) {
  for (const std::string checkpoint :
       {"model/train_ckpt_tiny", "model/stripped_ckpt_tiny", "repopt/scales_ckpt"}) {
    model_of(checkpoint);
    expect_same_entries(back(), folder() / (checkpoint + ".pt"));
  }
}

TEST_F(Convert, ScalesCheckpointsGiveANetworkAndItsScales) {
  const auto file = model_of("repopt/scales_ckpt");
  EXPECT_EQ(file.info.architecture, "yolov6n");
  EXPECT_EQ(file.info.mode, "hyper_search");
  expect_weights(file.model, tensors("model/hyper_search_state"));
  const fs::path out = scratch_ / "scales.json";
  const auto done = checkpoint::convert({.weights = folder() / "repopt/scales_ckpt.pt",
                                         .out = out,
                                         .target = checkpoint::ConvertTarget::scales});
  EXPECT_EQ(done.entries, 35U);
  const auto recorded = tensors("repopt/scales");
  const auto scales = formats::read_scales(out);
  const auto blocks = json("repopt/scales")["blocks"];
  ASSERT_EQ(scales.size(), blocks.size());
  for (size_t i = 0; i < scales.size(); ++i) {
    EXPECT_EQ(scales[i].block, blocks[i]["block"].get<std::string>());
    const std::string index = fmt::format("{:02}", i);
    EXPECT_EQ(scales[i].conv3x3, recorded.floats(index + ".conv3x3").floats());
    EXPECT_EQ(scales[i].conv1x1, recorded.floats(index + ".conv1x1").floats());
    const bool has_identity = recorded.tensors().contains(index + ".identity");
    EXPECT_EQ(scales[i].identity,
              has_identity ? recorded.floats(index + ".identity").floats() : std::vector<float>{});
  }
}

/// The network of quantnet/, float, merged and folded.
ir::Model deployed_float(const std::string& checkpoint) {
  const PtReader reader(folder() / (checkpoint + ".pt"));
  ir::Model model;
  const models::Layout layout{{8, 8, 16, 32, 64, 16, 8, 8, 16, 16, 32}, {1, 2, 4, 6, 2, 4, 4, 4, 4}};
  model.graph = models::yolov6_graph({.class_count = 3, .image_size = {64, 64}, .layout = layout});
  for (const auto& [name, tensor] : reader.network().tensors) {
    const std::string nested = formats::nested_name(name);
    if (formats::entry_kind(nested) == EntryKind::weight) model.weights.emplace(nested, reader.array(tensor));
  }
  ir::validate(model);
  return passes::deploy(model);
}

std::map<std::string, float> ranges_by_tensor(const ir::Model& model) {
  std::map<std::string, float> ranges;
  for (const ir::Node& node : model.graph.nodes()) {
    const auto* quantizer = std::get_if<ir::FakeQuant>(&node.op);
    if (quantizer == nullptr || quantizer->channel_axis >= 0) continue;
    EXPECT_TRUE(quantizer->is_signed && quantizer->bits == 8) << node.name;
    ranges[model.graph.node(node.inputs[0]).name] = model.floats(node.inputs[1])[0];
  }
  return ranges;
}

TEST_F(Convert, CalibratedWeightsAreTheFoldedOnesAndFlatNamesMakeNoDifference) {
  for (const std::string checkpoint : {"quantnet/tiny_calib_histogram", "quantnet/tiny_calib_max_flat"}) {
    const auto file = model_of(checkpoint);
    EXPECT_EQ(file.info.scheme, "tensorrt");
    EXPECT_EQ(file.info.mode, "repvgg_deploy");
    for (const auto& [name, array] : deployed_float(checkpoint).weights) {
      ASSERT_TRUE(file.model.weights.contains(name)) << name;
      EXPECT_TRUE(file.model.weights.at(name) == array) << name;
    }
  }
}

TEST_F(Convert, TheFloatNetworkOfACalibratedCheckpointIsTheOneItWasMadeFrom) {
  const auto file = model_of("quantnet/tiny_calib_max_flat", {.float_only = true});
  EXPECT_EQ(file.info.scheme, "");
  EXPECT_EQ(file.info.mode, "repopt");
  expect_weights(file.model, tensors("quantnet/state"));
}

/// By hand from amax and the groups of quantnet.json: what each layer reads, after the shared ranges.
TEST_F(Convert, ActivationsHaveTheRangesOfTheLayersThatReadThem) {
  const auto recorded = tensors("quantnet/tiny_calib_max_amax");
  const auto amax = [&](const std::string& quantizer) {
    return recorded.floats(quantizer + "._amax").floats()[0];
  };
  const auto got = ranges_by_tensor(model_of("quantnet/tiny_calib_max_flat").model);
  EXPECT_EQ(got.at("images"), amax("backbone.stem.conv._input_quantizer"));
  EXPECT_EQ(got.at("backbone.stem.relu"), amax("backbone.ERBlock_2.0.conv._input_quantizer"));
  EXPECT_EQ(got.at("detect.cls_convs.1.silu"), amax("detect.cls_preds.1._input_quantizer"));
  EXPECT_EQ(got.at("neck.concat_p3"), amax("neck.Rep_p3.conv1.conv._input_quantizer"));
  const float shared =
      std::max({amax("backbone.ERBlock_5.0.conv._input_quantizer"),
                amax("neck.Rep_p4.conv1.conv._input_quantizer"), amax("neck.upsample_feat0_quant")});
  EXPECT_EQ(got.at("neck.upsample0.upsample_transpose"), shared);
  EXPECT_EQ(got.at("neck.concat_p4"), shared);
  const float pooled = amax("backbone.ERBlock_5.2.sppf.cv2.block.conv._input_quantizer");
  for (const char* pool : {"m.0", "m.1", "m.2", "concat", "cv1.relu"}) {
    EXPECT_EQ(got.at(std::string("backbone.ERBlock_5.2.sppf.") + pool), pooled) << pool;
  }
}

TEST_F(Convert, WeightRangesAreThoseOfTheFoldedKernels) {
  const ir::Model model = model_of("quantnet/tiny_calib_histogram").model;
  const auto folded = tensors("quantnet/folded");
  size_t compared = 0;
  for (const auto& [key, raw] : folded.tensors()) {
    const std::string layer = key.substr(0, key.find('/'));
    if (!key.ends_with("/weight_amax")) continue;
    expect_close(model.weights.at(layer + ".weight.amax").floats(), folded.floats(key).floats(),
                 {.rtol = 1e-6}, key);
    expect_close(model.weights.at(layer + ".bias").floats(), folded.floats(layer + "/bias").floats(),
                 {.rtol = 1e-5, .atol = 1e-6}, layer);
    ++compared;
  }
  EXPECT_EQ(compared, 50U);
}

/// Largest magnitude a slice of one of the first two axes, by a naive loop.
std::vector<float> slice_ranges(const ir::Array& w, bool second_axis) {
  std::vector<float> ranges(static_cast<size_t>(w.shape[second_axis ? 1 : 0]));
  size_t at = 0;
  for (int64_t i = 0; i < w.shape[0]; ++i) {
    for (int64_t o = 0; o < w.shape[1]; ++o) {
      for (int64_t k = 0; k < w.shape[2] * w.shape[3]; ++k) {
        float& range = ranges[static_cast<size_t>(second_axis ? o : i)];
        range = std::max(range, std::fabs(w.floats()[at++]));
      }
    }
  }
  return ranges;
}

TEST_F(Convert, TransposedConvolutionsHaveRangesOfOutputChannels) {
  const ir::Model model = model_of("quantnet/tiny_calib_histogram").model;
  const auto recorded = tensors("quantnet/tiny_calib_histogram_amax");
  const auto checkpoint = checkpoint::checkpoint_ranges(model);
  for (const std::string layer : {"neck.upsample0.upsample_transpose", "neck.upsample1.upsample_transpose"}) {
    const ir::Array& weight = model.weights.at(layer + ".weight");
    EXPECT_EQ(
        std::get<ir::FakeQuant>(model.graph.node(*model.graph.find(layer + ".weight.quant")).op).channel_axis,
        1);
    EXPECT_EQ(model.weights.at(layer + ".weight.amax").floats(), slice_ranges(weight, true));
    const std::string quantizer = layer + "._weight_quantizer";
    EXPECT_EQ(checkpoint.at(quantizer).amax, recorded.floats(quantizer + "._amax").floats());
  }
}

/// What the reference's own exporter was compared with: ranges shared as here. Its transposed convolutions
/// have ranges on axis 0, so these are put in; every other code must agree without help.
TEST_F(Convert, SimulatedIntegersGiveTheRecordedOutputs) {
  ir::Model model = model_of("quantnet/tiny_calib_histogram", {.image_size = {64, 64}}).model;
  const auto ranges = checkpoint::checkpoint_ranges(model);
  std::string text = ir::to_text(model.graph);
  for (size_t at = text.find("channel_axis=1"); at != std::string::npos;
       at = text.find("channel_axis=1", at)) {
    text.replace(at, 14, "channel_axis=0");
  }
  model.graph = ir::parse_graph(text);
  for (const std::string layer : {"neck.upsample0.upsample_transpose", "neck.upsample1.upsample_transpose"}) {
    model.weights.at(layer + ".weight.amax").floats() = ranges.at(layer + "._weight_quantizer").amax;
  }
  model = passes::append_decode(model, {models::kStrides.begin(), models::kStrides.end()});
  const ir::Array bytes = tensors("quantnet/images").integers("test/onnx_graph_opt");
  ir::Tensor images{bytes.shape, {}};
  for (const int64_t value : std::get<std::vector<int64_t>>(bytes.data)) {
    images.data.push_back(static_cast<double>(static_cast<float>(value) / 255.0F));
  }
  const auto want = tensors("quantnet/onnx").floats("graph_opt/pytorch_out");
  const std::vector<double> got = ir::interpret(model, images).at("outputs").data;
  expect_close(got, want.floats(), {.rtol = 1e-6, .atol = 1e-3}, "boxes and scores");
}

TEST_F(Convert, CalibratedCheckpointsComeBackWithNamesOrderAndRanges) {
  const std::string checkpoint = "quantnet/tiny_calib_histogram";
  model_of(checkpoint);
  const PtReader got(back()), want(folder() / (checkpoint + ".pt"));
  const auto& entries = want.network().tensors;
  ASSERT_EQ(got.network().tensors.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [name, tensor] = got.network().tensors[i];
    EXPECT_EQ(name, entries[i].first);
    EXPECT_EQ(tensor.shape, entries[i].second.shape) << name;
  }
  // Again a model: the neutral norms fold into the same weights and ranges.
  const auto first = formats::read_model(scratch_ / "model.safetensors");
  checkpoint::convert({.weights = scratch_ / "back.pt", .out = scratch_ / "again.safetensors"});
  const auto again = formats::read_model(scratch_ / "again.safetensors");
  EXPECT_EQ(ir::to_text(again.model.graph), ir::to_text(first.model.graph));
  for (const auto& [name, array] : first.model.weights) {
    expect_close(again.model.weights.at(name).floats(), array.floats(), {.rtol = 1e-6, .atol = 1e-9}, name);
  }
}

TEST_F(Convert, BranchesMerge) {
  const auto state = tensors("model/repvgg_state");
  std::map<std::string, ir::Array> arrays;
  formats::PtEntries entries;
  for (const auto& [name, raw] : state.tensors()) {
    const bool count = formats::entry_kind(name) == EntryKind::batch_count;
    entries.emplace_back(
        name, &arrays.emplace(name, count ? state.integers(name) : state.floats(name)).first->second);
  }
  formats::write_pt(scratch_ / "repvgg.pt", entries);
  const fs::path plain = scratch_ / "plain.safetensors", merged = scratch_ / "merged.safetensors";
  checkpoint::convert({.weights = scratch_ / "repvgg.pt", .out = plain});
  checkpoint::convert({.weights = scratch_ / "repvgg.pt", .out = merged, .deploy = true});
  const auto train_form = formats::read_model(plain), deploy_form = formats::read_model(merged);
  expect_weights(train_form.model, state);
  EXPECT_EQ(deploy_form.info.mode, "repvgg_deploy");
  EXPECT_EQ(deploy_form.model.weights,
            passes::deploy(train_form.model).weights);  // deploy_test compares the numbers
  EXPECT_EQ(deploy_form.model.weights.size(), 116U);
}

/// "name dtype shape" lines under "[heading", in order.
std::vector<std::string> listed(const std::string& heading) {
  std::istringstream lines(read_file(folder() / "model" / "names.txt"));
  std::vector<std::string> entries;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[")) inside = line.starts_with("[" + heading + "]");
    std::istringstream words(line);
    std::string name, type, shape;
    if (inside && !line.starts_with("[") && words >> name >> type >> shape) {
      entries.push_back(fmt::format("{} {} {}", name, type, shape));
    }
  }
  return entries;
}

std::vector<std::string> described(const checkpoint::StateDict& state) {
  std::vector<std::string> entries;
  for (const auto& [name, array] : state.entries) {
    std::string shape;
    for (const int64_t extent : array->shape) shape += (shape.empty() ? "" : "x") + std::to_string(extent);
    entries.push_back(fmt::format("{} {} {}", name, array->data.index() == 0 ? "float32" : "int64",
                                  shape.empty() ? "scalar" : shape));
  }
  return entries;
}

TEST_F(Convert, StateDictionariesHaveTheRecordedNamesInTheRecordedOrder) {
  for (const std::string size : {"n", "t", "s"}) {
    for (const models::Mode mode : {models::Mode::repopt, models::Mode::repvgg, models::Mode::hyper_search}) {
      const ir::Model model =
          models::yolov6({.architecture = "yolov6" + size, .mode = mode, .image_size = {64, 64}});
      const auto want = listed(size + " " + std::string(name_of(mode)));
      EXPECT_GT(want.size(), 300U);
      EXPECT_EQ(described(checkpoint::state_dict(model, 0)), want);
      if (size != "n" || mode == models::Mode::hyper_search) continue;
      // Folded single branches get neutral norms and fit the network they came from; merged ones stay merged.
      EXPECT_EQ(described(checkpoint::state_dict(passes::deploy(model), 0)),
                mode == models::Mode::repopt ? want : listed("n repvgg fused"));
    }
  }
}

/// Tensor names differ, since ours come from the blocks: the scales are compared as sets of bytes.
std::set<std::string> scales_of_cache(const std::string& cache) {
  std::set<std::string> scales;
  std::istringstream lines(cache);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "TRT-8XXX-EntropyCalibration2");
  while (std::getline(lines, line)) scales.insert(line.substr(line.rfind(' ') + 1));
  return scales;
}

TEST_F(Convert, TheCalibrationCacheHasTheRecordedScales) {
  model_of("quantnet/tiny_calib_histogram", {.image_size = {64, 64}});
  const auto exported = stages::export_onnx({.weights = scratch_ / "model.safetensors",
                                             .out = scratch_ / "free.onnx",
                                             .form = stages::ExportForm::qdq_free});
  const std::string recorded = read_file(
      folder() / "quantnet/tiny_calib_histogram_bs1_graph_opt_remove_qdq_add_insert_qdq_calibration.cache");
  EXPECT_EQ(scales_of_cache(read_file(exported.cache)), scales_of_cache(recorded));
}

}  // namespace
}  // namespace y6q::golden
