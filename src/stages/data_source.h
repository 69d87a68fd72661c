#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace y6q::stages {

/// The data set of a command that is about nothing else.
struct DataSource {
  fs::path data;                   ///< as data::read_dataset takes it
  std::string split{};             ///< empty: every split that it has
  data::DatasetOptions options{};  ///< but for the split
};

/// Its splits, in the order train, val, test, and of the same classes; each is said
/// (data::say_what_was_read). Throws what data::read_dataset throws, and InputError when there is none.
std::vector<data::Dataset> read_splits(const DataSource& source, Monitor& monitor);

}  // namespace y6q::stages
