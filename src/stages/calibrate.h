#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "base/monitor.h"
#include "quant/range_search.h"
#include "quant/scheme.h"

namespace y6q::stages {

struct CalibrateOptions {
  fs::path weights;  ///< float model file
  fs::path data;     ///< data set; its train split is used, letterboxed, without augmentation
  fs::path out;      ///< calibrated model file to write
  quant::Scheme scheme = quant::Scheme::tensorrt;
  quant::RangeMethod method = quant::RangeMethod::max;
  double percentile = 99.99;
  bool bias_correction = true;  ///< passes::correct_biases with the means of the same images
  int64_t images = 128;         ///< drawn from the split with the seed
  int64_t batch_size = 16;
  uint64_t seed = 0;
  int workers = 2, threads = 0;
  bool skip_broken = false;
};

struct Range {
  std::string quantizer;  ///< name of the FakeQuant node
  float amax = 0;
};

struct Calibration {
  std::vector<Range> ranges;  ///< of activations, in graph order, after sharing
  int64_t images = 0;         ///< seen
};

/// PTQ: merges and folds, inserts quantizers (prediction convolutions stay float), collects one histogram a
/// tensor on un-augmented training images, searches ranges, gives concatenated tensors one range, writes the
/// model.
Calibration calibrate(const CalibrateOptions& options, Monitor& monitor);

}  // namespace y6q::stages
