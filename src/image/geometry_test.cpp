#include <gtest/gtest.h>

#include "base/errors.h"
#include "image/colour.h"
#include "image/draw.h"
#include "image/letterbox.h"
#include "image/warp.h"

namespace y6q::image {
namespace {

TEST(Letterbox, CheckValuesOfTheSpec) {  // spec/02 §8b
  const Letterboxed boxed = letterbox(Image(427, 640), {});
  EXPECT_EQ(boxed.top, 106);
  EXPECT_EQ(boxed.bottom, 107);
  EXPECT_EQ(boxed.left, 0);
  EXPECT_EQ(boxed.right, 0);
  const Image shrunk = resize_to_fit(Image(480, 640), {634, 634});
  EXPECT_EQ(shrunk.height, 475);
  EXPECT_EQ(shrunk.width, 634);
  const Letterboxed second = letterbox(shrunk, {.scale_up = false});
  EXPECT_EQ(second.top, 82);
  EXPECT_EQ(second.bottom, 83);
  EXPECT_EQ(second.left, 3);
  EXPECT_EQ(second.right, 3);
}

TEST(Letterbox, SmallImageKeepsItsSizeWithoutScaleUp) {
  const Letterboxed boxed = letterbox(Image(10, 20, 7), {.size = {32, 32}, .scale_up = false});
  EXPECT_EQ(boxed.gain_x, 1);
  EXPECT_EQ(boxed.left, 6);
  EXPECT_EQ(boxed.top, 11);
  EXPECT_EQ(*boxed.image.at(11, 6), 7);
  EXPECT_EQ(*boxed.image.at(10, 6), kFill);
  EXPECT_EQ(*boxed.image.at(21, 6), kFill);
}

TEST(Letterbox, FittingIsResizingToFitAndThenCentring) {
  for (const auto& [height, width] : {std::pair{300, 500}, {40, 30}, {128, 96}, {700, 90}}) {
    Image image(height, width);
    for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 31 % 251);
    const Size size{128, 96};
    const Image fitted = resize_to_fit(image, size);
    const Letterboxed want = letterbox(fitted, {.size = size, .scale_up = false});
    const Letterboxed got = fit_and_letterbox(image, size);
    EXPECT_EQ(got.image, want.image) << height;
    EXPECT_EQ(got.left, want.left);
    EXPECT_EQ(got.top, want.top);
    EXPECT_DOUBLE_EQ(got.gain_x, double(fitted.width) / width);
    EXPECT_DOUBLE_EQ(got.gain_y, double(fitted.height) / height);
  }
  EXPECT_THROW(fit_and_letterbox(Image(), {32, 32}), ShapeError);
}

TEST(Letterbox, ViewsWithGapsBetweenRowsAreReadRowByRow) {
  const std::vector<uint8_t> pixels{1, 2, 3, 4, 5, 6, 99, 7, 8, 9, 10, 11, 12, 99};
  const Letterboxed boxed = letterbox(ImageView(pixels.data(), 2, 2, 7), {.size = {2, 2}});
  EXPECT_EQ(boxed.image.pixels, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  std::vector<uint8_t> rgb(12);
  to_rgb(ImageView(pixels.data(), 2, 2, 7), rgb);
  EXPECT_EQ(rgb, (std::vector<uint8_t>{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}));
}

TEST(Letterbox, MinimalPadsToTheStride) {
  const Letterboxed boxed = letterbox(Image(240, 640), {.minimal = true});
  EXPECT_EQ(boxed.image.height, 256);
  EXPECT_EQ(boxed.image.width, 640);
}

TEST(Letterbox, ExtremeAspectKeepsOnePixel) {
  EXPECT_EQ(letterbox(Image(1, 4000), {.size = {64, 64}}).image.height, 64);
  EXPECT_THROW(letterbox(Image(), {}), ShapeError);
}

TEST(Warp, ShiftMovesPixelsAndFillsTheRest) {
  Image image(4, 4, 10);
  *image.at(1, 1) = 200;
  const Image moved = warp_affine(image, {1, 0, 2, 0, 1, 1}, {4, 4});
  EXPECT_EQ(*moved.at(2, 3), 200);
  EXPECT_EQ(*moved.at(0, 0), kFill);
}

TEST(Flip, MovesTheCorner) {
  Image image(3, 5);
  *image.at(0, 0) = 9;
  EXPECT_EQ(*flip_left_right(image).at(0, 4), 9);
  EXPECT_EQ(*flip_up_down(image).at(2, 0), 9);
}

TEST(Planes, AreRedGreenBlue) {
  Image image(1, 2);
  image.pixels = {1, 2, 3, 4, 5, 6};
  std::vector<uint8_t> planes(6);
  to_rgb_planes(image, planes);
  EXPECT_EQ(planes, (std::vector<uint8_t>{3, 6, 2, 5, 1, 4}));
  EXPECT_EQ(from_rgb_planes(planes, 1, 2), image);
  planes.pop_back();
  EXPECT_THROW(to_rgb_planes(image, planes), ShapeError);
}

TEST(Blend, Truncates) {
  EXPECT_EQ(blend(Image(1, 1, 10), Image(1, 1, 11), 0.5).pixels[0], 10);
  EXPECT_THROW(blend(Image(1, 1), Image(1, 2), 0.5), ShapeError);
}

TEST(Draw, MarksTheBoxAndSurvivesWildCoordinates) {
  Image image(60, 60, 50);
  draw_captions(image, std::vector<Caption>{{10, 20, 40, 50, "cat 0.9", 1}, {-1e30, 0, 1e30, 5, "x", 2}});
  EXPECT_NE(*image.at(50, 25), 50);
  EXPECT_EQ(*image.at(55, 55), 50);
}

}  // namespace
}  // namespace y6q::image
