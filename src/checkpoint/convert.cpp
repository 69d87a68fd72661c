#include "checkpoint/convert.h"

#include <algorithm>

#include "base/errors.h"
#include "base/file_kind.h"
#include "checkpoint/model.h"
#include "checkpoint/onnx_model.h"
#include "checkpoint/scales.h"
#include "checkpoint/state_dict.h"
#include "formats/provenance.h"
#include "formats/scales.h"
#include "ir/queries.h"
#include "passes/deploy.h"

namespace y6q::checkpoint {
namespace {

using formats::PtNetwork;
using formats::PtReader;

constexpr const char* kBatches = "num_batches_tracked";  // in the provenance: written back by --to pt

const PtNetwork& choose(const PtReader& reader, CheckpointEntry entry) {
  const auto& checkpoint = reader.checkpoint();
  if (entry == CheckpointEntry::best) return reader.network();
  const auto& network = entry == CheckpointEntry::ema ? checkpoint.ema : checkpoint.model;
  if (!network) {
    throw InputError("it has no entry '{}'; leave --entry out to take what there is",
                     entry == CheckpointEntry::ema ? "ema" : "model");
  }
  return *network;
}

std::string chosen_name(const PtReader& reader, const PtNetwork& network) {
  return reader.checkpoint().ema && &*reader.checkpoint().ema == &network ? "ema" : "model";
}

std::vector<std::string> class_names(const PtNetwork& network, const models::Options& found,
                                     const ConvertOptions& options) {
  const auto count = static_cast<size_t>(found.class_count);
  if (!options.class_names.empty() && options.class_names.size() != count) {
    throw UsageError("--class-names: {} names, the network has {} classes", options.class_names.size(),
                     count);
  }
  if (!options.class_names.empty()) return options.class_names;
  if (network.class_names.size() == count) return network.class_names;
  return numbered_classes(count);
}

/// Merges and folds where the options or the ranges ask for it.
formats::ModelFile finished(CheckpointModel&& found, bool deploy) {
  const models::Options& network = found.network.options;
  formats::ModelFile file{std::move(found.model),
                          {.architecture = found.network.is_custom ? models::kCustom : network.architecture,
                           .mode = std::string(name_of(network.mode)),
                           .image_size = network.image_size}};
  if (!deploy && found.ranges.empty()) return file;
  file.model = passes::deploy(file.model);
  file.info.mode = name_of(models::Mode::repvgg_deploy);
  if (!found.ranges.empty()) file.model = quantized_by_checkpoint(file.model, found.ranges);
  if (ir::has_quantizers(file.model.graph)) file.info.scheme = "tensorrt";
  return file;
}

Conversion write_model(const PtReader& reader, const ConvertOptions& options) {
  auto made =
      formats::provenance("convert", options.weights, "");  // first: the digest needs the file in memory
  formats::ModelFile file = model_of_checkpoint(reader, options);
  file.info.provenance.merge(made);
  formats::write_model(options.out, file);
  return {.info = file.info, .entries = file.model.weights.size()};
}

OnnxModelOptions onnx_options(const ConvertOptions& options) {
  return {.cache = options.cache, .image_size = options.image_size, .class_names = options.class_names};
}

Conversion from_onnx(const ConvertOptions& options) {
  const ConvertTarget target = options.target.value_or(ConvertTarget::model);
  if (target != ConvertTarget::model)
    throw UsageError("--to {}: an ONNX file becomes a model file; use --to model", name_of(target));
  formats::ModelFile file = model_of_onnx(options.weights, onnx_options(options));
  if (file.info.class_names.empty()) file.info.class_names = numbered_classes(class_count_of(file.model));
  if (options.float_only && !file.info.scheme.empty())
    throw UsageError(
        "--float: the weights and biases of a calibrated ONNX file belong to its ranges; leave it out");
  file.info.provenance.merge(formats::provenance("convert", options.weights, ""));
  formats::write_model(options.out, file);
  return {.info = file.info, .entries = file.model.weights.size()};
}

Conversion write_pt(const ConvertOptions& options) {
  const formats::ModelFile file = formats::read_model(options.weights);
  const auto noted = file.info.provenance.find(kBatches);
  const bool is_number = noted != file.info.provenance.end() && !noted->second.empty() &&
                         noted->second.size() < 19 &&
                         std::ranges::all_of(noted->second, [](char c) { return c >= '0' && c <= '9'; });
  const StateDict state = state_dict(file.model, is_number ? std::stoll(noted->second) : 0);
  formats::write_pt(options.out, state.entries);
  return {.target = ConvertTarget::pt, .info = file.info, .entries = state.entries.size()};
}

Conversion write_scales(const ConvertOptions& options, const std::vector<formats::BlockScales>& scales,
                        formats::ModelInfo info) {
  formats::write_scales(options.out, scales);
  return {.target = ConvertTarget::scales, .info = std::move(info), .entries = scales.size()};
}

Conversion from_checkpoint(const ConvertOptions& options) {
  const PtReader reader(options.weights);
  const bool is_list = !reader.checkpoint().tensor_groups.empty();
  const ConvertTarget target =
      options.target.value_or(is_list ? ConvertTarget::scales : ConvertTarget::model);
  if (target == ConvertTarget::pt)
    throw UsageError("--to pt: {} is a .pt file already", options.weights.string());
  if (is_list) {
    if (target != ConvertTarget::scales) {
      throw UsageError("--to {}: {} holds scales; use --to scales", name_of(target),
                       options.weights.string());
    }
    return write_scales(options, scales_of_list(reader, options.architecture), {});
  }
  if (target == ConvertTarget::model) return write_model(reader, options);
  ConvertOptions as_trained = options;
  as_trained.deploy = false;
  // Scales were searched with the raw weights: the entry `model`, unless another is asked for (spec/03 §3).
  if (options.entry == CheckpointEntry::best && reader.checkpoint().model)
    as_trained.entry = CheckpointEntry::model;
  formats::ModelFile file = model_of_checkpoint(reader, as_trained);
  return write_scales(options, formats::extract_scales(file.model), file.info);
}

Conversion from_model(const ConvertOptions& options) {
  const ConvertTarget target = options.target.value_or(ConvertTarget::pt);
  if (target == ConvertTarget::pt) return write_pt(options);
  const formats::ModelFile file = formats::read_model(options.weights);
  if (target == ConvertTarget::scales)
    return write_scales(options, formats::extract_scales(file.model), file.info);
  throw UsageError("--to model: {} is a model file already; --to pt and --to scales are accepted",
                   options.weights.string());
}

/// Other people's, or else a model file.
FileKind network_kind(const fs::path& weights) {
  return require_kind(weights,
                      {FileKind::model, FileKind::checkpoint, FileKind::state_dictionary, FileKind::onnx});
}

bool is_checkpoint(FileKind kind) {
  return kind == FileKind::checkpoint || kind == FileKind::state_dictionary;
}

}  // namespace

formats::ModelFile model_of_checkpoint(const PtReader& reader, const ConvertOptions& options) {
  const PtNetwork& network = choose(reader, options.entry);
  CheckpointModel found = checkpoint_model(reader, network, {options.image_size, options.mode});
  auto names = class_names(network, found.network.options, options);
  const auto batches = found.batches_tracked;
  if (options.float_only) found.ranges.clear();
  formats::ModelFile file = finished(std::move(found), options.deploy);
  file.info.class_names = std::move(names);
  file.info.provenance["entry"] = chosen_name(reader, network);
  if (batches) file.info.provenance[kBatches] = std::to_string(*batches);
  return file;
}

formats::ModelFile read_network(const ConvertOptions& options) {
  const FileKind kind = network_kind(options.weights);
  if (kind == FileKind::onnx) return model_of_onnx(options.weights, onnx_options(options));
  return is_checkpoint(kind) ? model_of_checkpoint(PtReader(options.weights), options)
                             : formats::read_model(options.weights);
}

Conversion convert(const ConvertOptions& options) {
  check_not_an_input(options.out, {options.weights, options.cache});
  const FileKind kind = network_kind(options.weights);
  if (!options.cache.empty() && kind != FileKind::onnx)
    throw UsageError("--cache: belongs to an ONNX file; {} is none", options.weights.string());
  try {
    if (kind == FileKind::onnx) return from_onnx(options);
    return is_checkpoint(kind) ? from_checkpoint(options) : from_model(options);
  } catch (const InputError& error) {
    const std::string path = options.weights.string(), text = error.what();
    if (text.find(path) != std::string::npos) throw;
    throw InputError("convert: {}: {}", path, text);
  }
}

}  // namespace y6q::checkpoint
