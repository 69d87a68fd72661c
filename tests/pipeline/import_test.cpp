// Files come back as the networks they were written from, and those of other programs as what they compute.
#include "onnx/import.h"

#include <gmock/gmock.h>
#include <onnx-ml.pb.h>

#include "base/errors.h"
#include "base/files.h"
#include "checkpoint/onnx_model.h"
#include "formats/model_file.h"
#include "onnx/emit.h"
#include "onnx/graph_writer.h"
#include "passes/same_outputs.h"
#include "pipeline/yolov6_networks.h"
#include "stages/export.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

using onnx::Form;
using onnx::Remainder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// One convolution with a batch norm and SiLU, then a head of scores and distances at stride 2 and 4.
ir::Model two_levels() {
  NetworkMaker n({1, 3, 16, 24});
  ir::Value x = n.add("stem", ir::Conv2d{.stride = {2, 2}, .pad = {1, 1}},
                      {n.images(), n.weight("stem.w", {8, 3, 3, 3})});
  const ir::Value fine = n.add("act", ir::Silu{}, {n.batch_norm("bn", x, 8)});
  const ir::Value coarse =
      n.add("pool", ir::MaxPool2d{.kernel = {2, 2}, .stride = {2, 2}, .pad = {0, 0}}, {fine});
  const auto head = [&](const std::string& name, ir::Value from, int64_t out) {
    return n.add(name, ir::Conv2d{},
                 {from, n.weight(name + ".w", {out, 8, 1, 1}), n.weight(name + ".b", {out})});
  };
  const ir::Value cls0 = head("cls0", fine, 5), cls1 = head("cls1", coarse, 5);
  const ir::Value reg0 = head("reg0", fine, 4), reg1 = head("reg1", coarse, 4);
  n.model.graph.mark_output("outputs", n.add("decode", ir::Decode{{2, 4}}, {cls0, cls1, reg0, reg1}));
  return n.model;
}

// Message and graph
// -------------------------------------------------------------------------------------------

void expect_same_bytes(const ir::Model& model, const onnx::OnnxOptions& options) {
  const std::string first = onnx::emit(model, options).SerializeAsString();
  ::onnx::ModelProto file;
  ASSERT_TRUE(file.ParseFromString(first));
  const onnx::Imported back = onnx::import_model(file);
  EXPECT_EQ(back.batch, options.batch);
  EXPECT_TRUE(onnx::emit(back.model, options).SerializeAsString() == first);
}

TEST(Import, EveryOperatorComesBackAsWhatItComputes) {
  passes::expect_same_outputs(
      every_operator(),
      onnx::import_model(onnx::emit(every_operator(), {.outputs = {"outputs", "cls0", "reg1", "feat0"}}))
          .model,
      0);
}

TEST(Import, FilesOfEveryBatchAndTypeComeBackByteForByte) {
  expect_same_bytes(two_levels(), {});
  expect_same_bytes(two_levels(), {.batch = 0});
  expect_same_bytes(two_levels(), {.batch = 3});
  expect_same_bytes(two_levels(), {.remainder = Remainder::fp16, .opset = 19});
}

TEST(Import, EveryQuantizerComesBack) {
  for (const bool is_signed : {true, false}) {
    for (const int64_t bits : {7, 8})
      expect_same_bytes(quantized_chain(is_signed, bits), {.form = Form::qdq});
  }
}

TEST(Import, FilesThatSuppressBoxesComeBackAsTheNetworkBeforeIt) {
  const std::string decoded = onnx::emit(two_levels(), {}).SerializeAsString();
  for (const onnx::Suppressor by : all_values<onnx::Suppressor>()) {
    for (const onnx::ImageType images : all_values<onnx::ImageType>()) {
      const ::onnx::ModelProto file =
          onnx::emit(two_levels(), {.images = images, .suppression = onnx::Suppression{.by = by}});
      EXPECT_TRUE(onnx::emit(onnx::import_model(file).model, {}).SerializeAsString() == decoded);
    }
  }
}

