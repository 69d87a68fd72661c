#pragma once

#include <nlohmann/json.hpp>

#include "coco/dataset.h"
#include "pipeline/network.h"

/// What steps measure and write, for the pipeline's table and for the trials of `quantize`.
namespace y6q::pipeline {

/// What an engine's results belong to beside its file: its name and the instruction set. Among the choices of
/// every step that runs it.
nlohmann::json engine_premises(const stages::Run& run);

/// Where an evaluation is written.
struct AccuracyFiles {
  fs::path numbers;     ///< map, map50, stats, subject, runner, protocol, note
  fs::path detections;  ///< COCO results
};

/// Runs row.file on a split, a model file as what it is and an ONNX file in row.precision, and writes what
/// it finds. subject: what the numbers are of, for whoever reads them. A collective.
void measure_accuracy(const Measured& row, const AccuracyFiles& files, const nlohmann::json& subject,
                      const std::string& split, stages::Run& run);

/// mAP of a model's detections less that of `reference` on the same images of a split: `value`, `low`,
/// `high` (the interval of that confidence) and `p_value`.
struct Comparison {
  fs::path detections, reference;  ///< files of measure_accuracy
  double confidence = 0.95;        ///< in (0, 1)
};
inline constexpr int64_t kReplicates = 1000;
nlohmann::json paired_difference(const Comparison& files, const std::string& split, stages::Run& run);

}  // namespace y6q::pipeline
