#pragma once

#include <filesystem>

namespace y6q::cli {

/// Where what was found in images is kept from one command to the next; empty: nowhere.
std::filesystem::path image_index_folder();
/// Where ONNX files are kept that were made of model files; empty: nowhere.
std::filesystem::path engine_file_folder();

}  // namespace y6q::cli
