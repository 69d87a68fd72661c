#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "ir/model.h"

namespace y6q::formats {

/// RepOptimizer's constants of one block (arXiv 2205.15242, spec/03): per output channel.
struct BlockScales {
  std::string block;  ///< "backbone.stem"
  std::vector<float> conv3x3, conv1x1;
  std::vector<float> identity;  ///< empty where the block has no identity branch
  bool operator==(const BlockScales&) const = default;
};

/// The scales of every linear-branch block of a searched network, in graph order: its parameters
/// <block>.scale_conv.weight, <block>.scale_1x1.weight and, if any, <block>.scale_identity.weight.
/// Throws InputError when there are none or their lengths differ.
std::vector<BlockScales> extract_scales(const ir::Model& searched);

/// JSON that people can read (docs/reference/scales-file.md). Atomic; same scales, same bytes.
void write_scales(const fs::path& path, const std::vector<BlockScales>& scales);

/// Such a file, or the model file of a searched network (`train --mode hyper_search`). Throws InputError
/// naming path and block; files up to 256 MB, finite numbers only.
std::vector<BlockScales> read_scales(const fs::path& path);

}  // namespace y6q::formats
