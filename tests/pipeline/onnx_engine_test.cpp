#include <gmock/gmock.h>

#include <algorithm>

#include "base/errors.h"
#include "base/files.h"
#include "base/isa.h"
#include "engine/engine.h"
#include "onnx/write.h"
#include "pipeline/networks.h"
#include "support/folder.h"
#include "support/missing_operators.h"

// ir::interpret is the referee: what is exported and run by an engine gives its numbers.
namespace y6q::pipeline {
namespace {

using engine::EngineOptions;
using engine::InputLayout;
using engine::Precision;
using onnx::Form;

class OnnxInOpenVino : public testing::Test {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, Precision::fp32)) GTEST_SKIP() << "built without OpenVINO";
  }
  fs::path write(const ir::Model& model, const onnx::OnnxOptions& options) {
    onnx::write_onnx(folder_ / "net.onnx", model, options);
    return folder_ / "net.onnx";
  }

  support::Folder folder_;
};

std::vector<float> to_floats(const ir::Tensor& tensor) { return {tensor.data.begin(), tensor.data.end()}; }

/// [N, C, H, W] in [0, 1] -> bytes, channels last if wanted.
std::vector<uint8_t> to_bytes(const ir::Tensor& images, bool channels_last) {
  const ir::Shape& s = images.shape;
  std::vector<uint8_t> bytes;
  auto push = [&](int64_t n, int64_t c, int64_t i) {
    const auto at = static_cast<size_t>((n * s[1] + c) * s[2] * s[3] + i);
    bytes.push_back(static_cast<uint8_t>(std::lround(images.data[at] * 255)));
  };
  for (int64_t n = 0; n < s[0]; ++n) {
    if (channels_last) {
      for (int64_t i = 0; i < s[2] * s[3]; ++i)
        for (int64_t c = 0; c < s[1]; ++c) push(n, c, i);
    } else {
      for (int64_t c = 0; c < s[1]; ++c)
        for (int64_t i = 0; i < s[2] * s[3]; ++i) push(n, c, i);
    }
  }
  return bytes;
}

/// Largest difference, relative to the largest magnitude of the expected tensor.
double difference(std::span<const float> got, const ir::Tensor& want) {
  if (got.size() != want.data.size()) return 1e30;
  double worst = 0, largest = 1e-30;
  for (size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(got[i]) - want.data[i]));
    largest = std::max(largest, std::fabs(want.data[i]));
  }
  return worst / largest;
}

// float32 sums of some hundred products against doubles.
constexpr double kFloatTolerance = 1e-5;

void expect_as_interpreted(engine::Engine& engine, const ir::Model& model, const ir::Tensor& images,
                           double tolerance) {
  const auto want = ir::interpret(model, images);
  for (const auto& output : engine.infer(to_floats(images))) {
    EXPECT_EQ(output.shape, want.at(output.name).shape) << output.name;
    EXPECT_LE(difference(output.data, want.at(output.name)), tolerance) << output.name;
  }
}

TEST_F(OnnxInOpenVino, EveryOperatorGivesTheInterpretersNumbers) {
  const ir::Model model = every_operator();
  EXPECT_THAT(support::missing_operators(model.graph), testing::ElementsAre("FakeQuant"))
      << "quantizers have tests of their own";
  const auto engine = engine::open(engine::Kind::openvino, write(model, {}));
  std::vector<std::string> names;
  for (const auto& output : engine->outputs()) names.push_back(output.name);
  EXPECT_THAT(names, testing::ElementsAre("outputs", "cls0", "reg1"));
  expect_as_interpreted(*engine, model, random_images({1, 3, 16, 24}, 1), kFloatTolerance);
}

TEST_F(OnnxInOpenVino, AFileForAnyBatchAndOneForABatchRunAtTheBatchThatIsAsked) {
  const ir::Model model = every_operator();
  for (const int64_t written : {0, 1, 3}) {
    const auto engine = engine::open(engine::Kind::openvino, write(model, {.batch = written}), {.batch = 3});
    EXPECT_THAT(engine->input().shape, testing::ElementsAre(3, 3, 16, 24));
    expect_as_interpreted(*engine, model, random_images({3, 3, 16, 24}, 2), kFloatTolerance);
  }
}

