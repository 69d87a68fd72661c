// convert on made-up networks: what is listed, what is refused, what comes back.
#include "checkpoint/convert.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "checkpoint/model.h"
#include "checkpoint/ranges.h"
#include "checkpoint/state_dict.h"
#include "formats/pt_writer.h"
#include "formats/scales.h"
#include "formats/test_archive.h"
#include "ir/text.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "support/folder.h"

namespace y6q::checkpoint {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

/// A narrow network of three classes.
ir::Model narrow(models::Mode mode) {
  const models::Layout layout{{8, 8, 16, 16, 24, 8, 8, 16, 8, 8, 16}, {1, 2, 2, 2, 2, 2, 2, 2, 2}};
  return models::yolov6(
      {.mode = mode, .class_count = 3, .image_size = {64, 64}, .seed = 3, .layout = layout});
}

class ConvertCommand : public testing::Test {
 protected:
  support::Folder folder_;
  fs::path pt_ = folder_ / "in.pt", out_ = folder_ / "out.safetensors";

  void save(const ir::Model& model) {
    const StateDict state = state_dict(model, 7);
    formats::write_pt(pt_, state.entries);
  }
  formats::ModelFile converted(ConvertOptions options = {}) {
    options.weights = pt_, options.out = out_;
    convert(options);
    return formats::read_model(out_);
  }
  template <typename ErrorType = InputError>
  void expect_refused(const testing::Matcher<std::string>& message, ConvertOptions options = {}) {
    options.weights = pt_, options.out = out_;
    EXPECT_THAT([&] { convert(options); }, ThrowsMessage<ErrorType>(message));
    EXPECT_FALSE(fs::exists(out_));
  }
};

TEST_F(ConvertCommand, EveryModeComesBackAsItWas) {
  for (const models::Mode mode : {models::Mode::repopt, models::Mode::hyper_search, models::Mode::repvgg,
                                  models::Mode::repvgg_deploy}) {
    const ir::Model model = narrow(mode);
    save(model);
    const auto file = converted({.image_size = {64, 64}});
    EXPECT_EQ(file.info.mode, name_of(mode));
    EXPECT_EQ(file.info.architecture, "yolov6-custom");
    EXPECT_EQ(file.info.provenance.contains("num_batches_tracked"), mode != models::Mode::repvgg_deploy);
    EXPECT_EQ(ir::to_text(file.model.graph), ir::to_text(model.graph));
    EXPECT_EQ(file.model.weights, model.weights);
  }
}

TEST_F(ConvertCommand, AStateDictionaryOfQaRepVggNeedsTheUsersWord) {
  for (const models::Mode mode : {models::Mode::qarepvgg, models::Mode::qarepvgg_v1}) {
    const ir::Model model = narrow(mode);
    save(model);
    expect_refused(HasSubstr("--mode qarepvgg_v1"));
    const auto file = converted({.image_size = {64, 64}, .mode = mode});
    EXPECT_EQ(file.info.mode, name_of(mode));
    EXPECT_EQ(ir::to_text(file.model.graph), ir::to_text(model.graph));
    EXPECT_EQ(file.model.weights, model.weights);
    fs::remove(out_);
  }
}

TEST_F(ConvertCommand, APickledModuleTellsTheVersionOfQaRepVgg) {
  save(narrow(models::Mode::qarepvgg));
  const formats::PtReader reader(pt_);
  formats::PtNetwork network = reader.network();
  for (const bool averages : {true, false}) {
    network.has_averages = averages;
    const auto mode = averages ? models::Mode::qarepvgg : models::Mode::qarepvgg_v1;
    EXPECT_EQ(ir::to_text(checkpoint_model(reader, network, {.image_size = {64, 64}}).model.graph),
              ir::to_text(narrow(mode).graph));
  }
  EXPECT_THAT([&] { checkpoint_model(reader, network, {.mode = models::Mode::qarepvgg}); },
              ThrowsMessage<UsageError>(HasSubstr("its blocks are those of qarepvgg_v1")));
}

TEST_F(ConvertCommand, ListsEverythingThatDiffers) {
  const ir::Model model = narrow(models::Mode::repopt);
  StateDict state = state_dict(model, 0);
  const ir::Array wrong = ir::Array::zeros({68, 16, 1, 1}), whole{{3}, std::vector<int64_t>{1, 2, 3}};
  std::erase_if(state.entries, [](auto& e) { return e.first == "neck.upsample1.upsample_transpose.bias"; });
  for (auto& [name, array] : state.entries) {
    if (name == "detect.reg_preds.2.weight") array = &wrong;
    if (name == "detect.cls_preds.0.bias") array = &whole;
  }
  state.entries.emplace_back("detect.extra", &wrong);
  formats::write_pt(pt_, state.entries);
  expect_refused(
      AllOf(HasSubstr(pt_), HasSubstr("missing: neck.upsample1.upsample_transpose.bias [8]"),
            HasSubstr("shape: detect.reg_preds.2.weight is [68, 16, 1, 1], [4, 16, 1, 1] is expected"),
            HasSubstr("type: detect.cls_preds.0.bias holds integers"),
            HasSubstr("unexpected: detect.extra [68, 16, 1, 1]")));
}

TEST_F(ConvertCommand, RefusesANameInBothGenerations) {
  const ir::Model model = narrow(models::Mode::repopt);
  StateDict state = state_dict(model, 0);
  state.entries.emplace_back("detect.stems.0.conv.weight",
                             &model.weights.at("detect.stems.0.block.conv.weight"));
  formats::write_pt(pt_, state.entries);
  expect_refused(HasSubstr("'detect.stems.0.conv.weight' are the same"));
}

TEST_F(ConvertCommand, RefusesWeightsThatAreNoNumbers) {
  ir::Model model = narrow(models::Mode::repopt);
  model.weights.at("detect.reg_preds.2.bias").floats()[1] = NAN;
  save(model);
  expect_refused(AllOf(HasSubstr(pt_), HasSubstr("detect.reg_preds.2.bias")));
}

TEST_F(ConvertCommand, ClassNamesAreThoseGivenOrMadeUp) {
  save(narrow(models::Mode::repopt));
  EXPECT_THAT(converted().info.class_names, ElementsAre("class0", "class1", "class2"));
  EXPECT_THAT(converted({.class_names = {"a", "b", "c"}}).info.class_names, ElementsAre("a", "b", "c"));
  fs::remove(out_);
  expect_refused<UsageError>(HasSubstr("2 names, the network has 3 classes"), {.class_names = {"a", "b"}});
}

TEST_F(ConvertCommand, TargetsThatTheInputCannotBecome) {
  save(narrow(models::Mode::repopt));
  expect_refused<UsageError>(HasSubstr("a .pt file already"), {.target = ConvertTarget::pt});
  expect_refused(HasSubstr("no linear-branch blocks"), {.target = ConvertTarget::scales});
  expect_refused(HasSubstr("no entry 'ema'"), {.entry = CheckpointEntry::ema});
  converted();
  EXPECT_THAT([&] { convert({.weights = out_, .out = folder_ / "x", .target = ConvertTarget::model}); },
              ThrowsMessage<UsageError>(HasSubstr("a model file already")));
}

/// Every range a different power of two, so that they survive half precision, too.
ir::Model calibrated(const ir::Model& deployed, const passes::QuantPolicy& policy) {
  ir::Model model = passes::insert_quantizers(deployed, policy);
  for (const ir::Node& node : model.graph.nodes()) {
    const auto* quantizer = std::get_if<ir::FakeQuant>(&node.op);
    if (quantizer == nullptr || quantizer->channel_axis >= 0) continue;
    model.weights.at(model.graph.node(node.inputs[1]).name) = ir::Array::scalar(2);
  }
  return model;
}

TEST_F(ConvertCommand, CalibratedModelsComeBack) {
  for (const models::Mode mode : {models::Mode::repopt, models::Mode::repvgg}) {
    const ir::Model model = calibrated(passes::deploy(narrow(mode)), {.rules = {}});
    save(model);
    const auto file = converted({.image_size = {64, 64}});
    EXPECT_EQ(file.info.scheme, "tensorrt");
    EXPECT_EQ(ir::to_text(file.model.graph), ir::to_text(model.graph)) << "predictions stay float";
    for (const auto& [name, array] : model.weights) {
      const auto& got = file.model.weights.at(name).floats();
      for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], array.floats()[i], 1e-6) << name;
    }
  }
}

