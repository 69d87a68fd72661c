#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "ir/model.h"

namespace y6q::formats {

/// What a model file says about its network, beside the graph and the arrays.
struct ModelInfo {
  std::string architecture{};                   ///< "yolov6n", "yolov6t", "yolov6s"
  std::string mode{};                           ///< names of models::Mode, e.g. "repopt"
  std::vector<std::string> class_names{};       ///< class id = position
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width it was made for
  std::string scheme{};                         ///< "" (float), "tensorrt" or "cpu"
  /// What made it: "tool", "step", "recipe" (text), "data_sha256", "parent_sha256", … Written sorted.
  std::map<std::string, std::string> provenance{};
  bool operator==(const ModelInfo&) const = default;
};

struct ModelFile {
  ir::Model model;
  ModelInfo info;
};

/// Throws InputError when write_model would refuse these: names or texts that are too long, or no UTF-8. Ask
/// before hours of work whose result they belong to.
void check_info(const ModelInfo& info);

/// Our format, version 1: a safetensors file whose metadata holds the graph's text and the info
/// (docs/reference/model-file.md). Atomic. Same model and info, same bytes.
void write_model(const fs::path& path, const ModelFile& file);

/// Throws InputError naming path and place; never believes a length; validates the model. Executes nothing.
ModelFile read_model(const fs::path& path);
/// The same of a file in memory; path: for messages.
ModelFile parse_model(std::span<const std::byte> bytes, const fs::path& path);

}  // namespace y6q::formats
