#include "cli/coco_text.h"

#include <fmt/core.h>

namespace y6q::cli {
namespace {

std::string dets(const coco::Result& result, size_t i) {
  return i < result.max_dets.size() ? fmt::format("at most {} boxes", result.max_dets[i]) : "not evaluated";
}

}  // namespace

std::string in_points(double share) { return share < 0 ? "–" : fmt::format("{:.2f}", 100 * share); }

std::string coco_table(const coco::Result& result) {
  const std::array<std::string, 12> names{"AP @ 0.50:0.95",
                                          "AP @ 0.50",
                                          "AP @ 0.75",
                                          "AP small",
                                          "AP medium",
                                          "AP large",
                                          "AR, " + dets(result, 0),
                                          "AR, " + dets(result, 1),
                                          "AR, " + dets(result, 2),
                                          "AR small",
                                          "AR medium",
                                          "AR large"};
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += fmt::format("{:<24} {:>8}\n", names[i], in_points(result.stats[i]));
  text += fmt::format("\n{:<24} {:>8} {:>8} {:>8} {:>8}\n", "class", "objects", "AP", "AP50", "AR");
  for (const coco::ClassResult& row : result.classes) {
    text += fmt::format("{:<24} {:>8} {:>8} {:>8} {:>8}\n", row.category.name, row.objects, in_points(row.ap),
                        in_points(row.ap50), in_points(row.ar));
  }
  return text;
}

nlohmann::json coco_document(const coco::Result& result) {
  nlohmann::json classes = nlohmann::json::array();
  for (const coco::ClassResult& row : result.classes) {
    classes.push_back({{"id", row.category.id},
                       {"name", row.category.name},
                       {"ap", row.ap},
                       {"ap50", row.ap50},
                       {"ap75", row.ap75},
                       {"ap_small", row.ap_by_area[1]},
                       {"ap_medium", row.ap_by_area[2]},
                       {"ap_large", row.ap_by_area[3]},
                       {"ar", row.ar},
                       {"objects", row.objects},
                       {"detections", row.detections}});
  }
  return {{"stats", result.stats},
          {"map", result.map()},
          {"map50", result.map50()},
          {"images", result.images},
          {"classes", classes}};
}

}  // namespace y6q::cli
