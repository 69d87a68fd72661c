#pragma once

#include "data/write_set.h"
#include "stages/data_source.h"

namespace y6q::stages {

struct DataConvertOptions {
  DataSource source;
  fs::path out;  ///< folder to make; must not exist, or be empty
  data::WriteOptions write{};
};

struct DataConverted {
  fs::path data;  ///< what --data takes
  std::vector<data::Dataset> splits;
  int64_t skipped = 0;    ///< broken samples
  int64_t crowds = 0;     ///< regions that were left out
  int64_t difficult = 0;  ///< objects that were left out (YOLO has no word for them)
};

/// Writes a data set in another form (data::write_set); the folder appears complete or not at all. Throws
/// UsageError for a folder that is in use, and what reading and writing throw.
DataConverted convert_data(const DataConvertOptions& options, Monitor& monitor);

}  // namespace y6q::stages
