#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "train/assign_atss.h"
#include "train/assign_tal.h"

// Referees: the rules of spec/02 §5 written as dense loops over all (object, anchor) pairs.
namespace y6q::train {
namespace {

constexpr int64_t kStrides[] = {8, 16, 32};

struct Scene {
  AnchorGrid grid;
  std::vector<GroundTruth> truths;
  std::vector<float> boxes, logits;
  int64_t class_count = 3;
  ImagePredictions predicted() const { return {boxes.data(), logits.data(), class_count}; }
};

Scene random_scene(uint64_t seed, int64_t height, int64_t width, int64_t objects) {
  Random random(seed);
  Scene scene;
  scene.grid = AnchorGrid(levels_of(height, width, kStrides));
  for (int64_t i = 0; i < objects; ++i) {
    const double w = random.uniform(3, static_cast<double>(width)),
                 h = random.uniform(3, static_cast<double>(height));
    const double x = random.uniform(0, static_cast<double>(width) - w),
                 y = random.uniform(0, static_cast<double>(height) - h);
    scene.truths.push_back({random.index(3), x, y, x + w, y + h});
  }
  for (int64_t a = 0; a < scene.grid.count(); ++a) {
    const double x = scene.grid.x_px(a), y = scene.grid.y_px(a), s = scene.grid.stride(a);
    for (const double side : {x - s * random.uniform(0, 4), y - s * random.uniform(0, 4),
                              x + s * random.uniform(0, 4), y + s * random.uniform(0, 4)}) {
      scene.boxes.push_back(static_cast<float>(side));
    }
    for (int64_t c = 0; c < 3; ++c) scene.logits.push_back(static_cast<float>(random.uniform(-4, 2)));
  }
  return scene;
}

using Matrix = std::vector<std::vector<double>>;

Matrix zeros(const Scene& scene) {
  return Matrix(scene.truths.size(), std::vector<double>(static_cast<size_t>(scene.grid.count()), 0.0));
}

double naive_iou(const GroundTruth& g, double x1, double y1, double x2, double y2) {
  const double w = std::min(g.x2, x2) - std::max(g.x1, x1), h = std::min(g.y2, y2) - std::max(g.y1, y1);
  const double shared = w > 0 && h > 0 ? w * h : 0;
  const double area = x2 > x1 && y2 > y1 ? (x2 - x1) * (y2 - y1) : 0;
  return shared / ((g.x2 - g.x1) * (g.y2 - g.y1) + area - shared + 1e-9);
}

Matrix box_overlaps(const Scene& scene) {
  Matrix result = zeros(scene);
  for (size_t g = 0; g < result.size(); ++g) {
    for (size_t a = 0; a < result[g].size(); ++a) {
      const float* b = &scene.boxes[a * 4];
      result[g][a] = naive_iou(scene.truths[g], b[0], b[1], b[2], b[3]);
    }
  }
  return result;
}

bool inside(const Scene& scene, size_t g, size_t a) {
  const GroundTruth& t = scene.truths[g];
  const double x = scene.grid.x_px(static_cast<int64_t>(a)), y = scene.grid.y_px(static_cast<int64_t>(a));
  return std::min({x - t.x1, y - t.y1, t.x2 - x, t.y2 - y}) > 1e-9;
}

/// Indices of the `count` greatest values, the lowest index of equals.
std::vector<size_t> top(const std::vector<double>& values, size_t count) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] > values[b]; });
  order.resize(std::min(count, order.size()));
  return order;
}

void one_owner(Matrix& mask, const Matrix& overlaps) {
  for (size_t a = 0; !mask.empty() && a < mask[0].size(); ++a) {
    double wanted = 0;
    size_t best = 0;
    for (size_t g = 0; g < mask.size(); ++g) {
      wanted += mask[g][a];
      if (overlaps[g][a] > overlaps[best][a]) best = g;
    }
    if (wanted < 2) continue;
    for (size_t g = 0; g < mask.size(); ++g) mask[g][a] = g == best ? 1 : 0;
  }
}

void expect_assignment(const Assignment& got, const Matrix& mask, const Matrix& scores) {
  Matrix dense(mask.size(), std::vector<double>(mask.empty() ? 0 : mask[0].size(), 0.0));
  for (const Positive& p : got) {
    dense[static_cast<size_t>(p.truth)][static_cast<size_t>(p.anchor)] = 1;
    EXPECT_NEAR(p.score, scores[static_cast<size_t>(p.truth)][static_cast<size_t>(p.anchor)], 1e-9);
  }
  EXPECT_EQ(dense, mask);
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end(), [](auto& a, auto& b) { return a.anchor < b.anchor; }));
}

