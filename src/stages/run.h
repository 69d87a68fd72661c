#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/monitor.h"
#include "data/dataset.h"

namespace y6q::stages {

/// What means the same in every command that reads a data set.
struct RunOptions {
  fs::path data;                   ///< as data::read_dataset takes it
  std::optional<uint64_t> seed{};  ///< of all random draws; absent: the recipe's, or 0
  int workers = 2;                 ///< threads that load images
  int threads = 0;                 ///< threads that compute; 0: all cores
  bool skip_broken = false;        ///< leave broken samples out and count them
  bool sole_split = false;         ///< the command reads one split alone (data::DatasetOptions)
};

/// One run of a command: its data, machine and progress. Made once; every stage of the command takes it
/// beside its own options.
class Run {
 public:
  /// monitor must outlive the run.
  Run(RunOptions options, Monitor& monitor) : options_(std::move(options)), monitor_(monitor) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// A split ("train", "val", "test"), read and checked on first use; a message tells of images that a split
  /// read before has too. The reference stays valid. Throws what data::read_dataset throws.
  const data::Dataset& data(const std::string& split);
  /// The same of a split that is learnt from or measured on: has objects, and the classes of the splits that
  /// were read before. Throws InputError.
  const data::Dataset& labelled(const std::string& split);
  /// Broken samples that were left out of the splits read so far.
  int64_t skipped() const;

  const RunOptions& options() const { return options_; }
  uint64_t seed() const { return options_.seed.value_or(0); }
  int workers() const { return options_.workers; }
  int threads() const { return options_.threads; }
  Monitor& monitor() const { return monitor_; }

 private:
  RunOptions options_;
  Monitor& monitor_;
  std::map<std::string, data::Dataset> splits_;
};

}  // namespace y6q::stages
