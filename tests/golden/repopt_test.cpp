#include "train/repopt.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "golden/golden.h"
#include "train/fused.h"

namespace y6q::train {
namespace {

BlockScales scales_of(const std::string& index, const std::string& block) {
  const auto recorded = golden::tensors("repopt/scales");
  BlockScales scales{
      block, recorded.floats(index + ".conv3x3").floats(), recorded.floats(index + ".conv1x1").floats(), {}};
  if (recorded.tensors().contains(index + ".identity"))
    scales.identity = recorded.floats(index + ".identity").floats();
  return scales;
}

TEST(GoldenRepOpt, InitialKernelsAndMasksAgree) {
  Y6Q_NEED_GOLDEN();
  const auto recorded = golden::tensors("repopt/optimizer");
  const auto cases = golden::json("repopt/optimizer")["layers"];
  for (const auto& layer : cases) {
    const std::string index = fmt::format("{:02}", layer["index"].get<int>());
    const BlockScales scales = scales_of(index, layer["block"]);
    EXPECT_EQ(!scales.identity.empty(), layer["identity"].get<bool>());
    ir::Array kernel = recorded.floats(index + ".kernel3x3");
    const ir::Array mask = gradient_mask(kernel.shape, scales);
    reinitialise(kernel, recorded.floats(index + ".kernel1x1").floats(), scales);
    const golden::Tolerance tolerance{.rtol = 1e-5, .atol = 1e-6};
    golden::expect_close(kernel.floats(), recorded.floats(index + ".init").floats(), tolerance,
                         index + " kernel");
    golden::expect_close(mask.floats(), recorded.floats(index + ".mask_from_float32_scales").floats(),
                         tolerance, index + " mask");
  }
}

// The recorded steps used the masks squared in half precision.
TEST(GoldenRepOpt, ThreeStepsAgree) {
  Y6Q_NEED_GOLDEN();
  const auto recorded = golden::tensors("repopt/optimizer");
  const auto settings = golden::json("repopt/optimizer");
  for (const std::string name : {"00", "01", "02", "23", "bn_gain", "bn_bias", "unmasked_kernel"}) {
    std::vector<float> parameter = recorded.floats(name + ".init").floats(), velocity(parameter.size());
    const bool masked = recorded.tensors().contains(name + ".mask"), decayed = !name.starts_with("bn");
    const std::vector<float> mask = masked ? recorded.floats(name + ".mask").floats() : std::vector<float>{};
    for (size_t step = 0; step < 3; ++step) {
      const std::string number = std::to_string(step);
      const auto gradient = recorded.floats(name + ".grad" + number);
      sgd_update(
          {parameter.data(), velocity.data(), gradient.floats().data(), masked ? mask.data() : nullptr}, 0,
          static_cast<int64_t>(parameter.size()),
          {settings["lr_per_step"][step].get<float>(), settings["momentum"].get<float>(),
           decayed ? settings["weight_decay_after_scaling"].get<float>() : 0.0F});
      const golden::Tolerance tolerance{.rtol = 1e-5, .atol = 1e-6};
      golden::expect_close(parameter, recorded.floats(name + ".after" + number).floats(), tolerance,
                           name + number);
      golden::expect_close(velocity, recorded.floats(name + ".momentum" + number).floats(), tolerance,
                           name + number);
    }
  }
}

}  // namespace
}  // namespace y6q::train
