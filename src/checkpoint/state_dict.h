#pragma once

#include <deque>
#include <string>

#include "formats/pt_writer.h"
#include "ir/model.h"

namespace y6q::checkpoint {

/// A network under the names and in the order of the reference's state dictionaries (nested generation,
/// spec/01 §4), with the entries that no model of ours has: `detect.proj`, `detect.proj_conv.weight`,
/// `….num_batches_tracked` and, of a calibrated one, `_amax`.
struct StateDict {
  std::deque<ir::Array> own;  ///< what the model does not hold
  formats::PtEntries entries;
};

/// `model` must outlive the result. Single-branch blocks whose batch norm has been folded get a neutral one
/// (variance 1 - eps, bias as the convolution's), so that the dictionary fits the reference's network, which
/// always has it; merged branches stay `rbr_reparam` with bias. batches_tracked: of every batch norm. Throws
/// UnsupportedError for ranges that a checkpoint cannot hold.
StateDict state_dict(const ir::Model& model, int64_t batches_tracked);

}  // namespace y6q::checkpoint
