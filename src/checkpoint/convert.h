#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/names.h"
#include "formats/model_file.h"
#include "formats/pt_reader.h"
#include "models/builder.h"

namespace y6q::checkpoint {

enum class ConvertTarget {
  model,   ///< our model file
  pt,      ///< state dictionary that torch.load(weights_only=True) opens
  scales,  ///< RepOptimizer's scales (formats/scales.h)
};

constexpr auto names_of(ConvertTarget) {
  return name_table<ConvertTarget>(
      "conversion target",
      {{ConvertTarget::model, "model"}, {ConvertTarget::pt, "pt"}, {ConvertTarget::scales, "scales"}});
}

/// Which network of a training checkpoint: the averaged weights are the ones to infer with.
enum class CheckpointEntry { best /* ema, else model */, ema, model };

constexpr auto names_of(CheckpointEntry) {
  return name_table<CheckpointEntry>(
      "checkpoint entry",
      {{CheckpointEntry::best, "best"}, {CheckpointEntry::ema, "ema"}, {CheckpointEntry::model, "model"}});
}

struct ConvertOptions {
  fs::path
      weights{};     ///< checkpoint (.pt, state dictionary in safetensors), ONNX file, or model file of ours
  fs::path cache{};  ///< of an ONNX file without quantizers: TensorRT's calibration cache
  fs::path out{};    ///< file to write
  /// Unset: a checkpoint or ONNX file becomes a model file, a list of scales our scales file, a model file a
  /// .pt.
  std::optional<ConvertTarget> target{};
  CheckpointEntry entry = CheckpointEntry::best;
  /// Height, width: checkpoints do not say, nor do all ONNX files.
  std::array<int64_t, 2> image_size{640, 640};
  std::optional<models::Mode> mode{};      ///< of QARepVGG blocks in a state dictionary
  std::vector<std::string> class_names{};  ///< empty: those of the checkpoint, else class0, class1, …
  std::string architecture{};              ///< of a list of scales; empty: by its channels
  bool deploy = false;                     ///< merge branches and fold batch norms
  bool float_only = false;                 ///< of a calibrated checkpoint the float network in training form
};

struct Conversion {
  ConvertTarget target = ConvertTarget::model;
  formats::ModelInfo info{};  ///< of the network; architecture and mode empty for a list of scales
  size_t entries = 0;         ///< tensors, or blocks of scales, written
};

/// Reads without executing anything, compares every entry with the network it looks like, writes. A
/// calibrated checkpoint becomes a calibrated model (checkpoint_ranges.h), merged and folded; so does an ONNX
/// file (onnx_model.h). Throws InputError naming everything that does not fit, UsageError for a target the
/// input cannot become.
Conversion convert(const ConvertOptions& options);

/// The network of `options.weights`: that of a model file as it is, that of a checkpoint as convert() makes
/// it, that of an ONNX file as model_of_onnx (onnx_model.h) does. Throws InputError, also for other files.
formats::ModelFile read_network(const ConvertOptions& options);

/// The network of a checkpoint as a model file would hold it; what convert() and inspect show. Throws
/// InputError.
formats::ModelFile model_of_checkpoint(const formats::PtReader& reader, const ConvertOptions& options);

}  // namespace y6q::checkpoint
