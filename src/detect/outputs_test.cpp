#include "detect/outputs.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace y6q::detect {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr float kCls[]{0, 2}, kReg[]{1, 0.5F, 2, 1.5F};
constexpr float kRows[]{8, 8, 24, 16, 1, 0.5F, 0.9F, 0.1F};

TEST(Outputs, MapsOfOneCellByHand) {
  const std::vector<ImageOutput> outputs{
      {"feat0", nullptr, 9, 9, 9}, {"reg0", kReg, 4, 1, 1}, {"cls0", kCls, 2, 1, 1}};
  EXPECT_EQ(class_count_of(outputs), 2);
  const auto found = detections_of(outputs, 8, {.score_threshold = 0.6F});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].box, (Box{-4, 0, 20, 16}));  // stride: image height / map height
  EXPECT_EQ(found[0].label, 1);
}

TEST(Outputs, RowsGoBeforeMaps) {
  const std::vector<ImageOutput> outputs{{"cls0", kCls, 2, 1, 1}, {"outputs", kRows, 1, 1, 8}};
  EXPECT_EQ(class_count_of(outputs), 3);
  EXPECT_EQ(candidates_of(outputs, 8, {.score_threshold = 0.4F}).size(), 2U);
}

TEST(Outputs, SayWhatIsMissingOrDoesNotFit) {
  const std::vector<ImageOutput> none{{"boxes", kRows, 1, 1, 8}}, half{{"cls0", kCls, 2, 1, 1}},
      narrow{{"outputs", kRows, 1, 1, 5}}, uneven{{"cls0", kCls, 2, 1, 1}, {"reg0", kReg, 2, 1, 2}};
  EXPECT_THAT([&] { class_count_of(none); }, ThrowsMessage<InputError>(HasSubstr("cls0")));
  EXPECT_THAT([&] { class_count_of(half); }, ThrowsMessage<InputError>(HasSubstr("reg0")));
  EXPECT_THAT([&] { class_count_of(narrow); }, ThrowsMessage<InputError>(HasSubstr("0 classes")));
  EXPECT_THAT([&] { class_count_of(uneven); }, ThrowsMessage<InputError>(HasSubstr("[2, 1, 2]")));
}

}  // namespace
}  // namespace y6q::detect
