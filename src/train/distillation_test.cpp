#include "train/distillation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace y6q::train {
namespace {

/// Term by term in double; logits [rows, count].
double naive(const torch::Tensor& student, const torch::Tensor& teacher) {
  double sum = 0;
  for (int64_t row = 0; row < student.size(0); ++row) {
    double of_student = 0, of_teacher = 0;
    const auto at = [row](const torch::Tensor& logits, int64_t i) {
      return static_cast<double>(logits[row][i].item<float>());
    };
    for (int64_t i = 0; i < student.size(1); ++i) {
      of_student += std::exp(at(student, i));
      of_teacher += std::exp(at(teacher, i));
    }
    for (int64_t i = 0; i < student.size(1); ++i) {
      const double t = std::exp(at(teacher, i)) / of_teacher;
      sum += t * (at(teacher, i) - std::log(of_teacher) - at(student, i) + std::log(of_student));
    }
  }
  return sum;
}

/// Of rows [n, count] as maps [n, 1, 1, count].
torch::Tensor of_maps(const torch::Tensor& student, const torch::Tensor& teacher) {
  const std::vector<torch::Tensor> s{student.view({student.size(0), 1, 1, -1})},
      t{teacher.view({teacher.size(0), 1, 1, -1})};
  return channelwise_distillation(s, t, 1);
}

TEST(Distillation, IsZeroForEqualsAndPositiveForAllOthers) {
  torch::manual_seed(3);
  const torch::Tensor teacher = torch::randn({64, 400}) * 2;
  EXPECT_EQ(of_maps(teacher, teacher).item<float>(), 0);
  EXPECT_EQ(class_distillation(teacher, teacher, 20).item<float>(), 0);
  for (const double apart : {1e-5, 1e-4, 1e-3, 1e-2, 1.0, 30.0}) {
    const torch::Tensor student = teacher + torch::randn({64, 400}) * apart;
    const double want = naive(student, teacher);
    EXPECT_NEAR(of_maps(student, teacher).item<double>(), want, (apart < 1e-4 ? 0.1 : 1e-2) * want) << apart;
    EXPECT_GT(class_distillation(student, teacher, 20).item<float>(), 0) << apart;
  }
}

TEST(Distillation, LogitsFarApartAreFinite) {
  const torch::Tensor student = torch::tensor({200.0F, 0.0F, -200.0F}).view({1, 3}).clone().requires_grad_(),
                      teacher = torch::tensor({-200.0F, 0.0F, 200.0F}).view({1, 3});
  const torch::Tensor loss = of_maps(student, teacher);
  EXPECT_NEAR(loss.item<float>(), 400, 1e-3);
  loss.backward();
  EXPECT_TRUE(torch::equal(student.grad(), torch::tensor({1.0F, 0.0F, -1.0F}).view({1, 3})));
}

}  // namespace
}  // namespace y6q::train
