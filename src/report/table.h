#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

namespace y6q::report {

/// Absent (not measured), text, or a number in its own unit.
using Cell = std::variant<std::monostate, std::string, double, int64_t>;

/// How a column is called and printed. Numbers in JSON and CSV are unscaled and have every digit.
struct Column {
  std::string key;       ///< in JSON and CSV: "map", "p50_ms"
  std::string title;     ///< for readers: "mAP", "FP32 ms"
  int decimals = 1;      ///< of a double
  double scale = 1;      ///< printed = value * scale; 100 for mAP, which readers know in points
  std::string suffix{};  ///< "x", " %"
  bool sign = false;     ///< of differences: + before what is above 0
};

struct Table {
  std::string title{};
  std::vector<Column> columns{};
  std::vector<std::vector<Cell>> rows{};  ///< each as long as columns
  std::string note{};                     ///< below the table: protocol, machine
};

/// Throws InternalError when a row is not as long as columns. The functions below check it, too.
void check(const Table& table);

/// One cell as readers see it; absent or not finite: an en dash.
std::string to_text(const Cell& cell, const Column& column);

/// Aligned with spaces for a terminal: title, head, rule, rows, note. Columns of numbers to the right.
std::string to_text(const Table& table);

/// [{key: value, …}, …]; absent or not finite: null.
nlohmann::ordered_json to_json(const Table& table);

/// Rows become columns, named by their first cell, and columns rows, named by their title: for few rows of
/// many numbers. The first column of numbers says how all are printed.
Table transposed(const Table& table);

/// True when every cell that is present is a number.
bool is_numeric(const Table& table, size_t column);

}  // namespace y6q::report
