#pragma once

#include "pipeline/results.h"
#include "pipeline/step.h"

namespace y6q::pipeline {

/// Runs the steps, each in its folder under options.train.training.out; done steps are skipped, an
/// interrupted one goes on. Phases before `from` are taken as they are. Throws UsageError for unknown phases,
/// and when what `from` needs is not there, InputError when it is of another split, data set or image size.
Result pipeline(const PipelineOptions& options, stages::Run& run);

}  // namespace y6q::pipeline
