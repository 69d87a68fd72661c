#pragma once

#include <memory>

#include "base/files.h"
#include "report/csv.h"
#include "report/tensorboard.h"
#include "train/loop.h"

namespace y6q::stages {

/// Curves of a run while it goes on, in its folder: iterations.csv (a line an iteration) and TensorBoard's
/// event files. A run that goes on where it was killed drops the lines it does again.
class TrainingLog {
 public:
  explicit TrainingLog(fs::path folder) : folder_(std::move(folder)) {}
  /// Makes the training report to this log, which must outlive it.
  void attach(train::TrainContext& context);

 private:
  void start(int64_t iteration);
  void add(const train::IterationRow& row);
  void add(const train::EpochRow& row);

  fs::path folder_;
  std::unique_ptr<report::CsvLog> csv_;
  std::unique_ptr<report::EventWriter> events_;
};

}  // namespace y6q::stages
