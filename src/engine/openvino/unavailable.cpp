#include "base/errors.h"
#include "engine/openvino/ir.h"
#include "engine/openvino/openvino.h"

namespace y6q::engine {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& onnx) {
  throw EnvironmentError("engine: {}: this program was built without OpenVINO; {}", onnx.string(),
                         facts_of(Kind::openvino).remedy);
}

}  // namespace

std::unique_ptr<Engine> open_openvino(const std::filesystem::path& onnx, const EngineOptions&) {
  refuse(onnx);
}

bool openvino_supports(Precision) { return false; }

void write_openvino_ir(const std::filesystem::path& onnx, const std::filesystem::path&) { refuse(onnx); }

}  // namespace y6q::engine
