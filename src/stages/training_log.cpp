#include "stages/training_log.h"

#include <charconv>
#include <sstream>

namespace y6q::stages {
namespace {

constexpr const char* kCsv = "iterations.csv";

/// Leaves the head and the rows of iterations before `iteration`; a last line cut by a kill goes too.
void cut_back(const fs::path& path, int64_t iteration) {
  if (!fs::exists(path)) return;
  std::istringstream lines(read_file(path));
  std::string line, kept;
  std::getline(lines, line);
  kept = line + "\n";
  while (std::getline(lines, line)) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc() || number >= iteration || !line.ends_with('\r')) break;
    kept += line + "\n";
  }
  write_file(path, kept);
}

}  // namespace

void TrainingLog::attach(train::TrainContext& context) {
  context.on_start = [this](int64_t iteration) { start(iteration); };
  context.on_iteration = [this](const train::IterationRow& row) { add(row); };
  context.on_epoch = [this](const train::EpochRow& row) { add(row); };
}

void TrainingLog::start(int64_t iteration) {
  const fs::path csv = folder_ / kCsv;
  if (iteration == 0) {
    fs::remove(csv);
    fs::remove_all(folder_ / "tensorboard");
  }
  cut_back(csv, iteration);
  std::vector<std::string> columns{"iteration", "epoch"};
  for (const train::LossTerm& term : train::kLossTerms) columns.push_back(std::string("loss_") + term.name);
  columns.emplace_back("lr");
  csv_ = std::make_unique<report::CsvLog>(csv, columns);
  events_ = std::make_unique<report::EventWriter>(folder_ / "tensorboard");
  events_->start_session(iteration);
}

void TrainingLog::add(const train::IterationRow& row) {
  std::vector<report::Cell> cells{row.iteration, row.epoch + 1};
  for (const train::LossTerm& term : train::kLossTerms) {
    const double value = row.terms.*term.value;
    cells.emplace_back(value);
    if (value != 0) events_->add_scalar(std::string("train/loss_") + term.name, value, row.iteration);
  }
  cells.emplace_back(row.lr);
  csv_->write(cells);
  events_->add_scalar("train/lr", row.lr, row.iteration);
}

void TrainingLog::add(const train::EpochRow& row) {
  if (row.map) events_->add_scalar("val/mAP", *row.map, row.epoch + 1);
  events_->add_scalar("train/images_per_s", row.images_per_s, row.epoch + 1);
}

}  // namespace y6q::stages
