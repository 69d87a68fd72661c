#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "engine/engine.h"

namespace y6q::cli {

/// --precision of an ONNX file: auto (nothing: what the file is made for), fp32, bf16 or int8.
CLI::Option* add_precision(CLI::App& app, std::optional<engine::Precision>& precision);

}  // namespace y6q::cli
