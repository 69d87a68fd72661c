#pragma once

#include "ir/model.h"

namespace y6q::passes {

/// Merges linear branches that are added on one source into one convolution (spec/01 §8).
///
///            src                                 src
///      /      |       \                           |
///   conv3x3 conv1x1    |                      rbr_reparam
///     |       |        |            -->           |
///    norm    norm     norm
///      \      |       /
///          add, add
///
/// A branch is a chain of BatchNorm and ChannelScale nodes above one convolution, one average pool or the
/// source itself; so the training forms of RepVGG and QARepVGG and the scaled branches of hyper_search are
/// all found, by structure and not by name. The largest kernel must contain the others when their paddings
/// are aligned; strides and groups must agree. Sums stay as they are when a part has another reader, is an
/// output, or stands on another source, or without any convolution. The new node is <owner of the last
/// add>.rbr_reparam, with .weight, and .bias when a branch has a norm or a bias. Norms count with their
/// running statistics; the result equals evaluation mode.
ir::Model merge_rep_branches(const ir::Model& model);

}  // namespace y6q::passes
