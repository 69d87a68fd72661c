#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/monitor.h"
#include "ptq/calibrator.h"

namespace y6q::stages {

struct CalibrateOptions {
  fs::path weights;  ///< float model file
  fs::path data;     ///< data set; its train split is used, letterboxed, without augmentation
  fs::path out;      ///< calibrated model file to write
  ptq::RangeOptions ranges;
  int64_t images = 128;  ///< drawn from the split with the seed
  int64_t batch_size = 16;
  /// Partial quantization: layers that stay float beside the predictions, by name …
  std::set<std::string> keep_float;
  /// … and so many of the most sensitive ones of `sensitivity`, a file of stages::sensitivity.
  int64_t keep_float_count = 0;
  fs::path sensitivity;
  uint64_t seed = 0;
  int workers = 2, threads = 0;
  bool skip_broken = false;
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

/// PTQ: merges and folds, inserts quantizers (prediction convolutions stay float), collects one histogram a
/// tensor on un-augmented training images, searches ranges, gives concatenated tensors one range, writes the
/// model. Throws UsageError for unknown layers and for a count without a sensitivity file.
Calibration calibrate(const CalibrateOptions& options, Monitor& monitor);

}  // namespace y6q::stages
