#pragma once

#include <string>
#include <vector>

#include "formats/model_file.h"

namespace y6q::stages {

/// What a network has taken over from another.
struct TakenOver {
  size_t tensors = 0;                         ///< as they were
  std::vector<std::string> known, beginning;  ///< classes whose weights go on, and those that begin anew
};

/// A float network in training form: a model file, or a checkpoint of the reference (.pt), which is compared
/// with the network it looks like. Throws InputError for files that are neither and for networks that are
/// merged or calibrated.
formats::ModelFile read_trained(const fs::path& weights);

/// Gives `network` the values of `from`, which has the same architecture and mode. The convolutions that end
/// in classes keep the rows of classes whose names both have; the others stay as they are. Throws InputError
/// naming the parameter when anything else differs.
TakenOver take_over(const formats::ModelFile& from, formats::ModelFile& network);

}  // namespace y6q::stages
