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

void TrainingLog::attach(train::TrainHooks& hooks) {
  hooks.on_start = [this](int64_t iteration) { start(iteration); };
  hooks.on_iteration = [this](const train::IterationRow& row) { add(row); };
  hooks.on_epoch = [this](const train::EpochRow& row) { add(row); };
}

void TrainingLog::start(int64_t iteration) {
  const fs::path csv = folder_ / kCsv;
  if (iteration == 0) {
    fs::remove(csv);
    fs::remove_all(folder_ / "tensorboard");
  }
  cut_back(csv, iteration);
  csv_ = std::make_unique<report::CsvLog>(
      csv, std::vector<std::string>{"iteration", "epoch", "loss_classes", "loss_iou", "loss_dfl",
                                    "loss_distill", "lr"});
  events_ = std::make_unique<report::EventWriter>(folder_ / "tensorboard");
  events_->start_session(iteration);
}

void TrainingLog::add(const train::IterationRow& row) {
  csv_->write(std::vector<report::Cell>{row.iteration, row.epoch, row.terms.classes, row.terms.iou,
                                        row.terms.dfl, row.terms.distill, row.lr});
  events_->add_scalar("train/loss_classes", row.terms.classes, row.iteration);
  events_->add_scalar("train/loss_iou", row.terms.iou, row.iteration);
  if (row.terms.dfl > 0) events_->add_scalar("train/loss_dfl", row.terms.dfl, row.iteration);
  if (row.terms.distill > 0) events_->add_scalar("train/loss_distill", row.terms.distill, row.iteration);
  events_->add_scalar("train/lr", row.lr, row.iteration);
}

void TrainingLog::add(const train::EpochRow& row) {
  if (row.map) events_->add_scalar("val/mAP", *row.map, row.epoch + 1);
  events_->add_scalar("train/images_per_s", row.images_per_s, row.epoch + 1);
}

}  // namespace y6q::stages
