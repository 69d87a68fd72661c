#include "stages/run.h"

#include <algorithm>

#include "base/device_name.h"
#include "base/errors.h"
#include "base/threads.h"
#include "data/check_classes.h"
#include "data/shared_images.h"
#include "data/split_summary.h"

namespace y6q::stages {

namespace {

/// The one of a list whose turn it is; a single one serves all.
std::string device_of(const std::string& list, int local_rank) {
  const std::vector<DeviceName> names = device_names(list);
  if (names.size() == 1) return names[0].text();
  if (local_rank < std::ssize(names)) return names[static_cast<size_t>(local_rank)].text();
  throw UsageError("--device {}: has {} devices for process {} of this machine, counted from 0", list,
                   names.size(), local_rank);
}

}  // namespace

Run::Run(RunOptions options, Monitor& monitor, dist::Group& group)
    : options_(std::move(options)), monitor_(monitor), group_(group) {
  options_.device = device_of(options_.device, group.place().local_rank);
  // A scheduler may have bound each process to cores of its own; OMP_NUM_THREADS is the user's word, or
  // torchrun's.
  const std::vector<std::string> cores = group.gather(affinity_text());
  const auto sharers = std::ranges::count(cores, cores[static_cast<size_t>(group.rank())]);
  if (sharers > 1) shared_threads_ = std::max(1, core_count() / static_cast<int>(sharers));
}

void Run::require_same(std::string_view what, std::string_view text) const {
  const std::vector<std::string> all = group_.gather(text);
  for (size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    throw InputError(
        "rank {} has other {} than rank 0; all processes need the same files and options:\n{}\n{}", rank,
        what, all[0], all[rank]);
  }
}

const data::Dataset& Run::read(const std::string& split, bool images_alone) {
  const auto known = splits_.find(split);
  if (known != splits_.end()) return known->second;
  data::DatasetOptions reading = options_.reading;
  reading.split = split;
  reading.threads = options_.threads;
  reading.images_alone = images_alone;
  data::Dataset dataset = data::read_dataset(options_.data, reading, monitor_);
  require_same(fmt::format("images or labels of split {}", split), dataset.sha256);
  data::say_what_was_read(dataset, monitor_);
  for (const auto& [name, other] : splits_) data::warn_of_shared_images(other, dataset, monitor_);
  return splits_.emplace(split, std::move(dataset)).first->second;
}

const data::Dataset& Run::data(const std::string& split) { return read(split, true); }

const data::Dataset& Run::labelled(const std::string& split) {
  const data::Dataset& dataset = read(split, false);
  for (const auto& [name, other] : splits_) data::check_split(dataset, split, other, options_.data);
  return dataset;
}

int64_t Run::skipped() const {
  int64_t count = 0;
  for (const auto& [name, dataset] : splits_) count += dataset.skipped;
  return count;
}

}  // namespace y6q::stages
