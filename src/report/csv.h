#pragma once

#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "report/table.h"

namespace y6q::report {

/// One line of RFC 4180 with its line end; numbers with every digit, absent cells empty, "nan" and "inf" as
/// such.
std::string csv_line(std::span<const Cell> cells);

/// Keys, then rows.
std::string to_csv(const Table& table);

/// A log that grows: one row an epoch or iteration, on disk when write() returns. An existing file with the
/// same columns is continued (--resume); with others InputError names it. Throws EnvironmentError when it
/// cannot be written.
class CsvLog {
 public:
  CsvLog(const fs::path& path, const std::vector<std::string>& columns);
  /// As many cells as columns.
  void write(std::span<const Cell> cells);

 private:
  fs::path path_;
  size_t columns_;
  std::ofstream stream_;
};

}  // namespace y6q::report
