#include "cli/training_report.h"

#include <fmt/core.h>

namespace y6q::cli {

void report_training(Console& console, const stages::TrainSummary& summary) {
  nlohmann::json epochs = nlohmann::json::array();
  for (const auto& row : summary.history) {
    nlohmann::json entry{{"epoch", row.epoch}, {"images_per_s", row.images_per_s}};
    for (const train::LossTerm& term : train::kLossTerms) {
      entry[std::string("loss_") + term.name] = row.losses.*term.value;
    }
    if (row.map) entry["map"] = *row.map;
    epochs.push_back(std::move(entry));
  }
  console.result(fmt::format("best: {} (mAP {:.2f} after epoch {})\nlast: {}\n", summary.best.string(),
                             100 * summary.best_map, summary.best_epoch + 1, summary.last.string()),
                 {{"best", summary.best.string()},
                  {"last", summary.last.string()},
                  {"best_map", summary.best_map},
                  {"best_epoch", summary.best_epoch},
                  {"skipped", summary.skipped},
                  {"epochs", epochs}});
}

}  // namespace y6q::cli
