#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "ir/model.h"

namespace y6q::formats {

/// In the order to write; the arrays are only looked at during the call.
using PtEntries = std::vector<std::pair<std::string, const ir::Array*>>;

/// A state dictionary that torch.load(path, weights_only=True) opens: a zip archive with a pickle of protocol
/// 2 (an OrderedDict of float32, int64 and int8 tensors). Atomic; same entries, same bytes. Throws
/// UnsupportedError from 4 GB on.
void write_pt(const fs::path& path, const PtEntries& entries);

}  // namespace y6q::formats