/// What YOLOv6's end-to-end export puts behind its decoded boxes (spec/05 §6): corners by a matrix, scores
/// multiplied by the confidence, the suppression.
::onnx::ModelProto end_to_end(const std::string& suppression) {
  ::onnx::ModelProto file = onnx::emit(two_levels(), {});
  ::onnx::GraphProto& graph = *file.mutable_graph();
  graph.mutable_node(graph.node_size() - 1)->set_output(0, "decoded");
  onnx::GraphWriter writer(graph, {"decoded"});
  const auto columns = [&](int64_t from, int64_t to) {
    const std::string bounds[] = {writer.constant("from", {{1}, std::vector<int64_t>{from}}),
                                  writer.constant("to", {{1}, std::vector<int64_t>{to}}),
                                  writer.constant("axis", {{1}, std::vector<int64_t>{2}})};
    return writer.step("Slice", {"decoded", bounds[0], bounds[1], bounds[2]}, "columns");
  };
  const ir::Array to_corners{{4, 4},
                             std::vector<float>{1, 0, 1, 0, 0, 1, 0, 1, -.5F, 0, .5F, 0, 0, -.5F, 0, .5F}};
  std::string boxes = writer.step("MatMul", {columns(0, 4), writer.constant("matrix", to_corners)}, "boxes");
  std::string scores = writer.step("Mul", {columns(5, 10), columns(4, 5)}, "scores");
  if (suppression == "NonMaxSuppression") {
    const std::string turned = writer.fresh("turned");
    onnx::set_attribute(writer.node("Transpose", {scores}, turned), "perm", {0, 2, 1});
    scores = turned;
  } else {
    boxes =
        writer.step("Unsqueeze", {boxes, writer.constant("axes", {{1}, std::vector<int64_t>{2}})}, "boxes");
  }
  file.mutable_graph()->mutable_output(0)->set_name(
      writer.step(suppression.c_str(), {boxes, scores}, "found"));
  return file;
}

TEST(Import, EndToEndExportsComeBackAsTheNetworkBeforeTheirSuppression) {
  const std::string decoded = onnx::emit(two_levels(), {}).SerializeAsString();
  for (const char* suppression : {"NonMaxSuppression", "BatchedNMSDynamic_TRT"}) {
    EXPECT_TRUE(onnx::emit(onnx::import_model(end_to_end(suppression)).model, {}).SerializeAsString() ==
                decoded)
        << suppression;
  }
}

TEST(Import, ASuppressionOfOtherBoxesIsRefused) {
  // Corners that are said to be centres and sizes.
  ::onnx::ModelProto file =
      onnx::emit(two_levels(), {.suppression = onnx::Suppression{.by = onnx::Suppressor::efficient}});
  for (auto& node : *file.mutable_graph()->mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.name() == "box_coding") attribute.set_i(1);
    }
  }
  EXPECT_THAT([&] { onnx::import_model(file); }, ThrowsMessage<InputError>(HasSubstr("our decoding gives")));
}

TEST(Import, WhatComesBackComputesTheSame) {
  const ir::Model model = quantized_chain(true);
  passes::expect_same_outputs(model, onnx::import_model(onnx::emit(model, {.form = Form::qdq})).model, 0);
}

// Model file, ONNX file, model file
// ---------------------------------------------------------------------------

class RoundTrip : public testing::Test {
 protected:
  /// Writes the network as a model file, without its decoding.
  fs::path write(const ir::Model& network, const std::string& scheme, const std::string& architecture) {
    const ir::Model maps = passes::select_outputs(network, {"cls0", "cls1", "cls2", "reg0", "reg1", "reg2"});
    const fs::path path = folder_ / "first.safetensors";
    formats::write_model(path, {maps,
                                {.architecture = architecture,
                                 .mode = "repvgg_deploy",
                                 .class_names = {"a", "b b", "c"},
                                 .image_size = {kSize, kSize},
                                 .scheme = scheme}});
    return path;
  }

  fs::path import(const fs::path& onnx, const fs::path& cache = {}) {
    const formats::ModelFile file = checkpoint::model_of_onnx(onnx, {.cache = cache});
    formats::write_model(folder_ / "second.safetensors", file);
    return folder_ / "second.safetensors";
  }

  void expect_same_file(const fs::path& weights, stages::ExportOptions options) {
    options.weights = weights;
    options.out = folder_ / "first.onnx";
    const auto first = stages::export_onnx(options);
    options.weights = import(first.onnx, first.cache);
    options.out = folder_ / "second.onnx";
    const auto second = stages::export_onnx(options);
    EXPECT_TRUE(read_file(second.onnx) == read_file(first.onnx));
    if (first.cache.empty()) return;
    EXPECT_EQ(read_file(second.cache), read_file(first.cache));
  }

  ir::Model quantized(const quant::Rules& rules, const std::set<std::string>& keep_float = {}) {
    return quantized_network(decoded_network(), random_images({1, 3, kSize, kSize}, 12),
                             {.rules = rules, .keep_float = keep_float});
  }

  const support::Folder folder_;
  const quant::Rules tensorrt_ = quant::rules_of(quant::Scheme::tensorrt);
};

