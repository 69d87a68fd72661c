#include "train/distillation.h"

#include <cmath>
#include <numbers>

#include "base/errors.h"

namespace y6q::train {
namespace {

/// Sum of t (ln t - ln s) - t + s, softmax over the last axis of both: t and s add up to the same, and no
/// term is negative. With d = ln t - ln s a term is t (d + expm1(-d)), which keeps its digits where t and s
/// are nearly equal; there the sum of t d alone is all rounding, of either sign. By the student's logits: s -
/// t.
struct Divergence : torch::autograd::Function<Divergence> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& student,
                               const torch::Tensor& teacher) {
    const torch::Tensor log_s = student.log_softmax(-1), log_t = teacher.log_softmax(-1);
    const torch::Tensor s = log_s.exp(), t = log_t.exp(), d = log_t - log_s;
    const torch::Tensor bounded = d.clamp(-1, 1), ratio = bounded.neg().expm1_();  // s / t - 1
    const torch::Tensor is_near = bounded == d;
    const torch::Tensor near = (bounded + ratio).clamp_min_(0) * t, apart = t * d - t + s;
    context->save_for_backward({torch::where(is_near, ratio * t, s - t)});
    return torch::where(is_near, near, apart).sum();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& upstream) {
    return {context->get_saved_variables()[0] * upstream[0], {}};
  }
};

torch::Tensor divergence(const torch::Tensor& student, const torch::Tensor& teacher) {
  return Divergence::apply(student, teacher);
}

void check_same(const torch::Tensor& student, const torch::Tensor& teacher) {
  if (student.sizes() == teacher.sizes()) return;
  throw ShapeError(
      "distillation: the student gives {}, the teacher {}; both need the same architecture, classes and size",
      ir::to_text(student.sizes().vec()), ir::to_text(teacher.sizes().vec()));
}

}  // namespace

double distill_decay(int64_t epoch, int64_t epochs) {
  const double progress = static_cast<double>(epoch) / static_cast<double>(epochs);
  return (1 - std::cos(std::numbers::pi * progress)) / 2 * (0.01 - 1) + 1;
}

torch::Tensor channelwise_distillation(std::span<const torch::Tensor> student,
                                       std::span<const torch::Tensor> teacher, int64_t images,
                                       double temperature) {
  torch::Tensor sum = torch::zeros({});
  for (size_t level = 0; level < student.size(); ++level) {
    check_same(student[level], teacher[level]);
    const auto rows = static_cast<double>(images * student[level].size(1));
    const torch::Tensor apart =
        divergence(student[level].flatten(2) / temperature, teacher[level].flatten(2) / temperature);
    sum = sum + apart * (temperature * temperature / rows);
  }
  return sum;
}

torch::Tensor class_distillation(const torch::Tensor& student, const torch::Tensor& teacher,
                                 double temperature) {
  check_same(student, teacher);
  return divergence(student.sigmoid() / temperature, teacher.sigmoid() / temperature) *
         (temperature * temperature);
}

torch::Tensor dfl_distillation(const torch::Tensor& student, const torch::Tensor& teacher,
                               std::span<const Assignment> assignments, double temperature) {
  check_same(student, teacher);
  std::vector<int64_t> rows;
  double score_sum = 0;
  for (size_t image = 0; image < assignments.size(); ++image) {
    for (const Positive& positive : assignments[image]) {
      rows.push_back(static_cast<int64_t>(image) * student.size(1) + positive.anchor);
      score_sum += positive.score;
    }
  }
  if (rows.empty()) return student.sum() * 0;
  const torch::Tensor index = torch::tensor(rows, torch::kInt64);
  const auto sides = [&](const torch::Tensor& distances) {
    return distances.flatten(0, 1).index_select(0, index).unflatten(-1, {4, -1}) / temperature;
  };
  return divergence(sides(student), sides(teacher)) *
         (temperature * temperature * score_sum / static_cast<double>(4 * rows.size()));
}

}  // namespace y6q::train
