#include "coco/analysis.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::coco {
namespace {

constexpr double kTolerance = 1e-12;

GroundTruth two_classes(std::vector<int64_t> images = {1}) {
  GroundTruth truth;
  truth.images = std::move(images);
  truth.categories = {{1, "cat"}, {2, "dog"}};
  return truth;
}

/// Boxes of 100 x 100; `shift` to the right gives IoU (100 - shift) / (100 + shift).
BoxXywh square(double x, double shift = 0) { return {x + shift, 0, 100, 100}; }

int64_t count(const Analysis& analysis, size_t category, ErrorKind kind) {
  return analysis.errors.at(category)[static_cast<size_t>(kind)];
}
double gain(const Analysis& analysis, ErrorKind kind) {
  return analysis.costs.gain[static_cast<size_t>(kind)];
}

TEST(BestF1, IsAtTheScoreThatKeepsMostHitsForFewestFalsePositives) {
  // Scores 0.9 hit, 0.8 false, 0.7 hit, 0.6 false, 0.5 false, 3 objects.
  // F1 = 2 hits / (kept + objects): 2/4, 2/5, 4/6, 4/7, 4/8.
  GroundTruth truth = two_classes();
  for (const double x : {0, 1000, 2000}) truth.add(1, 1, square(x));
  Detections found;
  found.add(1, 1, square(0), 0.9);
  found.add(1, 1, square(5000), 0.8);
  found.add(1, 1, square(1000), 0.7);
  found.add(1, 1, square(6000), 0.6);
  found.add(1, 1, square(7000), 0.5);
  const Analysis analysis = analyse(truth, found, {});
  EXPECT_EQ(analysis.best.score, 0.7);
  EXPECT_NEAR(analysis.best.f1, 4.0 / 6, kTolerance);
  EXPECT_NEAR(analysis.best.precision, 2.0 / 3, kTolerance);
  EXPECT_NEAR(analysis.best.recall, 2.0 / 3, kTolerance);
  EXPECT_EQ(analysis.best.hits, 2);
  EXPECT_EQ(analysis.best.false_positives, 1);
  EXPECT_EQ(analysis.best.missed, 1);
  EXPECT_EQ(analysis.best_of.at(0).score, 0.7);
  EXPECT_EQ(analysis.best_of.at(1).f1, -1) << "no dogs";
  EXPECT_EQ(analyse(truth, found, {}, {.min_score = 0.85}).used.hits, 1);
}

TEST(BestF1, AScoreKeepsAllOfItsDetections) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));
  Detections found;
  found.add(1, 1, square(0), 0.5);
  found.add(1, 1, square(5000), 0.5);
  const OperatingPoint best = analyse(truth, found, {}).best;
  EXPECT_EQ(best.false_positives, 1);
  EXPECT_NEAR(best.f1, 2.0 / 3, kTolerance);
}

TEST(BestF1, WithoutDetectionsIsZero) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));
  const Analysis analysis = analyse(truth, {}, {});
  EXPECT_EQ(analysis.best.f1, 0);
  EXPECT_EQ(analysis.best.missed, 1);
  EXPECT_EQ(analysis.confusion.at(0, 2), 1);
}

TEST(ErrorKinds, EachIsRecognised) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));     // found, and found again
  truth.add(1, 1, square(1000));  // nearly
  truth.add(1, 2, square(2000));  // as the other class
  truth.add(1, 2, square(3000));  // as the other class, and nearly
  truth.add(1, 2, square(4000));  // not at all
  Detections found;
  found.add(1, 1, square(0), 0.9);
  found.add(1, 1, square(0, 20), 0.8);     // IoU 2/3: duplicate
  found.add(1, 1, square(1000, 50), 0.7);  // IoU 1/3: localisation
  found.add(1, 1, square(2000, 10), 0.6);  // IoU 9/11: class
  found.add(1, 1, square(3000, 50), 0.5);  // IoU 1/3 with the other class: both
  found.add(1, 1, square(9000), 0.4);      // background
  found.add(1, 2, square(9000), 0.3);      // background
  const Analysis analysis = analyse(truth, found, {}, {.min_score = 0});
  EXPECT_EQ(analysis.errors.at(0), (std::array<int64_t, kErrorKinds>{1, 1, 1, 1, 1, 0}));
  EXPECT_EQ(analysis.errors.at(1), (std::array<int64_t, kErrorKinds>{0, 0, 0, 1, 0, 2}))
      << "two dogs are missed: of the third only the class is wrong";
  EXPECT_EQ(count(analyse(truth, found, {}, {.min_score = 0.65}), 1, ErrorKind::kMissed), 3)
      << "the detection with the wrong class is not there";
}

TEST(ErrorKinds, ThresholdsBelongToTheBetterSide) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, {0, 0, 100, 10});
  Detections found;
  found.add(1, 1, {0, 0, 10, 10}, 0.5);  // IoU exactly 0.1
  EXPECT_EQ(count(analyse(truth, found, {}), 0, ErrorKind::kLocalisation), 1);
  EXPECT_EQ(count(analyse(truth, found, {}, {.background_iou = 0.11}), 0, ErrorKind::kBackground), 1);
}

