#include <gmock/gmock.h>

#include <algorithm>

#include "base/files.h"
#include "base/isa.h"
#include "engine/engine.h"
#include "onnx/write.h"
#include "pipeline/networks.h"
#include "support/folder.h"

// x86 CPUs without VNNI or AMX multiply unsigned by signed bytes and add two products in 16 bits, with
// saturation (VPMADDUBSW). Weights of 7 bits never reach the limit; a network of 8 bits must not run in
// integers there.
namespace y6q::pipeline {
namespace {

constexpr int64_t kChannels = 64, kSize = 12;

int64_t largest_code(int64_t weight_bits) { return weight_bits == 8 ? 127 : 63; }

/// Weights that are whole steps of 1/512 from their quantizer's largest code down: nothing is rounded.
ir::Array weights_of_codes(int64_t weight_bits) {
  Random random(9);
  ir::Array weights = ir::Array::zeros({kChannels, kChannels, 3, 3});
  const auto codes = static_cast<uint64_t>(2 * largest_code(weight_bits) + 1);
  for (size_t i = 0; i < weights.floats().size(); ++i) {
    const bool first_of_channel = i % (kChannels * 9) == 0;
    const int64_t code = first_of_channel ? 0 : static_cast<int64_t>(random.index(codes));
    weights.floats()[i] = static_cast<float>(code - largest_code(weight_bits)) / 512;
  }
  return weights;
}

/// images [1, 64, 12, 12] -> quantizer -> 3x3 convolution to 64 channels, weights of the given bits.
ir::Model one_convolution(int64_t weight_bits, bool is_signed) {
  NetworkMaker n({1, kChannels, kSize, kSize});
  const ir::Value images = n.quantize("images.quant", n.images(), {1.0F}, {.is_signed = is_signed});
  const std::vector<float> ranges(kChannels, static_cast<float>(largest_code(weight_bits)) / 512);
  const ir::Value weight =
      n.quantize("w.quant", n.model.add_parameter("w", weights_of_codes(weight_bits), true), ranges,
                 {.bits = weight_bits, .channel_axis = 0});
  n.model.graph.mark_output("map", n.add("conv", ir::Conv2d{.pad = {1, 1}}, {images, weight}));
  return n.model;
}

struct Pairs {
  int64_t saturated = 0, all = 0;
};

/// The rule on the centre pixel of every output channel, by the codes: pairs are neighbouring channels.
Pairs emulate(const ir::Model& model, const ir::Tensor& images) {
  constexpr int64_t kTaps = 9, kCentre = kSize / 2;
  const std::vector<float>& weights = model.floats(*model.graph.find("w"));
  Pairs pairs;
  for (int64_t out = 0; out < kChannels; ++out) {
    for (int64_t tap = 0; tap < kTaps; ++tap) {
      const auto product = [&](int64_t channel) {
        const int64_t y = kCentre - 1 + tap / 3, x = kCentre - 1 + tap % 3;
        const double pixel = images.data[static_cast<size_t>((channel * kSize + y) * kSize + x)];
        const float weight = weights[static_cast<size_t>((out * kChannels + channel) * kTaps + tap)];
        return std::lround(pixel * 255) * std::lround(weight * 512);
      };
      for (int64_t channel = 0; channel < kChannels; channel += 2) {
        const int64_t sum = product(channel) + product(channel + 1);
        pairs.saturated += sum > 32767 || sum < -32768 ? 1 : 0;
        ++pairs.all;
      }
    }
  }
  return pairs;
}

TEST(SixteenBitSums, SaturateWithWeightsOf8BitsAndNeverWith7) {
  const ir::Tensor images = random_images({1, kChannels, kSize, kSize}, 3);
  const Pairs eight = emulate(one_convolution(8, false), images),
              seven = emulate(one_convolution(7, false), images);
  EXPECT_GT(eight.saturated, eight.all / 100);
  EXPECT_EQ(seven.saturated, 0);
  EXPECT_LE(2 * 255 * 63, 32767);
  EXPECT_GT(2 * 255 * 127, 32767);
}

struct Case {
  int64_t weight_bits;
  bool is_signed;
};

class ConvolutionInIntegers : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, engine::Precision::int8))
      GTEST_SKIP() << "built without OpenVINO";
    onnx::write_onnx(folder_ / "net.onnx", model_, {.form = onnx::Form::qdq});
    engine_ = engine::open(engine::Kind::openvino, folder_ / "net.onnx");
  }

  support::Folder folder_;
  ir::Model model_ = one_convolution(GetParam().weight_bits, GetParam().is_signed);
  std::unique_ptr<engine::Engine> engine_;
};

// float32 sums of 576 products; images of multiples of 1/255 stay away from the borders between codes.
constexpr double kTolerance = 1e-5;

TEST_P(ConvolutionInIntegers, GivesTheInterpretersNumbersOnThisCpu) {
  const ir::Tensor images = random_images({1, kChannels, kSize, kSize}, 3);
  const std::vector<double> want = ir::interpret(model_, images).at("map").data;
  const auto got = engine_->infer(std::vector<float>(images.data.begin(), images.data.end())).at(0).data;
  double worst = 0, largest = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(got[i]) - want[i]));
    largest = std::max(largest, std::fabs(want[i]));
  }
  EXPECT_LE(worst, kTolerance * largest);
}

TEST_P(ConvolutionInIntegers, RunsInIntegersWhereTheyAreExactAndSaysSoWhereItDoesNot) {
  const bool exact = kernel_isa().fast_int8() || GetParam().weight_bits == 7;
  for (const engine::ExecutedLayer& layer : engine_->executed_layers()) {
    if (layer.type != "Convolution") continue;
    EXPECT_THAT(layer.precision, exact ? testing::Matcher<std::string>(testing::AnyOf("u8", "i8")) : "f32");
  }
  if (exact) {
    EXPECT_EQ(engine_->note(), "");
  } else {
    EXPECT_THAT(engine_->note(),
                AllOf(testing::HasSubstr("emulated in float32"), testing::HasSubstr("--scheme cpu")));
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, ConvolutionInIntegers,
                         testing::Values(Case{7, false}, Case{7, true}, Case{8, false}, Case{8, true}),
                         [](const auto& test) {
                           return std::to_string(test.param.weight_bits) +
                                  (test.param.is_signed ? "BitsSigned" : "BitsUnsigned");
                         });

}  // namespace
}  // namespace y6q::pipeline
