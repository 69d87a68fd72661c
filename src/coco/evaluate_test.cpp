#include "coco/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/errors.h"

namespace y6q::coco {
namespace {

using testing::HasSubstr;

constexpr double kExact = 1e-12;
constexpr BoxXywh kHere{10, 10, 50, 50};         // medium
constexpr BoxXywh kElsewhere{200, 200, 50, 50};  // medium, overlaps nothing

/// One image (id 1), one category (id 1).
GroundTruth one_image() {
  GroundTruth truth;
  truth.images = {1};
  truth.categories = {{1, "thing"}};
  return truth;
}

Detections none() { return {}; }

double recall_at(const Result& r, size_t threshold, size_t area) {
  return r.recall.at((threshold * r.classes.size() * 4 + area) * r.max_dets.size() + r.max_dets.size() - 1);
}

TEST(CocoEval, OneObjectFoundExactlyScoresOne) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  Detections found;
  found.add(1, 1, kHere, 0.9);
  const Result result = evaluate(truth, found);
  EXPECT_NEAR(result.map(), 1, kExact);
  EXPECT_NEAR(result.map50(), 1, kExact);
  EXPECT_EQ(result.stats[3], -1) << "there is no small object";
  EXPECT_NEAR(result.stats[4], 1, kExact);
  EXPECT_EQ(result.stats[8], 1);
  EXPECT_EQ(result.scores.front(), 0.9);
}

TEST(CocoEval, NoDetectionsIsZeroAndNoObjectsIsUndefined) {
  GroundTruth truth = one_image();
  Detections found;
  found.add(1, 1, kHere, 0.9);
  EXPECT_EQ(evaluate(truth, found).map(), -1);
  truth.add(1, 1, kHere);
  const Result result = evaluate(truth, none());
  EXPECT_EQ(result.map(), 0);
  EXPECT_EQ(result.stats[8], 0);
}

TEST(CocoEval, AFalsePositiveAboveTheHitHalvesPrecision) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  Detections found;
  found.add(1, 1, kElsewhere, 0.9);
  found.add(1, 1, kHere, 0.8);
  EXPECT_NEAR(evaluate(truth, found).map(), 0.5, kExact);
}

TEST(CocoEval, ASecondDetectionOfTheSameObjectIsFalse) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  truth.add(1, 1, kElsewhere);
  Detections found;
  for (const double score : {0.9, 0.8}) found.add(1, 1, kHere, score);
  found.add(1, 1, kElsewhere, 0.7);
  // Recall up to 1/2 at precision 1 (51 of 101 points), the rest at 2/3.
  EXPECT_NEAR(evaluate(truth, found).map(), (51 + 50 * 2.0 / 3) / 101, kExact);
}

TEST(CocoEval, HalfOfTheObjectsFoundGives51Of101Points) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  truth.add(1, 1, kElsewhere);
  Detections found;
  found.add(1, 1, kHere, 0.5);
  const Result result = evaluate(truth, found);
  EXPECT_NEAR(result.map(), 51.0 / 101, kExact) << "a recall equal to the point counts as reached";
  EXPECT_EQ(result.stats[8], 0.5);
}

TEST(CocoEval, CrowdRegionsAreNeitherHitNorMiss) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  truth.add(1, 1, {180, 180, 200, 200}, -1, true);
  Detections found;
  for (const double score : {0.99, 0.98, 0.97}) found.add(1, 1, kElsewhere, score);  // all inside the crowd
  found.add(1, 1, kHere, 0.5);
  const Result result = evaluate(truth, found);
  EXPECT_NEAR(result.map(), 1, kExact);
  EXPECT_EQ(result.classes[0].objects, 1);
  EXPECT_EQ(result.scores.front(), 0.99) << "the first point reports the best score, ignored or not";
}

TEST(CocoEval, AnObjectIsPreferredToACrowdThatCoversItBetter) {
  GroundTruth truth = one_image();
  truth.add(1, 1, {0, 0, 400, 400}, -1, true);  // share of the detection inside: 1
  truth.add(1, 1, {10, 10, 50, 40});            // IoU 0.8
  Detections found;
  found.add(1, 1, kHere, 0.9);
  EXPECT_EQ(recall_at(evaluate(truth, found), 0, 0), 1);
}

TEST(CocoEval, EqualScoresKeepTheirOrder) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  Detections hit_first, miss_first;
  hit_first.add(1, 1, kHere, 0.5);
  hit_first.add(1, 1, kElsewhere, 0.5);
  miss_first.add(1, 1, kElsewhere, 0.5);
  miss_first.add(1, 1, kHere, 0.5);
  EXPECT_NEAR(evaluate(truth, hit_first).map(), 1, kExact);
  EXPECT_NEAR(evaluate(truth, miss_first).map(), 0.5, kExact);
}

