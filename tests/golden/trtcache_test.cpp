#include <gmock/gmock.h>
#include <onnx-ml.pb.h>

#include <cmath>
#include <cstring>

#include "golden/golden.h"
#include "ir/interpret.h"
#include "onnx/calibration_cache.h"
#include "onnx/emit.h"
#include "onnx/import.h"

// golden/trtcache: the recorded network built as a model (its sigmoid, no operator of ours, is applied here),
// with the weights of the recorded file and the recorded ranges.
namespace y6q::golden {
namespace {

using onnx::Form;

ir::Array recorded_weight(const ::onnx::ModelProto& file, const std::string& name) {
  for (const auto& tensor : file.graph().initializer()) {
    if (tensor.name() != name) continue;
    std::vector<float> values(tensor.raw_data().size() / sizeof(float));
    std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
    return {{tensor.dims().begin(), tensor.dims().end()}, std::move(values)};
  }
  throw std::runtime_error("no initializer " + name);
}

/// Builds layers `<name>` of the recorded network: an input quantizer, a weight quantizer on axis 0, a
/// convolution.
class Recorded {
 public:
  Recorded(const ::onnx::ModelProto& file, nlohmann::json amax) : file_(file), amax_(std::move(amax)) {
    images_ = model_.graph.add("images", ir::Input{{1, 3, 32, 40}}, {});
  }

  ir::Model build() {
    const ir::Conv2d three{.stride = {2, 2}, .pad = {1, 1}}, one{};
    const ir::Value stem = relu("stem", layer("stem", three, quantize("stem", images_)));
    const ir::Value down = relu("down", layer("down", three, quantize("down", stem)));
    const ir::Value up = layer("up", ir::ConvTranspose2d{}, quantize("up_in", down));
    const ir::Value both = add("/Concat_output_0", ir::Concat{}, {quantize("up_out", up), stem});
    const ir::Value merge = relu("merge", layer("merge", one, quantize("merge", both)));
    model_.graph.mark_output("cls", layer("cls", one, quantize("cls", merge)));
    model_.graph.mark_output("reg", layer("reg", one, quantize("reg", merge)));
    const ir::MaxPool2d pool{.kernel = {3, 3}, .stride = {1, 1}, .pad = {1, 1}};
    model_.graph.mark_output("pooled", add("/MaxPool_output_0", pool, {quantize("pool", down)}));
    return std::move(model_);
  }

 private:
  ir::Value add(const std::string& name, ir::Op op, std::vector<ir::Value> inputs) {
    return model_.graph.add(name, std::move(op), std::move(inputs));
  }
  ir::Value quantize(const std::string& name, ir::Value x) {
    const ir::Array range = ir::Array::scalar(amax_.at(name).get<float>());
    return add(name + ".quantizer", ir::FakeQuant{}, {x, model_.add_parameter(name + ".amax", range, false)});
  }
  ir::Value layer(const std::string& name, ir::Op op, ir::Value x) {
    const ir::Array weight = recorded_weight(file_, name + ".weight");
    std::vector<float> ranges(static_cast<size_t>(weight.shape[0]));
    const size_t row = weight.floats().size() / ranges.size();
    for (size_t i = 0; i < weight.floats().size(); ++i) {
      ranges[i / row] = std::max(ranges[i / row], std::fabs(weight.floats()[i]));
    }
    const ir::Value source = model_.add_parameter(name + ".weight", weight, true);
    const ir::Value range = model_.add_parameter(name + ".weight_amax", {{weight.shape[0]}, ranges}, false);
    std::vector<ir::Value> inputs{
        x, add(name + ".weight_quantizer", ir::FakeQuant{.channel_axis = 0}, {source, range})};
    if (name != "up")
      inputs.push_back(model_.add_parameter(name + ".bias", recorded_weight(file_, name + ".bias"), true));
    return add("/" + name + (name == "up" ? "/ConvTranspose_output_0" : "/Conv_output_0"), std::move(op),
               inputs);
  }
  ir::Value relu(const std::string& name, ir::Value x) {
    return add("/" + name + "/Relu_output_0", ir::Relu{}, {x});
  }

