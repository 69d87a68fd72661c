#pragma once

#include <array>
#include <optional>

#include "checkpoint/ranges.h"
#include "formats/pt_reader.h"
#include "models/recognise.h"

namespace y6q::checkpoint {

/// A network of a checkpoint as a model of ours.
struct CheckpointModel {
  ir::Model model;  ///< float, in the mode it was saved in; parameters with nested names
  models::Recognised network;
  CheckpointRanges ranges{};                 ///< empty: not calibrated
  std::optional<int64_t> batches_tracked{};  ///< by its batch norms, when all agree
};

/// What a checkpoint does not say.
struct CheckpointForm {
  std::array<int64_t, 2> image_size{640, 640};  ///< height, width
  std::optional<models::Mode> mode{};           ///< a state dictionary: which version of QARepVGG
};

/// Finds architecture and mode from names (both generations) and shapes, and compares every entry with that
/// network's graph. Throws InputError naming every entry that is missing, unexpected, of another shape or not
/// a number, and the quantizer settings that cannot be taken over, or when the mode stays open; UsageError
/// when the given mode is not the network's.
CheckpointModel checkpoint_model(const formats::PtReader& reader, const formats::PtNetwork& network,
                                 const CheckpointForm& form);

}  // namespace y6q::checkpoint
