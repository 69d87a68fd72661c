#include "train/batched_loss.h"

#include <ATen/ops/neg.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include <limits>

#include "train/batched_scene.h"
#include "train/detection_loss.h"

// The plain loops are the referee.
namespace y6q::train {
namespace {

constexpr double kTolerance = 1e-5;

struct Computed {
  DetectionLossResult result;
  Predictions gradients;
};

Computed compute(const BatchedScene& scene, const LossOptions& options, LossForm form, bool warmup,
                 dist::TensorSum* sum = nullptr) {
  const Predictions leaves{scene.predictions.logits.clone().requires_grad_(),
                           scene.predictions.distances.clone().requires_grad_()};
  DetectionLoss loss(options, sum, form);
  const int64_t epoch = warmup ? 0 : options.atss_warmup_epochs;
  Computed computed{loss(leaves, scene.targets, scene.levels, epoch), {}};
  (computed.result.total * 3).backward();
  computed.gradients = {leaves.logits.grad(), leaves.distances.grad()};
  return computed;
}

void expect_near(double got, double want) { EXPECT_NEAR(got, want, kTolerance * std::abs(want)); }

/// Element by element: to the tolerance of the element and of the root mean square of those that are not 0.
void expect_near(const torch::Tensor& got, const torch::Tensor& want, const char* what) {
  const double scale =
      std::sqrt(want.square().sum().item<double>() / std::max((want != 0).sum().item<double>(), 1.0));
  const torch::Tensor excess = (got - want).abs() - kTolerance * (want.abs() + scale);
  EXPECT_LE(excess.max().item<double>(), 0) << what << ", root mean square " << scale;
}

void expect_same(const Computed& got, const Computed& want) {
  const LossTerms found = got.result.terms().wait(), wanted = want.result.terms().wait();
  for (const LossTerm& term : kLossTerms) expect_near(found.*term.value, wanted.*term.value);
  expect_near(got.result.total.item<double>(), wanted.total());
  expect_near(got.result.normaliser.item<double>(), want.result.normaliser.item<double>());
  expect_near(got.gradients.logits, want.gradients.logits, "by logits");
  expect_near(got.gradients.distances, want.gradients.distances, "by distances");
}

void expect_loops_numbers(const BatchedScene& scene, const LossOptions& options, bool warmup) {
  expect_same(compute(scene, options, LossForm::batched, warmup),
              compute(scene, options, LossForm::loops, warmup));
}

using Case = std::tuple<IouType, int64_t, bool>;
class BatchedLossOf : public testing::TestWithParam<Case> {};

TEST_P(BatchedLossOf, ValuesAndGradientsAreThoseOfTheLoops) {
  const auto [iou, reg_max, warmup] = GetParam();
  for (uint64_t seed = 0; seed < 2; ++seed) {
    const BatchedScene scene = random_scene({.reg_max = reg_max, .objects = {5, 0, 1, 300}, .seed = seed});
    expect_loops_numbers(scene, {.class_count = 4, .reg_max = reg_max, .iou = iou}, warmup);
  }
}

std::string case_name(const testing::TestParamInfo<Case>& test) {
  const auto [iou, reg_max, warmup] = test.param;
  return std::string(name_of(iou)) + (reg_max > 0 ? "_dfl" : "_distances") + (warmup ? "_atss" : "_tal");
}

INSTANTIATE_TEST_SUITE_P(Cases, BatchedLossOf,
                         testing::Combine(testing::Values(IouType::giou, IouType::diou, IouType::ciou,
                                                          IouType::siou),
                                          testing::Values(int64_t{0}, int64_t{16}), testing::Bool()),
                         case_name);

TEST(BatchedLoss, WithoutObjectsOnlyTheBackgroundCosts) {
  for (const int64_t reg_max : {int64_t{0}, int64_t{16}}) {
    const BatchedScene scene = random_scene({.reg_max = reg_max, .objects = {0, 0}});
    expect_loops_numbers(scene, {.class_count = 4, .reg_max = reg_max}, false);
  }
}

TEST(BatchedLoss, LogitsBeyondTheClampOfLogarithms) {
  BatchedScene scene = random_scene({.objects = {4}});
  scene.predictions.logits.mul_(60);
  expect_loops_numbers(scene, {.class_count = 4}, true);
}

TEST(BatchedLoss, ABrokenBoxOfTheBackgroundCostsNothing) {
  BatchedScene scene = random_scene({.objects = {1}});
  scene.truths = {};
  scene.targets = {{0, 0, .25F, .25F, .3F, .3F}};
  scene.predictions.distances[0][-1].fill_(std::numeric_limits<float>::quiet_NaN());
  for (const bool warmup : {false, true}) expect_loops_numbers(scene, {.class_count = 4}, warmup);
}

/// Two processes of the same share.
class Twins final : public dist::TensorSum {
 public:
  void start(const torch::Tensor&) override {}
  void finish() override {}
  void add(const torch::Tensor& values) override { values.mul_(2); }
};

TEST(BatchedLoss, IsDividedByTheScoresOfAllProcesses) {
  const BatchedScene scene = random_scene({});
  const LossOptions options{.class_count = 4};
  Twins twins;
  const Computed alone = compute(scene, options, LossForm::batched, false),
                 shared = compute(scene, options, LossForm::batched, false, &twins);
  expect_same(shared, compute(scene, options, LossForm::loops, false, &twins));
  expect_near(shared.result.terms().wait().total() * 2, alone.result.terms().wait().total());
}

// LibTorch's C++ lacks some operators for tensors without values (Python brings them): others of the same
// shapes, types and devices stand in.
torch::Tensor where_of_meta(const torch::Tensor& condition, const torch::Tensor& a, const torch::Tensor& b) {
  return (a + b) * condition;
}
torch::Tensor relu_of_meta(const torch::Tensor& a) { return a.neg(); }
torch::Tensor& abs_of_meta(const torch::Tensor& a, torch::Tensor& out) { return at::neg_out(out, a); }
TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("where.self", where_of_meta);
  library.impl("relu", relu_of_meta);
  library.impl("abs.out", abs_of_meta);
}

TEST(BatchedLoss, NothingNeedsValuesOrLeavesTheDevice) {
  // Tensors of the device `meta` have shapes and no values: reading one throws, an operator whose result's
  // shape depends on values throws, and so do elementwise operators that meet a tensor of the CPU.
  const torch::Device meta(torch::kMeta);
  EXPECT_ANY_THROW(torch::ones({2}).to(meta) + torch::ones({2}));
  for (const int64_t reg_max : {int64_t{0}, int64_t{16}}) {
    for (const IouType iou : {IouType::giou, IouType::diou, IouType::ciou, IouType::siou}) {
      const BatchedScene scene = random_scene({.reg_max = reg_max, .objects = {5, 0}});
      const LossOptions options{.class_count = 4, .reg_max = reg_max, .iou = iou};
      const AnchorTensors anchors = anchor_tensors(scene.grid, meta);
      const PaddedTruths truths = pad_truths(scene.truths, torch::TensorOptions(meta).dtype(torch::kFloat64));
      const Predictions leaves{scene.predictions.logits.to(meta).requires_grad_(),
                               scene.predictions.distances.to(meta).requires_grad_()};
      const BatchedLoss loss(anchors, options, leaves);
      for (const bool warmup : {false, true}) {
        const BatchedAssignment assignment = loss.assign(truths, warmup);
        EXPECT_EQ(assignment.score.sizes(), (torch::IntArrayRef{2, scene.grid.count()}));
        const BatchedLoss::Value value =
            loss.evaluate(truths, assignment, assignment.score.sum().clamp_min(1));
        value.total.backward();
        EXPECT_EQ(value.total.dim(), 0);
        for (const torch::Tensor& tensor :
             {assignment.positive, assignment.truth, assignment.score, value.total, value.parts}) {
          EXPECT_TRUE(tensor.is_meta());
        }
        EXPECT_EQ(leaves.logits.grad().sizes(), leaves.logits.sizes());
        EXPECT_EQ(leaves.distances.grad().sizes(), leaves.distances.sizes());
      }
    }
  }
}

}  // namespace
}  // namespace y6q::train
