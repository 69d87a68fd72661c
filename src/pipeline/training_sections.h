#pragma once

#include "pipeline/network.h"
#include "report/html.h"

namespace y6q::pipeline {

/// How the network came about: curves of each training, sensitivity of each layer, what the quantizers see.
/// Reads the files of the run.
void add_training(report::Page& page, const Network& network);

}  // namespace y6q::pipeline
