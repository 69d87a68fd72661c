#include "base/errors.h"
#include "engine/openvino/ir.h"
#include "engine/openvino/openvino.h"

namespace y6q::engine {

std::unique_ptr<Engine> open_openvino(const std::filesystem::path& onnx, const EngineOptions&) {
  throw EnvironmentError(
      "engine: {}: this program was built without OpenVINO; run ./run setup and build with -DY6Q_OPENVINO=ON",
      onnx.string());
}

bool openvino_supports(Precision) { return false; }

void write_openvino_ir(const std::filesystem::path& onnx, const std::filesystem::path&) {
  throw EnvironmentError(
      "engine: {}: this program was built without OpenVINO; run ./run setup and build with -DY6Q_OPENVINO=ON",
      onnx.string());
}

}  // namespace y6q::engine
