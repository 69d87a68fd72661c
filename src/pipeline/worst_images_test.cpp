#include "pipeline/worst_images.h"

#include <gtest/gtest.h>

namespace y6q::pipeline {
namespace {

TEST(WorstImages, ComeFirstWithTheirMistakesByKind) {
  coco::GroundTruth truth;
  truth.images = {1, 2, 3};
  truth.categories = {{7, "a"}, {8, "b"}};
  truth.add(1, 7, {0, 0, 10, 10});
  truth.add(2, 7, {0, 0, 10, 10});
  truth.add(2, 8, {50, 50, 10, 10});
  truth.add(3, 7, {0, 0, 100, 100}, -1, true);
  coco::Detections found;
  found.add(1, 7, {0, 0, 10, 10}, 0.9);
  found.add(1, 7, {0, 0, 10, 9}, 0.8);     // IoU 0.9, but the object is taken: a duplicate
  found.add(2, 8, {0, 0, 10, 10}, 0.9);    // another class: wrong, and both objects are missed
  found.add(2, 7, {30, 30, 10, 10}, 0.2);  // below the score
  found.add(3, 7, {10, 10, 10, 10}, 0.9);  // in the crowd
  found.add(3, 7, {20, 20, 10, 10}, 0.9);
  const auto worst = worst_images(truth, found, 0.5);
  ASSERT_EQ(worst.size(), 3U);
  EXPECT_EQ(worst[0].image_id, 2);
  EXPECT_EQ(worst[0].false_positives, 1);
  EXPECT_EQ(worst[0].missed, 2);
  EXPECT_EQ(worst[1].image_id, 1);
  EXPECT_EQ(worst[1].false_positives, 1);
  EXPECT_EQ(worst[1].missed, 0);
  EXPECT_EQ(worst[2].sum(), 0);
}

TEST(WorstImages, EqualsKeepTheirOrderAndHalfAnOverlapIsEnough) {
  coco::GroundTruth truth;
  truth.images = {5, 4};
  truth.categories = {{7, "a"}};
  truth.add(4, 7, {0, 0, 10, 10});
  coco::Detections found;
  found.add(4, 7, {0, 0, 10, 5}, 0.9);  // IoU 50 / 100
  const auto worst = worst_images(truth, found, 0);
  EXPECT_EQ(worst[0].image_id, 5);
  EXPECT_EQ(worst[1].sum(), 0);
}

}  // namespace
}  // namespace y6q::pipeline
