#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/files.h"
#include "engine/engine.h"
#include "engine/openvino/ir.h"
#include "onnx/write.h"
#include "pipeline/networks.h"
#include "pipeline/suppressed_networks.h"
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

/// What a file with suppression is to find, as its outputs; rows that mean nothing are 0.
std::map<std::string, ir::Tensor> suppressed_outputs(const Case& c, const ir::Tensor& images) {
  const onnx::Suppression& op = *c.options.suppression;
  const detect::NmsOptions nms{.score_threshold = op.score_threshold,
                               .iou_threshold = op.iou_threshold,
                               .max_detections = op.max_detections};
  const auto tensor = [](ir::Shape shape) {
    return ir::Tensor{shape, std::vector<double>(static_cast<size_t>(ir::element_count(shape)))};
  };
  std::map<std::string, ir::Tensor> outputs{{"num_dets", tensor({c.batch, 1})},
                                            {"det_boxes", tensor({c.batch, op.max_detections, 4})},
                                            {"det_scores", tensor({c.batch, op.max_detections})},
                                            {"det_classes", tensor({c.batch, op.max_detections})}};
  for (int64_t image = 0; image < c.batch; ++image) {
    const auto found = pipeline::found_by_hand(c.model, images, image, nms);
    EXPECT_GE(found.size(), 4U);
    outputs["num_dets"].data[static_cast<size_t>(image)] = static_cast<double>(found.size());
    for (size_t i = 0; i < found.size(); ++i) {
      const size_t row = static_cast<size_t>(image * op.max_detections) + i;
      outputs["det_scores"].data[row] = found[i].score;
      outputs["det_classes"].data[row] = static_cast<double>(found[i].label);
      const detect::Box& box = found[i].box;
      std::ranges::copy(std::array{box.x1, box.y1, box.x2, box.y2},
                        outputs["det_boxes"].data.begin() + static_cast<std::ptrdiff_t>(4 * row));
    }
  }
  return outputs;
}

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
  for (const auto& [name, tensor] :
       c.options.suppression ? suppressed_outputs(c, images) : ir::interpret(c.model, images))
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

TEST(OnnxReferee, SuppressionInTheFileFindsWhatSuppressionBehindItFinds) {
  const onnx::Suppression suppression{onnx::Suppressor::onnx, 0.3F, 0.5F, 12};
  for (const int64_t opset : {13, 18, 20}) {
    judge({pipeline::overlapping_detector(),
           {.opset = opset, .batch = 0, .suppression = suppression},
           2,
           kFloatTolerance});
  }
}

TEST(OnnxReferee, ImagesOfBytesAreThoseOfFloats) {
  judge({pipeline::every_operator(), {.images = onnx::ImageType::bytes}, 1, kFloatTolerance});
  judge({pipeline::overlapping_detector(),
         {.images = onnx::ImageType::bytes,
          .suppression = onnx::Suppression{onnx::Suppressor::onnx, 0.3F, 0.5F, 12}},
         1,
         kFloatTolerance});
  judge({pipeline::every_operator(),
         {.remainder = Remainder::fp16, .opset = 19, .images = onnx::ImageType::bytes},
         1,
         kHalfTolerance});
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
