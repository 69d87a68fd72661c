#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/monitor.h"
#include "data/dataset.h"
#include "dist/group.h"
#include "infer/engine_runner.h"

namespace y6q::stages {

/// What means the same in every command that reads a data set.
struct RunOptions {
  fs::path data;                   ///< as data::read_dataset takes it
  data::DatasetOptions reading{};  ///< how; split, threads and images_alone are the run's
  std::optional<uint64_t> seed{};  ///< of all random draws; absent: the recipe's, or 0
  int workers = 2;                 ///< threads that load images
  int threads = 0;                 ///< threads that compute; 0: all cores, shared with the job's other
                                   ///< processes on this machine
  std::string device = "cpu";      ///< what LibTorch computes on (base/device_name.h); of several, each of
                                   ///< the job's processes on this machine takes one
  engine::Kind engine = engine::kDefaultKind;  ///< of exported files
};

/// One run of a command: its data, machine, progress, and the job that this process is one of. Made once;
/// every stage of the command takes it beside its own options. With several processes every stage is called
/// by all of them; the first one writes the files, and stages return when they can be read.
class Run {
 public:
  /// monitor and group must outlive the run.
  Run(RunOptions options, Monitor& monitor, dist::Group& group = dist::alone());
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Throws InputError when the processes of the job have different texts of `what`: they would do different
  /// work, and wait for each other for ever. A collective.
  void require_same(std::string_view what, std::string_view text) const;

  /// A split ("train", "val", "test") that is looked at, with or without labels: a folder of images alone
  /// serves as train. Read and checked on first use; images that it shares with another one are said. With
  /// several processes the first use is a collective. The reference stays valid. Throws what
  /// data::read_dataset throws, and InputError when the processes of a job have read different data.
  const data::Dataset& data(const std::string& split);
  /// The same of a split that is learnt from or measured on: has objects, and the classes of the splits that
  /// were read before. No folder of images alone. Throws InputError.
  const data::Dataset& labelled(const std::string& split);
  /// Broken samples that were left out of the splits read so far.
  int64_t skipped() const;

  const RunOptions& options() const { return options_; }
  uint64_t seed() const { return options_.seed.value_or(0); }
  int workers() const { return options_.workers; }
  /// As given, or this process' share of the cores where several processes may run on the same ones.
  int threads() const { return options_.threads > 0 ? options_.threads : shared_threads_; }
  /// This process' own (eager::open_device takes it).
  const std::string& device() const { return options_.device; }
  /// How infer::open runs a file here.
  infer::RunnerOptions runner(std::optional<engine::Precision> precision = {}) const {
    return {
        .engine = options_.engine, .precision = precision, .threads = threads(), .device = options_.device};
  }
  Monitor& monitor() const { return monitor_; }
  dist::Group& group() const { return group_; }

 private:
  RunOptions options_;
  Monitor& monitor_;
  dist::Group& group_;
  int shared_threads_ = 0;  ///< 0: all cores
  const data::Dataset& read(const std::string& split, bool images_alone);

  std::map<std::string, data::Dataset> splits_;
};

}  // namespace y6q::stages
