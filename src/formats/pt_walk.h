#pragma once

#include "formats/pt_container.h"
#include "formats/pt_reader.h"

namespace y6q::formats {

/// Finds the entries of a checkpoint among pickled values. The widened tensors of each network take at most
/// `array_bytes`. Tensors are views into `contents`' storages. Throws pickle::Refusal.
PtCheckpoint walk_checkpoint(const PtContents& contents, uint64_t array_bytes);

}  // namespace y6q::formats
