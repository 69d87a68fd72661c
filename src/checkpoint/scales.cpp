#include "checkpoint/scales.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"
#include "models/yolov6.h"

namespace y6q::checkpoint {
namespace {

using formats::PtTensor;

constexpr std::string_view kConvScale = ".scale_conv.weight";

struct Block {
  std::string path;
  int64_t channels;
  bool has_identity;
  size_t tensors() const { return has_identity ? 3 : 2; }
};

/// In graph order, which is the order of registration for these blocks (spec/01 §4).
std::vector<Block> blocks_of(const std::string& architecture) {
  const ir::Graph graph = models::yolov6_graph(
      {.architecture = architecture, .mode = models::Mode::hyper_search, .image_size = {64, 64}});
  std::vector<Block> blocks;
  for (const ir::Node& node : graph.nodes()) {
    if (!node.name.ends_with(kConvScale)) continue;
    const std::string path = node.name.substr(0, node.name.size() - kConvScale.size());
    blocks.push_back({path, node.shape[0], graph.find(path + ".scale_identity.weight").has_value()});
  }
  return blocks;
}

std::string architecture_with(int64_t stem_channels) {
  std::vector<std::string> accepted;
  for (const std::string& name : models::architectures()) {
    const int64_t channels = models::layout_of(name).channels[0];
    if (channels == stem_channels) return name;
    accepted.push_back(fmt::format("{} ({})", name, channels));
  }
  throw InputError("the scales of the first block have {} channels, which is the stem of no architecture: {}",
                   stem_channels, fmt::join(accepted, ", "));
}

/// A flat list cut into blocks.
std::vector<std::vector<PtTensor>> grouped(std::vector<std::vector<PtTensor>> groups,
                                           const std::vector<Block>& blocks) {
  const bool flat = std::ranges::all_of(groups, [](const auto& group) { return group.size() == 1; });
  size_t wanted = 0;
  for (const Block& block : blocks) wanted += block.tensors();
  if (!flat || groups.size() != wanted) return groups;
  std::vector<std::vector<PtTensor>> result;
  auto next = groups.begin();
  for (const Block& block : blocks) {
    auto& group = result.emplace_back();
    for (size_t i = 0; i < block.tensors(); ++i) group.push_back((next++)->front());
  }
  return result;
}

/// Empty when the group is what the block needs.
std::string difference(const Block& block, const std::vector<PtTensor>& group) {
  if (group.size() != block.tensors()) {
    return fmt::format("has {} tensors; {} are expected: {}", group.size(), block.tensors(),
                       block.has_identity ? "identity, 1x1, 3x3" : "1x1, 3x3");
  }
  static constexpr const char* kParts[] = {"3x3", "1x1", "identity"};
  for (size_t i = 0; i < group.size(); ++i) {
    if (group[i].shape == ir::Shape{block.channels} && group[i].is_float()) continue;
    return fmt::format("its {} scales are {} of shape {}; floats [{}] are expected",
                       kParts[group.size() - 1 - i], group[i].is_float() ? "floats" : "integers",
                       ir::to_text(group[i].shape), block.channels);
  }
  return {};
}

}  // namespace

std::vector<formats::BlockScales> scales_of_list(const formats::PtReader& reader,
                                                 const std::string& architecture) {
  const auto& list = reader.checkpoint().tensor_groups;
  if (list.empty() || list[0].empty() || list[0][0].shape.empty()) {
    throw InputError("a list of scales begins with a tensor of one scale a channel; this one does not");
  }
  const std::string name = architecture.empty() ? architecture_with(list[0][0].shape[0]) : architecture;
  const std::vector<Block> blocks = blocks_of(name);
  const auto groups = grouped(list, blocks);
  std::vector<std::string> findings;
  if (groups.size() != blocks.size()) {
    findings.push_back(
        fmt::format("the list has {} entries, {} blocks are expected", groups.size(), blocks.size()));
  }
  std::vector<formats::BlockScales> scales;
  for (size_t i = 0; i < std::min(groups.size(), blocks.size()); ++i) {
    if (const std::string found = difference(blocks[i], groups[i]); !found.empty()) {
      findings.push_back(fmt::format("block {} ({}): {}", i, blocks[i].path, found));
      continue;
    }
    const auto part = [&](size_t from_end) {
      return reader.array(groups[i][groups[i].size() - from_end]).floats();
    };
    scales.push_back({blocks[i].path, part(1), part(2), {}});
    if (blocks[i].has_identity) scales.back().identity = part(3);
  }
  if (!findings.empty()) {
    throw InputError("its scales are not those of {}:\n  {}", name, fmt::join(findings, "\n  "));
  }
  return scales;
}

}  // namespace y6q::checkpoint
