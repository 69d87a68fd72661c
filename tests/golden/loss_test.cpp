#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "golden/golden.h"
#include "train/assign_atss.h"
#include "train/assign_tal.h"
#include "train/image_loss.h"

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

Computed compute(const nlohmann::json& recorded) {
  const auto inputs = golden::tensors("loss/inputs");
  const AnchorGrid grid(levels_of(kHeight, kWidth, kStrides));
  const auto truths =
      targets_by_image(targets_named(inputs, recorded["targets"]), {kImages, kHeight, kWidth}, kClasses);
  const std::vector<float> logits = logits_named(inputs, recorded["logits"]);
  const auto distances = inputs.floats(recorded["dist"]);
  const LossOptions options{.class_count = kClasses,
                            .reg_max = recorded["reg_max"],
                            .iou = from_name<IouType>(recorded["iou_type"].get<std::string>())};
  const int64_t sides = 4 * (options.reg_max + 1), anchors = grid.count();
  const auto rows = static_cast<size_t>(kImages * anchors);
  Computed result;
  result.boxes.resize(rows * 4);
  result.target_boxes.resize(rows * 4);
  result.by_logits.resize(logits.size());
  result.by_distances.resize(rows * static_cast<size_t>(sides));
  result.scores.resize(rows * kClasses);
  result.mask.resize(rows);
  result.labels.resize(rows);

  std::vector<ImageMaps> maps;
  std::vector<Assignment> assignments;
  for (int64_t image = 0; image < kImages; ++image) {
    const int64_t first = image * anchors;
    float* boxes = result.boxes.data() + first * 4;
    maps.push_back({logits.data() + first * kClasses, distances.floats().data() + first * sides, boxes,
                    result.by_logits.data() + first * kClasses, result.by_distances.data() + first * sides});
    decode_boxes(grid, maps.back().distances, options.reg_max, boxes);
    const ImagePredictions predicted{boxes, maps.back().logits, kClasses};
    const auto& objects = truths[static_cast<size_t>(image)];
    assignments.push_back(recorded["assigner"] == "atss" ? assign_atss(grid, objects, predicted)
                                                         : assign_tal(grid, objects, predicted));
    note(assignments.back(), objects, first, result);
  }
  const double norm = std::max(result.score_sum, 1.0);
  for (size_t image = 0; image < maps.size(); ++image) {
    const LossTerms terms = image_loss(grid, truths[image], assignments[image], maps[image], norm, options);
    result.terms += terms;
  }
  return result;
}

class RecordedLoss : public testing::TestWithParam<const char*> {};

TEST_P(RecordedLoss, AssignmentLossesAndGradientsAgree) {
  Y6Q_NEED_GOLDEN();
  const std::string name = std::string("loss/") + GetParam();
  const auto recorded = golden::json(name);
  const auto tensors = golden::tensors(name);
  const Computed got = compute(recorded);

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

INSTANTIATE_TEST_SUITE_P(Golden, RecordedLoss,
                         testing::Values("giou_dfl16_atss_empty", "giou_dfl16_atss_few",
                                         "giou_dfl16_atss_full", "giou_dfl16_tal_empty", "giou_dfl16_tal_few",
                                         "giou_dfl16_tal_full", "giou_nodfl_atss_empty",
                                         "giou_nodfl_atss_few", "giou_nodfl_atss_full",
                                         "giou_nodfl_tal_empty", "giou_nodfl_tal_few", "giou_nodfl_tal_full",
                                         "siou_nodfl_atss_full", "siou_nodfl_tal_full"),
                         [](const auto& test) { return std::string(test.param); });

class RecordedIou : public testing::TestWithParam<const char*> {};

TEST_P(RecordedIou, LossAndGradientAgree) {
  Y6Q_NEED_GOLDEN();
  const auto tensors = golden::tensors("loss/iou_pairs");
  const std::string kind = GetParam();
  for (const std::string set : {"random/", "edge/"}) {
    const auto predicted = tensors.floats(set + "pred"), target = tensors.floats(set + "target");
    const auto upstream = tensors.floats(set + "upstream"), loss = tensors.floats(set + kind + "_loss");
    const auto gradient = tensors.floats(set + kind + "_grad_pred");
    for (size_t pair = 0; pair < loss.floats().size(); ++pair) {
      Corners p, t;
      std::copy_n(predicted.floats().begin() + static_cast<std::ptrdiff_t>(pair * 4), 4, p.begin());
      std::copy_n(target.floats().begin() + static_cast<std::ptrdiff_t>(pair * 4), 4, t.begin());
      const BoxLoss got = iou_loss(from_name<IouType>(kind), p, t);
      const std::string label = set + kind + " pair " + std::to_string(pair);
      if (!std::isfinite(loss.floats()[pair])) {
        EXPECT_TRUE(std::isfinite(got.loss)) << label;
        continue;
      }
      EXPECT_NEAR(got.loss, loss.floats()[pair], 1e-5 + 1e-4 * std::abs(loss.floats()[pair])) << label;
      for (size_t i = 0; i < 4; ++i) {
        const float want = gradient.floats()[pair * 4 + i];
        if (!std::isfinite(want)) continue;
        EXPECT_NEAR(got.gradient[i] * upstream.floats()[pair], want, 1e-5 + 1e-4 * std::abs(want)) << label;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, RecordedIou, testing::Values("giou", "diou", "ciou", "siou"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace y6q::train
