#pragma once

#include <cmath>
#include <vector>

#include "base/random.h"
#include "train/batch_tensors.h"
#include "train/predictions.h"

namespace y6q::train {

/// For tests: a batch of random objects and predictions.
struct BatchedScene {
  AnchorGrid grid;
  std::vector<Level> levels;
  BatchShape shape;
  std::vector<data::Target> targets;
  std::vector<std::vector<GroundTruth>> truths;
  Predictions predictions;
};

struct BatchedSceneOptions {
  int64_t height = 128, width = 160, class_count = 4, reg_max = 0;
  std::vector<int64_t> objects = {3, 0, 1, 300};  ///< of each image
  uint64_t seed = 1;
};

/// Predictions that a network might make after some training: boxes of about the right size, some of them
/// matching an object, scores mostly low.
inline BatchedScene random_scene(const BatchedSceneOptions& options) {
  constexpr int64_t kStrides[] = {8, 16, 32};
  Random random(options.seed);
  BatchedScene scene;
  scene.levels = levels_of(options.height, options.width, kStrides);
  scene.grid = AnchorGrid(scene.levels);
  scene.shape = {static_cast<int64_t>(options.objects.size()), options.height, options.width};
  for (int64_t image = 0; image < scene.shape.count; ++image) {
    for (int64_t object = 0; object < options.objects[static_cast<size_t>(image)]; ++object) {
      const double w = random.uniform(0.02, 0.9), h = random.uniform(0.02, 0.9);
      const double cx = random.uniform(w / 2, 1 - w / 2), cy = random.uniform(h / 2, 1 - h / 2);
      scene.targets.push_back({image, random.index(options.class_count), static_cast<float>(cx),
                               static_cast<float>(cy), static_cast<float>(w), static_cast<float>(h)});
    }
  }
  scene.truths = targets_by_image(scene.targets, scene.shape, options.class_count);
  const int64_t rows = scene.shape.count * scene.grid.count(), bins = options.reg_max + 1;
  std::vector<float> logits, distances;
  for (int64_t i = 0; i < rows * options.class_count; ++i) {
    logits.push_back(static_cast<float>(random.uniform(-6, 2)));
  }
  for (int64_t side = 0; side < rows * 4; ++side) {
    const double around = random.uniform(0, 4);
    for (int64_t bin = 0; bin < bins; ++bin) {
      const double value = options.reg_max == 0
                               ? around
                               : -std::abs(static_cast<double>(bin) - around) + random.uniform(-1, 1);
      distances.push_back(static_cast<float>(value));
    }
  }
  scene.predictions = {
      torch::tensor(logits).view({scene.shape.count, scene.grid.count(), options.class_count}),
      torch::tensor(distances).view({scene.shape.count, scene.grid.count(), 4 * bins})};
  return scene;
}

}  // namespace y6q::train
