#include "formats/scales.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/file_kind.h"
#include "formats/model_file.h"

namespace y6q::formats {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "yolov6q scales 1";
constexpr uint64_t kLongest = uint64_t{256} << 20;
constexpr std::string_view kConvScale = ".scale_conv.weight";

const std::vector<float>* find(const ir::Model& model, const std::string& name) {
  const auto found = model.weights.find(name);
  return found == model.weights.end() ? nullptr : &found->second.floats();
}

void check_lengths(const BlockScales& block) {
  const size_t channels = block.conv3x3.size();
  if (channels > 0 && block.conv1x1.size() == channels &&
      (block.identity.empty() || block.identity.size() == channels)) {
    return;
  }
  throw InputError("scales: block '{}' has {}, {} and {} scales (3x3, 1x1, identity); equal numbers expected",
                   block.block, channels, block.conv1x1.size(), block.identity.size());
}

std::vector<float> numbers(const ordered_json& object, const char* key, const std::string& block) {
  std::vector<float> values;
  if (!object.contains(key)) return values;
  const ordered_json& list = object.at(key);
  if (!list.is_array()) throw InputError("block '{}': {} is no list of numbers", block, key);
  for (const ordered_json& element : list) {
    const auto value = element.is_number() ? element.get<float>() : NAN;
    if (!std::isfinite(value)) throw InputError("block '{}': {} holds what is no finite number", block, key);
    values.push_back(value);
  }
  return values;
}

std::vector<BlockScales> parse(const std::string& text) {
  const ordered_json document = ordered_json::parse(text);
  if (document.value("format", "") != kFormat) throw InputError("its `format` is not '{}'", kFormat);
  std::vector<BlockScales> scales;
  for (const ordered_json& entry : document.at("blocks")) {
    const std::string name = entry.at("block").get<std::string>();
    scales.push_back({name, numbers(entry, "conv3x3", name), numbers(entry, "conv1x1", name),
                      numbers(entry, "identity", name)});
    check_lengths(scales.back());
  }
  if (scales.empty()) throw InputError("it has no blocks");
  return scales;
}

}  // namespace

std::vector<BlockScales> extract_scales(const ir::Model& searched) {
  std::vector<BlockScales> scales;
  for (const ir::Node& node : searched.graph.nodes()) {
    if (!std::holds_alternative<ir::Parameter>(node.op) || !node.name.ends_with(kConvScale)) continue;
    BlockScales block{node.name.substr(0, node.name.size() - kConvScale.size()),
                      searched.weights.at(node.name).floats(),
                      {},
                      {}};
    if (const auto* found = find(searched, block.block + ".scale_1x1.weight")) block.conv1x1 = *found;
    if (const auto* found = find(searched, block.block + ".scale_identity.weight")) block.identity = *found;
    check_lengths(block);
    scales.push_back(std::move(block));
  }
  if (scales.empty())
    throw InputError("scales: the network has no linear-branch blocks; train it with --mode hyper_search");
  return scales;
}

void write_scales(const fs::path& path, const std::vector<BlockScales>& scales) {
  // A line a list: 35 blocks of hundreds of numbers are read by scrolling, not by folding.
  std::string text = fmt::format("{{\n  \"format\": \"{}\",\n  \"blocks\": [", kFormat);
  const char* separator = "\n";
  for (const BlockScales& block : scales) {
    text += fmt::format("{}    {{\"block\": {},\n     \"conv3x3\": {},\n     \"conv1x1\": {}", separator,
                        ordered_json(block.block).dump(), ordered_json(block.conv3x3).dump(),
                        ordered_json(block.conv1x1).dump());
    if (!block.identity.empty()) {
      text += fmt::format(",\n     \"identity\": {}", ordered_json(block.identity).dump());
    }
    text += "}";
    separator = ",\n";
  }
  write_file(path, text + "\n  ]\n}\n");
}

std::vector<BlockScales> read_scales(const fs::path& path) {
  if (require_kind(path, {FileKind::json, FileKind::model}) != FileKind::json)
    return extract_scales(read_model(path).model);
  const std::string text = read_file(path, kLongest);
  try {
    return parse(text);
  } catch (const ordered_json::exception& error) {
    throw InputError("scales: {}: {}", path.string(), error.what());
  } catch (const InputError& error) {
    throw InputError("scales: {}: {}", path.string(), error.what());
  }
}

}  // namespace y6q::formats
