#include "report/csv.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace y6q::report {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

std::string head_line(const std::vector<std::string>& columns) {
  return csv_line(std::vector<Cell>(columns.begin(), columns.end()));
}

}  // namespace

std::string csv_line(std::span<const Cell> cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i) line += ',';
    if (const auto* text = std::get_if<std::string>(&cells[i])) line += quoted(*text);
    if (const auto* whole = std::get_if<int64_t>(&cells[i])) line += fmt::to_string(*whole);
    if (const auto* number = std::get_if<double>(&cells[i])) line += fmt::format("{}", *number);
  }
  return line + "\r\n";
}

std::string to_csv(const Table& table) {
  check(table);
  std::vector<std::string> keys;
  for (const Column& column : table.columns) keys.push_back(column.key);
  std::string text = head_line(keys);
  for (const auto& row : table.rows) text += csv_line(row);
  return text;
}

CsvLog::CsvLog(const fs::path& path, const std::vector<std::string>& columns)
    : path_(path), columns_(columns.size()) {
  const std::string head = head_line(columns);
  const bool goes_on = fs::is_regular_file(path) && fs::file_size(path) > 0;
  if (goes_on) {
    std::string found(head.size(), '\0');
    std::ifstream(path, std::ios::binary).read(found.data(), static_cast<std::streamsize>(found.size()));
    if (found != head) {
      throw InputError("csv: {}: has other columns than '{}'; remove the file, or write to another folder",
                       path.string(), head.substr(0, head.size() - 2));
    }
  } else {
    make_folder(folder_of(path));
  }
  stream_.open(path, std::ios::binary | std::ios::app);
  if (!goes_on) stream_ << head << std::flush;
  if (!stream_)
    throw EnvironmentError("csv: {}: cannot be written; check permission and free space", path.string());
}

void CsvLog::write(std::span<const Cell> cells) {
  if (cells.size() != columns_) {
    throw InternalError("csv: {}: a row of {} cells for {} columns", path_.string(), cells.size(), columns_);
  }
  stream_ << csv_line(cells) << std::flush;
  if (!stream_) throw EnvironmentError("csv: {}: cannot be written; check free space", path_.string());
}

}  // namespace y6q::report
