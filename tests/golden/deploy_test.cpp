#include "passes/deploy.h"

#include "golden/golden.h"
#include "models/yolov6.h"

namespace y6q::passes {
namespace {

/// Size N with the weights of golden/model/<state>.safetensors.
ir::Model recorded(models::Mode mode, const std::string& state) {
  const auto file = golden::tensors("model/" + state);
  ir::Model model = models::yolov6({.mode = mode, .class_count = 3, .image_size = {96, 128}});
  for (auto& [name, array] : model.weights) array = file.floats(name);
  ir::validate(model);
  return model;
}

// Tensors of more than 20000 elements are recorded as every step-th one, with sums over all (golden/README,
// model).
TEST(GoldenDeploy, MergedBranchesEqualTheRecordedOnes) {
  Y6Q_NEED_GOLDEN();
  const ir::Model merged = deploy(recorded(models::Mode::repvgg, "repvgg_state"));
  const auto file = golden::tensors("model/repvgg_fused_state");
  const auto settings = golden::json("model/repvgg_fused_state");
  size_t compared = 0;
  for (const auto& [name, array] : merged.weights) {
    ASSERT_TRUE(settings.contains(name)) << name;
    EXPECT_EQ(array.shape, settings[name]["shape"].get<ir::Shape>()) << name;
    const size_t step = settings[name]["step"];
    std::vector<float> every;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < array.floats().size(); ++i) {
      const float value = array.floats()[i];
      if (i % step == 0) every.push_back(value);
      sum += static_cast<double>(value), squares += static_cast<double>(value) * static_cast<double>(value);
    }
    golden::expect_close(every, file.floats(name).floats(), {.rtol = 1e-4, .atol = 1e-5}, name);
    EXPECT_NEAR(squares, settings[name]["sum_sq"].get<double>(), 1e-4 * squares) << name;
    EXPECT_NEAR(sum, settings[name]["sum"].get<double>(),
                1e-5 * std::sqrt(squares * static_cast<double>(array.floats().size())) + 1e-5)
        << name;
    ++compared;
  }
  EXPECT_EQ(compared, 116U);
}

}  // namespace
}  // namespace y6q::passes
