#include "stages/inspect.h"

#include <fmt/ranges.h>

#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

using nlohmann::json;
using stages::Inspection;

std::string range_text(const std::optional<float>& range) {
  return range ? fmt::format("{:.5g}", *range) : "";
}

std::string network_text(const Inspection& file) {
  const formats::ModelInfo& info = file.info;
  std::string text = fmt::format(
      "architecture  {}\nmode          {}\nimage size    {}x{}\nclasses       {}\nscheme        {}\n",
      info.architecture, info.mode, info.image_size[0], info.image_size[1], info.class_names.size(),
      info.scheme.empty() ? "float" : info.scheme);
  text += fmt::format(
      "parameters    {} (a checkpoint of the reference: {})\nmultiply-adds {:.3f} G ({:.2f} GFLOPs)\n",
      file.parameters, file.checkpoint_parameters, static_cast<double>(file.multiply_adds) / 1e9,
      2 * static_cast<double>(file.multiply_adds) / 1e9);
  text += fmt::format("dead channels {}\n", file.dead_channels);
  for (const auto& [key, value] : info.provenance) text += fmt::format("{:<13} {}\n", key, value);
  text += fmt::format("\n{:<44} {:<16} {:<17} {:<19} {:>10} {:>12} {:>9} {:>9}\n", "layer", "operator",
                      "weight", "output", "parameters", "multiply-adds", "input", "weight");
  for (const stages::LayerFacts& layer : file.layers) {
    text += fmt::format("{:<44} {:<16} {:<17} {:<19} {:>10} {:>13} {:>9} {:>9}\n", layer.name, layer.op,
                        layer.weight.empty() ? "" : ir::to_text(layer.weight), ir::to_text(layer.output),
                        layer.parameters, layer.multiply_adds, range_text(layer.input_range),
                        range_text(layer.weight_range));
  }
  return text;
}

json network_document(const Inspection& file) {
  const formats::ModelInfo& info = file.info;
  json layers = json::array();
  for (const stages::LayerFacts& layer : file.layers) {
    json row{{"name", layer.name},
             {"op", layer.op},
             {"output", layer.output},
             {"parameters", layer.parameters},
             {"multiply_adds", layer.multiply_adds}};
    if (!layer.weight.empty()) row["weight"] = layer.weight;
    if (layer.dead_channels > 0) row["dead_channels"] = layer.dead_channels;
    if (layer.input_range) row["input_range"] = *layer.input_range;
    if (layer.weight_range) row["weight_range"] = *layer.weight_range;
    layers.push_back(std::move(row));
  }
  return {{"architecture", info.architecture},
          {"mode", info.mode},
          {"class_names", info.class_names},
          {"image_size", info.image_size},
          {"scheme", info.scheme},
          {"parameters", file.parameters},
          {"checkpoint_parameters", file.checkpoint_parameters},
          {"multiply_adds", file.multiply_adds},
          {"dead_channels", file.dead_channels},
          {"provenance", info.provenance},
          {"layers", std::move(layers)}};
}

class InspectCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--weights", weights_,
                   "Model file, ONNX file (.onnx), PyTorch checkpoint (.pt) or scales file")
        ->required()
        ->group(kModelGroup);
    app.add_flag("--graph", graph_, "Also print every node of the graph")->group(kOutputGroup);
    app.add_flag("--entries", entries_, "Also print every tensor of a checkpoint")->group(kOutputGroup);
    add_example(app, "yolov6q inspect --weights runs/x/float/best.safetensors");
  }

  void run(Console& console) override {
    const Inspection file = stages::inspect(weights_);
    json document{{"kind", file.kind}};
    std::string text = fmt::format("kind          {}\n", file.kind);
    if (!file.layers.empty()) {
      text += network_text(file);
      document.update(network_document(file));
    }
    if (file.kind == "checkpoint") add_checkpoint(file, text, document);
    for (const formats::BlockScales& block : file.scales) {
      text += fmt::format("{:<28} {:>4} channels{}\n", block.block, block.conv3x3.size(),
                          block.identity.empty() ? "" : ", identity");
      document["blocks"].push_back({{"block", block.block},
                                    {"channels", block.conv3x3.size()},
                                    {"identity", !block.identity.empty()}});
    }
    if (graph_ && !file.graph.empty()) {
      text += file.graph;
      document["graph"] = file.graph;
    }
    console.result(text, document);
  }

 private:
  void add_checkpoint(const Inspection& file, std::string& text, json& document) const {
    text += fmt::format("tensors       {}\n", file.entries.size());
    document["tensors"] = file.entries.size();
    if (!file.refusal.empty()) {
      text += fmt::format("not converted {}\n", file.refusal);
      document["refusal"] = file.refusal;
    }
    if (!entries_ && file.refusal.empty()) return;
    text += fmt::format("{}\n", fmt::join(file.entries, "\n"));
    document["entries"] = file.entries;
  }

  fs::path weights_;
  bool graph_ = false, entries_ = false;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command() { return std::make_unique<InspectCommand>(); }

}  // namespace y6q::cli
