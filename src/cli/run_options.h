#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "stages/run.h"

namespace y6q::cli {

/// The run of a command that trains or simulates: its options, and the job of several processes it is part
/// of.
class RunSetup {
 public:
  /// --data and how it is read (cli/dataset_options.h), --seed, --workers, --threads, --device, --processes,
  /// --deterministic.
  void declare(CLI::App& app);

  stages::RunOptions options;

  /// With --processes: starts them, waits and throws Finished. Else joins the job that torchrun, srun or
  /// mpirun has started this process for, if any; all but the first process are silent from then on. The run
  /// lives as long as this.
  stages::Run& start(Console& console);

 private:
  int processes_ = 1;
  bool deterministic_ = false;
  std::unique_ptr<Monitor> silent_;
  std::unique_ptr<dist::Group> group_;
  std::unique_ptr<stages::Run> run_;
};

}  // namespace y6q::cli
