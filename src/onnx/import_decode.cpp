#include "onnx/import_decode.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/errors.h"
#include "base/random.h"
#include "onnx/arithmetic.h"
#include "onnx/attributes.h"

namespace y6q::onnx {
namespace {

using ir::Value;

/// The nodes between prediction maps and an output.
class Tail {
 public:
  Tail(const ::onnx::GraphProto& graph, const std::string& output, const KnownTensors& tensors)
      : graph_(graph), output_(output), tensors_(tensors) {
    std::vector<std::string> open{output};
    while (!open.empty()) {
      const std::string name = open.back();
      open.pop_back();
      const KnownTensor& known = tensors.by_name.at(name);
      if (!std::holds_alternative<Foreign>(known) && !std::holds_alternative<SigmoidOf>(known)) continue;
      const int place = tensors.maker.at(name);
      if (!nodes_.insert(place).second) continue;
      for (const std::string& input : graph.node(place).input()) {
        if (input.empty()) continue;
        ++readers_[input];
        open.push_back(input);
      }
    }
  }

  /// Values of the network that are read, but for those of which only the shape is, and whether a Sigmoid
  /// lies on their way.
  std::map<std::string, bool> sources() const {
    constexpr size_t kMostSources = 64;
    std::map<std::string, bool> found;
    for (const int place : nodes_) {
      const auto& node = graph_.node(place);
      if (!Arithmetic::knows(node.op_type())) refuse(node, "the operator is not known");
      for (const std::string& input : node.input()) {
        if (node.op_type() == "Shape" || input.empty() || found.contains(input) ||
            !std::holds_alternative<Value>(tensors_.by_name.at(input)))
          continue;
        if (found.size() == kMostSources)
          refuse(node, "output '{}' is made of more than {} maps from here", output_, kMostSources);
        found.emplace(input, passes_sigmoid(input));
      }
    }
    return found;
  }

  /// The output, given its sources. `values` has the shapes of the network's values.
  ir::Tensor run(const std::map<std::string, ir::Tensor>& sources, const ir::Graph& values, int64_t batch) {
    // A decoding has some 60 steps, none of more elements than the maps; of small maps it is the constants
    // that count.
    constexpr int64_t kSteps = 128, kConstants = int64_t{1} << 20;
    Arithmetic arithmetic(kConstants);
    for (const auto& [name, tensor] : sources) arithmetic.allow(kSteps * std::ssize(tensor.data));
    std::map<std::string, ir::Tensor> results = sources;
    for (const int place : nodes_) {
      const auto& node = graph_.node(place);
      std::vector<const ir::Tensor*> operands;
      for (const std::string& input : node.input()) {
        if (!input.empty() && !results.contains(input)) results[input] = given(input, values, batch);
        operands.push_back(input.empty() ? nullptr : &results.at(input));
      }
      std::map<std::string, ir::Tensor> made;
      for (int i = 0; i < node.output_size(); ++i) {
        if (node.output(i) == output_ || readers_.contains(node.output(i)))
          made[node.output(i)] = arithmetic.run(node, operands, i);
      }
      for (const std::string& input : node.input()) {
        if (!input.empty() && --readers_.at(input) == 0) results.erase(input);
      }
      results.merge(made);
    }
    return results.at(output_);
  }

 private:
  bool passes_sigmoid(const std::string& source) const {
    std::set<std::string> reached{source};
    for (const int place : nodes_) {
      const auto& node = graph_.node(place);
      const bool reads =
          std::ranges::any_of(node.input(), [&](const auto& i) { return reached.contains(i); });
      if (!reads || node.op_type() == "Shape") continue;
      if (node.op_type() == "Sigmoid") return true;
      reached.insert(node.output().begin(), node.output().end());
    }
    return false;
  }

  ir::Tensor given(const std::string& name, const ir::Graph& values, int64_t batch) const {
    if (tensors_.is_constant(name)) return tensors_.tensor(name);
    const auto* value = std::get_if<Value>(&tensors_.by_name.at(name));
    if (value == nullptr) throw InputError("onnx: output '{}': '{}' are codes of a quantizer", output_, name);
    ir::Shape shape = values.node(*value).shape;
    shape[0] = batch;
    return {std::move(shape), {}};
  }

