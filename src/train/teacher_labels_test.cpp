#include "train/teacher_labels.h"

#include <gtest/gtest.h>

namespace y6q::train {
namespace {

/// Whose outputs are its inputs' constants: maps of an image of 64 x 32 pixels, two classes.
struct Maps {
  ir::Model model;
  std::vector<torch::Tensor> outputs;

  Maps() {
    model.graph.add("images", ir::Input{{1, 3, 32, 64}}, {});
    for (const auto& [level, stride] : {std::pair{0, 8}, {1, 16}, {2, 32}}) {
      for (const auto& [kind, channels, fill] : {std::tuple{"cls", 2, -20.0}, {"reg", 4, 1.0}}) {
        const std::string name = kind + std::to_string(level);
        const ir::Shape shape{2, channels, 32 / stride, 64 / stride};
        model.graph.mark_output(name, model.add_parameter(name, ir::Array::filled(shape, 0), false));
        outputs.push_back(torch::ones(shape, torch::kFloat32) * fill);
      }
    }
  }
};

// Strides of 8: the cell of row 1, column 2 has its centre at (20, 12).
TEST(TeacherLabels, AreItsConfidentDetectionsAsFractions) {
  Maps maps;
  maps.outputs[0][1][1][1][2] = 2.0;   // image 1, class 1: score 0.88
  maps.outputs[0][1][0][1][2] = 1.0;   // its second class is none of its own
  maps.outputs[0][0][0][3][7] = -1.0;  // image 0: score 0.27
  torch::Tensor sides = maps.outputs[1][1].select(1, 1).select(1, 2);
  sides.copy_(torch::tensor({3.0F, 0.5F, 1.0F, 4.0F}));  // left, top, right, bottom: 24, 4, 8, 32 pixels
  const auto found = teacher_labels(eager::Network(maps.model), maps.outputs, 32, 64);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].image, 1);
  EXPECT_EQ(found[0].label, 1);
  // x from -4, cut off at 0, to 28; y from 8 to 44, cut off at 32.
  EXPECT_FLOAT_EQ(found[0].cx, 14.0F / 64);
  EXPECT_FLOAT_EQ(found[0].w, 28.0F / 64);
  EXPECT_FLOAT_EQ(found[0].cy, 20.0F / 32);
  EXPECT_FLOAT_EQ(found[0].h, 24.0F / 32);
}

}  // namespace
}  // namespace y6q::train
