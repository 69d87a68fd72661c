#pragma once

#include "cli/command.h"
#include "stages/training_run.h"

namespace y6q::cli {

/// What `train` and `qat` say when they are done.
void report_training(Console& console, const stages::TrainSummary& summary);

}  // namespace y6q::cli
