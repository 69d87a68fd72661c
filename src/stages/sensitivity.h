#pragma once

#include "formats/sensitivity_file.h"
#include "ptq/calibrator.h"
#include "stages/run.h"

namespace y6q::stages {

struct SensitivityOptions {
  fs::path weights;           ///< float model file
  fs::path out;               ///< JSON file to write; <out>.part while it is measured
  std::string split = "val";  ///< measured on
  ptq::RangeOptions ranges;
  int64_t batch_size = 32;
};

/// mAP of the float network, of the fully quantized one, and of networks in which one layer alone is
/// quantized. An interrupted measurement goes on where it was when weights, data and options are the same.
formats::Sensitivity sensitivity(const SensitivityOptions& options, Run& run);

/// Images of the training split that an estimate looks at, its labels apart.
inline constexpr int64_t kEstimateImages = 64;

/// The same ranking without an evaluation of each layer: how far a network in which one layer alone is
/// quantized is from the float network in what it predicts (ptq::PredictionError). Of `options` the split and
/// the batch size do not count. The processes of a job share the layers.
formats::Sensitivity estimate_sensitivity(const SensitivityOptions& options, Run& run);

}  // namespace y6q::stages
