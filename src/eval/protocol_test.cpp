#include "eval/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace y6q::eval {
namespace {

TEST(Protocol, LetterboxIsTheDefaultAndSaysWhatItDoes) {
  EXPECT_EQ(find_protocol("letterbox").describe(), Protocol{}.describe());
  EXPECT_EQ(
      Protocol{}.describe(),
      "letterbox: long side scaled to the image size and centred on grey 114, confidence 0.03, IoU 0.65, "
      "multi-label, at most 300 boxes an image");
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
