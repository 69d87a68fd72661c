#pragma once

#include "stages/training_run.h"

namespace y6q::stages {

struct QatOptions {
  TrainingOptions training;
  fs::path weights;  ///< calibrated model file
  /// Float model file it was calibrated from: teaches, and says how batch normalisation was folded. Empty:
  /// looked for beside it where `pipeline` puts it, ../float/best.safetensors.
  fs::path teacher;
  fs::path scales;  ///< RepOptimizer's scales where the float model was trained with them; empty: no masks
  bool distill = true;  ///< learn from the teacher
};

/// Settings for so many training images: ten epochs (spec/04 §6) from 0.001 (docs/decisions/0013: safe in
/// runs of a hundred steps, too), one of them warm-up, cosine, no mosaic, no mixup.
train::TrainRecipe default_qat_recipe(const std::string& architecture, int64_t train_images);

/// Quantization-aware training of a calibrated model: batch normalisation put back for the training
/// (passes::insert_batch_norm), activation ranges frozen, weight ranges follow the weights, distillation from
/// the float model. The files hold calibrated models with batch normalisation folded.
TrainSummary qat(const QatOptions& options, Run& run);

}  // namespace y6q::stages