TEST_F(RoundTrip, FloatNetworksOfEverySizeComeBackByteForByte) {
  for (const char* name : {"yolov6n", "yolov6t", "yolov6s"}) {
    const fs::path weights = write(decoded_network(name), "", name);
    expect_same_file(weights, {});
    expect_same_file(weights, {.raw_head = true});
    EXPECT_EQ(checkpoint::model_of_onnx(folder_ / "first.onnx").info.architecture, name);
  }
}

TEST_F(RoundTrip, CalibratedNetworksComeBackByteForByte) {
  expect_same_file(write(quantized(tensorrt_), "tensorrt", "yolov6n"), {.form = stages::ExportForm::qdq});
  expect_same_file(write(quantized(quant::rules_of(quant::Scheme::cpu)), "cpu", "yolov6n"),
                   {.form = stages::ExportForm::qdq, .raw_head = true});
}

TEST_F(RoundTrip, AFileWithoutQuantizersAndItsCacheComeBackByteForByte) {
  const std::set<std::string> kept{"neck.Rep_p3.conv1.conv", "neck.upsample0.upsample_transpose",
                                   "backbone.ERBlock_3.1.block.0.conv"};
  for (const auto& keep_float : {std::set<std::string>{}, kept}) {
    expect_same_file(write(quantized(tensorrt_, keep_float), "tensorrt", "yolov6n"),
                     {.form = stages::ExportForm::qdq_free});
  }
}

TEST_F(RoundTrip, TypedFilesComeBackByteForByte) {
  const fs::path weights = write(quantized(tensorrt_), "tensorrt", "yolov6n");
  const stages::Target& target = stages::target_named("tensorrt-11");
  stages::export_for(target, {.weights = weights, .out = folder_ / "a"});
  stages::export_for(target,
                     {.weights = import(fs::path(folder_ / "a") / "model.onnx"), .out = folder_ / "b"});
  EXPECT_TRUE(read_file(fs::path(folder_ / "a") / "model.onnx") ==
              read_file(fs::path(folder_ / "b") / "model.onnx"));
}

TEST_F(RoundTrip, TheNetworkComputesTheSameAndKnowsItsClasses) {
  const ir::Model network = quantized(tensorrt_);
  const fs::path onnx = folder_ / "net.onnx";
  stages::export_onnx(
      {.weights = write(network, "tensorrt", "yolov6n"), .out = onnx, .form = stages::ExportForm::qdq});
  const formats::ModelFile file = checkpoint::model_of_onnx(onnx);
  EXPECT_THAT(file.info.class_names, ElementsAre("a", "b b", "c"));
  EXPECT_EQ(file.info.scheme, "tensorrt");
  EXPECT_THAT(file.info.image_size, ElementsAre(kSize, kSize));
  // The taps are found in the graph: the file has no outputs of these names.
  passes::expect_same_outputs(passes::select_outputs(network, {"cls0", "cls1", "cls2", "reg0", "reg1", "reg2",
                                                               "feat0", "feat1", "feat2"}),
                              file.model, 0);
}

TEST_F(RoundTrip, ACacheThatDoesNotFitIsRefused) {
  const fs::path onnx = folder_ / "net.onnx", cache = folder_ / "net.cache";
  stages::export_onnx({.weights = write(decoded_network(), "", "yolov6n"), .out = onnx});
  const auto expect_refused = [&](const std::string& text, const std::string& what) {
    write_file(cache, text);
    EXPECT_THAT([&] { checkpoint::model_of_onnx(onnx, {.cache = cache}); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("net.cache"), HasSubstr(what))));
  };
  expect_refused("images: 3c010204\n", "line 1");
  expect_refused("TRT-8400-EntropyCalibration2\nimages: 3c01020\n", "line 2");
  expect_refused("TRT-8400-EntropyCalibration2\nimages: 00000000\n", "'images' has the scale 0");
  expect_refused("TRT-8400-EntropyCalibration2\nimages: bc010204\n", "'images'");
  expect_refused("TRT-8400-EntropyCalibration2\nimages: 7fc00000\n", "'images'");
  expect_refused("TRT-8400-EntropyCalibration2\nimages: 3c010204\nimages: 3c010204\n", "two scales");
  expect_refused("TRT-8400-EntropyCalibration2\nother: 3c010204\n", "no layer");
}

// Other programs' files
// ---------------------------------------------------------------------------------------

/// Writes a network as PyTorch's exporter writes it: constants as nodes, batch norms apart, shapes computed
/// from shapes, a Split where we slice, another order of the arithmetic.
class OtherFile {
 public:
  explicit OtherFile(const ir::Model& model) : model_(model) {
    proto_.set_ir_version(8);
    proto_.add_opset_import()->set_version(13);
    auto& input = *proto_.mutable_graph()->add_input();
    input.set_name("input.1");
    auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
    shape.add_dim()->set_dim_param("batch");
    for (const int64_t extent : {3, 16, 24}) shape.add_dim()->set_dim_value(extent);
  }

