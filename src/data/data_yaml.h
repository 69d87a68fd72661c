#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace y6q::data {

/// A data.yaml (spec/02 §1.1). Private to this folder.
struct DataYaml {
  fs::path file;
  fs::path root;  ///< `path`, else the file's folder: where its relative paths begin; need not exist
  std::map<std::string, std::vector<fs::path>> splits;  ///< train, val, test -> folders and lists of images
  std::vector<std::string> names;
  std::map<std::string, fs::path> annotations;  ///< train, val, test -> COCO JSON, as anno_path names them
  bool is_coco = false;
  std::vector<std::string> notes{};  ///< worth a message: a path that was taken for another
};

/// Throws InputError with path and line: unknown shape, nc that differs from the number of names.
DataYaml read_data_yaml(const fs::path& path);

}  // namespace y6q::data
