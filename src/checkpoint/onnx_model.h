#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/files.h"
#include "formats/model_file.h"

namespace y6q::checkpoint {

struct OnnxModelOptions {
  fs::path cache = {};                          ///< TensorRT's calibration cache of a file without quantizers
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width where the file leaves them open
  std::vector<std::string> class_names = {};    ///< empty: those that the file names, if any
};

/// The network of an ONNX file (onnx/import.h), ours or another program's, merged and folded, as a model file
/// would hold it: outputs cls0 …, reg0 …, finest level first, and taps feat0 … of the neck where it has them;
/// classes, scheme and architecture as the file says, else by signs and by shapes. Class names are empty
/// where nobody says them.
///
/// With a cache every layer whose source and result have a scale is quantized, as TensorRT does it (spec/08
/// §4). Where the weights of most such layers are rounded, as in our Q/DQ-free files, others were kept float.
///
/// Throws InputError that names file, node or tensor; UsageError for another number of class names than
/// classes.
formats::ModelFile model_of_onnx(const fs::path& onnx, const OnnxModelOptions& options = {});

/// By its output cls0.
size_t class_count_of(const ir::Model& model);
/// "class0", "class1", …: names where nobody says them.
std::vector<std::string> numbered_classes(size_t count);

}  // namespace y6q::checkpoint