  ::onnx::NodeProto& node(const std::string& type, std::vector<std::string> inputs,
                          std::vector<std::string> outputs) {
    auto& node = *proto_.mutable_graph()->add_node();
    node.set_op_type(type);
    node.mutable_input()->Assign(inputs.begin(), inputs.end());
    node.mutable_output()->Assign(outputs.begin(), outputs.end());
    return node;
  }
  std::string step(const std::string& type, std::vector<std::string> inputs) {
    const std::string name = "/" + type + "_" + std::to_string(++count_);
    node(type, std::move(inputs), {name});
    return name;
  }
  std::string ints(std::vector<int64_t> values, bool is_scalar = false) {
    const std::string name = "/Constant_" + std::to_string(++count_);
    auto& attribute = *node("Constant", {}, {name}).add_attribute();
    attribute.set_name("value");
    attribute.set_type(::onnx::AttributeProto::TENSOR);
    attribute.mutable_t()->set_data_type(::onnx::TensorProto::INT64);
    if (!is_scalar) attribute.mutable_t()->add_dims(std::ssize(values));
    attribute.mutable_t()->mutable_int64_data()->Assign(values.begin(), values.end());
    return name;
  }
  std::string floats(const ir::Shape& shape, const std::vector<float>& values) {
    const std::string name = "onnx::Const_" + std::to_string(++count_);
    auto& tensor = *proto_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(::onnx::TensorProto::FLOAT);
    tensor.mutable_dims()->Assign(shape.begin(), shape.end());
    tensor.mutable_float_data()->Assign(values.begin(), values.end());
    return name;
  }
  std::string array(const std::string& name) {
    const ir::Array& array = model_.weights.at(name);
    return floats(array.shape, array.floats());
  }
  void output(const std::string& name) { proto_.mutable_graph()->add_output()->set_name(name); }

  const ir::Model& model_;
  ::onnx::ModelProto proto_;

 private:
  int count_ = 0;
};

void set(::onnx::NodeProto& node, const std::string& name, int64_t value) {
  auto& added = *node.add_attribute();
  added.set_name(name);
  added.set_i(value);
}
void set(::onnx::NodeProto& node, const std::string& name, std::vector<int64_t> values) {
  auto& added = *node.add_attribute();
  added.set_name(name);
  added.mutable_ints()->Assign(values.begin(), values.end());
}

struct Tail {
  float shift = 0.5F;    ///< of the anchor points
  bool corners = false;  ///< boxes as corners
  bool sigmoid = true;
};

