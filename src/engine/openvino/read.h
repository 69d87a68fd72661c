#pragma once

#include <filesystem>
#include <memory>
#include <openvino/core/model.hpp>
#include <string>

namespace y6q::engine {

/// The network of an ONNX file or of OpenVINO's IR (.xml), as OpenVINO's front end makes it. Throws
/// ov::Exception.
std::shared_ptr<ov::Model> read_network(const std::filesystem::path& file);

/// What the runtime found, without the source positions and checks of its own code.
std::string reason(const std::exception& error);

}  // namespace y6q::engine