  const ::onnx::GraphProto& graph_;
  const std::string& output_;
  const KnownTensors& tensors_;
  std::set<int> nodes_;  ///< in the file's order
  std::map<std::string, int> readers_;
};

struct Level {
  std::string cls, reg;
  int64_t stride = 0;
};

/// Finest first.
std::vector<Level> levels_of(const std::map<std::string, bool>& sources, const std::string& output,
                             const KnownTensors& tensors, const ir::Graph& graph) {
  const auto shape_of = [&](const std::string& name) -> const ir::Shape& {
    return graph.node(std::get<Value>(tensors.by_name.at(name))).shape;
  };
  std::map<int64_t, std::vector<std::string>, std::greater<>> cls, reg;
  std::vector<std::string> seen;
  bool fits = !sources.empty();
  for (const auto& [name, is_score] : sources) {
    const ir::Shape& shape = shape_of(name);
    seen.push_back(fmt::format("'{}' {}", name, ir::to_text(shape)));
    fits = fits && shape.size() == 4 && (is_score || shape[1] == 4);
    if (fits) (is_score ? cls : reg)[shape[2] * shape[3]].push_back(name);
  }
  std::vector<Level> levels;
  const int64_t height = graph[0].shape[2], width = graph[0].shape[3];
  for (const auto& [cells, names] : cls) {
    const ir::Shape& shape = shape_of(names[0]);
    const int64_t stride = height / shape[2];
    fits = fits && names.size() == 1 && reg[cells].size() == 1 && shape[2] * stride == height &&
           shape[3] * stride == width;
    if (fits) levels.push_back({names[0], reg[cells][0], stride});
  }
  if (!fits || levels.size() != reg.size()) {
    throw InputError(
        "onnx: output '{}': is made of {}; for each level one map of scores and one of 4 distances are "
        "accepted, networks with distributions of distances are not",
        output, fmt::join(seen, ", "));
  }
  return levels;
}

constexpr double kTolerance = 1e-4;

void compare(const ir::Tensor& got, const ir::Tensor& want, const std::string& output) {
  if (got.shape != want.shape) {
    throw InputError(
        "onnx: output '{}': is {}; {} is accepted: cx, cy, w, h in pixels, 1 and the scores of every cell",
        output, ir::to_text(got.shape), ir::to_text(want.shape));
  }
  for (size_t i = 0; i < got.data.size(); ++i) {
    if (std::fabs(got.data[i] - want.data[i]) <= kTolerance * (1 + std::fabs(want.data[i]))) continue;
    const auto column = i % static_cast<size_t>(want.shape[2]);
    throw InputError(
        "onnx: output '{}': column {} of cell {} is {} where our decoding gives {}: cx, cy, w, h in pixels "
        "of "
        "distances left, top, right, bottom in strides, 1, scores; export the prediction maps instead",
        output, column, i / static_cast<size_t>(want.shape[2]), got.data[i], want.data[i]);
  }
}

/// How many numbers of maps are worth computing: what a network of that size may well give for a batch, and
/// one image of 640 pixels and 80 classes at any rate.
int64_t most_numbers(const ir::Graph& network) {
  constexpr int64_t kOneImage = int64_t{1} << 20, kPerParameter = 32, kMost = int64_t{1} << 26;
  int64_t parameters = 0;
  for (const ir::Node& node : network.nodes()) {
    if (std::holds_alternative<ir::Parameter>(node.op)) parameters += ir::element_count(node.shape);
  }
  return std::min(kOneImage + kPerParameter * parameters, kMost);
}

/// Numbers as heads give them.
ir::Array made_up(const ir::Shape& shape, bool is_score, Random& random) {
  ir::Array array = ir::Array::zeros(shape);
  for (float& number : array.floats())
    number = static_cast<float>(is_score ? random.uniform(-4, 4) : random.uniform(0, 8));
  return array;
}

}  // namespace

Decoding import_decode(const ::onnx::GraphProto& graph, const std::string& output, int64_t batch,
                       const KnownTensors& tensors, const ir::Graph& network) {
  const int64_t most = most_numbers(network);
  Tail tail(graph, output, tensors);
  const std::vector<Level> levels = levels_of(tail.sources(), output, tensors, network);
  // The same maps as parameters of a model that is nothing but a Decode.
  ir::Model referee;
  referee.graph.add("images", ir::Input{{1, 3, 1, 1}}, {});
  std::map<std::string, ir::Tensor> maps;
  std::vector<Value> decoded;
  Decoding result;
  Random random(1);
  int64_t numbers = 0;
  for (const bool is_score : {true, false}) {
    for (const Level& level : levels) {
      const std::string& name = is_score ? level.cls : level.reg;
      result.maps.push_back(std::get<Value>(tensors.by_name.at(name)));
      if (is_score) result.strides.push_back(level.stride);
      ir::Shape shape = network.node(result.maps.back()).shape;
      shape[0] = batch;
      numbers += ir::element_count(shape);
      if (numbers > most) {
        throw InputError(
            "onnx: output '{}': maps of more than {} numbers; smaller images or batches are accepted", output,
            most);
      }
      ir::Array array = made_up(shape, is_score, random);
      maps[name] = {shape, {array.floats().begin(), array.floats().end()}};
      decoded.push_back(referee.add_parameter(fmt::format("map{}", decoded.size()), std::move(array), false));
    }
  }
  referee.graph.mark_output("outputs", referee.graph.add("decode", ir::Decode{result.strides}, decoded));
  compare(tail.run(maps, network, batch), ir::interpret(referee, {{1, 3, 1, 1}, {0, 0, 0}}).at("outputs"),
          output);
  return result;
}

}  // namespace y6q::onnx
