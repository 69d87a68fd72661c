#pragma once

#include <string>
#include <string_view>

namespace y6q::formats {

/// The nested (canonical) name of a state-dictionary entry or module with a flat or a nested name
/// (spec/01 §0): `.block` before `conv` and `bn` of units that are not Rep blocks, `.sppf` after
/// `backbone.ERBlock_5.2`. Other names come back as they are. Entries of quantizers go with their layer.
std::string nested_name(std::string_view name);

enum class EntryKind {
  weight,       ///< parameters and running statistics
  batch_count,  ///< `….num_batches_tracked`: no influence on results
  projection,   ///< `detect.proj`, `detect.proj_conv.weight`: unused without DFL (spec/01 §3.3)
  range         ///< `…._amax` of a quantizer
};
EntryKind entry_kind(std::string_view name);

}  // namespace y6q::formats
