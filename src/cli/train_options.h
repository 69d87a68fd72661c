#pragma once

#include <CLI/CLI.hpp>

#include "stages/train.h"

namespace y6q::cli {

/// --model, --mode, --img-size.
void add_network_options(CLI::App& app, stages::TrainOptions& options);

/// --epochs, --batch-size.
void add_epochs_and_batch_size(CLI::App& app, stages::TrainingOptions& options);

/// --out, --recipe, --resume of a command that trains and nothing else.
/// Lets --batch-size be `auto`.
void add_fitting_batch_size(CLI::App& app, stages::TrainingOptions& options);
void add_recipe_and_resume(CLI::App& app, stages::TrainingOptions& options, std::filesystem::path& recipe);
/// Reads the recipe file unless its path is empty. Throws InputError.
void read_recipe(const std::filesystem::path& recipe, stages::TrainingOptions& options);

}  // namespace y6q::cli
