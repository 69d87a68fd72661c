#include "formats/sensitivity_file.h"

#include <cmath>

#include "base/errors.h"

namespace y6q::formats {

using nlohmann::json;

json to_json(const Sensitivity& sensitivity) {
  json layers = json::array();
  for (const LayerSensitivity& row : sensitivity.layers) {
    layers.push_back(
        {{"layer", row.layer}, {"is_prediction", row.is_prediction}, {"map", row.map}, {"map50", row.map50}});
  }
  return {{"estimate", sensitivity.is_estimate},
          {"float", {{"map", sensitivity.float_map}, {"map50", sensitivity.float_map50}}},
          {"quantized", {{"map", sensitivity.all_map}, {"map50", sensitivity.all_map50}}},
          {"layers", layers},
          {"skipped", sensitivity.skipped}};
}

Sensitivity read_sensitivity(const fs::path& path) {
  constexpr uint64_t kLongest = uint64_t{16} << 20;
  try {
    const json document = json::parse(read_file(path, kLongest));
    Sensitivity result;
    result.is_estimate = document.value("estimate", false);
    result.float_map = document.at("float").at("map"), result.float_map50 = document.at("float").at("map50");
    result.all_map = document.at("quantized").at("map");
    result.all_map50 = document.at("quantized").at("map50");
    for (const json& row : document.at("layers")) {
      LayerSensitivity& layer = result.layers.emplace_back();
      layer.layer = row.at("layer"), layer.is_prediction = row.at("is_prediction");
      layer.map = row.at("map"), layer.map50 = row.at("map50");
    }
    return result;
  } catch (const json::exception& error) {
    throw InputError("sensitivity: {}: {}; give the file that `yolov6q sensitivity` writes", path.string(),
                     error.what());
  }
}

std::vector<std::string> most_sensitive(const Sensitivity& sensitivity, int64_t count,
                                        bool with_predictions) {
  std::vector<std::string> layers;
  for (const LayerSensitivity& row : sensitivity.layers) {
    if ((with_predictions || !row.is_prediction) && std::ssize(layers) < count) layers.push_back(row.layer);
  }
  if (std::ssize(layers) < count) {
    throw UsageError("--keep-float {}: the sensitivity file has {} layers that could be", count,
                     layers.size());
  }
  return layers;
}

}  // namespace y6q::formats
