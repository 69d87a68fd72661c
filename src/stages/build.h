#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "engine/engine.h"

namespace y6q::stages {

struct BuildOptions {
  engine::Kind engine = engine::kDefaultKind;
  fs::path onnx = {};
  fs::path out = {};                                ///< JSON: what the engine will run, layer by layer
  std::optional<engine::Precision> precision = {};  ///< nothing: what the file is made for
  int64_t batch = 1;
  int threads = 0;
};

/// A compiled network, in figures.
struct BuildResult {
  engine::Kind engine = engine::kDefaultKind;
  std::string isa;
  std::string note;          ///< engine::Engine::note
  int64_t layers = 0;        ///< executed, after fusion
  int64_t convolutions = 0;  ///< transposed ones included
  int64_t integer_convolutions = 0;
  std::vector<std::string> float_convolutions;  ///< names
};

/// Compiles an ONNX file for this CPU and notes what the executed graph computes in which
/// precision. Throws what engine::open throws.
BuildResult build(const BuildOptions& options);

nlohmann::json to_json(const BuildResult& result);

}  // namespace y6q::stages
