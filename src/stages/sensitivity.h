#pragma once

#include "formats/sensitivity_file.h"
#include "ptq/calibrator.h"
#include "stages/run.h"

namespace y6q::stages {

struct SensitivityOptions {
  fs::path weights;           ///< float model file
  fs::path out;               ///< JSON file to write; <out>.part while it is measured
  std::string split = "val";  ///< measured on
  /// Instead of the split's labels: what the float network detects in kEstimateImages training images.
  bool estimate = false;
  ptq::RangeOptions ranges;
  int64_t batch_size = 32;
};

/// Images of the training split that an estimate looks at, its labels apart.
inline constexpr int64_t kEstimateImages = 64;

/// mAP of the float network, of the fully quantized one, and of networks in which one layer alone is
/// quantized. An interrupted measurement goes on where it was when weights, data and options are the same.
/// Of an estimate the float network's mAP is near 1 (it agrees with itself), and what a layer takes from it
/// ranks the layers in a fraction of the time. Throws InputError for one of a network that detects nothing.
formats::Sensitivity sensitivity(const SensitivityOptions& options, Run& run);

}  // namespace y6q::stages
