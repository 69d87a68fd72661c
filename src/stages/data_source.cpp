#include "stages/data_source.h"

#include "base/errors.h"
#include "data/check_classes.h"
#include "data/split_summary.h"

namespace y6q::stages {

std::vector<data::Dataset> read_splits(const DataSource& source, Monitor& monitor) {
  const std::vector<std::string> names =
      source.split.empty() ? data::splits_of(source.data) : std::vector{source.split};
  if (names.empty()) {
    throw InputError("data: {}: nothing tells which of train, val and test it has; give one with --split",
                     source.data.string());
  }
  std::vector<data::Dataset> splits;
  for (const std::string& name : names) {
    data::DatasetOptions options = source.options;
    options.split = name;
    options.sole_split = !source.split.empty();
    const data::Dataset& split = splits.emplace_back(data::read_dataset(source.data, options, monitor));
    data::check_same_classes(split, splits.front(), source.data);
    data::say_what_was_read(split, monitor);
  }
  return splits;
}

}  // namespace y6q::stages
