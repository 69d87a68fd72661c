#include "stages/run.h"

#include "base/errors.h"
#include "base/threads.h"
#include "data/check_classes.h"
#include "data/shared_images.h"

namespace y6q::stages {

Run::Run(RunOptions options, Monitor& monitor, dist::Group& group)
    : options_(std::move(options)), monitor_(monitor), group_(group) {
  const int neighbours = group.place().local_size;
  if (options_.threads == 0 && neighbours > 1)
    options_.threads = std::max(1, default_thread_count() / neighbours);
}

const data::Dataset& Run::data(const std::string& split) {
  const auto known = splits_.find(split);
  if (known != splits_.end()) return known->second;
  data::Dataset dataset = data::read_dataset(options_.data,
                                             {.split = split,
                                              .skip_broken = options_.skip_broken,
                                              .threads = options_.threads,
                                              .sole_split = options_.sole_split,
                                              .keep_difficult = options_.keep_difficult,
                                              .index = options_.index},
                                             monitor_);
  const std::vector<std::string> digests = group_.gather(dataset.sha256);
  for (size_t rank = 1; rank < digests.size(); ++rank) {
    if (digests[rank] == digests[0]) continue;
    throw InputError(
        "{}, split {}: rank {} has read other images or labels than rank 0 (digests {} and {}); all machines "
        "need the same data",
        options_.data.string(), split, rank, digests[rank], digests[0]);
  }
  for (const auto& [name, other] : splits_) data::warn_of_shared_images(other, dataset, monitor_);
  return splits_.emplace(split, std::move(dataset)).first->second;
}

const data::Dataset& Run::labelled(const std::string& split) {
  const data::Dataset& dataset = data(split);
  for (const auto& [name, other] : splits_) data::check_split(dataset, split, other, options_.data);
  return dataset;
}

int64_t Run::skipped() const {
  int64_t count = 0;
  for (const auto& [name, dataset] : splits_) count += dataset.skipped;
  return count;
}

}  // namespace y6q::stages
