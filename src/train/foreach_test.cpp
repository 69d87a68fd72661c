#include "train/foreach.h"

#include <gtest/gtest.h>

#include "train/fused.h"

// The same passes as the loops on the CPU, which stay the referee.
namespace y6q::train {
namespace {

torch::Tensor drawn(int64_t seed) { return torch::randn({40, 3}) * (1.0 + 0.1 * static_cast<double>(seed)); }

TEST(Foreach, StepsEqualTheLoops) {
  for (const bool masked : {false, true}) {
    ForeachGroup group;
    group.lr = 0.02;
    group.momentum = 0.9;
    group.decay = 5e-4;
    std::vector<torch::Tensor> parameters, velocities;
    for (int64_t i = 0; i < 3; ++i) {
      group.parameters.push_back(drawn(i));
      group.velocities.push_back(drawn(i + 3));
      group.gradients.push_back(drawn(i + 6));
      if (masked) group.masks.push_back(drawn(i + 9).abs());
      parameters.push_back(group.parameters.back().clone());
      velocities.push_back(group.velocities.back().clone());
    }
    const std::vector<torch::Tensor> gradients{group.gradients[0].clone()};
    for (int step = 0; step < 3; ++step) {
      for (size_t i = 0; i < 3; ++i) {
        sgd_update(
            SgdArrays<float>{parameters[i].mutable_data_ptr<float>(), velocities[i].mutable_data_ptr<float>(),
                             group.gradients[i].const_data_ptr<float>(),
                             masked ? group.masks[i].const_data_ptr<float>() : nullptr},
            0, parameters[i].numel(), SgdStep<float>{0.02F, 0.9F, 5e-4F});
      }
      sgd_update(group);
    }
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(group.parameters[i].allclose(parameters[i], 1e-6, 1e-6)) << masked;
      EXPECT_TRUE(group.velocities[i].allclose(velocities[i], 1e-6, 1e-6)) << masked;
    }
    EXPECT_TRUE(group.gradients[0].equal(gradients[0])) << "gradients stay";
  }
}

TEST(Foreach, AveragesEqualTheLoops) {
  const std::vector<torch::Tensor> averages{drawn(0), drawn(1)}, values{drawn(2), drawn(3)};
  std::vector<torch::Tensor> wanted;
  for (size_t i = 0; i < 2; ++i) {
    wanted.push_back(averages[i].clone());
    average_update(wanted[i].mutable_data_ptr<float>(), values[i].const_data_ptr<float>(), wanted[i].numel(),
                   0.99);
  }
  average_update(averages, values, 0.99);
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(averages[i].allclose(wanted[i], 1e-6, 1e-7));
}

}  // namespace
}  // namespace y6q::train
