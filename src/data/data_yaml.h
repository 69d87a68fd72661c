#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace y6q::data {

/// A data.yaml (spec/02 §1.1). Private to this folder.
struct DataYaml {
  fs::path file;
  std::map<std::string, std::vector<fs::path>>
      splits;  ///< train, val, test -> folders, relative to the file's
  std::vector<std::string> names;
  std::map<std::string, fs::path> annotations;  ///< train, val, test -> COCO JSON, as anno_path names them
  bool is_coco = false;
};

/// Throws InputError with path and line: unknown shape, nc that differs from the number of names.
DataYaml read_data_yaml(const fs::path& path);

}  // namespace y6q::data