TEST(CocoEval, EqualScoresOfDifferentImagesGoByImageId) {
  GroundTruth truth = one_image();
  truth.images = {9, 4};
  truth.add(9, 1, kHere);
  Detections found;
  found.add(9, 1, kHere, 0.5);
  found.add(4, 1, kHere, 0.5);  // a miss, of the smaller id
  EXPECT_NEAR(evaluate(truth, found).map(), 0.5, kExact);
}

TEST(CocoEval, AreaBordersBelongToBothSizes) {
  GroundTruth truth = one_image();
  truth.add(1, 1, {0, 0, 32, 32});
  truth.add(1, 1, {100, 100, 96, 96});
  Detections found;
  found.add(1, 1, {0, 0, 32, 32}, 0.9);
  const Result result = evaluate(truth, found);
  EXPECT_EQ(result.stats[9], 1) << "small: 32² only";
  EXPECT_EQ(result.stats[10], 0.5) << "medium: both";
  EXPECT_EQ(result.stats[11], 0) << "large: 96² only";
}

TEST(CocoEval, AreaRangesCanBeChosen) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);  // 2500 square pixels
  Detections found;
  found.add(1, 1, kHere, 0.9);
  Options options;
  options.areas[1].high = options.areas[2].low = 2500;
  const Result result = evaluate(truth, found, options);
  EXPECT_NEAR(result.stats[3], 1, kExact);
  EXPECT_NEAR(result.stats[4], 1, kExact) << "a border belongs to both";
  EXPECT_EQ(result.stats[5], -1);
  EXPECT_NEAR(result.classes[0].ap_by_area[1], 1, kExact);
  options.areas[1].low = 2501;
  EXPECT_THROW(evaluate(truth, found, options), UsageError);
}

TEST(CocoEval, ObjectsFlaggedIgnoreAreNeitherHitNorMissWhenAskedFor) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  truth.add(1, 1, kElsewhere);
  truth.ignore.back() = 1;
  Detections found;
  found.add(1, 1, kElsewhere, 0.9);
  found.add(1, 1, kElsewhere, 0.8);  // unlike a crowd region it is taken once
  found.add(1, 1, kHere, 0.7);
  EXPECT_NEAR(evaluate(truth, found, {.use_ignore = true}).map(), 0.5, kExact);
  EXPECT_NEAR(evaluate(truth, found).map(), (51 + 50 * 2.0 / 3) / 101, kExact)
      << "COCO's own evaluation does not heed the flag";
}

TEST(CocoEval, TheStatedAreaDecidesTheSizeOfAnObject) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere, 1000);  // the box has 2500
  Detections found;
  found.add(1, 1, kHere, 0.9);
  const Result result = evaluate(truth, found);
  EXPECT_NEAR(result.stats[3], 1, kExact);
  EXPECT_EQ(result.stats[4], -1);
}

TEST(CocoEval, UnmatchedDetectionsOfAnotherSizeDoNotCount) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  Detections found;
  found.add(1, 1, {200, 200, 10, 10}, 0.9);  // small, false
  found.add(1, 1, kHere, 0.8);
  const Result result = evaluate(truth, found);
  EXPECT_NEAR(result.map(), 0.5, kExact);
  EXPECT_NEAR(result.stats[4], 1, kExact) << "medium";
}

TEST(CocoEval, OnlyTheBest100OfAClassInAnImageCount) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  Detections found;
  for (int i = 0; i < 100; ++i) found.add(1, 1, kElsewhere, 0.9);
  found.add(1, 1, kHere, 0.1);
  EXPECT_EQ(evaluate(truth, found).stats[8], 0);
  EXPECT_EQ(evaluate(truth, found, {.max_dets = {1, 10, 101}}).stats[8], 1);
}

TEST(CocoEval, AveragesRecallWithOneTenAndAHundredDetections) {
  GroundTruth truth = one_image();
  Detections found;
  for (int i = 0; i < 20; ++i) {
    const BoxXywh box{i * 60.0, 0, 50, 50};
    truth.add(1, 1, box);
    found.add(1, 1, box, 1 - i * 0.01);
  }
  const Result result = evaluate(truth, found);
  EXPECT_NEAR(result.stats[6], 0.05, kExact);
  EXPECT_NEAR(result.stats[7], 0.5, kExact);
  EXPECT_NEAR(result.stats[8], 1, kExact);
}

TEST(CocoEval, AnIouOnTheThresholdCounts) {
  GroundTruth truth = one_image();
  truth.add(1, 1, {0, 0, 100, 100});
  Detections found;
  found.add(1, 1, {0, 0, 100, 50}, 0.9);  // IoU 0.5
  const Result result = evaluate(truth, found);
  EXPECT_EQ(recall_at(result, 0, 0), 1);
  EXPECT_EQ(recall_at(result, 1, 0), 0);
}

