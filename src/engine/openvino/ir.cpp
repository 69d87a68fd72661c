#include "engine/openvino/ir.h"

#include <openvino/openvino.hpp>

#include "base/errors.h"
#include "engine/openvino/quantizers.h"
#include "engine/openvino/read.h"

namespace y6q::engine {

void write_openvino_ir(const std::filesystem::path& onnx, const std::filesystem::path& xml) {
  std::shared_ptr<ov::Model> model;
  try {
    model = read_network(onnx);
    simplify_quantizers(*model, Arithmetic::integers);
  } catch (const ov::Exception& error) {
    throw InputError("engine: {}: OpenVINO does not accept it: {}", onnx.string(), reason(error));
  }
  try {
    ov::serialize(model, xml.string(), std::filesystem::path(xml).replace_extension(".bin").string());
  } catch (const ov::Exception& error) {
    throw EnvironmentError("{}: cannot be written: {}", xml.string(), reason(error));
  }
}

}  // namespace y6q::engine
