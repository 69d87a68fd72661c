#include "train/batched_assignment.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "train/batched_scene.h"

// The plain loops are the referee.
namespace y6q::train {
namespace {

// Scores come from exponentials and powers of two libraries, in float32 where the network's are.
constexpr double kScoreTolerance = 1e-5;

enum class Assigner { atss, tal };

/// Boxes of the predictions [B, A, 4], px.
torch::Tensor boxes_of(const BatchedScene& scene) {
  const torch::Tensor boxes = torch::empty({scene.shape.count, scene.grid.count(), 4});
  for (int64_t image = 0; image < scene.shape.count; ++image) {
    decode_boxes(scene.grid, scene.predictions.distances[image].const_data_ptr<float>(), 0,
                 boxes[image].mutable_data_ptr<float>());
  }
  return boxes;
}

std::vector<Assignment> by_loops(const BatchedScene& scene, Assigner assigner) {
  const torch::Tensor boxes = boxes_of(scene);
  std::vector<Assignment> assignments;
  for (size_t i = 0; i < scene.truths.size(); ++i) {
    const auto image = static_cast<int64_t>(i);
    const ImagePredictions predicted{boxes[image].const_data_ptr<float>(),
                                     scene.predictions.logits[image].const_data_ptr<float>(),
                                     scene.predictions.logits.size(2)};
    assignments.push_back(assigner == Assigner::atss ? assign_atss(scene.grid, scene.truths[i], predicted)
                                                     : assign_tal(scene.grid, scene.truths[i], predicted));
  }
  return assignments;
}

BatchedAssignment by_operators(const BatchedScene& scene, Assigner assigner,
                               const torch::TensorOptions& options) {
  const AnchorTensors anchors = anchor_tensors(scene.grid, options.device());
  const PaddedTruths truths = pad_truths(scene.truths, options);
  const BatchPredictions predicted{boxes_of(scene).to(options.device()),
                                   scene.predictions.logits.to(options.device())};
  return assigner == Assigner::atss ? assign_atss(anchors, truths, predicted)
                                    : assign_tal(anchors, truths, predicted);
}

void expect_same(const std::vector<Assignment>& got, const std::vector<Assignment>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t image = 0; image < want.size(); ++image) {
    ASSERT_EQ(got[image].size(), want[image].size()) << "image " << image;
    for (size_t i = 0; i < want[image].size(); ++i) {
      const Positive &g = got[image][i], &w = want[image][i];
      ASSERT_EQ(std::pair(g.anchor, g.truth), std::pair(w.anchor, w.truth)) << "image " << image;
      EXPECT_NEAR(g.score, w.score, kScoreTolerance) << "image " << image << " anchor " << w.anchor;
    }
  }
}

void expect_loops_numbers(const BatchedScene& scene) {
  for (const Assigner assigner : {Assigner::atss, Assigner::tal}) {
    SCOPED_TRACE(assigner == Assigner::atss ? "atss" : "tal");
    expect_same(to_assignments(by_operators(scene, assigner, torch::kFloat64)), by_loops(scene, assigner));
  }
}

BatchedScene with_boxes(BatchedScene scene, const std::vector<GroundTruth>& boxes) {
  for (auto& truths : scene.truths) truths = boxes;
  return scene;
}

TEST(BatchedAssignment, AgreesWithTheLoops) {
  for (uint64_t seed = 0; seed < 3; ++seed) expect_loops_numbers(random_scene({.seed = seed}));
}

TEST(BatchedAssignment, OneImageWithOneObject) {
  for (uint64_t seed = 0; seed < 6; ++seed)
    expect_loops_numbers(random_scene({.objects = {1}, .seed = seed}));
}

TEST(BatchedAssignment, WithoutObjectsAllIsBackground) {
  const BatchedScene scene = random_scene({.objects = {0, 0}});
  expect_loops_numbers(scene);
  const BatchedAssignment tal = by_operators(scene, Assigner::tal, torch::kFloat64);
  EXPECT_FALSE(tal.positive.any().item<bool>());
  EXPECT_EQ(tal.score.sum().item<double>(), 0);
}

TEST(BatchedAssignment, ABatchMayBeEmpty) {  // a process' share of a short one
  const BatchedScene scene = random_scene({.objects = {}});
  for (const Assigner assigner : {Assigner::atss, Assigner::tal}) {
    EXPECT_TRUE(to_assignments(by_operators(scene, assigner, torch::kFloat64)).empty());
  }
}

TEST(BatchedAssignment, LevelsWithFewCells) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    expect_loops_numbers(random_scene({.height = 32, .width = 64, .objects = {3, 5}, .seed = seed}));
    expect_loops_numbers(random_scene({.height = 32, .width = 640, .objects = {3, 5}, .seed = seed}));
  }
}

