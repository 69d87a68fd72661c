#include "passes/round_weights.h"

#include <gtest/gtest.h>

#include "ir/queries.h"
#include "passes/insert_quantizers.h"
#include "passes/same_outputs.h"
#include "passes/strip_quantizers.h"

namespace y6q::passes {
namespace {

constexpr const char* kLayers = R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
w [3, 2, 1, 1] = Parameter() shape=3x2x1x1
b [3] = Parameter() shape=3
conv [1, 3, 4, 4] = Conv2d(images, w, b)
u [3, 2, 2, 2] = Parameter() shape=3x2x2x2
up [1, 2, 8, 8] = ConvTranspose2d(conv, u)
output out = up
)";

ir::Model quantized(const quant::Rules& rules) {
  ir::Model model = insert_quantizers(model_of(kLayers), {.rules = rules});
  for (const ir::Value quantizer : ir::activation_quantizers(model.graph)) {
    model.weights.at(model.graph.node(model.graph.node(quantizer).inputs[1]).name) = ir::Array::scalar(2);
  }
  return model;
}

TEST(RoundWeights, TheQuantizersOfWeightsAreGoneAndThoseOfActivationsStay) {
  EXPECT_EQ(ir::to_text(round_weights(quantized({})).graph), R"(images [1, 2, 4, 4] = Input() shape=1x2x4x4
images.amax [] = Parameter() trainable=false
images.quant [1, 2, 4, 4] = FakeQuant(images, images.amax)
w [3, 2, 1, 1] = Parameter() shape=3x2x1x1
b [3] = Parameter() shape=3
conv [1, 3, 4, 4] = Conv2d(images.quant, w, b)
conv.amax [] = Parameter() trainable=false
conv.quant [1, 3, 4, 4] = FakeQuant(conv, conv.amax)
u [3, 2, 2, 2] = Parameter() shape=3x2x2x2
up [1, 2, 8, 8] = ConvTranspose2d(conv.quant, u)
output out = up
)");
}

TEST(RoundWeights, ComputesTheSame) {
  for (const quant::Transposed transposed : all_values<quant::Transposed>()) {
    const ir::Model model = quantized({.half_scales = true, .transposed = transposed});
    // The interpreter divides by the factor in double, weights are rounded to float32.
    expect_same_outputs(model, round_weights(model), 1e-6);
  }
}

// What a runtime does that chooses the ranges of weights by itself.
TEST(RoundWeights, RoundingThemAgainWithRangesOfTheirOwnChangesNothing) {
  const auto transposed = quant::Transposed::per_tensor;
  const ir::Model rounded = round_weights(quantized({.half_scales = true, .transposed = transposed}));
  const ir::Model again = round_weights(insert_quantizers(
      strip_quantizers(rounded), {.rules = {.half_scales = false, .transposed = transposed}}));
  for (const char* name : {"w", "u"}) {
    const std::vector<float>&got = again.weights.at(name).floats(), &want = rounded.weights.at(name).floats();
    for (size_t i = 0; i < want.size(); ++i) EXPECT_FLOAT_EQ(got[i], want[i]) << name << i;
  }
}

TEST(RoundWeights, LeavesAFloatModelAlone) {
  const ir::Model model = model_of(kLayers);
  EXPECT_EQ(ir::to_text(round_weights(model).graph), ir::to_text(model.graph));
  EXPECT_EQ(round_weights(model).weights, model.weights);
}

}  // namespace
}  // namespace y6q::passes
