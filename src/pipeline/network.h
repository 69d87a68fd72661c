#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "pipeline/options.h"

namespace y6q::pipeline {

/// One network's way through the run: its files, and the models of it that are measured.
struct NetworkFiles {
  fs::path root;     ///< the run's folder, or out/branchy
  fs::path results;  ///< root, or root/final for the test split
  fs::path search = root / "search", trained = root / "float" / "best.safetensors",
           scales = root / "search" / "scales.json", ptq = root / "calibrate" / "ptq.safetensors",
           ranges = root / "calibrate" / "ranges.json", partial = root / "calibrate" / "partial.safetensors",
           sensitivity = root / "sensitivity" / "sensitivity.json", qat = root / "qat" / "last.safetensors",
           float_onnx = root / "export" / "float.onnx", ptq_onnx = root / "export" / "ptq.onnx",
           engine_onnx = root / "export" / "engine.onnx",
           free_onnx = root / "export" / "engine_qdq_free.onnx",
           free_cache = root / "export" / "engine_qdq_free.cache", engine = root / "build" / "engine.json",
           bench = root / "bench" / "bench.json", differences = results / "evaluate" / "differences.json";

  fs::path numbers(const std::string& model) const { return results / "evaluate" / (model + ".json"); }
  fs::path detections(const std::string& model) const {
    return results / "evaluate" / (model + ".detections.json");
  }
};

/// A model that is measured: one row of the table.
struct Measured {
  std::string model;  ///< "float", "float_bf16", "ptq", "ptq_engine", "partial", "qat", "engine"
  fs::path file;
  engine::Precision precision = engine::Precision::int8;
  std::string selection;     ///< how it was chosen among others, and by which images
  std::string simulation{};  ///< of an engine: the model that simulates it
};

struct Network {
  std::string prefix;  ///< of steps and rows: "" or "branchy_"
  stages::TrainOptions train;
  bool searches = false;  ///< for RepOptimizer's scales
  bool has_scales = false;
  bool measures_sensitivity = false, is_partial = false, has_qat = false, has_cache = false;
  NetworkFiles files;

  /// The last quantized model: what the engine runs.
  const fs::path& quantized() const { return has_qat ? files.qat : is_partial ? files.partial : files.ptq; }
  /// In the order of the table. evaluations: how many times the float network was evaluated on val.
  std::vector<Measured> measured(engine::Kind engine, int64_t evaluations) const;
};

/// The run's network, and the branchy one where it is asked for.
std::vector<Network> networks_of(const PipelineOptions& options);

/// What is measured on val stands in the run's folder, what is measured on test in its folder final/.
fs::path results_folder(const PipelineOptions& options);

}  // namespace y6q::pipeline
