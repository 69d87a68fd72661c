#pragma once

#include "base/files.h"

namespace y6q::stages {

/// Where ONNX files that were made of model files are kept from one command to the next.
struct EngineCache {
  fs::path folder;                     ///< empty: nowhere
  uint64_t bytes = uint64_t{1} << 30;  ///< of all its files; those that were used longest ago go first
};

/// What an engine is given for a file: an ONNX file or OpenVINO's IR itself; of a model file or a checkpoint
/// what export writes of it, with its raw head, a calibrated one with Q/DQ pairs.
class EngineFile {
 public:
  /// Exports a model file into `cache`, under its digest and this program's, unless it is there already;
  /// where there is no cache, into the temporary folder, removed by the destructor. Throws what export_onnx
  /// throws, InputError for files of other kinds.
  EngineFile(const fs::path& file, const EngineCache& cache);
  ~EngineFile();
  EngineFile(const EngineFile&) = delete;
  EngineFile& operator=(const EngineFile&) = delete;

  const fs::path& onnx() const { return onnx_; }

 private:
  fs::path onnx_, temporary_;
};

}  // namespace y6q::stages
