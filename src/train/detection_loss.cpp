#include "train/detection_loss.h"

#include <algorithm>

#include "base/errors.h"
#include "eager/parallel.h"
#include "ir/graph.h"
#include "train/assign_atss.h"
#include "train/assign_tal.h"
#include "train/batched_loss.h"
#include "train/known_gradients.h"

namespace y6q::train {
namespace {

/// The work of one batch by loops; every image by itself.
class LoopedLoss {
 public:
  LoopedLoss(const AnchorGrid& grid, const LossOptions& options, dist::TensorSum* sum,
             const Predictions& predictions)
      : grid_(grid),
        options_(options),
        sum_(sum),
        logits_(predictions.logits.detach().contiguous()),
        distances_(predictions.distances.detach().contiguous()),
        boxes_(torch::empty({logits_.size(0), grid.count(), 4})),
        by_logits_(torch::empty_like(logits_)),
        by_distances_(torch::zeros_like(distances_)) {}

  void assign(size_t image, std::span<const GroundTruth> truths, bool warmup) {
    const ImageMaps maps = maps_of(image);
    decode_boxes(grid_, maps.distances, options_.reg_max, boxes_.data_ptr<float>() + row(image) * 4);
    if (truths.empty()) return;
    const ImagePredictions predicted{maps.boxes, maps.logits, options_.class_count};
    assignments_[image] =
        warmup ? assign_atss(grid_, truths, predicted) : assign_tal(grid_, truths, predicted);
  }

  void evaluate(size_t image, std::span<const GroundTruth> truths, double norm) {
    terms_[image] = image_loss(grid_, truths, assignments_[image], maps_of(image), norm, options_);
  }

  DetectionLossResult run(const Predictions& predictions, const std::vector<std::vector<GroundTruth>>& truths,
                          bool warmup) {
    assignments_.resize(truths.size());
    terms_.resize(truths.size());
    each_image([&](size_t image) { assign(image, truths[image], warmup); });
    const torch::Tensor score_sum = torch::zeros({}, torch::kFloat64);
    auto& scores = *score_sum.mutable_data_ptr<double>();
    for (const Assignment& assignment : assignments_) {
      for (const Positive& positive : assignment) scores += positive.score;
    }
    if (sum_ != nullptr) sum_->add(score_sum);
    const double norm = std::max(scores, 1.0);
    each_image([&](size_t image) { evaluate(image, truths[image], norm); });
    LossTerms sum;
    for (const LossTerms& terms : terms_) sum += terms;
    return {with_gradients(torch::scalar_tensor(sum.total(), torch::kFloat32), predictions,
                           {by_logits_, by_distances_}),
            parts_of(sum), torch::scalar_tensor(norm, torch::kFloat64), std::move(assignments_)};
  }

 private:
  int64_t row(size_t image) const { return static_cast<int64_t>(image) * grid_.count(); }

  ImageMaps maps_of(size_t image) const {
    const int64_t first = row(image), sides = distances_.size(2);
    return {logits_.const_data_ptr<float>() + first * options_.class_count,
            distances_.const_data_ptr<float>() + first * sides, boxes_.const_data_ptr<float>() + first * 4,
            by_logits_.mutable_data_ptr<float>() + first * options_.class_count,
            by_distances_.mutable_data_ptr<float>() + first * sides};
  }

  template <typename Body>
  void each_image(const Body& body) const {
    at::parallel_for(0, logits_.size(0), 1, [&](int64_t first, int64_t last) {
      for (int64_t image = first; image < last; ++image) body(static_cast<size_t>(image));
    });
  }

  const AnchorGrid& grid_;
  const LossOptions& options_;
  dist::TensorSum* sum_;
  torch::Tensor logits_, distances_, boxes_, by_logits_, by_distances_;
  std::vector<Assignment> assignments_;
  std::vector<LossTerms> terms_;
};

void check(const Predictions& predictions, int64_t anchors, const LossOptions& options) {
  const std::vector<int64_t> logits = predictions.logits.sizes().vec(),
                             sides = predictions.distances.sizes().vec();
  const std::vector<int64_t> want_logits{logits.empty() ? 0 : logits[0], anchors, options.class_count};
  const std::vector<int64_t> want_sides{want_logits[0], anchors, 4 * (options.reg_max + 1)};
  if (logits != want_logits || sides != want_sides) {
    throw ShapeError("loss: class maps {} and box maps {}; {} and {} expected", ir::to_text(logits),
                     ir::to_text(sides), ir::to_text(want_logits), ir::to_text(want_sides));
  }
}

}  // namespace

const AnchorGrid& DetectionLoss::grid_of(const std::vector<Level>& levels) {
  const auto same = [](const Level& a, const Level& b) {
    return a.height == b.height && a.width == b.width && a.stride == b.stride;
  };
  if (!std::equal(levels.begin(), levels.end(), grid_.levels().begin(), grid_.levels().end(), same)) {
    grid_ = AnchorGrid(levels);
    anchors_.reset();
  }
  return grid_;
}

DetectionLossResult DetectionLoss::operator()(const Predictions& predictions,
                                              std::span<const data::Target> targets,
                                              const std::vector<Level>& levels, int64_t epoch) {
  const AnchorGrid& grid = grid_of(levels);
  check(predictions, grid.count(), options_);
  const BatchShape shape{predictions.logits.size(0), levels.front().height * levels.front().stride,
                         levels.front().width * levels.front().stride};
  const auto truths = targets_by_image(targets, shape, options_.class_count);
  const bool warmup = epoch < options_.atss_warmup_epochs;
  const bool batched =
      form_ == LossForm::automatic ? !predictions.logits.is_cpu() : form_ == LossForm::batched;
  return batched ? run_batched(predictions, truths, warmup)
                 : LoopedLoss(grid, options_, sum_, predictions).run(predictions, truths, warmup);
}

DetectionLossResult DetectionLoss::run_batched(const Predictions& predictions, const Truths& truths,
                                               bool warmup) {
  const torch::Device device = predictions.logits.device();
  if (!anchors_ || anchors_->centres.device() != device) anchors_ = anchor_tensors(grid_, device);
  const BatchedLoss loss(*anchors_, options_, predictions);
  // In double: the numbers do not depend on the form.
  const PaddedTruths padded = pad_truths(truths, predictions.logits.options().dtype(torch::kFloat64));
  const BatchedAssignment assignment = loss.assign(padded, warmup);
  const torch::Tensor sum = assignment.score.sum();
  if (sum_ != nullptr) sum_->add(sum);
  const torch::Tensor norm = sum.clamp_min(1);
  const BatchedLoss::Value value = loss.evaluate(padded, assignment, norm);
  return {value.total, value.parts, norm, {}};
}

}  // namespace y6q::train
