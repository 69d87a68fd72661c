#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>

#include "base/random.h"
#include "ir/interpret.h"
#include "ir/text.h"

/// For tests of passes: models from their text, and equality of what they compute.
namespace y6q::passes {

/// Random arrays for all parameters; running variances and other names ending in "var" are positive.
inline ir::Model model_of(std::string_view text, uint64_t seed = 1) {
  ir::Model model{ir::parse_graph(text), {}};
  Random random(seed);
  for (const ir::Node& node : model.graph.nodes()) {
    if (!std::holds_alternative<ir::Parameter>(node.op)) continue;
    ir::Array array = ir::Array::zeros(node.shape);
    const bool positive = node.name.ends_with("var") || node.name.ends_with("amax");
    for (float& value : array.floats()) {
      value = static_cast<float>(positive ? random.uniform(0.5, 2) : random.uniform(-1, 1));
    }
    model.weights.emplace(node.name, std::move(array));
  }
  ir::validate(model);
  return model;
}

inline ir::Tensor random_images(const ir::Model& model, uint64_t seed = 2) {
  ir::Tensor images{model.graph[0].shape, {}};
  Random random(seed);
  images.data.resize(static_cast<size_t>(ir::element_count(images.shape)));
  for (double& value : images.data) value = random.uniform();
  return images;
}

/// Same outputs by name, |difference| <= rtol (1 + largest magnitude of the output); 0: bit for bit.
inline void expect_same_outputs(const ir::Model& before, const ir::Model& after, double rtol) {
  ASSERT_NO_THROW(ir::validate(after));
  const ir::Tensor images = random_images(before);
  const auto want = ir::interpret(before, images), got = ir::interpret(after, images);
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, tensor] : want) {
    ASSERT_TRUE(got.contains(name)) << name;
    ASSERT_EQ(got.at(name).shape, tensor.shape) << name;
    double largest = 0, worst = 0;
    for (size_t i = 0; i < tensor.data.size(); ++i) {
      largest = std::max(largest, std::abs(tensor.data[i]));
      worst = std::max(worst, std::abs(tensor.data[i] - got.at(name).data[i]));
    }
    EXPECT_LE(worst, rtol * (rtol == 0 ? 0 : 1 + largest)) << name;
  }
}

}  // namespace y6q::passes