TEST(ErrorKinds, CrowdsAreNobodysMistake) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, {0, 0, 1000, 100}, -1, true);
  truth.add(1, 2, square(5000));
  Detections found;
  found.add(1, 1, square(0), 0.5);  // inside the crowd
  const Analysis analysis = analyse(truth, found, {}, {.min_score = 0});
  EXPECT_EQ(analysis.errors.at(0), (std::array<int64_t, kErrorKinds>{}));
  EXPECT_EQ(analysis.confusion.at(2, 0), 0) << "not background either";
}

TEST(ErrorCosts, AreWhatMendingWouldGain) {
  // One class: 0.9 false on nothing, 0.8 hit, two objects, the second one missed.
  // Recall 0.5 at precision 1/2: AP = 51/101 x 1/2.
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));
  truth.add(1, 1, square(1000));
  Detections found;
  found.add(1, 1, square(9000), 0.9);
  found.add(1, 1, square(0), 0.8);
  const Analysis analysis = analyse(truth, found, {});
  const double ap = 51.0 / 101 / 2;
  EXPECT_NEAR(analysis.costs.ap, ap, kTolerance);
  EXPECT_NEAR(gain(analysis, ErrorKind::kBackground), 51.0 / 101 - ap, kTolerance);
  EXPECT_NEAR(gain(analysis, ErrorKind::kMissed), 0.5 - ap, kTolerance) << "recall 1 at precision 1/2";
  EXPECT_EQ(gain(analysis, ErrorKind::kDuplicate), 0);
  EXPECT_EQ(gain(analysis, ErrorKind::kClass), 0);
}

TEST(ErrorCosts, AMisplacedDetectionBecomesAHitAndADuplicateVanishes) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));
  truth.add(1, 1, square(1000));
  Detections found;
  found.add(1, 1, square(0), 0.9);
  found.add(1, 1, square(0), 0.8);          // duplicate
  found.add(1, 1, square(1000, 50), 0.7);   // localisation
  found.add(1, 1, square(1000, -60), 0.6);  // localisation of the same object: vanishes
  const Analysis analysis = analyse(truth, found, {});
  const double ap = 51.0 / 101;  // recall 1/2 at precision 1
  EXPECT_NEAR(analysis.costs.ap, ap, kTolerance);
  EXPECT_NEAR(gain(analysis, ErrorKind::kLocalisation), 50.0 / 101 * 2 / 3, kTolerance);
  EXPECT_NEAR(gain(analysis, ErrorKind::kDuplicate), 0, kTolerance) << "it follows the hit";
}

TEST(ErrorCosts, MendingNeverCostsAHitItsPlaceAmongEqualScores) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));
  Detections found;
  found.add(1, 1, square(0), 0.5);
  found.add(1, 1, square(9000), 0.5);
  found.add(1, 2, square(0), 0.4);  // a claim that comes too late
  EXPECT_EQ(gain(analyse(truth, found, {}), ErrorKind::kClass), 0);
}

TEST(ErrorCosts, AMisnamedDetectionMovesToItsClass) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));
  truth.add(1, 2, square(1000));
  Detections found;
  found.add(1, 1, square(1000), 0.9);  // a dog called cat
  found.add(1, 1, square(0), 0.8);
  const Analysis analysis = analyse(truth, found, {});
  EXPECT_NEAR(analysis.costs.ap, 0.25, kTolerance) << "cats 1/2, dogs 0";
  EXPECT_NEAR(gain(analysis, ErrorKind::kClass), 0.75, kTolerance);
}

TEST(ConfusionMatrix, CountsWhatWasCalledWhat) {
  GroundTruth truth = two_classes({1, 2});
  truth.add(1, 1, square(0));
  truth.add(1, 2, square(1000));
  truth.add(2, 1, square(0));
  Detections found;
  found.add(1, 1, square(0, 10), 0.9);
  found.add(1, 1, square(1000), 0.8);   // a dog called cat
  found.add(1, 2, square(1000), 0.7);   // comes too late
  found.add(2, 2, square(0, 60), 0.9);  // IoU 1/4: background, and the cat is missed
  found.add(2, 1, square(0), 0.1);      // below the score
  const ConfusionMatrix matrix = analyse(truth, found, {}, {.min_score = 0.5}).confusion;
  EXPECT_EQ(matrix.counts, (std::vector<int64_t>{1, 0, 1,    // cats: one found, one missed
                                                 1, 0, 0,    // dogs: called cat
                                                 0, 2, 0}))  // background called dog
      << "rows: cat, dog, background";
}

TEST(ConfusionMatrix, OfEqualOverlapsTheOwnClassWins) {
  GroundTruth truth = two_classes();
  truth.add(1, 1, square(0));
  truth.add(1, 2, square(0));
  Detections found;
  found.add(1, 1, square(0), 0.9);
  found.add(1, 2, square(0), 0.8);
  const ConfusionMatrix matrix = analyse(truth, found, {}).confusion;
  EXPECT_EQ(matrix.counts, (std::vector<int64_t>{1, 0, 0, 0, 1, 0, 0, 0, 0}));
}

TEST(Analysis, RefusesOptionsOutOfRange) {
  const GroundTruth truth = two_classes();
  EXPECT_THROW(analyse(truth, {}, {}, {.background_iou = 0.5}), UsageError);
  EXPECT_THROW(analyse(truth, {}, {}, {.iou = 1.5}), UsageError);
}

}  // namespace
}  // namespace y6q::coco
