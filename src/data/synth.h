#pragma once

#include <cstdint>

#include "base/files.h"
#include "base/monitor.h"

namespace y6q::data {

struct SynthOptions {
  fs::path out;                                ///< made; must not exist, or be empty
  int64_t train = 400, val = 100, test = 100;  ///< images, 1 to a million
  int64_t image_size = 256;                    ///< pixels, 64 to 4096
  int64_t classes = 4;                         ///< 2 to 6
  uint64_t seed = 0;
  int threads = 0;  ///< 0: all cores; the bytes do not depend on it
};

/// Writes a generated detection data set (see synth_scene.h): data.yaml, images/<split>/*.jpg,
/// labels/<split>/*.txt, annotations/instances_<split>.json. The folder appears complete or not at all. Same
/// options, same bytes. Throws UsageError for an option out of range or a folder that is in use,
/// EnvironmentError when writing fails.
void write_synth(const SynthOptions& options, Monitor& monitor);

}  // namespace y6q::data
