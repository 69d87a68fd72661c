#pragma once

#include <filesystem>

namespace y6q::cli {

/// Where what was found in images is kept from one command to the next; empty: nowhere.
std::filesystem::path image_index_folder();

}  // namespace y6q::cli
