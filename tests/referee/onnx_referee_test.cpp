#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"
#include "onnx/write.h"
#include "pipeline/networks.h"
#include "support/folder.h"

// ONNX's own checker and ONNX Runtime judge what we write; check_onnx.py says how. Y6Q_REFEREE_PYTHON names
// an interpreter that has the packages.
namespace y6q::referee {
namespace {

std::string_view raw(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

void write_tensor(const fs::path& path, const ir::Tensor& tensor) {
  const std::vector<float> values(tensor.data.begin(), tensor.data.end());
  write_file(path, raw(values));
}

struct Case {
  const char* name;
  ir::Model model;
  onnx::Form form;
  int64_t written_batch, batch;
  double tolerance;
};

void judge(const Case& c) {
  const char* python = std::getenv("Y6Q_REFEREE_PYTHON");
  if (!python) GTEST_SKIP() << "Y6Q_REFEREE_PYTHON is not set";
  const support::Folder scratch;
  const fs::path& folder = scratch.path();
  onnx::write_onnx(folder / "net.onnx", c.model, {.form = c.form, .batch = c.written_batch});
  ir::Shape shape = c.model.graph[0].shape;
  shape[0] = c.batch;
  const ir::Tensor images = pipeline::random_images(shape, 5);
  write_tensor(folder / "images.bin", images);
  for (const auto& [name, tensor] : ir::interpret(c.model, images))
    write_tensor(folder / (name + ".bin"), tensor);
  const std::string command =
      fmt::format("'{}' '{}' '{}' {} {}", python, Y6Q_CHECK_ONNX, folder.string(), c.batch, c.tolerance);
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

constexpr double kFloatTolerance = 1e-5;
// One step of 127 where a sum lies on a rounding border, carried through the last convolution.
constexpr double kQuantizedTolerance = 2.0 / 127;

TEST(OnnxReferee, AcceptsEveryOperator) {
  judge({"plain", pipeline::every_operator(), onnx::Form::plain, 1, 1, kFloatTolerance});
}

TEST(OnnxReferee, AcceptsAnyBatch) {
  judge({"any_batch", pipeline::every_operator(), onnx::Form::plain, 0, 3, kFloatTolerance});
}

TEST(OnnxReferee, AcceptsSignedQuantizers) {
  judge({"signed", pipeline::quantized_chain(true), onnx::Form::qdq, 1, 1, kQuantizedTolerance});
}

TEST(OnnxReferee, AcceptsUnsignedQuantizersAndAnyBatch) {
  judge({"unsigned", pipeline::quantized_chain(false), onnx::Form::qdq, 0, 2, kQuantizedTolerance});
}

}  // namespace
}  // namespace y6q::referee