TEST_F(ConvertCommand, UnsignedRangesCannotGoBack) {
  const formats::ModelFile file{calibrated(passes::deploy(narrow(models::Mode::repopt)),
                                           {.rules = quant::rules_of(quant::Scheme::cpu)}),
                                {.architecture = "yolov6-custom", .mode = "repvgg_deploy", .scheme = "cpu"}};
  formats::write_model(folder_ / "cpu.safetensors", file);
  EXPECT_THAT([&] { convert({.weights = folder_ / "cpu.safetensors", .out = pt_}); },
              ThrowsMessage<UnsupportedError>(HasSubstr("--scheme tensorrt")));
  EXPECT_FALSE(fs::exists(pt_));
}

bool is_quantized(const ir::Model& model, const char* layer) {
  const ir::Node& node = model.graph.node(*model.graph.find(layer));
  return std::holds_alternative<ir::FakeQuant>(model.graph.node(node.inputs[0]).op);
}

TEST_F(ConvertCommand, LayersWithoutRangesStayFloat) {
  const ir::Model deployed = passes::deploy(narrow(models::Mode::repopt));
  CheckpointRanges ranges = checkpoint_ranges(calibrated(deployed, {.float_predictions = false}));
  ranges.erase("backbone.stem.conv._input_quantizer");
  ranges.erase("backbone.stem.conv._weight_quantizer");
  for (const char* quantizer : {"._input_quantizer", "._weight_quantizer"}) {
    ranges.at(std::string("detect.cls_preds.0") + quantizer).settings.disabled = true;
  }
  const ir::Model model = quantized_by_checkpoint(deployed, ranges);
  EXPECT_FALSE(is_quantized(model, "backbone.stem.conv"));
  EXPECT_FALSE(is_quantized(model, "detect.cls_preds.0"));
  EXPECT_TRUE(is_quantized(model, "detect.cls_preds.1"));
  EXPECT_TRUE(is_quantized(model, "backbone.ERBlock_2.0.conv"));
}

