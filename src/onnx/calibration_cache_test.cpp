#include "onnx/calibration_cache.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace y6q::onnx {
namespace {

ir::Value quantize(ir::Model& model, const std::string& name, ir::Value source, float amax,
                   ir::FakeQuant op = {}) {
  const ir::Value range = model.add_parameter(name + ".amax", ir::Array::scalar(amax), false);
  return model.graph.add(name, op, {source, range});
}

/// The worked example of spec/05 §5: images 1.0, relu_0 twice with 6.0 and 5.0, concat_3 2.5.
ir::Model worked_example(ir::FakeQuant op = {}) {
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 4, 4}}, {});
  const ir::Value first = quantize(model, "q0", images, 1.0F, op);
  const ir::Value relu = model.graph.add("relu_0", ir::Relu{}, {first});
  const ir::Value a = model.graph.add("silu_1", ir::Silu{}, {quantize(model, "q1", relu, 5.0F)});
  const ir::Value b = model.graph.add("silu_2", ir::Silu{}, {quantize(model, "q2", relu, 6.0F)});
  const ir::Value both = model.graph.add("concat_3", ir::Concat{}, {a, b});
  model.graph.mark_output("y", model.graph.add("relu_4", ir::Relu{}, {quantize(model, "q3", both, 2.5F)}));
  return model;
}

TEST(CalibrationCache, WritesTheWorkedExampleOfTheSpecification) {
  EXPECT_EQ(calibration_cache(worked_example()),
            "TRT-8XXX-EntropyCalibration2\nimages: 3c010204\nrelu_0: 3d418306\nconcat_3: 3ca14285\n");
  EXPECT_TRUE(
      calibration_cache(worked_example(), {}, "TRT-8400-EntropyCalibration2").starts_with("TRT-8400-"));
}

TEST(CalibrationCache, ADeadTensorGetsAScaleThatMakesZerosUnlessAnotherQuantizerSawIt) {
  ir::Model model = worked_example();
  for (const char* dead : {"q0", "q2"}) {
    model.weights.at(model.graph.node(model.graph.node(*model.graph.find(dead)).inputs[1]).name) =
        ir::Array::scalar(0);
  }
  // 4e800000 is 2^30; relu_0 keeps the 5.0 of q1: 5 / 127.
  EXPECT_EQ(calibration_cache(model),
            "TRT-8XXX-EntropyCalibration2\nimages: 4e800000\nrelu_0: 3d214285\nconcat_3: 3ca14285\n");
}

TEST(CalibrationCache, RefusesUnsignedRangesAndModelsWithoutRanges) {
  EXPECT_THAT([] { calibration_cache(worked_example({.is_signed = false})); },
              testing::ThrowsMessage<UnsupportedError>(testing::HasSubstr("'q0'")));
  ir::Model model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 4, 4}}, {});
  model.graph.mark_output("y", model.graph.add("relu", ir::Relu{}, {images}));
  EXPECT_THROW(calibration_cache(model), InputError);
}

}  // namespace
}  // namespace y6q::onnx
