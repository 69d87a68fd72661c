#include "stages/trtexec_files.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/errors.h"

namespace y6q::stages {
namespace {

using nlohmann::json;

constexpr uint64_t kLongest = uint64_t{1} << 32;

/// Reads a file and hands it to `use`; what JSON finds wrong names the file.
template <typename Use>
auto with_document(const fs::path& path, const char* what, Use use) {
  try {
    return use(json::parse(read_file(path, kLongest)));
  } catch (const json::exception& error) {
    throw InputError("{}: is no {} of trtexec: {}", path.string(), what, error.what());
  }
}

/// "Thirty-two wide channel vectorized row major Int8 format", "Row major linear FP32", "Half".
std::string precision_of(std::string format) {
  std::ranges::transform(format, format.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::pair<std::string_view, const char*> kTypes[]{
      {"int8", "int8"},   {"fp8", "fp8"},     {"int4", "int4"},   {"bf16", "bf16"},
      {"bfloat", "bf16"}, {"fp16", "fp16"},   {"half", "fp16"},   {"fp32", "fp32"},
      {"float", "fp32"},  {"int32", "int32"}, {"int64", "int64"}, {"bool", "bool"}};
  for (const auto& [word, type] : kTypes) {
    if (format.find(word) != std::string::npos) return type;
  }
  return "other";
}

TrtexecLayer layer_of(const json& entry) {
  if (entry.is_string()) return {entry.get<std::string>(), "", "other", false};
  TrtexecLayer layer{entry.at("Name").get<std::string>(), entry.value("LayerType", ""), "other"};
  const json outputs = entry.value("Outputs", json::array());
  if (!outputs.empty()) layer.precision = precision_of(outputs.at(0).value("Format/Datatype", ""));
  layer.is_reformat = layer.type == "Reformat" || layer.type == "NoOp";
  return layer;
}

/// "1x8400x85".
ir::Shape shape_of(const std::string& text, const fs::path& path) {
  ir::Shape shape;
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (;;) {
    int64_t extent = 0;
    const auto [stop, error] = std::from_chars(at, end, extent);
    constexpr int64_t kLargest = int64_t{1} << 31;
    if (error != std::errc() || extent < 1 || extent > kLargest || shape.size() == 8 ||
        (stop != end && *stop != 'x'))
      throw InputError("{}: dimensions '{}': extents with x between are accepted", path.string(), text);
    shape.push_back(extent);
    if (stop == end) return shape;
    at = stop + 1;
  }
}

}  // namespace

TrtexecTimes read_trtexec_times(const fs::path& path) {
  return with_document(path, "file of times", [&](const json& calls) {
    std::vector<double> latency, compute;
    for (const json& call : calls) {
      latency.push_back(call.at("latencyMs").get<double>());
      compute.push_back(call.at("computeMs").get<double>());
    }
    if (latency.empty()) throw InputError("{}: has no calls", path.string());
    return TrtexecTimes{eval::latency_stats(latency), eval::latency_stats(compute)};
  });
}

std::vector<TrtexecLayer> read_trtexec_layers(const fs::path& path) {
  return with_document(path, "file of layers", [](const json& document) {
    std::vector<TrtexecLayer> layers;
    for (const json& entry : document.at("Layers")) layers.push_back(layer_of(entry));
    return layers;
  });
}

std::vector<TrtexecLayerTime> read_trtexec_profile(const fs::path& path) {
  return with_document(path, "profile", [](const json& entries) {
    std::vector<TrtexecLayerTime> layers;
    for (const json& entry : entries) {
      if (!entry.contains("name")) continue;  // the count of calls
      layers.push_back({entry.at("name").get<std::string>(), entry.at("averageMs").get<double>(),
                        entry.at("percentage").get<double>()});
    }
    return layers;
  });
}

std::vector<TrtexecOutput> read_trtexec_outputs(const fs::path& path) {
  return with_document(path, "file of outputs", [&](const json& entries) {
    if (!entries.is_array() || entries.empty()) throw InputError("{}: has no outputs", path.string());
    std::vector<TrtexecOutput> outputs;
    for (const json& entry : entries) {
      TrtexecOutput output{entry.at("name").get<std::string>(),
                           shape_of(entry.at("dimensions").get<std::string>(), path),
                           entry.at("values").get<std::vector<float>>()};
      uint64_t count = 1;
      for (const int64_t extent : output.shape) {
        count *= static_cast<uint64_t>(extent);
        if (count > output.values.size()) break;
      }
      if (count != output.values.size()) {
        throw InputError("{}: output '{}' has {} values, its dimensions take another number", path.string(),
                         output.name, output.values.size());
      }
      outputs.push_back(std::move(output));
    }
    return outputs;
  });
}

}  // namespace y6q::stages
