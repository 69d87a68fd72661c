#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>

#include "base/monitor.h"
#include "stages/bench.h"

namespace y6q::cli {

/// --precision of a file that an engine runs.
struct PrecisionChoice {
  std::optional<engine::Precision> precision = {};  ///< nothing: what the file is made for
  bool measured = false;                            ///< the fastest one, by measurement

  /// For this ONNX file, in an engine on so many threads. Measures where that was asked for, and says what
  /// was found.
  std::optional<engine::Precision> settle(const std::filesystem::path& onnx,
                                          const stages::BenchOptions& options, Monitor& monitor) const;
};

/// file (what the file is made for), auto (the fastest one), fp32, bf16 or int8.
CLI::Option* add_precision(CLI::App& app, PrecisionChoice& choice);

}  // namespace y6q::cli
