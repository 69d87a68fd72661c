#pragma once

#include <string>
#include <vector>

#include "formats/pt_reader.h"
#include "formats/scales.h"

namespace y6q::checkpoint {

/// RepOptimizer's scales (spec/03 §3) of a file that holds a list or tuple of one list or tuple a block, in
/// registration order: (identity, 1x1, 3x3) or (1x1, 3x3), each [output channels]; or the same tensors in one
/// flat list. architecture: whose blocks they are; empty: the one whose stem has as many channels. Throws
/// InputError naming every block that differs and how.
std::vector<formats::BlockScales> scales_of_list(const formats::PtReader& reader,
                                                 const std::string& architecture);

}  // namespace y6q::checkpoint
