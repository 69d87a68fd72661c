#include "detect/outputs.h"

#include <gmock/gmock.h>

#include <cmath>

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

/// Two boxes that were kept and a third place that means nothing.
struct Kept {
  float count = 2, boxes[12]{0, 1, 8, 9, 4, 4, 6, 6, 7, 7, 7, 7}, scores[3]{0.9F, 0.3F, 0.8F},
        classes[3]{5, 0, 1};
  std::vector<ImageOutput> outputs() const {
    return {{"num_dets", &count, 1, 1, 1},
            {"det_boxes", boxes, 3, 1, 4},
            {"det_scores", scores, 3, 1, 1},
            {"det_classes", classes, 3, 1, 1}};
  }
};

TEST(SuppressedOutputs, AreTheDetectionsThatWereCounted) {
  const Kept kept;
  EXPECT_TRUE(are_suppressed(kept.outputs()));
  const auto found = detections_of(kept.outputs(), 64, {.score_threshold = 0.1F});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Detection{{0, 1, 8, 9}, 0.9F, 5}));
  EXPECT_EQ(found[1], (Detection{{4, 4, 6, 6}, 0.3F, 0}));
  EXPECT_EQ(detections_of(kept.outputs(), 64, {.score_threshold = 0.3F}).size(), 1U) << "strictly above";
}

TEST(SuppressedOutputs, ThatAreNoneAreRefused) {
  const auto refused = [](const Kept& kept, const char* what) {
    EXPECT_THAT([&] { detections_of(kept.outputs(), 64, {}); }, ThrowsMessage<InputError>(HasSubstr(what)));
  };
  Kept many, nan, negative, far, none;
  many.count = 4;
  refused(many, "'num_dets' is 4");
  nan.count = NAN;
  refused(nan, "'num_dets'");
  negative.classes[1] = -1;
  refused(negative, "'det_classes' has -1");
  far.classes[0] = 1e30F;
  refused(far, "'det_classes'");
  none.count = 0;
  EXPECT_TRUE(detections_of(none.outputs(), 64, {}).empty());
  auto outputs = many.outputs();
  outputs[3].channels = 2;
  EXPECT_THAT([&] { detections_of(outputs, 64, {}); },
              ThrowsMessage<InputError>(HasSubstr("'det_classes' 2")));
  outputs.pop_back();
  EXPECT_THAT([&] { detections_of(outputs, 64, {}); }, ThrowsMessage<InputError>(HasSubstr("det_classes")));
}

}  // namespace
}  // namespace y6q::detect
