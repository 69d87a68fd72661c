#include "stages/step_masks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "base/random.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/equalize.h"

namespace y6q::stages {
namespace {

ir::Model network(models::Mode mode) {
  return models::yolov6(
      {.architecture = "yolov6n", .mode = mode, .class_count = 2, .image_size = {64, 64}, .seed = 3});
}

/// Gains and variances that differ from channel to channel, as training leaves them.
ir::Model with_drawn_norms(ir::Model model) {
  Random random(4);
  for (auto& [name, array] : model.weights) {
    const bool is_gain = name.ends_with("bn.weight"), is_variance = name.ends_with("running_var");
    if (!is_gain && !is_variance) continue;
    for (float& value : array.floats()) value = static_cast<float>(random.uniform(0.2, 3));
  }
  return model;
}

TEST(StepMasks, OfFoldedKernelsGrowWithTheSquareOfTheGain) {
  const ir::Model parent = with_drawn_norms(network(models::Mode::repopt));
  const auto scales = formats::extract_scales(network(models::Mode::hyper_search));
  const train::GradientMasks plain = train::gradient_masks(parent, scales),
                             folded = step_masks(parent, passes::deploy(parent), scales);
  ASSERT_GT(plain.size(), 20U);
  ASSERT_GT(folded.size(), plain.size()) << "kernels without scales are folded, too";
  for (const auto& [name, product] : folded) {
    ASSERT_TRUE(name.ends_with("conv.weight")) << name;
    const std::string norm = name.substr(0, name.size() - std::string("conv.weight").size()) + "bn.";
    const auto& gamma = parent.weights.at(norm + "weight").floats();
    const auto& variance = parent.weights.at(norm + "running_var").floats();
    const auto& values = product.floats();
    const size_t row = values.size() / gamma.size();
    for (size_t i = 0; i < values.size(); i += 7) {
      const double gain = gamma[i / row] / std::sqrt(static_cast<double>(variance[i / row]) + 1e-3);
      const auto mask = plain.find(name);
      const double wanted =
          gain * gain * (mask == plain.end() ? 1 : static_cast<double>(mask->second.floats()[i]));
      ASSERT_NEAR(values[i], wanted, 1e-5 * wanted) << name << ' ' << i;
    }
  }
}

// Each of two branches that are added up moves the sum.
TEST(StepMasks, OfMergedBranchesAreTheSumOfTheirSquaredGains) {
  const ir::Model parent = with_drawn_norms(network(models::Mode::repvgg));
  const train::GradientMasks masks = step_masks(parent, passes::deploy(parent), {});
  const std::string block = "backbone.ERBlock_2.1.conv1.";
  const auto squared_gains = [&](const std::string& branch) {
    std::vector<double> squares;
    const auto& gamma = parent.weights.at(block + branch + ".bn.weight").floats();
    const auto& variance = parent.weights.at(block + branch + ".bn.running_var").floats();
    for (size_t i = 0; i < gamma.size(); ++i) {
      const double scale = gamma[i];
      squares.push_back(scale * scale / (static_cast<double>(variance[i]) + 1e-3));
    }
    return squares;
  };
  const auto dense = squared_gains("rbr_dense"), small = squared_gains("rbr_1x1");
  const ir::Array& mask = masks.at(block + "rbr_reparam.weight");
  const auto& values = mask.floats();
  const size_t row = values.size() / dense.size();
  for (size_t i = 0; i < values.size(); ++i) {
    const double wanted = dense[i / row] + (i % 9 == 4 ? small[i / row] : 0);
    ASSERT_NEAR(values[i], wanted, 1e-5 * wanted) << i;
  }
}

// A step of w by lr mask gradient is one of k w, whose gradient is 1 / k as large, with k^2 mask.
TEST(StepMasks, OfEqualizedKernelsGrowWithTheSquareOfTheirScales) {
  const ir::Model parent = with_drawn_norms(network(models::Mode::repopt));
  const ir::Model calibrated = passes::equalize(passes::deploy(parent));
  const auto scales = formats::extract_scales(network(models::Mode::hyper_search));
  const train::GradientMasks plain = train::gradient_masks(parent, scales),
                             folded = step_masks(parent, calibrated, scales);
  const char* name = "backbone.ERBlock_2.1.conv1.conv.weight";
  const auto &before = parent.weights.at(name).floats(), &after = calibrated.weights.at(name).floats();
  double least = 1e9, most = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    const double gain = static_cast<double>(after[i]) / static_cast<double>(before[i]);
    const double wanted = gain * gain * static_cast<double>(plain.at(name).floats()[i]);
    ASSERT_NEAR(folded.at(name).floats()[i], wanted, 1e-4 * wanted) << i;
    least = std::min(least, std::abs(gain)), most = std::max(most, std::abs(gain));
  }
  EXPECT_GT(most, 2 * least);
  ir::Model other = calibrated;
  other.weights.erase(name);
  EXPECT_THROW(step_masks(parent, other, scales), InputError);
}

TEST(StepMasks, OfWeightsThatWereRoundedToZeroAreThoseOfTheOthersOfTheirOutput) {
  const ir::Model parent = with_drawn_norms(network(models::Mode::repopt));
  ir::Model calibrated = passes::deploy(parent);
  const train::GradientMasks exact = step_masks(parent, calibrated, {});
  const char* name = "backbone.ERBlock_2.1.conv1.conv.weight";
  auto& weight = calibrated.weights.at(name);
  const auto taps = static_cast<size_t>(weight.shape[2] * weight.shape[3]);
  for (size_t i = taps; i < 2 * taps; ++i) weight.floats()[i] = 0;  // output 0, input 1
  const auto& masks = step_masks(parent, calibrated, {}).at(name).floats();
  for (size_t i = taps; i < 2 * taps; ++i) EXPECT_NEAR(masks[i], exact.at(name).floats()[i], 1e-5 * masks[i]);
}

}  // namespace
}  // namespace y6q::stages