TEST(BatchedAssignment, EquallyNearAnchorsAreTakenByIndex) {
  // Centres on corners, on sides and in the middle of cells of every level.
  expect_loops_numbers(with_boxes(random_scene({.objects = {1}}), {{0, 16, 32, 112, 96},
                                                                   {1, 20, 20, 60, 108},
                                                                   {2, 8, 0, 48, 96},
                                                                   {0, 0, 0, 160, 128},
                                                                   {1, 96, 64, 112, 96},
                                                                   {3, 156, 0, 160, 128}}));
}

TEST(BatchedAssignment, CentresOutsideTheImage) {
  expect_loops_numbers(
      with_boxes(random_scene({.objects = {1}}),
                 {{0, -90, 10, 60, 100}, {1, 100, 60, 400, 300}, {2, -300, -300, 310, 320}}));
}

TEST(BatchedAssignment, AnchorsWithoutOverlapTakeTheLowestPlaces) {
  BatchedScene scene = with_boxes(random_scene({.objects = {1}}), {{0, 0, 0, 160, 128}, {1, 3, 3, 30, 30}});
  scene.predictions.distances.fill_(-40);  // turned inside out: they overlap nothing
  expect_loops_numbers(scene);
  EXPECT_EQ(by_loops(scene, Assigner::tal)[0].size(), 13U);
}

TEST(BatchedAssignment, EqualMetricsMayChooseOtherAnchorsOfTheSameScores) {
  BatchedScene scene = with_boxes(random_scene({.objects = {1}}), {{1, 16, 16, 112, 112}});
  scene.predictions.logits.fill_(-1);
  scene.predictions.distances.fill_(3);
  const auto scores = [](const Assignment& assignment) {
    std::vector<float> sorted;
    for (const Positive& positive : assignment) sorted.push_back(static_cast<float>(positive.score));
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  };
  const auto got = scores(to_assignments(by_operators(scene, Assigner::tal, torch::kFloat64))[0]),
             want = scores(by_loops(scene, Assigner::tal)[0]);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], kScoreTolerance);
}

TEST(BatchedAssignment, LargeBatchesAreDividedWithoutEffect) {
  const BatchedScene scene = random_scene({.height = 640, .width = 640, .objects = {1100, 2}});
  expect_same(to_assignments(by_operators(scene, Assigner::tal, torch::kFloat64)),
              by_loops(scene, Assigner::tal));
}

TEST(BatchedAssignment, SinglePrecisionMovesHardlyAnAnchor) {
  const BatchedScene scene = random_scene({.objects = {30, 30, 30}});
  for (const Assigner assigner : {Assigner::atss, Assigner::tal}) {
    const BatchedAssignment exact = by_operators(scene, assigner, torch::kFloat64),
                            rounded = by_operators(scene, assigner, torch::kFloat32);
    EXPECT_LE((exact.truth != rounded.truth).sum().item<int64_t>(), 1);
    EXPECT_NEAR(rounded.score.sum().item<double>(), exact.score.sum().item<double>(),
                1e-4 * exact.score.sum().item<double>());
  }
}

}  // namespace
}  // namespace y6q::train
