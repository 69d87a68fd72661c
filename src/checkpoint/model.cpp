#include "checkpoint/model.h"

#include <fmt/ranges.h>

#include <set>

#include "base/errors.h"
#include "formats/checkpoint_names.h"

namespace y6q::checkpoint {
namespace {

using formats::EntryKind;
using formats::PtTensor;

/// The entries of a network by nested name, apart by kind.
struct Entries {
  std::map<std::string, const PtTensor*> weights{}, ranges{}, batch_counts{};

  explicit Entries(const formats::PtNetwork& network) {
    std::map<std::string, std::string> seen;  // nested -> as in the file
    for (const auto& [name, tensor] : network.tensors) {
      const std::string nested = formats::nested_name(name);
      if (const auto [place, is_new] = seen.emplace(nested, name); !is_new) {
        throw InputError("entries '{}' and '{}' are the same in both namings", place->second, name);
      }
      switch (formats::entry_kind(nested)) {
        case EntryKind::weight:
          weights.emplace(nested, &tensor);
          break;
        case EntryKind::range:
          ranges.emplace(nested, &tensor);
          break;
        case EntryKind::batch_count:
          batch_counts.emplace(nested, &tensor);
          break;
        case EntryKind::projection:
          break;
      }
    }
  }
};

/// Everything that differs between the entries and the network they look like.
std::vector<std::string> differences(const ir::Graph& graph,
                                     const std::map<std::string, const PtTensor*>& weights) {
  std::vector<std::string> findings;
  std::set<std::string_view> known;
  for (const ir::Node& node : graph.nodes()) {
    if (!std::holds_alternative<ir::Parameter>(node.op)) continue;
    known.insert(node.name);
    const auto found = weights.find(node.name);
    if (found == weights.end()) {
      findings.push_back(fmt::format("missing: {} {}", node.name, ir::to_text(node.shape)));
    } else if (found->second->shape != node.shape) {
      findings.push_back(fmt::format("shape: {} is {}, {} is expected", node.name,
                                     ir::to_text(found->second->shape), ir::to_text(node.shape)));
    } else if (!found->second->is_float()) {
      findings.push_back(fmt::format("type: {} holds integers, floats are expected", node.name));
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (!known.contains(name)) {
      findings.push_back(fmt::format("unexpected: {} {}", name, ir::to_text(tensor->shape)));
    }
  }
  return findings;
}

CheckpointRanges read_ranges(const formats::PtReader& reader, const formats::PtNetwork& network,
                             const std::map<std::string, const PtTensor*>& entries) {
  std::map<std::string, formats::PtQuantizer> settings;
  for (const auto& [path, quantizer] : network.quantizers)
    settings.emplace(formats::nested_name(path), quantizer);
  constexpr std::string_view kEntry = "._amax";
  CheckpointRanges ranges;
  for (const auto& [name, tensor] : entries) {
    const std::string path = name.substr(0, name.size() - kEntry.size());
    if (!tensor->is_float()) throw InputError("entry '{}' holds integers, floats are expected", name);
    const auto found = settings.find(path);
    ranges.emplace(path, CheckpointRange{reader.array(*tensor).floats(),
                                         found == settings.end() ? formats::PtQuantizer{} : found->second});
  }
  return ranges;
}

/// The count that all batch norms share.
std::optional<int64_t> common_count(const formats::PtReader& reader,
                                    const std::map<std::string, const PtTensor*>& counts) {
  std::set<int64_t> values;
  for (const auto& [name, tensor] : counts) {
    if (tensor->is_float() || tensor->elements() != 1) return std::nullopt;
    values.insert(std::get<std::vector<int64_t>>(reader.array(*tensor).data)[0]);
  }
  return values.size() == 1 ? std::optional(*values.begin()) : std::nullopt;
}

/// The versions of QARepVGG have the same entries: the pickled module tells them apart, or the user (spec/07
/// §6).
models::Mode settled_mode(models::Mode found, const formats::PtNetwork& network,
                          const std::optional<models::Mode>& given) {
  using models::Mode;
  if (found == Mode::qarepvgg && !network.has_averages) {
    if (given) return *given;
    throw InputError(
        "a state dictionary does not tell which version of QARepVGG its blocks are; convert it with --mode "
        "{} "
        "or, if there is no average pool in them, --mode {}",
        name_of(Mode::qarepvgg), name_of(Mode::qarepvgg_v1));
  }
  if (found == Mode::qarepvgg && !*network.has_averages) found = Mode::qarepvgg_v1;
  if (given && *given != found) {
    throw UsageError("--mode {}: its blocks are those of {}; leave the option out", name_of(*given),
                     name_of(found));
  }
  return found;
}

}  // namespace

CheckpointModel checkpoint_model(const formats::PtReader& reader, const formats::PtNetwork& network,
                                 const CheckpointForm& form) {
  const Entries entries(network);
  models::ParameterShapes shapes;
  for (const auto& [name, tensor] : entries.weights) shapes.emplace(name, tensor->shape);
  CheckpointModel result;
  result.network = models::recognise(shapes);
  models::Options& options = result.network.options;
  options.mode = settled_mode(options.mode, network, form.mode);
  options.image_size = form.image_size;
  result.model.graph = models::yolov6_graph(options);
  const auto findings = differences(result.model.graph, entries.weights);
  if (!findings.empty()) {
    throw InputError("its entries are not those of {} in mode {} with {} classes, which it looks like:\n  {}",
                     result.network.is_custom ? models::kCustom : options.architecture, name_of(options.mode),
                     options.class_count, fmt::join(findings, "\n  "));
  }
  for (const auto& [name, tensor] : entries.weights) {
    result.model.weights.emplace_hint(result.model.weights.end(), name, reader.array(*tensor));
  }
  ir::validate(result.model);
  result.ranges = read_ranges(reader, network, entries.ranges);
  result.batches_tracked = common_count(reader, entries.batch_counts);
  return result;
}

}  // namespace y6q::checkpoint
