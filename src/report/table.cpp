#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/number_text.h"

namespace y6q::report {
namespace {

constexpr const char* kAbsent = "–";

/// Characters of UTF-8 text: bytes that do not continue one.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, bool right) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return right ? space + text : text + space;
}

void append_line(std::string& text, const std::string& line) {
  text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
}

}  // namespace

void check(const Table& table) {
  for (const auto& row : table.rows) {
    if (row.size() != table.columns.size()) {
      throw InternalError("report: table '{}': a row has {} cells, {} columns", table.title, row.size(),
                          table.columns.size());
    }
  }
}

bool is_numeric(const Table& table, size_t column) {
  return std::none_of(table.rows.begin(), table.rows.end(),
                      [&](const auto& row) { return std::holds_alternative<std::string>(row[column]); });
}

std::string to_text(const Cell& cell, const Column& column) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* whole = std::get_if<int64_t>(&cell)) return fmt::format("{}{}", *whole, column.suffix);
  const auto* number = std::get_if<double>(&cell);
  if (number == nullptr || !std::isfinite(*number)) return kAbsent;
  const double value = *number * column.scale;
  return (column.sign ? signed_text(value, column.decimals) : fixed_text(value, column.decimals)) +
         column.suffix;
}

std::string to_text(const Table& table) {
  check(table);
  const size_t count = table.columns.size();
  std::vector<size_t> width(count);
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : table.columns) lines[0].push_back(column.title);
  for (const auto& row : table.rows) {
    lines.emplace_back();
    for (size_t c = 0; c < count; ++c) lines.back().push_back(to_text(row[c], table.columns[c]));
  }
  for (const auto& line : lines) {
    for (size_t c = 0; c < count; ++c) width[c] = std::max(width[c], width_of(line[c]));
  }
  std::string text = table.title.empty() ? "" : table.title + "\n";
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string line, rule;
    for (size_t c = 0; c < count; ++c) {
      line += padded(lines[i][c], width[c], is_numeric(table, c)) + "  ";
      rule += std::string(width[c], '-') + "  ";
    }
    append_line(text, line);
    if (i == 0) append_line(text, rule);
  }
  if (!table.note.empty()) text += table.note + "\n";
  return text;
}

Table transposed(const Table& table) {
  check(table);
  Table other{.title = table.title, .columns = {table.columns.at(0)}, .note = table.note};
  for (const auto& row : table.rows) {
    Column& column = other.columns.emplace_back(table.columns.at(1));
    column.key = column.title = to_text(row[0], table.columns[0]);
  }
  for (size_t c = 1; c < table.columns.size(); ++c) {
    std::vector<Cell>& line = other.rows.emplace_back();
    line.emplace_back(table.columns[c].title);
    for (const auto& row : table.rows) line.push_back(row[c]);
  }
  return other;
}

nlohmann::ordered_json to_json(const Table& table) {
  check(table);
  auto rows = nlohmann::ordered_json::array();
  for (const auto& row : table.rows) {
    auto object = nlohmann::ordered_json::object();
    for (size_t c = 0; c < row.size(); ++c) {
      auto& value = object[table.columns[c].key];
      if (const auto* text = std::get_if<std::string>(&row[c])) value = *text;
      if (const auto* whole = std::get_if<int64_t>(&row[c])) value = *whole;
      if (const auto* number = std::get_if<double>(&row[c]); number && std::isfinite(*number))
        value = *number;
    }
    rows.push_back(std::move(object));
  }
  return rows;
}

}  // namespace y6q::report
