#include "checkpoint/onnx_model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/errors.h"
#include "checkpoint/cache_ranges.h"
#include "ir/queries.h"
#include "models/recognise.h"
#include "onnx/calibration_cache.h"
#include "onnx/import.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"

namespace y6q::checkpoint {
namespace {

using ir::Value;

struct Maps {
  std::vector<Value> cls, reg;  ///< finest level first
};

/// Outputs that are the maps themselves: by their names, else 4 channels are distances.
Maps maps_of_outputs(const ir::Graph& graph) {
  Maps maps;
  std::vector<std::string> seen;
  for (const ir::Output& output : graph.outputs()) {
    const ir::Shape& shape = graph.node(output.value).shape;
    seen.push_back(fmt::format("'{}' {}", output.name, ir::to_text(shape)));
    const bool is_reg = output.name.starts_with("reg") || (!output.name.starts_with("cls") && shape[1] == 4);
    (is_reg ? maps.reg : maps.cls).push_back(output.value);
  }
  const auto finer = [&](Value a, Value b) { return graph.node(a).shape[2] > graph.node(b).shape[2]; };
  std::ranges::stable_sort(maps.cls, finer);
  std::ranges::stable_sort(maps.reg, finer);
  const auto fits = [&](Value cls, Value reg) {
    const ir::Shape &a = graph.node(cls).shape, &b = graph.node(reg).shape;
    return a[1] == graph.node(maps.cls[0]).shape[1] && b[1] == 4 && a[2] == b[2] && a[3] == b[3];
  };
  if (maps.cls.empty() || !std::ranges::equal(maps.cls, maps.reg, fits)) {
    throw InputError(
        "onnx: the outputs are {}; boxes and scores [N, A, 5 + classes] are accepted, or for each level a "
        "map "
        "of scores and one of 4 distances",
        fmt::join(seen, ", "));
  }
  return maps;
}

Maps find_maps(const ir::Graph& graph) {
  for (const ir::Output& output : graph.outputs()) {
    const ir::Node& node = graph.node(output.value);
    if (!std::holds_alternative<ir::Decode>(node.op)) continue;
    const auto levels = static_cast<std::ptrdiff_t>(node.inputs.size() / 2);
    return {{node.inputs.begin(), node.inputs.begin() + levels},
            {node.inputs.begin() + levels, node.inputs.end()}};
  }
  return maps_of_outputs(graph);
}

/// What a value is made of, itself included.
std::set<uint32_t> ancestors_of(const ir::Graph& graph, Value value) {
  std::set<uint32_t> found;
  std::vector<Value> open{value};
  while (!open.empty()) {
    const Value next = open.back();
    open.pop_back();
    if (!found.insert(next.id).second) continue;
    const auto& inputs = graph.node(next).inputs;
    open.insert(open.end(), inputs.begin(), inputs.end());
  }
  return found;
}

/// The map of the neck that a level's predictions are made of: what the last convolution reads that both of
/// its maps come from, before it is rounded. Nothing where they share none.
std::optional<Value> neck_map(const ir::Graph& graph, Value cls, Value reg) {
  const std::set<uint32_t> of_cls = ancestors_of(graph, cls), of_reg = ancestors_of(graph, reg);
  for (auto id = of_cls.rbegin(); id != of_cls.rend(); ++id) {
    if (!of_reg.contains(*id) || !std::holds_alternative<ir::Conv2d>(graph[*id].op)) continue;
    Value source = graph[*id].inputs[0];
    while (std::holds_alternative<ir::FakeQuant>(graph.node(source).op))
      source = graph.node(source).inputs[0];
    return source;
  }
  return std::nullopt;
}

/// The prediction maps as outputs cls0 … and reg0 …, the maps of the neck as taps feat0 …, and nothing else.
ir::Model with_maps_as_outputs(const ir::Model& model) {
  const Maps maps = find_maps(model.graph);
  ir::Model result;
  result.weights = model.weights;
  for (const ir::Node& node : model.graph.nodes())
    result.graph.add(node.name, node.op, node.inputs, node.owner);
  std::vector<std::string> names;
  const auto mark_one = [&](const char* kind, size_t level, Value value) {
    names.push_back(fmt::format("{}{}", kind, level));
    result.graph.mark_output(names.back(), value);
  };
  const auto mark = [&](const char* kind, const std::vector<Value>& values) {
    for (size_t level = 0; level < values.size(); ++level) mark_one(kind, level, values[level]);
  };
  mark("cls", maps.cls);
  mark("reg", maps.reg);
  for (size_t level = 0; level < maps.cls.size(); ++level) {
    if (const auto found = neck_map(model.graph, maps.cls[level], maps.reg[level]))
      mark_one("feat", level, *found);
  }
  return passes::select_outputs(result, names);
}

/// Shapes of what convolutions hold, in any order.
std::vector<ir::Shape> kernels(const ir::Graph& graph) {
  std::vector<ir::Shape> shapes;
  for (const ir::Node& node : graph.nodes()) {
    if (ir::is_convolution(node)) shapes.push_back(graph.node(node.inputs[1]).shape);
  }
  std::ranges::sort(shapes);
  return shapes;
}

std::string architecture_of(const ir::Graph& graph, int64_t classes) {
  for (const std::string& name : models::architectures()) {
    const ir::Graph known = models::yolov6_graph(
        {.architecture = name, .mode = models::Mode::repvgg_deploy, .class_count = classes});
    if (kernels(known) == kernels(graph)) return name;
  }
  return models::kCustom;
}

std::string scheme_of(const ir::Graph& graph) {
  if (!ir::has_quantizers(graph)) return "";
  const bool is_signed = std::ranges::all_of(graph.nodes(), [](const ir::Node& node) {
    const auto* quantizer = std::get_if<ir::FakeQuant>(&node.op);
    return quantizer == nullptr || (quantizer->is_signed && quantizer->bits == 8);
  });
  return is_signed ? "tensorrt" : "cpu";
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  return lines;
}

std::vector<std::string> class_names(const onnx::Imported& imported, size_t count,
                                     const OnnxModelOptions& options) {
  if (!options.class_names.empty() && options.class_names.size() != count) {
    throw UsageError("--class-names: {} names, the network has {} classes", options.class_names.size(),
                     count);
  }
  if (!options.class_names.empty()) return options.class_names;
  const auto named = imported.metadata.find("names");
  std::vector<std::string> names =
      named == imported.metadata.end() ? std::vector<std::string>{} : lines_of(named->second);
  if (names.size() != count) names.clear();
  return names;
}

ir::Model with_cache(const ir::Model& model, const fs::path& cache) {
  if (ir::has_quantizers(model.graph)) {
    throw InputError("{}: belongs to a file without quantizers, this one has them", cache.string());
  }
  constexpr uint64_t kLargestCache = uint64_t{64} << 20;
  try {
    return quantized_by_cache(model, onnx::parse_calibration_cache(read_file(cache, kLargestCache)));
  } catch (const InputError& error) {
    throw InputError("{}: {}", cache.string(), error.what());
  }
}

}  // namespace

size_t class_count_of(const ir::Model& model) {
  return static_cast<size_t>(model.graph.node(model.graph.find_output("cls0").value()).shape[1]);
}

std::vector<std::string> numbered_classes(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("class" + std::to_string(i));
  return names;
}

formats::ModelFile model_of_onnx(const fs::path& path, const OnnxModelOptions& options) {
  const onnx::Imported imported = onnx::read_onnx(path, {.image_size = options.image_size});
  formats::ModelFile file;
  try {
    file.model = passes::deploy(with_maps_as_outputs(imported.model));
  } catch (const InputError& error) {
    throw InputError("{}: {}", path.string(), error.what());
  }
  const ir::Graph& graph = file.model.graph;
  const size_t classes = class_count_of(file.model);
  file.info.class_names = class_names(imported, classes, options);
  if (!options.cache.empty()) file.model = with_cache(file.model, options.cache);
  const auto said = imported.metadata.find("architecture");
  const bool is_said = said != imported.metadata.end() && !said->second.empty();
  file.info.architecture = is_said ? said->second : architecture_of(graph, static_cast<int64_t>(classes));
  file.info.mode = name_of(models::Mode::repvgg_deploy);
  file.info.scheme = scheme_of(file.model.graph);
  for (const ir::Node& node : file.model.graph.nodes()) {
    if (std::holds_alternative<ir::Input>(node.op)) file.info.image_size = {node.shape[2], node.shape[3]};
  }
  return file;
}

}  // namespace y6q::checkpoint
