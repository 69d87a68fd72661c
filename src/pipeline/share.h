#pragma once

#include "dist/array_share.h"
#include "stages/run.h"

namespace y6q::pipeline {

/// Of trials that processes share: a process' part by its rank in the job, or as task of a Slurm array.
dist::Share share_of(const dist::Group& group);

/// A process' options as those of one that is alone: whatever it does, it does without the others.
stages::RunOptions alone(const stages::Run& run);

}  // namespace y6q::pipeline
