#include "passes/append_decode.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "passes/same_outputs.h"

namespace y6q::passes {
namespace {

/// One level at 1/8: cls0 of two classes, reg0.
constexpr const char* kHead = R"(images [1, 3, 4, 4] = Input() shape=1x3x4x4
c [2, 3, 1, 1] = Parameter() shape=2x3x1x1
cls [1, 2, 4, 4] = Conv2d(images, c)
r [4, 3, 1, 1] = Parameter() shape=4x3x1x1
reg [1, 4, 4, 4] = Conv2d(images, r)
output cls0 = cls
output reg0 = reg
)";

TEST(AppendDecode, AddsAnOutput) {
  const ir::Model model = model_of(kHead), decoded = append_decode(model, {8});
  EXPECT_EQ(ir::to_text(decoded.graph), R"(images [1, 3, 4, 4] = Input() shape=1x3x4x4
c [2, 3, 1, 1] = Parameter() shape=2x3x1x1
cls [1, 2, 4, 4] = Conv2d(images, c)
r [4, 3, 1, 1] = Parameter() shape=4x3x1x1
reg [1, 4, 4, 4] = Conv2d(images, r)
decode [1, 16, 7] = Decode(cls, reg) strides=8
output cls0 = cls
output reg0 = reg
output outputs = decode
)");
  const auto before = ir::interpret(model, random_images(model)),
             after = ir::interpret(decoded, random_images(model));
  EXPECT_EQ(after.at("cls0").data, before.at("cls0").data);
  // Cell 0: centre (0.5, 0.5), stride 8; cx = 8 (0.5 + (r - l) / 2).
  const auto& reg = before.at("reg0").data;
  EXPECT_NEAR(after.at("outputs").data[0], 8 * (0.5 + (reg[32] - reg[0]) / 2), 1e-12);
}

TEST(AppendDecode, RefusesMissingLevelsAndASecondDecode) {
  const ir::Model model = model_of(kHead);
  EXPECT_THROW(append_decode(model, {8, 16}), InputError);
  EXPECT_THROW(append_decode(append_decode(model, {8}), {8}), InputError);
}

TEST(SelectOutputs, DropsWhatIsNotNeeded) {
  const ir::Model model = model_of(kHead), selected = select_outputs(model, {"reg0"});
  EXPECT_EQ(ir::to_text(selected.graph), R"(images [1, 3, 4, 4] = Input() shape=1x3x4x4
r [4, 3, 1, 1] = Parameter() shape=4x3x1x1
reg [1, 4, 4, 4] = Conv2d(images, r)
output reg0 = reg
)");
  EXPECT_EQ(selected.weights.size(), 1U);
  EXPECT_EQ(ir::to_text(select_outputs(model, {"cls0", "reg0"}).graph), kHead);
  EXPECT_THROW(select_outputs(model, {"outputs"}), InputError);
}

}  // namespace
}  // namespace y6q::passes
