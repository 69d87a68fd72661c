#include "pipeline/threshold_detector.h"

#include <gtest/gtest.h>

namespace y6q::pipeline {
namespace {

void fill(image::Image& image, const detect::Box& box, const std::array<uint8_t, 3>& colour) {
  for (auto y = static_cast<int64_t>(box.y1); y < static_cast<int64_t>(box.y2); ++y) {
    for (auto x = static_cast<int64_t>(box.x1); x < static_cast<int64_t>(box.x2); ++x) {
      std::copy(colour.begin(), colour.end(), image.at(y, x));
    }
  }
}

TEST(ThresholdDetector, FindsColouredRectanglesOnAPlainGround) {
  image::Image image(80, 100, 180);
  const detect::Box red{10, 20, 40, 50}, green{60, 30, 90, 70};
  fill(image, red, {20, 20, 220});
  fill(image, green, {20, 150, 20});
  const auto found = detect_by_colour(image, {{20, 20, 220}, {20, 150, 20}});
  auto has = [&](const detect::Box& box, int64_t label) {
    return std::ranges::any_of(
        found, [&](const auto& d) { return d.box == box && d.label == label && d.score == 1; });
  };
  EXPECT_TRUE(has(red, 0));
  EXPECT_TRUE(has(green, 1));
}

TEST(ThresholdDetector, OtsuSplitsTwoLevels) {
  std::vector<uint8_t> grey(100, 30);
  std::fill(grey.begin() + 60, grey.end(), uint8_t{200});
  EXPECT_EQ(otsu_threshold(grey), 30);
}

}  // namespace
}  // namespace y6q::pipeline
