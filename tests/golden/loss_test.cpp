#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "golden/golden.h"
#include "train/assign_atss.h"
#include "train/assign_tal.h"
#include "train/batched_iou.h"
#include "train/batched_loss.h"
#include "train/image_loss.h"
#include "train/pending_terms.h"

namespace y6q::train {
namespace {

constexpr int64_t kHeight = 128, kWidth = 160, kClasses = 5, kImages = 3;
constexpr int64_t kStrides[] = {8, 16, 32};

std::vector<data::Target> targets_named(const formats::SafetensorsReader& inputs, const std::string& name) {
  std::vector<data::Target> targets;
  if (name == "none") return targets;
  const auto array = inputs.floats(name);
  for (auto row = array.floats().begin(); row != array.floats().end(); row += 6) {
    targets.push_back(
        {static_cast<int64_t>(row[0]), static_cast<int64_t>(row[1]), row[2], row[3], row[4], row[5]});
  }
  return targets;
}

/// "logits_nodfl" or "logits_nodfl - 3".
std::vector<float> logits_named(const formats::SafetensorsReader& inputs, const std::string& name) {
  const size_t minus = name.find(" - ");
  std::vector<float> logits = inputs.floats(name.substr(0, minus)).floats();
  const float shift = minus == std::string::npos ? 0.0F : std::stof(name.substr(minus + 3));
  for (float& value : logits) value -= shift;
  return logits;
}

struct Computed {
  LossTerms terms;
  std::vector<float> boxes, by_logits, by_distances, scores, target_boxes;
  std::vector<int64_t> mask, labels;
  double score_sum = 0;
};

void note(const Assignment& assignment, std::span<const GroundTruth> truths, int64_t first,
          Computed& result) {
  for (const Positive& positive : assignment) {
    const GroundTruth& truth = truths[static_cast<size_t>(positive.truth)];
    const auto row = static_cast<size_t>(first + positive.anchor);
    result.mask[row] = 1;
    result.labels[row] = truth.label;
    result.scores[row * kClasses + static_cast<size_t>(truth.label)] = static_cast<float>(positive.score);
    const double box[] = {truth.x1, truth.y1, truth.x2, truth.y2};
    for (size_t i = 0; i < 4; ++i) result.target_boxes[row * 4 + i] = static_cast<float>(box[i]);
    result.score_sum += positive.score;
  }
}

/// The inputs of a case; results filled in by one of the two forms.
struct Case {
  AnchorGrid grid{levels_of(kHeight, kWidth, kStrides)};
  std::vector<std::vector<GroundTruth>> truths;
  std::vector<float> logits, distances;
  LossOptions options;
  bool warmup;

