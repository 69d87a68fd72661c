#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>

#include "base/errors.h"
#include "data/augment_affine.h"
#include "data/augment_flip.h"
#include "data/augment_hsv.h"
#include "data/augment_mixup.h"
#include "data/augment_mosaic.h"
#include "data/rectangular.h"

namespace y6q::data {
namespace {

TEST(AugmentRecipe, StrongAugmentationIsMosaicAndMixup) {
  AugmentRecipe recipe;
  recipe.mixup = 0.3;
  AugmentRecipe want = recipe;
  want.mosaic = want.mixup = 0;
  EXPECT_EQ(without_strong(recipe), want);
}

TEST(AugmentRecipe, EveryMemberIsASetting) {
  constexpr size_t kMembers = sizeof(AugmentRecipe) / sizeof(double);
  ASSERT_EQ(augment_fields().size(), kMembers);
  constexpr double kUnset = -1;
  auto values = std::bit_cast<std::array<double, kMembers>>(AugmentRecipe{});
  values.fill(kUnset);
  auto recipe = std::bit_cast<AugmentRecipe>(values);
  for (const auto& field : augment_fields()) EXPECT_TRUE(field.set(recipe, "0.25")) << field.name;
  EXPECT_THAT((std::bit_cast<std::array<double, kMembers>>(recipe)), testing::Each(0.25));
}

TEST(Affine, IdentityLeavesTheSampleAlone) {
  Sample sample{image::Image(20, 30, 7), {{2, 3, 4, 10, 15}}};
  *sample.image.at(5, 6) = 200;
  const Sample same = apply_affine(sample, {}, {20, 30});
  EXPECT_EQ(same.image, sample.image);
  EXPECT_EQ(same.labels, sample.labels);
}

TEST(Affine, QuarterTurnMapsCornersByHand) {
  // M = [[0, 1], [-1, 0]] about the centre: (x, y) -> (y, 10 - x).
  const image::Affine m = affine_matrix({.angle = 90}, {10, 10}, {10, 10});
  const double want[6]{0, 1, 0, -1, 0, 10};
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(m[i], want[i], 1e-12) << i;
}

TEST(Affine, DropsBoxesByTheRule) {
  const PixelLabel before{0, 0, 0, 10, 10};
  EXPECT_TRUE(keeps_box(before, {0, 0, 0, 10, 10}, 1));
  EXPECT_FALSE(keeps_box(before, {0, 0, 0, 2, 10}, 1));   // too narrow
  EXPECT_FALSE(keeps_box(before, {0, 0, 0, 2.5, 4}, 1));  // a tenth is not more than a tenth
  EXPECT_TRUE(keeps_box(before, {0, 0, 0, 2.5, 4.1}, 1));
  EXPECT_FALSE(keeps_box({0, 0, 0, 100, 100}, {0, 0, 0, 3, 60}, 0.1));  // aspect 20
}

TEST(Flip, MirrorsBoxes) {
  Sample sample{image::Image(10, 20), {{0, 1, 2, 5, 8}}};
  EXPECT_EQ(apply_flip(sample, {.left_right = true}).labels[0], (PixelLabel{0, 15, 2, 19, 8}));
  EXPECT_EQ(apply_flip(sample, {.up_down = true}).labels[0], (PixelLabel{0, 1, 2, 5, 8}));
  EXPECT_EQ(apply_flip({image::Image(10, 20), {{0, 1, 1, 5, 3}}}, {.up_down = true}).labels[0],
            (PixelLabel{0, 1, 7, 5, 9}));
}

TEST(Hsv, ZeroSettingsChangeNothing) {
  image::Image image(4, 4, 77);
  const image::Image before = image;
  apply_hsv(image, {1, 1, 1}, {.hsv_h = 0, .hsv_s = 0, .hsv_v = 0});
  EXPECT_EQ(image, before);
  apply_hsv(image, {0, 0, 1}, {});
  EXPECT_EQ(*image.at(0, 0), 107);  // grey: value 77 x 1.4 = 107.8
}

TEST(Mosaic, PutsTilesAroundTheCentre) {
  std::array<image::Image, 4> images;
  std::vector<Label> labels{{1, 0.5, 0.5, 0.5, 0.5}};
  std::array<Tile, 4> tiles;
  for (size_t i = 0; i < 4; ++i) {
    images[i] = image::Image(8, 8, static_cast<uint8_t>(i + 1));
    tiles[i] = {&images[i], labels};
  }
  const Sample canvas = mosaic_canvas(tiles, {.indices = {}, .centre_y = 6, .centre_x = 9}, {8, 8});
  EXPECT_EQ(canvas.image.height, 16);
  EXPECT_EQ(*canvas.image.at(5, 8), 1);
  EXPECT_EQ(*canvas.image.at(5, 9), 2);
  EXPECT_EQ(*canvas.image.at(6, 8), 3);
  EXPECT_EQ(*canvas.image.at(6, 9), 4);
  EXPECT_EQ(*canvas.image.at(0, 0), 114);
  EXPECT_EQ(canvas.labels[0], (PixelLabel{1, 3, 0, 7, 4}));
  EXPECT_EQ(canvas.labels[3], (PixelLabel{1, 11, 8, 15, 12}));
}

TEST(Mosaic, DrawsHoldTheCurrentImageAndACentreInTheMiddle) {
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    const MosaicDraws draws = draw_mosaic(3, 50, {100, 60}, random);
    EXPECT_THAT(draws.indices, ::testing::Contains(3));
    EXPECT_THAT(draws.indices, ::testing::Each(::testing::AllOf(::testing::Ge(0), ::testing::Lt(50))));
    EXPECT_TRUE(draws.centre_y >= 50 && draws.centre_y < 150 && draws.centre_x >= 30 && draws.centre_x < 90);
  }
}

TEST(Mixup, ConcatenatesLabels) {
  const Sample a{image::Image(2, 2, 100), {{0, 0, 0, 1, 1}}}, b{image::Image(2, 2, 51), {{1, 0, 0, 2, 2}}};
  const Sample mixed = apply_mixup(a, b, 0.25);
  EXPECT_EQ(*mixed.image.at(0, 0), 63);  // 25 + 38.25
  EXPECT_EQ(mixed.labels.size(), 2U);
}

TEST(Rectangular, SquareImagesGiveTheSizeOfTheSpec) {
  const std::vector<image::Size> sizes(3, {480, 480});
  EXPECT_EQ(plan_rectangular(sizes, {}).shapes.at(0), (image::Size{672, 672}));
}

}  // namespace
}  // namespace y6q::data
