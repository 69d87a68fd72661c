#pragma once

#include "pipeline/network.h"
#include "pipeline/step.h"

namespace y6q::pipeline {

/// What a run's steps depend on beside files and options.
struct Premises {
  std::string train, val, measured;  ///< digests of the splits; measured: that of the table
  int64_t train_images = 0;
};

/// Reads the run's splits. Throws InputError for a set that cannot be trained on and measured.
Premises premises_of(const PipelineOptions& options, stages::Run& run);

/// What the steps of one network are made from.
struct Context {
  const PipelineOptions& options;
  const Network& network;
  const Premises& premises;
  const stages::Run& run;

  /// Settings as they will be used: of the stage's defaults, a recipe's text, and the command line.
  train::TrainRecipe float_recipe(const std::string& mode, const std::string& text) const;
  train::TrainRecipe qat_recipe() const;
  std::vector<Measured> measured() const;
  /// A file of the run, as a command by hand in its folder names it.
  std::string inside(const fs::path& path) const;
  /// The run's data set, as a command by hand names it.
  std::string data_arguments() const;
  /// The same of its engine; empty where no other than the default one was asked for.
  std::string engine_argument() const;
};

/// From the data to the engine: hyper-search to build.
std::vector<Step> making_steps(const Context& context);
/// Accuracy, differences and speed: evaluate and bench.
std::vector<Step> measuring_steps(const Context& context);

/// All steps of a run but its report, in the order in which they run: phase by phase.
std::vector<Step> steps_of(const PipelineOptions& options, std::span<const Network> networks,
                           const Premises& premises, const stages::Run& run);

}  // namespace y6q::pipeline