  explicit Case(const nlohmann::json& recorded) {
    const auto inputs = golden::tensors("loss/inputs");
    truths =
        targets_by_image(targets_named(inputs, recorded["targets"]), {kImages, kHeight, kWidth}, kClasses);
    logits = logits_named(inputs, recorded["logits"]);
    distances = inputs.floats(recorded["dist"]).floats();
    options = {.class_count = kClasses,
               .reg_max = recorded["reg_max"],
               .iou = from_name<IouType>(recorded["iou_type"].get<std::string>())};
    warmup = recorded["assigner"] == "atss";
  }
  int64_t sides() const { return 4 * (options.reg_max + 1); }
  Computed room() const {
    const auto rows = static_cast<size_t>(kImages * grid.count());
    Computed result;
    result.boxes.resize(rows * 4);
    result.target_boxes.resize(rows * 4);
    result.by_logits.resize(logits.size());
    result.by_distances.resize(distances.size());
    result.scores.resize(rows * kClasses);
    result.mask.resize(rows);
    result.labels.resize(rows);
    return result;
  }
};

Computed by_loops(const Case& given) {
  const int64_t anchors = given.grid.count();
  Computed result = given.room();
  std::vector<ImageMaps> maps;
  std::vector<Assignment> assignments;
  for (int64_t image = 0; image < kImages; ++image) {
    const int64_t first = image * anchors;
    float* boxes = result.boxes.data() + first * 4;
    maps.push_back({given.logits.data() + first * kClasses, given.distances.data() + first * given.sides(),
                    boxes, result.by_logits.data() + first * kClasses,
                    result.by_distances.data() + first * given.sides()});
    decode_boxes(given.grid, maps.back().distances, given.options.reg_max, boxes);
    const ImagePredictions predicted{boxes, maps.back().logits, kClasses};
    const auto& objects = given.truths[static_cast<size_t>(image)];
    assignments.push_back(given.warmup ? assign_atss(given.grid, objects, predicted)
                                       : assign_tal(given.grid, objects, predicted));
    note(assignments.back(), objects, first, result);
  }
  const double norm = std::max(result.score_sum, 1.0);
  for (size_t image = 0; image < maps.size(); ++image) {
    result.terms +=
        image_loss(given.grid, given.truths[image], assignments[image], maps[image], norm, given.options);
  }
  return result;
}

std::vector<float> values_of(const torch::Tensor& tensor) {
  const torch::Tensor rows = tensor.contiguous();
  return {rows.const_data_ptr<float>(), rows.const_data_ptr<float>() + rows.numel()};
}

Computed by_operators(const Case& given) {
  const int64_t anchors = given.grid.count();
  const auto leaf = [](const std::vector<float>& values, int64_t columns) {
    return torch::tensor(values).view({kImages, -1, columns}).requires_grad_();
  };
  const Predictions predictions{leaf(given.logits, kClasses), leaf(given.distances, given.sides())};
  const AnchorTensors tensors = anchor_tensors(given.grid, torch::kCPU);
  const PaddedTruths padded = pad_truths(given.truths, torch::kFloat64);
  const BatchedLoss loss(tensors, given.options, predictions);
  const BatchedAssignment assignment = loss.assign(padded, given.warmup);
  const BatchedLoss::Value value = loss.evaluate(padded, assignment, assignment.score.sum().clamp_min(1));
  value.total.backward();
  Computed result = given.room();
  const auto assignments = to_assignments(assignment);
  for (size_t image = 0; image < assignments.size(); ++image) {
    note(assignments[image], given.truths[image], static_cast<int64_t>(image) * anchors, result);
  }
  result.boxes = values_of(loss.boxes());
  result.by_logits = values_of(predictions.logits.grad());
  result.by_distances = values_of(predictions.distances.grad());
  result.terms = PendingTerms(value.parts).wait();
  return result;
}

void expect_recorded(const std::string& name, Computed (*compute)(const Case&)) {
  const auto recorded = golden::json(name);
  const auto tensors = golden::tensors(name);
  const Computed got = compute(Case(recorded));

  const auto want_mask = std::get<std::vector<int64_t>>(tensors.integers("fg_mask").data);
  const auto want_labels = std::get<std::vector<int64_t>>(tensors.integers("target_labels").data);
  EXPECT_EQ(got.mask, want_mask);
  EXPECT_EQ(std::count(got.mask.begin(), got.mask.end(), 1), recorded["positives"].get<int64_t>());
  for (size_t row = 0; row < want_mask.size(); ++row) {
    if (want_mask[row] != 0) {
      EXPECT_EQ(got.labels[row], want_labels[row]) << "anchor " << row;
    }
  }
  if (tensors.tensors().contains("target_scores")) {
    golden::expect_close(got.scores, tensors.floats("target_scores").floats(), {.atol = 1e-4}, "scores");
    golden::expect_close(got.boxes, tensors.floats("pred_bboxes_px").floats(), {.rtol = 1e-5, .atol = 1e-3},
                         "boxes");
    auto want_boxes = tensors.floats("target_bboxes").floats();
    for (size_t i = 0; i < want_boxes.size(); ++i) {
      if (want_mask[i / 4] == 0) want_boxes[i] = 0;
    }
    golden::expect_close(got.target_boxes, want_boxes, {.rtol = 1e-6, .atol = 1e-4}, "target boxes");
  }
  const auto near = [](double value, const nlohmann::json& want) {
    EXPECT_NEAR(value, want.get<double>(), 1e-4 * std::abs(want.get<double>()));
  };
  near(got.score_sum, recorded["target_scores_sum"]);
  near(got.terms.classes, recorded["loss_cls_weighted"]);
  near(got.terms.iou, recorded["loss_iou_weighted"]);
  near(got.terms.dfl, recorded["loss_dfl_weighted"]);
  near(got.terms.total(), recorded["total"]);
  golden::expect_close(got.by_logits, tensors.floats("grad_logits").floats(), {.rtol = 1e-3, .atol = 1e-6},
                       "gradient by logits");
  golden::expect_close(got.by_distances, tensors.floats("grad_dist").floats(), {.rtol = 1e-3, .atol = 1e-6},
                       "gradient by distances");
}

class RecordedLoss : public testing::TestWithParam<const char*> {};

TEST_P(RecordedLoss, AssignmentLossesAndGradientsAgree) {
  Y6Q_NEED_GOLDEN();
  expect_recorded(std::string("loss/") + GetParam(), by_loops);
}

TEST_P(RecordedLoss, AgreesInBatchedOperators) {
  Y6Q_NEED_GOLDEN();
  expect_recorded(std::string("loss/") + GetParam(), by_operators);
}

INSTANTIATE_TEST_SUITE_P(Golden, RecordedLoss,
                         testing::Values("giou_dfl16_atss_empty", "giou_dfl16_atss_few",
                                         "giou_dfl16_atss_full", "giou_dfl16_tal_empty", "giou_dfl16_tal_few",
                                         "giou_dfl16_tal_full", "giou_nodfl_atss_empty",
                                         "giou_nodfl_atss_few", "giou_nodfl_atss_full",
                                         "giou_nodfl_tal_empty", "giou_nodfl_tal_few", "giou_nodfl_tal_full",
                                         "siou_nodfl_atss_full", "siou_nodfl_tal_full"),
                         [](const auto& test) { return std::string(test.param); });

using Numbers = std::vector<float>;

Corners corners_of(const Numbers& boxes, size_t row) {
  Corners corners;
  std::copy_n(boxes.begin() + static_cast<std::ptrdiff_t>(row * 4), 4, corners.begin());
  return corners;
}

std::vector<BoxLoss> iou_by_loops(IouType type, const Numbers& predicted, const Numbers& target) {
  std::vector<BoxLoss> losses;
  for (size_t pair = 0; pair < predicted.size() / 4; ++pair) {
    losses.push_back(iou_loss(type, corners_of(predicted, pair), corners_of(target, pair)));
  }
  return losses;
}

std::vector<BoxLoss> iou_by_operators(IouType type, const Numbers& predicted, const Numbers& target) {
  const auto boxes = [](const Numbers& numbers) {
    return torch::tensor(numbers).to(torch::kFloat64).view({-1, 4});
  };
  const torch::Tensor leaf = boxes(predicted).requires_grad_();
  const torch::Tensor values = iou_losses(type, leaf, boxes(target));
  values.sum().backward();
  std::vector<BoxLoss> losses;
  for (int64_t pair = 0; pair < values.numel(); ++pair) {
    losses.push_back({values[pair].item<double>(), {}});
    std::copy_n(leaf.grad()[pair].const_data_ptr<double>(), 4, losses.back().gradient.begin());
  }
  return losses;
}

void expect_recorded_iou(const std::string& kind,
                         std::vector<BoxLoss> (*compute)(IouType, const Numbers&, const Numbers&)) {
  const auto tensors = golden::tensors("loss/iou_pairs");
  for (const std::string set : {"random/", "edge/"}) {
    const auto numbers = [&](const std::string& name) { return tensors.floats(set + name).floats(); };
    const Numbers upstream = numbers("upstream"), loss = numbers(kind + "_loss"),
                  gradient = numbers(kind + "_grad_pred");
    const auto all = compute(from_name<IouType>(kind), numbers("pred"), numbers("target"));
    ASSERT_EQ(all.size(), loss.size());
    for (size_t pair = 0; pair < loss.size(); ++pair) {
      const BoxLoss& got = all[pair];
      const std::string label = set + kind + " pair " + std::to_string(pair);
      if (!std::isfinite(loss[pair])) {
        EXPECT_TRUE(std::isfinite(got.loss)) << label;
        continue;
      }
      EXPECT_NEAR(got.loss, loss[pair], 1e-5 + 1e-4 * std::abs(loss[pair])) << label;
      for (size_t i = 0; i < 4; ++i) {
        const float want = gradient[pair * 4 + i];
        if (!std::isfinite(want)) continue;
        EXPECT_NEAR(got.gradient[i] * upstream[pair], want, 1e-5 + 1e-4 * std::abs(want)) << label;
      }
    }
  }
}

class RecordedIou : public testing::TestWithParam<const char*> {};

TEST_P(RecordedIou, LossAndGradientAgree) {
  Y6Q_NEED_GOLDEN();
  expect_recorded_iou(GetParam(), iou_by_loops);
}

TEST_P(RecordedIou, AgreesInBatchedOperators) {
  Y6Q_NEED_GOLDEN();
  expect_recorded_iou(GetParam(), iou_by_operators);
}

INSTANTIATE_TEST_SUITE_P(Golden, RecordedIou, testing::Values("giou", "diou", "ciou", "siou"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace y6q::train