TEST_F(OnnxInOpenVino, ImagesOfBytesGiveWhatFloatsGive) {
  const ir::Model model = every_operator();
  const fs::path path = write(model, {.outputs = {"outputs"}});
  const ir::Tensor images = random_images({2, 3, 16, 24}, 3);
  const auto want = ir::interpret(model, images).at("outputs");
  for (const InputLayout layout : {InputLayout::bytes_nchw, InputLayout::bytes_nhwc}) {
    const auto engine = engine::open(engine::Kind::openvino, path, {.input = layout, .batch = 2});
    const auto bytes = to_bytes(images, layout == InputLayout::bytes_nhwc);
    EXPECT_LE(difference(engine->infer(bytes).at(0).data, want), kFloatTolerance);
    EXPECT_THROW(engine->infer(to_floats(images)), UsageError);
  }
}

TEST_F(OnnxInOpenVino, RefusesAnotherNumberOfElementsOrBytesForFloats) {
  const auto engine = engine::open(engine::Kind::openvino, write(every_operator(), {}));
  EXPECT_THROW(engine->infer(std::vector<float>(5)), ShapeError);
  EXPECT_THROW(engine->infer(std::vector<uint8_t>(3 * 16 * 24)), UsageError);
}

TEST_F(OnnxInOpenVino, TappedTensorsAreGivenBehindTheOutputsWithTheInterpretersNumbers) {
  const ir::Model model = every_operator();
  const fs::path path = write(model, {.outputs = {"outputs"}});
  const auto engine = engine::open(engine::Kind::openvino, path, {.taps = {"relu", "head.cls1"}});
  const ir::Tensor images = random_images({1, 3, 16, 24}, 4);
  const auto want = ir::interpret_all(model, images);
  const auto& got = engine->infer(to_floats(images));
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0].name, "outputs");
  EXPECT_LE(difference(got[0].data, want.at("decode")), kFloatTolerance);
  for (const size_t i : {1, 2}) EXPECT_LE(difference(got[i].data, want.at(got[i].name)), kFloatTolerance);
  EXPECT_THAT([&] { engine::open(engine::Kind::openvino, path, {.taps = {"nowhere"}}); },
              testing::ThrowsMessage<InputError>(testing::HasSubstr("nowhere")));
}

TEST_F(OnnxInOpenVino, StepsAreTimedWhenThatIsAskedFor) {
  const fs::path path = write(every_operator(), {});
  const std::vector<float> images(3 * 16 * 24);
  const auto plain = engine::open(engine::Kind::openvino, path);
  plain->infer(images);
  EXPECT_TRUE(plain->layer_times().empty());
  const auto timed = engine::open(engine::Kind::openvino, path, {.times_layers = true});
  timed->infer(images);
  const auto times = timed->layer_times();
  EXPECT_FALSE(times.empty());
  // The runtime leaves out what takes less than a microsecond.
  EXPECT_LE(times.size(), timed->executed_layers().size());
  for (const engine::LayerTime& layer : times) EXPECT_GT(layer.ms, 0) << layer.name;
}

