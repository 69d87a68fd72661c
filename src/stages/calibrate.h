#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/files.h"
#include "ptq/calibrator.h"
#include "stages/run.h"

namespace y6q::stages {

/// What decides a calibrated model beside its float model and the images; `calibrate:` in a recipe.
struct CalibrationSettings {
  ptq::RangeOptions ranges;
  bool int8_predictions = false;  ///< false: prediction convolutions stay float
  /// Partial quantization: layers that stay float (beside the predictions): by name, and this many of the
  /// most sensitive ones.
  std::set<std::string> keep_float;
  int64_t keep_float_count = 0;
};

/// ptq::range_fields and keep_float: a number, names of layers, or both.
const std::vector<Field<CalibrationSettings>>& calibration_fields();

struct CalibrateOptions {
  fs::path weights;  ///< float model file, or ONNX file
  fs::path out;      ///< calibrated model file to write
  CalibrationSettings settings;
  fs::path sensitivity{};  ///< file of stages::sensitivity, for keep_float_count
  int64_t batch_size = 16;
};

/// One activation quantizer.
struct Range {
  std::string quantizer;  ///< name of the FakeQuant node
  float amax = 0;
  float max = 0;                       ///< largest magnitude seen
  double clipped = 0;                  ///< share of the values beyond amax
  std::vector<double> histogram = {};  ///< 64 equal bins from 0 to max: share of the values
};

struct Calibration {
  std::vector<Range> ranges;            ///< in graph order, after sharing
  std::vector<std::string> kept_float;  ///< layers, predictions not among them
  int64_t images = 0;                   ///< seen
  int64_t skipped = 0;                  ///< broken samples of the split that were left out
};

/// PTQ: merges and folds, inserts quantizers, collects one histogram a
/// tensor on un-augmented training images, searches ranges, gives concatenated tensors one range, writes the
/// model. Throws UsageError for unknown layers and for a count without a sensitivity file.
Calibration calibrate(const CalibrateOptions& options, Run& run);

/// For report and pipeline: images, float_layers, ranges.
nlohmann::json to_json(const Calibration& calibration);

}  // namespace y6q::stages
