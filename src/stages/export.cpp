#include "stages/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/atomic_folder.h"
#include "base/errors.h"
#include "base/fields.h"
#include "checkpoint/convert.h"
#include "engine/openvino/ir.h"
#include "ir/dead_channels.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"
#include "passes/round_weights.h"
#include "passes/share_ranges.h"
#include "stages/target_page.h"
#include "stages/trtexec.h"

namespace y6q::stages {
namespace {

fs::path cache_of(const fs::path& onnx) { return fs::path(onnx).replace_extension(".cache"); }

/// A network on its way into files.
struct Network {
  ir::Model model;
  formats::ModelInfo info;
  onnx::OnnxOptions onnx;

  bool is_quantized() const { return !info.scheme.empty(); }
  Exported exported(int64_t batch) const {
    return {is_quantized(), onnx::node_names(model, onnx), batch, info.image_size, onnx.images};
  }
};

void add_suppression(onnx::OnnxOptions& onnx, const ExportOptions& options) {
  if (options.raw_head)
    throw UsageError("export: --nms takes decoded boxes, --raw-head ends before them; leave one of them out");
  onnx.suppression = options.suppression;
  onnx.metadata["score_threshold"] = fmt::format("{}", options.suppression->score_threshold);
  onnx.metadata["iou_threshold"] = fmt::format("{}", options.suppression->iou_threshold);
  onnx.metadata["max_detections"] = fmt::format("{}", options.suppression->max_detections);
}

/// Merged, folded and decoded.
Network read(const ExportOptions& options) {
  formats::ModelFile file = checkpoint::read_network({.weights = options.weights});
  Network network{passes::deploy(file.model), std::move(file.info), {.batch = options.batch}};
  if (options.graph_opt && network.is_quantized()) network.model = passes::share_ranges(network.model);
  network.onnx.metadata = onnx_metadata(network.info);
  network.onnx.images = options.images;
  if (options.suppression) add_suppression(network.onnx, options);
  if (!options.raw_head) {
    network.model = passes::append_decode(network.model, {models::kStrides.begin(), models::kStrides.end()});
    network.onnx.outputs = {"outputs"};
  }
  return network;
}

/// The Q/DQ-free file and its cache. TensorRT chooses ranges of weights by itself: it finds those of the
/// simulation in rounded weights.
void write_with_cache(const Network& network, const fs::path& onnx, std::string_view header) {
  const std::string cache =
      onnx::calibration_cache(network.model, network.onnx, header);  // refuses before anything is written
  onnx::write_onnx(onnx, passes::round_weights(network.model), network.onnx);
  write_file(cache_of(onnx), cache);
}

void check_form(const ExportOptions& options, const Network& network) {
  if (options.form == ExportForm::plain && network.is_quantized()) {
    throw InputError(
        "{}: is calibrated, its biases belong to rounded weights; export the float model it was made from, "
        "or use "
        "--form qdq or qdq-free",
        options.weights.string());
  }
  if (options.form != ExportForm::plain && !network.is_quantized()) {
    throw InputError("{}: has no quantizers; run calibrate first, or export with --form float",
                     options.weights.string());
  }
}

std::string trtexec_command(const Network& network, const ExportOptions& options) {
  const Exported exported = network.exported(options.batch);
  std::string command;
  for (const std::string& argument :
       trtexec_arguments(TrtexecVersion::from_8_4_to_10,
                         {.onnx = options.out,
                         .cache = options.form == ExportForm::qdq_free ? cache_of(options.out) : "",
                         .engine = fs::path(options.out).replace_extension(".trt"),
                         .integers = exported.quantized,
                         .nodes = exported.nodes,
                         .batch = exported.batch,
                         .image_size = exported.image_size,
                         .images = exported.images})) {
    command += (command.empty() ? "" : " ") + shell_word(argument);
  }
  return command;
}

/// Writes the network into `folder`. Returns the names of its files.
std::vector<std::string> write_network(Network& network, const Target& target, const fs::path& folder,
                                       const ExportOptions& options) {
  const fs::path onnx = folder / "model.onnx";
  network.onnx.remainder = target.remainder;
  network.onnx.opset = target.opset;
  network.onnx.rules = target.rules;
  if (network.is_quantized() && target.form == QuantizedForm::cache) {
    write_with_cache(network, onnx, options.cache_header);
    return {"model.onnx", "model.cache"};
  }
  network.onnx.form = network.is_quantized() ? onnx::Form::qdq : onnx::Form::plain;
  onnx::write_onnx(onnx, network.model, network.onnx);
  if (!network.is_quantized() || target.form != QuantizedForm::openvino) return {"model.onnx"};
  engine::write_openvino_ir(onnx, folder / "model.xml");
  fs::remove(onnx);
  return {"model.xml", "model.bin"};
}

}  // namespace

std::map<std::string, std::string> onnx_metadata(const formats::ModelInfo& info) {
  std::string names;
  for (std::string name : info.class_names) {
    std::ranges::replace(name, '\n', ' ');
    names += (names.empty() ? "" : "\n") + name;
  }
  return {{"architecture", info.architecture},
          {"image_size", fmt::format("{} {}", info.image_size[0], info.image_size[1])},
          {"names", names},
          {"scheme", info.scheme}};
}

std::string trtexec_command(const ExportOptions& options) { return trtexec_command(read(options), options); }

ExportResult export_onnx(const ExportOptions& options) {
  const bool cached = options.form == ExportForm::qdq_free;
  check_not_an_input(options.out, {options.weights});
  if (cached) {
    check_not_an_input(cache_of(options.out), {options.weights});
    if (cache_of(options.out) == options.out) {
      throw UsageError(
          "export: --out {}: is the name of the calibration cache beside it; give a name in .onnx",
          options.out.string());
    }
  }
  if (cached && options.images == onnx::ImageType::bytes)
    throw UnsupportedError(
        "export: --images bytes: files with a calibration cache take floats; leave it out");
  Network network = read(options);
  check_form(options, network);
  network.onnx.form = options.form == ExportForm::qdq ? onnx::Form::qdq : onnx::Form::plain;
  ExportResult result{options.out, cached ? cache_of(options.out) : fs::path(),
                      trtexec_command(network, options), ir::dead_channels(network.model)};
  if (cached) {
    write_with_cache(network, options.out, options.cache_header);
  } else {
    onnx::write_onnx(options.out, network.model, network.onnx);
  }
  return result;
}

ExportedFolder export_for(const Target& target, const ExportOptions& options) {
  Network network = read(options);
  try {
    require_fit(target, network.model, network.info.scheme);
    require_form(target, network.onnx);
  } catch (const InputError& error) {
    throw InputError("{}: {}", options.weights.string(), error.what());
  }
  AtomicFolder folder(options.out, "export");
  std::vector<std::string> files = write_network(network, target, folder.temporary_path(), options);
  const TargetPage page{target,           network.info,        network.exported(options.batch),
                        options.raw_head, options.suppression, files};
  write_file(folder.temporary_path() / "README.md", readme(page));
  const fs::path script = folder.temporary_path() / "commands.sh";
  write_file(script, commands(page));
  fs::permissions(script, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add);
  folder.commit();
  files.insert(files.end(), {"commands.sh", "README.md"});
  return {std::move(files), ir::dead_channels(network.model)};
}

}  // namespace y6q::stages