TEST_F(OnnxInOpenVino, ANetworkFromTheCacheComputesTheSame) {
  const fs::path path = write(quantized_chain(true, 7), {.form = Form::qdq}), cache = folder_ / "cache";
  const std::vector<float> images = to_floats(random_images({1, 3, 32, 32}, 4));
  std::vector<std::vector<float>> results;
  for (int i = 0; i < 2; ++i) {
    const auto engine = engine::open(engine::Kind::openvino, path, {.cache = cache});
    const auto got = engine->infer(images).at(0).data;
    results.emplace_back(got.begin(), got.end());
    EXPECT_FALSE(fs::is_empty(cache));
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST_F(OnnxInOpenVino, TheRuntimeChoosesStreamsForThroughput) {
  const fs::path path = write(every_operator(), {});
  EXPECT_EQ(engine::open(engine::Kind::openvino, path, {.threads = 2, .streams = 2})->streams(), 2);
  EXPECT_GE(engine::open(engine::Kind::openvino, path, {.threads = 2, .streams = 0})->streams(), 1);
}

TEST_F(OnnxInOpenVino, Bf16RunsConvolutionsInBf16OrIsRefusedWhereTheCpuHasNone) {
  const fs::path path = write(quantized_chain(true), {});
  const EngineOptions bf16{.precision = Precision::bf16};
  if (!engine::supports(engine::Kind::openvino, Precision::bf16)) {
    EXPECT_THAT([&] { engine::open(engine::Kind::openvino, path, bf16); },
                testing::ThrowsMessage<EnvironmentError>(testing::HasSubstr("no bf16 arithmetic")));
    return;
  }
  const auto layers = engine::open(engine::Kind::openvino, path, bf16)->executed_layers();
  EXPECT_TRUE(std::any_of(layers.begin(), layers.end(), [](const auto& layer) {
    return layer.type == "Convolution" && layer.precision == "bf16";
  }));
}

struct Integers {
  bool is_signed;
  int64_t weight_bits;
};

class QuantizedOnnxInOpenVino : public OnnxInOpenVino, public testing::WithParamInterface<Integers> {
 protected:
  ir::Model model() const { return quantized_chain(GetParam().is_signed, GetParam().weight_bits); }

  // A value near a rounding border may fall to the other side; each layer adds its own steps.
  void expect_as_interpreted_within_a_step(const ir::Model& model) {
    const auto engine = engine::open(engine::Kind::openvino, write(model, {.form = Form::qdq}),
                                     {.precision = Precision::int8});
    const ir::Tensor images = random_images({1, 3, 32, 32}, 4);
    const auto want = ir::interpret(model, images).at("map");
    const auto got = engine->infer(to_floats(images)).at(0).data;
    double mean = 0, largest = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      mean += std::fabs(static_cast<double>(got[i]) - want.data[i]) / static_cast<double>(got.size());
      largest = std::max(largest, std::fabs(want.data[i]));
    }
    EXPECT_LE(mean / largest, 1e-3);
    EXPECT_LE(difference(got, want), 2.0 / 127);
  }
};

TEST_P(QuantizedOnnxInOpenVino, GivesTheInterpretersNumbersWithinAStep) {
  expect_as_interpreted_within_a_step(model());
}

TEST_P(QuantizedOnnxInOpenVino, ATensorThatSawOnlyZerosGivesZerosAsInterpreted) {
  ir::Model dead = model();
  dead.weights.at("q1.amax") = ir::Array::scalar(0);
  ir::Array& channels = dead.weights.at("conv2.w.quantizer.amax");
  channels.floats()[3] = 0;
  for (size_t i = 0; i < 32 * 9; ++i) dead.weights.at("conv2.w").floats()[3 * 32 * 9 + i] = 0;
  expect_as_interpreted_within_a_step(dead);
}

TEST_P(QuantizedOnnxInOpenVino, EveryConvolutionRunsInIntegersWhereTheseAreExact) {
  const auto engine = engine::open(engine::Kind::openvino, write(model(), {.form = Form::qdq}),
                                   {.precision = Precision::int8});
  const bool exact = kernel_isa().fast_int8() || GetParam().weight_bits == 7;
  int count = 0;
  for (const auto& layer : engine->executed_layers()) {
    if (layer.type != "Convolution" && layer.type != "Deconvolution") continue;
    ++count;
    EXPECT_EQ(layer.precision == "u8" || layer.precision == "i8", exact) << layer.name << layer.precision;
  }
  EXPECT_EQ(count, 5);
}

INSTANTIATE_TEST_SUITE_P(Schemes, QuantizedOnnxInOpenVino,
                         testing::Values(Integers{true, 8}, Integers{false, 8}, Integers{true, 7},
                                         Integers{false, 7}),
                         [](const auto& test) {
                           return (test.param.is_signed ? "signed" : "unsigned") +
                                  std::to_string(test.param.weight_bits) + "bit";
                         });

}  // namespace
}  // namespace y6q::pipeline