void referee_atss(const Scene& scene) {
  Matrix mask = zeros(scene), squares = zeros(scene);
  for (size_t g = 0; g < mask.size(); ++g) {
    const GroundTruth& t = scene.truths[g];
    std::vector<size_t> candidates;
    std::vector<double> nearness(mask[g].size());
    for (size_t a = 0; a < mask[g].size(); ++a) {
      const auto anchor = static_cast<int64_t>(a);
      const double x = scene.grid.x_px(anchor), y = scene.grid.y_px(anchor),
                   half = 2.5 * scene.grid.stride(anchor);
      squares[g][a] = naive_iou(t, x - half, y - half, x + half, y + half);
      nearness[a] = -std::hypot((t.x1 + t.x2) / 2 - x, (t.y1 + t.y2) / 2 - y);
    }
    for (const Level& level : scene.grid.levels()) {
      std::vector<double> part(nearness.begin() + level.first,
                               nearness.begin() + level.first + level.height * level.width);
      for (const size_t a : top(part, 9)) candidates.push_back(a + static_cast<size_t>(level.first));
    }
    double mean = 0, variance = 0;
    const auto n = static_cast<double>(candidates.size());
    for (const size_t a : candidates) mean += squares[g][a] / n;
    for (const size_t a : candidates) variance += std::pow(squares[g][a] - mean, 2) / (n - 1);
    for (const size_t a : candidates) {
      mask[g][a] = squares[g][a] > mean + std::sqrt(variance) && inside(scene, g, a) ? 1 : 0;
    }
  }
  one_owner(mask, squares);
  expect_assignment(assign_atss(scene.grid, scene.truths, scene.predicted()), mask, box_overlaps(scene));
}

void referee_tal(const Scene& scene) {
  Matrix mask = zeros(scene), metric = zeros(scene), scores = zeros(scene);
  const Matrix overlaps = box_overlaps(scene);
  for (size_t g = 0; g < mask.size(); ++g) {
    std::vector<double> eligible(mask[g].size());
    for (size_t a = 0; a < mask[g].size(); ++a) {
      const float z = scene.logits[a * 3 + static_cast<size_t>(scene.truths[g].label)];
      const float p = 1 / (1 + std::exp(-z));
      metric[g][a] = p * std::pow(overlaps[g][a], 6);
      eligible[a] = inside(scene, g, a) ? metric[g][a] : 0;
    }
    for (const size_t a : top(eligible, 13)) mask[g][a] = inside(scene, g, a) ? 1 : 0;
  }
  one_owner(mask, overlaps);
  for (size_t g = 0; g < mask.size(); ++g) {
    double best_metric = 0, best_overlap = 0;
    for (size_t a = 0; a < mask[g].size(); ++a) {
      best_metric = std::max(best_metric, metric[g][a] * mask[g][a]);
      best_overlap = std::max(best_overlap, overlaps[g][a] * mask[g][a]);
    }
    for (size_t a = 0; a < mask[g].size(); ++a) {
      scores[g][a] = metric[g][a] * mask[g][a] * best_overlap / (best_metric + 1e-9);
    }
  }
  expect_assignment(assign_tal(scene.grid, scene.truths, scene.predicted()), mask, scores);
}

TEST(AssignAtss, AgreesWithTheDenseReferee) {
  for (uint64_t seed = 0; seed < 40; ++seed) referee_atss(random_scene(seed, 128, 160, 1 + seed % 9));
}

TEST(AssignAtss, LevelsWithFewerThanNineCellsGiveAllTheyHave) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    referee_atss(random_scene(seed, 32, 64, 3));   // levels of 4 x 8, 2 x 4 and 1 x 2 cells
    referee_atss(random_scene(seed, 32, 640, 3));  // a level of 1 x 20
  }
}

TEST(AssignTal, AgreesWithTheDenseReferee) {
  for (uint64_t seed = 0; seed < 40; ++seed) referee_tal(random_scene(seed, 128, 160, 1 + seed % 9));
}

TEST(AssignTal, AnchorsWithoutOverlapTakeTheLowestPlaces) {
  Scene scene = random_scene(7, 64, 64, 2);
  scene.truths[0] = {0, 0, 0, 64, 64};
  for (size_t a = 0; a < scene.boxes.size(); a += 4)
    scene.boxes[a] = scene.boxes[a + 2] = -100;  // overlap nothing
  referee_tal(scene);
  EXPECT_EQ(assign_tal(scene.grid, {scene.truths.data(), 1}, scene.predicted()).size(), 13U);
}

TEST(Assigners, ImagesWithoutObjectsAreAllBackground) {
  const Scene scene = random_scene(8, 64, 64, 0);
  EXPECT_TRUE(assign_atss(scene.grid, scene.truths, scene.predicted()).empty());
  EXPECT_TRUE(assign_tal(scene.grid, scene.truths, scene.predicted()).empty());
}

TEST(ResolveConflicts, FirstOfEqualOverlapsWins) {
  const Claims claims{{5, 2}, {5, 1}, {3, 2}};
  EXPECT_EQ(resolve_conflicts(claims, 3, [](int64_t, int64_t) { return 0.5; }), (Claims{{3, 2}, {5, 0}}));
}

}  // namespace
}  // namespace y6q::train
