#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

namespace y6q::cli {

/// Of an option that names a file to write: refuses a name in the extension of another format than `accepted`
/// (".json"); one without extension, or in one that is no format's, passes.
CLI::Validator format_name(const char* accepted);

/// The same, for names that other options decide on: throws UsageError.
void require_format_name(const char* option, const std::filesystem::path& file, const char* accepted);

}  // namespace y6q::cli
