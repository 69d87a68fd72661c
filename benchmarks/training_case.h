#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "ir/queries.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_batch_norm.h"
#include "passes/insert_quantizers.h"
#include "train/learner.h"

/// What the benchmarks of training steps learn: random images and boxes, untrained networks.
namespace y6q::train::training_case {

inline constexpr int64_t kClasses = 80, kObjects = 8;

inline data::Batch random_batch(int64_t count, int64_t side) {
  Random random(1);
  data::Batch batch;
  batch.count = batch.whole_count = count;
  batch.height = batch.width = side;
  for (int64_t i = 0; i < count * 3 * side * side; ++i) {
    batch.images.push_back(static_cast<uint8_t>(random.uniform(0, 256)));
  }
  const auto between = [&](double low, double high) { return static_cast<float>(random.uniform(low, high)); };
  for (int64_t i = 0; i < count * kObjects; ++i) {
    batch.targets.push_back({i / kObjects, i % kClasses, between(0.3, 0.7), between(0.3, 0.7),
                             between(0.05, 0.5), between(0.05, 0.5)});
  }
  return batch;
}

inline ir::Model network(const std::string& architecture, int64_t side) {
  return models::yolov6({.architecture = architecture, .class_count = kClasses, .image_size = {side, side}});
}

/// Every range is 1 and every result has the moments 0 and 1: what is computed makes no difference to the
/// time.
inline Training quantized_training(const std::string& architecture, int64_t side) {
  const ir::Model teacher = passes::deploy(network(architecture, side));
  ir::Model student = passes::insert_quantizers(teacher, {});
  for (const ir::Value quantizer : ir::activation_quantizers(student.graph)) {
    const ir::Node& node = student.graph.node(quantizer);
    student.weights.at(student.graph.node(node.inputs[1]).name) = ir::Array::scalar(1);
  }
  std::map<std::string, passes::Moments> moments;
  for (const ir::Value value : passes::convolutions_without_norm(student.graph)) {
    const ir::Node& node = student.graph.node(value);
    const auto channels = static_cast<size_t>(node.shape[1]);
    moments[node.name] = {std::vector<double>(channels, 0), std::vector<double>(channels, 1)};
  }
  return {.start = passes::insert_batch_norm(student, moments), .masks = {}, .teacher = teacher};
}

/// One step: forward, loss, backward, optimizer, averages.
inline PendingTerms step(Learner& learner, const data::Batch& batch) {
  constexpr int64_t kEpochOfTal = 10;
  PendingTerms terms = learner.learn(batch, kEpochOfTal);
  learner.step({.lr = 1e-5, .bias_lr = 1e-5, .momentum = 0.9});
  return terms;
}

}  // namespace y6q::train::training_case