  const ::onnx::ModelProto& file_;
  nlohmann::json amax_;
  ir::Model model_;
  ir::Value images_;
};

ir::Model recorded(const std::string& key) {
  ::onnx::ModelProto file;
  EXPECT_TRUE(file.ParseFromString(read_file(folder() / "trtcache" / (key + ".onnx"))));
  const auto facts = json("trtcache/trtcache");
  return Recorded(file, facts.at(key == "net" ? "amax_before_fusion" : "amax_after_fusion")).build();
}

/// Channels of cls after the sigmoid, then those of reg, as the recorded output `outputs`.
std::vector<double> joined(std::map<std::string, ir::Tensor> outputs) {
  std::vector<double> values;
  for (const double logit : outputs.at("cls").data) values.push_back(1 / (1 + std::exp(-logit)));
  values.insert(values.end(), outputs.at("reg").data.begin(), outputs.at("reg").data.end());
  return values;
}

class TrtCache : public testing::TestWithParam<const char*> {};

TEST_P(TrtCache, HasTheRecordedBytes) {
  Y6Q_NEED_GOLDEN();
  const std::string key = GetParam();
  const std::string file = key + "_remove_qdq_add_insert_qdq_calibration.cache";
  EXPECT_EQ(onnx::calibration_cache(recorded(key)), read_file(folder() / "trtcache" / file));
}

TEST_P(TrtCache, ScalesOfTheQuantizedFormAreTheRecordedOnesInTheirOrder) {
  Y6Q_NEED_GOLDEN();
  const std::string key = GetParam();
  const auto proto = onnx::emit(recorded(key), {.form = Form::qdq});
  const auto want = json("trtcache/trtcache").at("files").at(key).at("activation_scales_in_graph_order");
  size_t count = 0;
  for (const auto& node : proto.graph().node()) {
    if (node.op_type() != "QuantizeLinear" || node.attribute_size() > 0) continue;  // with an axis: weights
    ASSERT_LT(count, want.size());
    EXPECT_EQ(node.input(0), want[count].at("tensor").get<std::string>());
    EXPECT_EQ(recorded_weight(proto, node.input(1)).floats()[0], want[count].at("scale").get<float>());
    ++count;
  }
  EXPECT_EQ(count, want.size());
}

TEST_P(TrtCache, ThePlainFormIsTheRecordedCleanGraph) {
  Y6Q_NEED_GOLDEN();
  const std::string key = GetParam();
  const auto proto = onnx::emit(recorded(key), {});
  std::vector<std::string> got, want;
  for (const auto& node : proto.graph().node()) got.push_back(node.op_type() + " " + node.input(0));
  const auto facts = json("trtcache/trtcache");
  for (const auto& node : facts.at("files").at(key).at("clean_nodes")) {
    const auto type = node.at("op").get<std::string>();
    const auto source = node.at("in")[0].get<std::string>();
    if (type == "Sigmoid" || type == "Identity" || source == "/cls/Sigmoid_output_0") continue;
    want.push_back(type + " " + source);
  }
  EXPECT_EQ(got, want);
}

TEST_P(TrtCache, TheModelComputesTheRecordedOutputs) {
  Y6Q_NEED_GOLDEN();
  const std::string key = GetParam();
  const auto numbers = tensors("trtcache/trtcache");
  const ir::Array images = numbers.floats("images");
  const ir::Tensor input{images.shape, {images.floats().begin(), images.floats().end()}};
  const auto outputs = ir::interpret(recorded(key), input);
  // One step of the last layer where a value lies on a rounding border.
  const double step = 0.05;
  expect_close(joined(outputs), numbers.floats(key + "/outputs").floats(), {.atol = step}, "outputs");
  expect_close(outputs.at("pooled").data, numbers.floats(key + "/pooled").floats(), {.atol = step}, "pooled");
}

INSTANTIATE_TEST_SUITE_P(Files, TrtCache, testing::Values("net", "net_fused"),
                         [](const auto& key) { return std::string(key.param); });

// The reference loses the scale of one of two neighbouring quantizers (golden/README.md, quirks); the larger
// counts.
TEST(TrtCacheQuirk, NeighbouringQuantizersBothCount) {
  Y6Q_NEED_GOLDEN();
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 4, 4}}, {});
  auto quantize = [&](const std::string& name, float scale) {
    const ir::Value range = model.add_parameter(name + ".amax", ir::Array::scalar(scale * 127), false);
    return model.graph.add(name, ir::FakeQuant{}, {images, range});
  };
  const ir::Value first = quantize("q5", 0.02F), second = quantize("q6", 0.03F);
  model.graph.mark_output("outputs", model.graph.add("sum", ir::Add{}, {first, second}));
  EXPECT_EQ(json("trtcache/trtcache").at("files").at("adjacent").at("reference_cache_entries").at("images"),
            "3ca3d70a");
  EXPECT_EQ(onnx::calibration_cache(model), "TRT-8XXX-EntropyCalibration2\nimages: 3cf5c28f\n");
}

/// A file of the reference read back. Its output is the sigmoid of cls beside reg: both are asked for
/// instead.
ir::Model imported(const std::string& name) {
  ::onnx::ModelProto file;
  EXPECT_TRUE(file.ParseFromString(read_file(folder() / "trtcache" / (name + ".onnx"))));
  file.mutable_graph()->clear_output();
  for (const char* output : {"/cls/Conv_output_0", "/reg/Conv_output_0"})
    file.mutable_graph()->add_output()->set_name(output);
  return onnx::import_model(file).model;
}

// Its scales are Constant nodes, its zero points computed by Cast, its transposed weights ranged on axis 0.
TEST_P(TrtCache, FilesOfTheReferenceComeBackAsTheNetworksTheyAre) {
  Y6Q_NEED_GOLDEN();
  const std::string key = GetParam();
  const auto recorded_tensors = tensors("trtcache/trtcache");
  const auto images = recorded_tensors.floats("images");
  const ir::Tensor input{images.shape, {images.floats().begin(), images.floats().end()}};
  for (const std::string& kind : {std::string(), std::string("clean_")}) {
    const auto outputs = ir::interpret(imported(kind.empty() ? key : key + "_remove_qdq"), input);
    const auto got =
        joined({{"cls", outputs.at("/cls/Conv_output_0")}, {"reg", outputs.at("/reg/Conv_output_0")}});
    const auto want = recorded_tensors.floats(key + "/" + kind + "outputs");
    size_t apart = 0;
    for (size_t i = 0; i < got.size(); ++i)
      apart += std::fabs(got[i] - static_cast<double>(want.floats()[i])) > 1e-4;
    // A value on a rounding border may fall to the other side and take its neighbours along.
    EXPECT_LE(apart, kind.empty() ? got.size() / 50 : 0) << kind;
  }
}

}  // namespace
}  // namespace y6q::golden
