#include "pipeline/sensitivity_chart.h"

#include "formats/sensitivity_file.h"

namespace y6q::pipeline {

report::BarChart sensitivity_chart(const fs::path& file) {
  const formats::Sensitivity sensitivity = formats::read_sensitivity(file);
  report::BarChart chart{.title = "Points of mAP that one layer alone costs in INT8 (below 0: none)",
                         .decimals = 2,
                         .sign = true};
  if (sensitivity.is_estimate) {
    chart = {.title = "Change of the predictions by one layer alone in INT8 (estimated sensitivity)",
             .decimals = 4};
  }
  for (const formats::LayerSensitivity& row : sensitivity.layers) {
    chart.bars.push_back({row.layer + (row.is_prediction ? " (stays float)" : ""),
                          sensitivity.is_estimate ? row.error : 100 * (sensitivity.float_map - row.map)});
  }
  return chart;
}

}  // namespace y6q::pipeline
