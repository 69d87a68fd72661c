#include "passes/correct_biases.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "passes/same_outputs.h"
#include "passes/strip_quantizers.h"

namespace y6q::passes {
namespace {

// One 1x1 convolution, 2 channels to 1: amax 127 makes the step 1, so that 0.4 is rounded to 0 and 127 stays.
constexpr std::string_view kPointwise =
    "images [1, 2, 1, 1] = Input() shape=1x2x1x1\n"
    "images.amax [] = Parameter() trainable=false\n"
    "images.quant [1, 2, 1, 1] = FakeQuant(images, images.amax)\n"
    "w [1, 2, 1, 1] = Parameter() shape=1x2x1x1\n"
    "w.amax [1] = Parameter() shape=1 trainable=false\n"
    "w.quant [1, 2, 1, 1] = FakeQuant(w, w.amax) channel_axis=0\n"
    "b [1] = Parameter() shape=1\n"
    "conv [1, 1, 1, 1] = Conv2d(images.quant, w.quant, b)\n"
    "output out = conv\n";

TEST(CorrectBiases, TakesBackErrorTimesMean) {
  ir::Model model = model_of(kPointwise);
  model.weights["w"].floats() = {0.4F, 127.0F};
  model.weights["w.amax"].floats() = {127.0F};
  model.weights["b"].floats() = {1.0F};
  // Error of the first weight: 0 - 0.4; mean 10: the output is 4 too low.
  const ir::Model after = correct_biases(model, model, {{"images.quant", {10, 20}}});
  EXPECT_NEAR(after.weights.at("b").floats()[0], 5, 1e-5);
  EXPECT_EQ(after.weights.at("w").floats(), model.weights.at("w").floats());
  EXPECT_EQ(ir::to_text(after.graph), ir::to_text(model.graph));
}

// The weight stands on the grid already; it was 0.4 before it was rounded.
TEST(CorrectBiases, KnowsWhatWasRoundedBefore) {
  ir::Model unrounded = model_of(kPointwise);
  unrounded.weights["w"].floats() = {0.4F, 127.0F};
  unrounded.weights["w.amax"].floats() = {127.0F};
  unrounded.weights["b"].floats() = {1.0F};
  ir::Model rounded = unrounded;
  rounded.weights["w"].floats() = {0, 127.0F};
  const ir::Model after = correct_biases(rounded, unrounded, {{"images.quant", {10, 20}}});
  EXPECT_NEAR(after.weights.at("b").floats()[0], 5, 1e-5);
}

TEST(CorrectBiases, LeavesLayersWithoutMeansAlone) {
  const ir::Model model = model_of(kPointwise);
  EXPECT_EQ(correct_biases(model, model, {{"other.quant", {1, 2}}}).weights, model.weights);
}

TEST(CorrectBiases, RefusesMeansOfAnotherLength) {
  EXPECT_THROW(correct_biases(model_of(kPointwise), model_of(kPointwise), {{"images.quant", {10}}}),
               InternalError);
}

/// Mean of each channel over N, H and W.
std::vector<double> channel_means(const ir::Tensor& t) {
  std::vector<double> means(static_cast<size_t>(t.shape[1]), 0);
  const int64_t pixels = t.shape[2] * t.shape[3];
  for (size_t i = 0; i < t.data.size(); ++i) {
    means[i / static_cast<size_t>(pixels) % means.size()] +=
        t.data[i] / static_cast<double>(pixels * t.shape[0]);
  }
  return means;
}

// Grouped, strided convolution and transposed convolution on a constant image: every pixel sees the mean, so
// that the corrected layer equals the one with unquantized weights exactly.
TEST(CorrectBiases, RestoresTheMeanOutputOfGroupedAndTransposedConvolutions) {
  const std::string_view text =
      "images [1, 4, 4, 4] = Input() shape=1x4x4x4\n"
      "images.amax [] = Parameter() trainable=false\n"
      "images.quant [1, 4, 4, 4] = FakeQuant(images, images.amax)\n"
      "w [6, 2, 2, 2] = Parameter() shape=6x2x2x2\n"
      "w.amax [6] = Parameter() shape=6 trainable=false\n"
      "w.quant [6, 2, 2, 2] = FakeQuant(w, w.amax) bits=4 channel_axis=0\n"
      "b [6] = Parameter() shape=6\n"
      "conv [1, 6, 2, 2] = Conv2d(images.quant, w.quant, b) stride=2x2 groups=2\n"
      "u [4, 3, 2, 2] = Parameter() shape=4x3x2x2\n"
      "u.amax [3] = Parameter() shape=3 trainable=false\n"
      "u.quant [4, 3, 2, 2] = FakeQuant(u, u.amax) bits=4 channel_axis=1\n"
      "ub [3] = Parameter() shape=3\n"
      "up [1, 3, 8, 8] = ConvTranspose2d(images.quant, u.quant, ub)\n"
      "output conv = conv\n"
      "output up = up\n";
  ir::Model model = model_of(text);
  model.weights["images.amax"].floats() = {31.75F};  // steps of 1/4: images are not rounded
  const ir::Model exact = strip_quantizers(model);
  ir::Tensor images{{1, 4, 4, 4}, {}};
  for (int i = 0; i < 64; ++i) images.data.push_back(0.25 * (i / 16 + 1));
  const auto means = channel_means(images);
  const auto want = ir::interpret(exact, images), wrong = ir::interpret(model, images);
  const auto got = ir::interpret(correct_biases(model, model, {{"images.quant", means}}), images);
  for (const char* output : {"conv", "up"}) {
    const auto wanted = channel_means(want.at(output)), fixed = channel_means(got.at(output));
    const auto shifted = channel_means(wrong.at(output));
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_GT(std::abs(shifted[i] - wanted[i]), 1e-3) << output << i;
      EXPECT_NEAR(fixed[i], wanted[i], 1e-5) << output << i;
    }
  }
}

}  // namespace
}  // namespace y6q::passes
