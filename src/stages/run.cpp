#include "stages/run.h"

#include "data/check_classes.h"

namespace y6q::stages {

const data::Dataset& Run::data(const std::string& split) {
  const auto known = splits_.find(split);
  if (known != splits_.end()) return known->second;
  return splits_
      .emplace(split, data::read_dataset(
                          options_.data,
                          {.split = split, .skip_broken = options_.skip_broken, .threads = options_.threads},
                          monitor_))
      .first->second;
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