::onnx::ModelProto other_file(const ir::Model& model, const Tail& tail) {
  OtherFile f(model);
  const auto conv = [&](const std::string& name, const std::string& from, bool is_stem) {
    std::vector<std::string> inputs{from, f.array(name + ".w")};
    if (!is_stem) inputs.push_back(f.array(name + ".b"));
    auto& node = f.node("Conv", inputs, {"/" + name + "/Conv_output_0"});
    if (is_stem) {
      set(node, "strides", {2, 2});
      set(node, "pads", {1, 1, 1, 1});
    }
    return "/" + name + "/Conv_output_0";
  };
  const std::string stem = conv("stem", "input.1", true);
  f.node(
      "BatchNormalization",
      {stem, f.array("bn.weight"), f.array("bn.bias"), f.array("bn.running_mean"), f.array("bn.running_var")},
      {"bn"});
  auto& epsilon = *f.proto_.mutable_graph()->mutable_node(1)->add_attribute();
  epsilon.set_name("epsilon");
  epsilon.set_f(1e-3F);
  const std::string fine = f.step("Mul", {f.step("Sigmoid", {"bn"}), "bn"});
  auto& pool = f.node("MaxPool", {fine}, {"pool"});
  set(pool, "kernel_shape", {2, 2});
  set(pool, "strides", {2, 2});
  std::vector<std::string> rows;
  for (const int level : {0, 1}) {
    const std::string from = level == 0 ? fine : "pool", number = std::to_string(level);
    const std::string reg = conv("reg" + number, from, false), cls = conv("cls" + number, from, false);
    const std::string score = tail.sigmoid ? f.step("Sigmoid", {cls}) : cls;
    const std::string batch =
        f.step("Unsqueeze", {f.step("Gather", {f.step("Shape", {cls}), f.ints({0}, true)}), f.ints({0})});
    for (const auto& [map, channels] : {std::pair{reg, 4}, std::pair{score, 5}}) {
      const std::string shape = f.step("Concat", {batch, f.ints({channels}), f.ints({-1})});
      set(*f.proto_.mutable_graph()->mutable_node(f.proto_.graph().node_size() - 1), "axis", 0);
      rows.push_back(f.step("Reshape", {map, shape}));
    }
  }
  const auto last = [&]() -> ::onnx::NodeProto& {
    return *f.proto_.mutable_graph()->mutable_node(f.proto_.graph().node_size() - 1);
  };
  const auto joined = [&](std::vector<std::string> parts, int64_t axis) {
    const std::string name = f.step("Concat", std::move(parts));
    set(last(), "axis", axis);
    return name;
  };
  const auto turned = [&](const std::string& source) {
    const std::string name = f.step("Transpose", {source});
    set(last(), "perm", {0, 2, 1});
    return name;
  };
  const std::string distances = turned(joined({rows[0], rows[2]}, -1)),
                    scores = turned(joined({rows[1], rows[3]}, -1));
  set(f.node("Split", {distances}, {"lt", "rb"}), "axis", 2);
  std::vector<float> points, strides;
  for (const int stride : {2, 4}) {
    for (int y = 0; y < 16 / stride; ++y) {
      for (int x = 0; x < 24 / stride; ++x) {
        points.insert(points.end(), {static_cast<float>(x) + tail.shift, static_cast<float>(y) + tail.shift});
        strides.push_back(static_cast<float>(stride));
      }
    }
  }
  const auto cells = std::ssize(strides);
  const std::string anchor = f.floats({cells, 2}, points), stride = f.floats({cells, 1}, strides);
  const std::string low = f.step("Sub", {anchor, "lt"}), high = f.step("Add", {anchor, "rb"});
  const std::string centre = f.step("Div", {f.step("Add", {low, high}), f.floats({}, {2})});
  const std::string size = f.step("Sub", {high, low});
  const std::string boxes = tail.corners ? joined({low, high}, -1) : joined({centre, size}, -1);
  const std::string pixels = f.step("Mul", {boxes, stride});
  const std::string batch =
      f.step("Unsqueeze", {f.step("Gather", {f.step("Shape", {scores}), f.ints({0}, true)}), f.ints({0})});
  const std::string ones = f.step(
      "Add",
      {f.step("ConstantOfShape", {joined({batch, f.ints({cells}), f.ints({1})}, 0)}), f.floats({1}, {1})});
  f.node("Concat", {pixels, ones, scores}, {"output"});
  set(last(), "axis", -1);
  f.output("output");
  return f.proto_;
}

TEST(OtherPrograms, AFileAsPyTorchWritesItIsTheNetwork) {
  const ir::Model model = two_levels();
  const onnx::Imported got = onnx::import_model(other_file(model, {}));
  EXPECT_EQ(got.batch, 0);
  const ir::Tensor images = random_images({1, 3, 16, 24}, 5);
  const auto want = ir::interpret(model, images).at("outputs"),
             have = ir::interpret(got.model, images).at("output");
  EXPECT_EQ(have.data, want.data);
}

TEST(OtherPrograms, TheirNetworksBecomeModelFiles) {
  const support::Folder folder;
  const ir::Model model = two_levels();
  write_file(folder / "other.onnx", other_file(model, {}).SerializeAsString());
  const formats::ModelFile file =
      checkpoint::model_of_onnx(folder / "other.onnx", {.class_names = {"a", "b", "c", "d", "e"}});
  EXPECT_EQ(file.info.architecture, "yolov6-custom");
  EXPECT_THAT(file.info.class_names, testing::SizeIs(5));
  EXPECT_TRUE(file.model.graph.find_output("reg1"));
  for (const ir::Node& node : file.model.graph.nodes())
    EXPECT_FALSE(std::holds_alternative<ir::BatchNorm>(node.op));
  EXPECT_THROW(checkpoint::model_of_onnx(folder / "other.onnx", {.class_names = {"a"}}), UsageError);
}

TEST(OtherPrograms, AnotherDecodingIsRefusedWithTheFirstNumberThatDiffers) {
  const auto refused = [](const Tail& tail, const std::string& what) {
    EXPECT_THAT([&] { onnx::import_model(other_file(two_levels(), tail)); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("'output'"), HasSubstr(what))));
  };
  refused({.shift = 0}, "column 0 of cell 0");
  refused({.corners = true}, "column 0 of cell 0");
  refused({.sigmoid = false}, "made of");
}

}  // namespace
}  // namespace y6q::pipeline
