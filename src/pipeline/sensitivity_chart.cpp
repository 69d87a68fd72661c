#include "pipeline/sensitivity_chart.h"

#include "formats/sensitivity_file.h"

namespace y6q::pipeline {

report::BarChart sensitivity_chart(const fs::path& file) {
  const formats::Sensitivity sensitivity = formats::read_sensitivity(file);
  report::BarChart chart{
      .title = sensitivity.is_estimate
                   ? "Points by which one layer alone in INT8 departs from the float network"
                   : "Points of mAP that one layer alone costs in INT8 (below 0: none)",
      .decimals = 2,
      .sign = !sensitivity.is_estimate};
  for (const formats::LayerSensitivity& row : sensitivity.layers) {
    chart.bars.push_back(
        {row.layer + (row.is_prediction ? " (stays float)" : ""), 100 * (sensitivity.float_map - row.map)});
  }
  return chart;
}

}  // namespace y6q::pipeline
