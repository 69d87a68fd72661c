#include "cli/training_report.h"

#include <fmt/core.h>

namespace y6q::cli {

void report_training(Console& console, const stages::TrainSummary& summary) {
  nlohmann::json epochs = nlohmann::json::array();
  for (const auto& row : summary.history) {
    nlohmann::json entry{{"epoch", row.epoch + 1}, {"images_per_s", row.images_per_s}};
    for (const train::LossTerm& term : train::kLossTerms) {
      entry[std::string("loss_") + term.name] = row.losses.*term.value;
    }
    if (row.map) entry["map"] = *row.map;
    epochs.push_back(std::move(entry));
  }
  const std::string measured =
      summary.best_map < 0
          ? "no epoch was evaluated"
          : fmt::format("mAP {:.2f} after epoch {}", 100 * summary.best_map, summary.best_epoch + 1);
  console.result(
      fmt::format("best: {} ({})\nlast: {}\n", summary.best.string(), measured, summary.last.string()),
      {{"best", summary.best.string()},
       {"last", summary.last.string()},
       {"best_map", summary.best_map},
       {"best_epoch", summary.best_epoch + 1},
       {"skipped", summary.skipped},
       {"epochs", epochs}});
}

}  // namespace y6q::cli