TEST_F(ConvertCommand, RefusesRangesThatCannotBeTakenOver) {
  const ir::Model deployed = passes::deploy(narrow(models::Mode::repopt));
  CheckpointRanges ranges = checkpoint_ranges(calibrated(deployed, {}));
  ranges["backbone.stem.convolution._input_quantizer"] = {{1}};
  ranges.erase("backbone.ERBlock_2.0.conv._weight_quantizer");
  ranges.at("backbone.ERBlock_3.0.conv._input_quantizer").amax[0] = INFINITY;
  ranges.at("backbone.ERBlock_4.0.conv._weight_quantizer").amax.pop_back();
  ranges.at("backbone.ERBlock_5.0.conv._input_quantizer").settings.is_unsigned = true;
  ranges.at("neck.Rep_p4.conv1.conv._input_quantizer").settings.bits = 4;
  ranges.at("neck.Rep_p3.conv1.conv._weight_quantizer").settings.disabled = true;
  EXPECT_THAT([&] { quantized_by_checkpoint(deployed, ranges); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("backbone.stem.convolution._input_quantizer: there is no such layer"),
                        HasSubstr("backbone.ERBlock_2.0.conv._weight_quantizer: is missing"),
                        HasSubstr("backbone.ERBlock_3.0.conv._input_quantizer: is not finite"),
                        HasSubstr("backbone.ERBlock_4.0.conv._weight_quantizer: 15 numbers, 16 are expected"),
                        HasSubstr("backbone.ERBlock_5.0.conv._input_quantizer: is unsigned"),
                        HasSubstr("neck.Rep_p4.conv1.conv._input_quantizer: 4 bits"),
                        HasSubstr("neck.Rep_p3.conv1.conv: one of its two quantizers is disabled"),
                        Not(HasSubstr("detect.")))));
}

/// Pickles of a list of scales: channel counts of the blocks of yolov6n, storage "0" holds 128 halves.
class ScaleList {
 public:
  /// Tuples (or, `flat`, single tensors) of every block; of block `wrong` one channel more.
  static std::string pickled(bool flat, size_t wrong = 1000) {
    const ir::Graph graph =
        models::yolov6_graph({.mode = models::Mode::hyper_search, .image_size = {64, 64}});
    std::string out = "](";
    size_t block = 0;
    for (const ir::Node& node : graph.nodes()) {
      if (!node.name.ends_with(".scale_conv.weight")) continue;
      const std::string path = node.name.substr(0, node.name.size() - 18);
      const auto channels = static_cast<int32_t>(node.shape[0]) + (block == wrong ? 1 : 0);
      const std::string one = formats::test::tensor("HalfStorage", "0", 256, channels);
      const bool identity = graph.find(path + ".scale_identity.weight").has_value();
      out += flat ? "" : "(";
      for (int i = 0; i < (identity ? 3 : 2); ++i) out += one;
      out += flat ? "" : "t";
      ++block;
    }
    return out + "e";
  }
};

TEST_F(ConvertCommand, ListsOfScales) {
  const auto write = [&](const std::string& pickled) {
    std::string storage;
    for (int i = 0; i < 256; ++i) storage += std::string("\x00\x3c", 2);  // 1
    write_file(pt_,
               formats::test::archive({{"x/data.pkl", "\x80\x02" + pickled + "."}, {"x/data/0", storage}}));
  };
  for (const bool flat : {false, true}) {
    write(ScaleList::pickled(flat));
    const auto done = convert({.weights = pt_, .out = out_});
    EXPECT_EQ(done.target, ConvertTarget::scales);
    const auto scales = formats::read_scales(out_);
    ASSERT_EQ(scales.size(), 35U);
    EXPECT_EQ(scales[0].block, "backbone.stem");
    EXPECT_EQ(scales[0].conv3x3, std::vector<float>(16, 1));
    EXPECT_TRUE(scales[0].identity.empty());
    EXPECT_EQ(scales[2].identity, std::vector<float>(32, 1));
    fs::remove(out_);
  }
  write(ScaleList::pickled(false, 20));
  expect_refused(
      HasSubstr("block 20 (neck.Rep_p4.block.0): its identity scales are floats of shape [65]; floats [64] "
                "are expected"));
  write(ScaleList::pickled(false));
  expect_refused(
      HasSubstr("block 0 (backbone.stem): its 1x1 scales are floats of shape [16]; floats [32] are expected"),
      {.architecture = "yolov6s"});
  write("]" + formats::test::tensor("HalfStorage", "0", 256, 16) + "a");
  expect_refused(AllOf(HasSubstr("the list has 1 entries, 35 blocks are expected"),
                       HasSubstr("block 0 (backbone.stem): has 1 tensors; 2 are expected: 1x1, 3x3")));
}

}  // namespace
}  // namespace y6q::checkpoint
