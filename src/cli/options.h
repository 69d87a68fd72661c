#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <optional>

namespace y6q::cli {

// Options that mean the same in every subcommand (PRODUCT's contract), declared in one place.

CLI::Option* add_data(CLI::App& app, std::filesystem::path& data);
CLI::Option* add_weights(CLI::App& app, std::filesystem::path& weights);
CLI::Option* add_out(CLI::App& app, std::filesystem::path& out, const char* what);
/// One number for a square, or height and width.
CLI::Option* add_image_size(CLI::App& app, std::array<int64_t, 2>& size);
CLI::Option* add_batch_size(CLI::App& app, int64_t& batch_size);
CLI::Option* add_workers(CLI::App& app, int& workers);
CLI::Option* add_threads(CLI::App& app, int& threads);
CLI::Option* add_seed(CLI::App& app, uint64_t& seed);
/// Absent unless given.
CLI::Option* add_seed(CLI::App& app, std::optional<uint64_t>& seed);
/// Only "cpu" is accepted in this build.
CLI::Option* add_device(CLI::App& app);
CLI::Option* add_skip_broken(CLI::App& app, bool& skip);
/// Shown at the end of --help.
void add_example(CLI::App& app, const char* commands);

}  // namespace y6q::cli
