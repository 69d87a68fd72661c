#include "ir/model.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/errors.h"

namespace y6q::ir {
namespace {

Model small() {
  Model model;
  const Value images = model.graph.add("images", Input{{1, 3, 8, 8}}, {});
  const Value weight = model.add_parameter("w", Array::filled({4, 3, 3, 3}, 0.5F), true);
  const Value amax = model.add_parameter("amax", Array::scalar(1), false);
  const Value quant = model.graph.add("q", FakeQuant{}, {images, amax});
  model.graph.mark_output("out", model.graph.add("conv", Conv2d{}, {quant, weight}));
  return model;
}

TEST(Model, CountsWhatIsLearnable) { EXPECT_EQ(parameter_count(small()), 108); }

TEST(Validate, AcceptsAWholeModelAndListsAllThatIsWrong) {
  EXPECT_NO_THROW(validate(small()));
  Model bad = small();
  bad.weights["w"].floats()[7] = std::numeric_limits<float>::quiet_NaN();
  bad.weights["amax"].floats()[0] = -1;
  bad.weights["stray"] = Array::scalar(1);
  try {
    validate(bad);
    FAIL();
  } catch (const InputError& error) {
    const std::string text = error.what();
    for (const char* part : {"'w': element 7", "'amax': element 0", "'stray'"}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
  }
  Model short_array = small();
  short_array.weights["w"].floats().pop_back();
  EXPECT_THROW(validate(short_array), InputError);
  Model missing = small();
  missing.weights.erase("w");
  EXPECT_THROW(validate(missing), InputError);
}

TEST(WithInputShape, InfersEveryShapeAnew) {
  const Model model = with_input_shape(small(), {2, 3, 16, 12});
  EXPECT_EQ(model.graph.node(*model.graph.find("conv")).shape, (Shape{2, 4, 14, 10}));
  EXPECT_THROW(with_input_shape(small(), {1, 4, 8, 8}), ShapeError);
}

}  // namespace
}  // namespace y6q::ir
