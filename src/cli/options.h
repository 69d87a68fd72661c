#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/kind.h"

namespace y6q::cli {

// Options that mean the same in every subcommand, declared in one place.

/// The headings under which --help lists the options.
inline constexpr const char* kDataGroup = "Data";
inline constexpr const char* kModelGroup = "Model";
inline constexpr const char* kTrainingGroup = "Training";
inline constexpr const char* kQuantizationGroup = "Quantization";
inline constexpr const char* kDetectionGroup = "Detection";
inline constexpr const char* kEvaluationGroup = "Evaluation";
inline constexpr const char* kAnalysisGroup = "Analysis";
inline constexpr const char* kOutputGroup = "Output";
inline constexpr const char* kStepsGroup = "Steps";
inline constexpr const char* kTimingGroup = "Timing";
inline constexpr const char* kGoalGroup = "Goal";
inline constexpr const char* kMachineGroup = "Machine";

CLI::Option* add_data(CLI::App& app, std::filesystem::path& data);
CLI::Option* add_weights(CLI::App& app, std::filesystem::path& weights);
CLI::Option* add_out(CLI::App& app, std::filesystem::path& out, const char* what);
/// One number for a square, or height and width.
CLI::Option* add_image_size(CLI::App& app, std::array<int64_t, 2>& size);
/// Several: 320, or 384x640.
CLI::Option* add_image_sizes(CLI::App& app, std::vector<std::array<int64_t, 2>>& sizes);
CLI::Option* add_batch_size(CLI::App& app, int64_t& batch_size);
CLI::Option* add_workers(CLI::App& app, int& workers);
CLI::Option* add_threads(CLI::App& app, int& threads);
CLI::Option* add_seed(CLI::App& app, uint64_t& seed);
/// Absent unless given.
CLI::Option* add_seed(CLI::App& app, std::optional<uint64_t>& seed);
/// See device_names (base/device_name.h).
CLI::Option* add_device(CLI::App& app, std::string& device);
/// What runs exported files. With by_trtexec TensorRT's program is a choice as well, and sets it.
CLI::Option* add_engine(CLI::App& app, engine::Kind& kind, bool* by_trtexec = nullptr);
/// By name or number.
CLI::Option* add_classes(CLI::App& app, std::vector<std::string>& classes, const char* what);
/// Shown at the end of --help.
void add_example(CLI::App& app, const char* commands);

}  // namespace y6q::cli
