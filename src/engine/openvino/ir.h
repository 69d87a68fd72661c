#pragma once

#include <filesystem>

namespace y6q::engine {

/// Writes OpenVINO's own form of an ONNX file, <name>.xml and <name>.bin beside it, with quantizers as
/// engine::open rewrites them (decision 2): programs that load it get the right numbers. Throws InputError
/// (the runtime refuses the file), EnvironmentError (built without OpenVINO; cannot write).
void write_openvino_ir(const std::filesystem::path& onnx, const std::filesystem::path& xml);

}  // namespace y6q::engine
