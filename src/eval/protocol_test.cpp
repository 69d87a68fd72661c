#include "eval/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::eval {
namespace {

TEST(Protocol, LetterboxIsTheDefaultAndSaysWhatItDoes) {
  EXPECT_EQ(find_protocol("letterbox").describe(), Protocol{}.describe());
  EXPECT_EQ(
      Protocol{}.describe(),
      "letterbox: long side scaled to the image size and centred on grey 114, confidence 0.03, IoU 0.65, "
      "multi-label, at most 300 boxes an image");
}

TEST(Protocol, ShrinkFollowsTheModel) {
  const auto shrink = [](std::string_view protocol, std::vector<std::string> names) {
    return find_protocol(protocol).for_model(names).shrink;
  };
  EXPECT_EQ(shrink("reference-640", {"best", "yolov6n"}), 4);
  EXPECT_EQ(shrink("reference-640", {"yolov6s6", "yolov6s"}), 8) << "the file's name comes first";
  EXPECT_EQ(shrink("reference-640", {"best", ""}), 2) << "the default of the reference";
  EXPECT_EQ(shrink("reference-0.2.1", {"yolov6m"}), 640 - 628);
  EXPECT_EQ(shrink("reference-0.2.1", {"yolov6s"}), 640 - 638);
  EXPECT_EQ(shrink("reference-yolo-trt", {"yolov6s"}), 4);
  EXPECT_EQ(shrink("reference", {"yolov6s"}), 0);
  EXPECT_EQ(shrink("letterbox", {"yolov6s"}), 0);
}

TEST(Protocol, SaysWhatDiffers) {
  const std::vector<std::string> names{"yolov6t"};
  EXPECT_EQ(
      find_protocol("reference-640").for_model(names).describe(),
      "reference-640: long side scaled to the image size less 6 and centred on grey 114, confidence 0.03, "
      "IoU 0.65, multi-label, at most 300 boxes an image, at most 30000 candidates, boxes rounded to 3 "
      "decimals, scores to 5");
  EXPECT_EQ(find_protocol("reference").describe(),
            "reference: long side scaled to the image size, rectangular batches with 0.5 strides of padding, "
            "confidence 0.03, IoU 0.65, multi-label, at most 300 boxes an image, at most 30000 candidates, "
            "boxes rounded to 3 decimals, scores to 5");
  Protocol changed;
  changed.changed = true;
  changed.nms.score_threshold = 0.001F;
  EXPECT_THAT(changed.describe(), testing::StartsWith("letterbox (changed): "));
  EXPECT_THAT(changed.describe(), testing::HasSubstr("confidence 0.001,"));
}

TEST(Protocol, AnUnknownNameListsTheKnownOnes) {
  try {
    find_protocol("square");
    FAIL();
  } catch (const UnsupportedError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'square'; known: letterbox, reference"));
  }
}

}  // namespace
}  // namespace y6q::eval
