#include "stages/inspect.h"

#include <algorithm>

#include "base/errors.h"
#include "base/file_kind.h"
#include "checkpoint/convert.h"
#include "checkpoint/onnx_model.h"
#include "ir/cost.h"
#include "ir/dead_channels.h"
#include "ir/text.h"

namespace y6q::stages {
namespace {

constexpr int64_t kProjection = 34;  // detect.proj and detect.proj_conv.weight (spec/01 §3.3)

std::optional<float> range_of(const ir::Model& model, ir::Value operand) {
  const ir::Node& node = model.graph.node(operand);
  if (!std::holds_alternative<ir::FakeQuant>(node.op)) return std::nullopt;
  return std::ranges::max(model.floats(node.inputs[1]));
}

LayerFacts facts_of(const ir::Model& model, ir::Value value) {
  const ir::Graph& graph = model.graph;
  const ir::Node& node = graph.node(value);
  LayerFacts facts{.name = node.name,
                   .op = std::string(ir::op_name(node.op)),
                   .output = node.shape,
                   .multiply_adds = ir::multiply_adds(graph, value),
                   .dead_channels = ir::dead_channels(model, value)};
  const auto behind_quantizer = [&](ir::Value operand) -> const ir::Node& {
    const ir::Node& direct = graph.node(operand);
    return std::holds_alternative<ir::FakeQuant>(direct.op) ? graph.node(direct.inputs[0]) : direct;
  };
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const ir::Node& operand = behind_quantizer(node.inputs[i]);
    const auto* parameter = std::get_if<ir::Parameter>(&operand.op);
    if (parameter != nullptr && parameter->trainable) facts.parameters += ir::element_count(operand.shape);
  }
  if (!node.inputs.empty()) facts.input_range = range_of(model, node.inputs[0]);
  if (facts.multiply_adds > 0) {
    facts.weight = behind_quantizer(node.inputs[1]).shape;
    facts.weight_range = range_of(model, node.inputs[1]);
  }
  return facts;
}

void describe_network(const formats::ModelFile& file, Inspection& result) {
  result.info = file.info;
  result.parameters = ir::parameter_count(file.model);
  result.checkpoint_parameters = result.parameters + kProjection;
  result.multiply_adds = ir::multiply_adds(file.model.graph);
  result.dead_channels = ir::dead_channels(file.model);
  result.graph = ir::to_text(file.model.graph);
  for (uint32_t id = 0; id < file.model.graph.size(); ++id) {
    const ir::Node& node = file.model.graph[id];
    if (std::holds_alternative<ir::FakeQuant>(node.op)) continue;
    LayerFacts facts = facts_of(file.model, {id});
    if (facts.parameters > 0 || std::holds_alternative<ir::MaxPool2d>(node.op)) {
      result.layers.push_back(std::move(facts));
    }
  }
}

Inspection inspect_checkpoint(const fs::path& path) {
  const formats::PtReader reader(path);
  Inspection result{.kind = "checkpoint"};
  const auto describe = [](const std::string& name, const formats::PtTensor& tensor) {
    return name + " " + ir::to_text(tensor.shape);
  };
  const auto& checkpoint = reader.checkpoint();
  for (const auto& [entry, network] : {std::pair{"model", &checkpoint.model}, {"ema", &checkpoint.ema}}) {
    if (!*network) continue;
    for (const auto& [name, tensor] : (*network)->tensors) {
      result.entries.push_back(describe(std::string(entry) + "/" + name, tensor));
    }
  }
  for (size_t i = 0; i < checkpoint.tensor_groups.size(); ++i) {
    for (const formats::PtTensor& tensor : checkpoint.tensor_groups[i]) {
      result.entries.push_back(describe(std::to_string(i), tensor));
    }
  }
  try {
    describe_network(checkpoint::model_of_checkpoint(reader, {}), result);
  } catch (const InputError& error) {
    result.refusal = error.what();
  }
  return result;
}

}  // namespace

Inspection inspect(const fs::path& path) {
  const FileKind kind = require_kind(path, {FileKind::model, FileKind::onnx, FileKind::checkpoint,
                                            FileKind::state_dictionary, FileKind::json});
  if (kind == FileKind::checkpoint || kind == FileKind::state_dictionary) return inspect_checkpoint(path);
  if (kind == FileKind::json) return {.kind = "scales", .scales = formats::read_scales(path)};
  Inspection result{.kind = kind == FileKind::onnx ? "onnx" : "model"};
  formats::ModelFile file = checkpoint::read_network({.weights = path});
  if (file.info.class_names.empty())
    file.info.class_names = checkpoint::numbered_classes(checkpoint::class_count_of(file.model));
  describe_network(file, result);
  return result;
}

}  // namespace y6q::stages
