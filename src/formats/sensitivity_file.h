#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"

namespace y6q::formats {

/// mAPs in 0..1.
struct LayerSensitivity {
  std::string layer;           ///< node name
  bool is_prediction = false;  ///< stays float by default
  double map = 0, map50 = 0;   ///< with only this layer quantized
};

/// Measured on labels, or estimated: on what the float network detects in a few images.
struct Sensitivity {
  double float_map = 0, float_map50 = 0;
  double all_map = 0, all_map50 = 0;     ///< with every layer quantized, predictions float
  std::vector<LayerSensitivity> layers;  ///< the most sensitive first (least mAP; then execution order)
  int64_t skipped = 0;                   ///< broken samples that were left out, of the splits that were read
  bool is_estimate = false;              ///< the float network's own mAP is near 1
};

nlohmann::json to_json(const Sensitivity& sensitivity);
/// Throws InputError naming path and what is missing.
Sensitivity read_sensitivity(const fs::path& path);

/// The `count` most sensitive layers, predictions among them or not. Throws UsageError when there are fewer.
std::vector<std::string> most_sensitive(const Sensitivity& sensitivity, int64_t count,
                                        bool with_predictions = false);

}  // namespace y6q::formats