TEST(CocoEval, TouchingAndEmptyBoxesDoNotOverlap) {
  GroundTruth truth = one_image();
  truth.add(1, 1, {0, 0, 0, 0});
  truth.add(1, 1, {1e-200, 0, 1e-200, 1e-200});
  truth.add(1, 1, kHere);
  Detections found;
  found.add(1, 1, {60, 10, 50, 50}, 0.9);
  found.add(1, 1, {0, 0, 0, 0}, 0.8);
  found.add(1, 1, {1e-200, 0, 1e-200, 1e-200}, 0.7);  // its area underflows
  EXPECT_EQ(evaluate(truth, found).stats[8], 0);
}

TEST(CocoEval, IdsAreAnyInt64InAnyOrder) {
  constexpr int64_t kBig = std::numeric_limits<int64_t>::max(), kSmall = std::numeric_limits<int64_t>::min();
  GroundTruth truth;
  truth.images = {kBig, 0, kSmall};
  truth.categories = {{kBig, "b"}, {-3, "a"}};
  truth.add(kSmall, kBig, kHere);
  truth.add(kBig, -3, kHere);
  Detections found;
  found.add(kBig, -3, kHere, 0.9);
  const Result result = evaluate(truth, found);
  ASSERT_EQ(result.classes.size(), 2U);
  EXPECT_EQ(result.classes[0].category.name, "a");
  EXPECT_NEAR(result.classes[0].ap, 1, kExact);
  EXPECT_EQ(result.classes[1].ap, 0);
  EXPECT_NEAR(result.map(), 0.5, kExact);
}

TEST(CocoEval, SubsetsLeaveOutOtherCategoriesAndImages) {
  GroundTruth truth = one_image();
  truth.images = {1, 2};
  truth.categories.push_back({2, "other"});
  truth.add(1, 1, kHere);
  truth.add(2, 1, kHere);
  truth.add(1, 2, kHere);
  Detections found;
  found.add(1, 1, kHere, 0.9);
  EXPECT_NEAR(evaluate(truth, found, {.category_ids = {1}, .image_ids = {1}}).map(), 1, kExact);
  EXPECT_NEAR(evaluate(truth, found, {.category_ids = {1}}).map(), 51.0 / 101, kExact);
  EXPECT_NEAR(evaluate(truth, found, {.image_ids = {1}}).map(), 0.5, kExact);
}

TEST(CocoEval, DetectionsOfUnknownCategoriesAreLeftOut) {
  GroundTruth truth = one_image();
  truth.add(1, 1, kHere);
  Detections found;
  found.add(1, 77, kElsewhere, 0.99);
  found.add(1, 1, kHere, 0.9);
  EXPECT_NEAR(evaluate(truth, found).map(), 1, kExact);
}

TEST(CocoEval, TakesDetectionsInMemory) {
  GroundTruth truth = one_image();
  truth.categories = {{7, "x"}, {3, "y"}};
  truth.add(1, 7, {10, 20, 30, 40});
  const std::vector<ImageDetections> images{{1, {{{10, 20, 40, 60}, 0.5F, 1}}}};
  EXPECT_NEAR(evaluate(truth, images, std::vector<int64_t>{3, 7}).map(), 1, kExact);
  EXPECT_THROW(evaluate(truth, images, std::vector<int64_t>{3}), InternalError);
}

template <typename Thrown, typename Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Thrown& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(CocoEval, RefusesWhatItCannotEvaluate) {
  GroundTruth truth = one_image();
  Detections found;
  found.source = "dt.json";
  found.add(1, 1, kHere, 0.5);
  found.add(5, 1, kHere, 0.5);
  EXPECT_THAT(message_of<InputError>([&] { evaluate(truth, found); }),
              HasSubstr("dt.json, detection 1: image_id 5 is not among the 1 images"));
  found.image_id[1] = 1;
  found.score[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(evaluate(truth, found), InputError);
  EXPECT_THROW(evaluate(GroundTruth{}, none()), InputError);
  EXPECT_THROW(evaluate(truth, none(), {.category_ids = {9}}), InputError);
  EXPECT_THROW(evaluate(truth, none(), {.image_ids = {9}}), InputError);
  EXPECT_THROW(evaluate(truth, none(), {.iou_thresholds = {0.9, 0.5}}), UsageError);
  EXPECT_THROW(evaluate(truth, none(), {.iou_thresholds = {0.0}}), UsageError);
  EXPECT_THROW(evaluate(truth, none(), {.max_dets = {}}), UsageError);
  EXPECT_THROW(evaluate(truth, none(), {.max_dets = {0}}), UsageError);
}

}  // namespace
}  // namespace y6q::coco
