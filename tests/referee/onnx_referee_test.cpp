#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"
#include "engine/engine.h"
#include "engine/openvino/ir.h"
#include "onnx/write.h"
#include "pipeline/networks.h"
#include "quant/half_scale.h"
#include "support/folder.h"

// ONNX's own checker and ONNX Runtime judge what we write; check_onnx.py says how. Y6Q_REFEREE_PYTHON names
// an interpreter that has the packages.
namespace y6q::referee {
namespace {

using onnx::Form;
using onnx::Remainder;

std::string_view raw(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

void write_tensor(const fs::path& path, const ir::Tensor& tensor) {
  const std::vector<float> values(tensor.data.begin(), tensor.data.end());
  write_file(path, raw(values));
}

struct Case {
  ir::Model model;
  onnx::OnnxOptions options;
  int64_t batch;
  double tolerance;
  const char* runtime = "onnxruntime";
};

void judge(const Case& c) {
  const char* python = std::getenv("Y6Q_REFEREE_PYTHON");
  if (!python) GTEST_SKIP() << "Y6Q_REFEREE_PYTHON is not set";
  const support::Folder scratch;
  const fs::path& folder = scratch.path();
  onnx::write_onnx(folder / "net.onnx", c.model, c.options);
  if (c.runtime == std::string("openvino")) {
    engine::write_openvino_ir(folder / "net.onnx", folder / "net.xml");
    fs::remove(folder / "net.onnx");
  }
  ir::Shape shape = c.model.graph[0].shape;
  shape[0] = c.batch;
  const ir::Tensor images = pipeline::random_images(shape, 5);
  write_tensor(folder / "images.bin", images);
  for (const auto& [name, tensor] : ir::interpret(c.model, images))
    write_tensor(folder / (name + ".bin"), tensor);
  const std::string command = fmt::format("'{}' '{}' {} '{}' {} {}", python, Y6Q_CHECK_ONNX, c.runtime,
                                          folder.string(), c.batch, c.tolerance);
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

/// The chain with ranges whose scales are FP16 numbers.
ir::Model chain_of_half_scales() {
  ir::Model model = pipeline::quantized_chain(true);
  for (const ir::Node& node : model.graph.nodes()) {
    const auto* op = std::get_if<ir::FakeQuant>(&node.op);
    if (op == nullptr) continue;
    for (float& amax : model.weights.at(model.graph.node(node.inputs[1]).name).floats())
      amax = quant::range_of_half_step(amax, quant::integer_range(op->bits, op->is_signed));
  }
  return model;
}

constexpr double kFloatTolerance = 1e-5;
// Eleven bits, carried through a handful of layers.
constexpr double kHalfTolerance = 3e-3;
// One step of 127 where a sum lies on a rounding border, carried through the last convolution.
constexpr double kQuantizedTolerance = 2.0 / 127;
// In FP16 every value is off by up to 1/16 of a step before it is rounded, so that more of them lie on the
// other side of a border, through three convolutions.
constexpr double kHalfQuantizedTolerance = 8.0 / 127;

TEST(OnnxReferee, AcceptsEveryOperator) { judge({pipeline::every_operator(), {}, 1, kFloatTolerance}); }

TEST(OnnxReferee, AcceptsAnyBatch) { judge({pipeline::every_operator(), {.batch = 0}, 3, kFloatTolerance}); }

TEST(OnnxReferee, AcceptsEveryOperatorInEveryOpset) {
  for (int64_t opset = 13; opset <= 20; ++opset)
    judge({pipeline::every_operator(), {.opset = opset}, 1, kFloatTolerance});
}

TEST(OnnxReferee, AcceptsEveryOperatorInFp16) {
  judge({pipeline::every_operator(), {.remainder = Remainder::fp16, .opset = 19}, 1, kHalfTolerance});
}

TEST(OnnxReferee, AcceptsSignedQuantizers) {
  judge({pipeline::quantized_chain(true), {.form = Form::qdq}, 1, kQuantizedTolerance});
}

TEST(OnnxReferee, AcceptsUnsignedQuantizersAndAnyBatch) {
  judge({pipeline::quantized_chain(false), {.form = Form::qdq, .batch = 0}, 2, kQuantizedTolerance});
}

TEST(OnnxReferee, TheFp16RemainderHasTheNumbersOfTheSimulation) {
  judge({chain_of_half_scales(),
         {.form = Form::qdq, .remainder = Remainder::fp16, .opset = 19, .batch = 0},
         2,
         kHalfQuantizedTolerance});
}

TEST(OnnxReferee, OpenVinosIrHasTheNumbersOfTheSimulationInAProgramOfAnybody) {
  if (!engine::supports(engine::Kind::openvino, engine::Precision::int8))
    GTEST_SKIP() << "built without OpenVINO";
  for (const bool is_signed : {true, false})
    judge({pipeline::quantized_chain(is_signed, 7), {.form = Form::qdq}, 1, kQuantizedTolerance, "openvino"});
  judge({chain_of_half_scales(),
         {.form = Form::qdq, .remainder = Remainder::fp16, .opset = 19},
         1,
         kHalfQuantizedTolerance,
         "openvino"});
}

}  // namespace
}  // namespace y6q::referee
