#pragma once

#include <yaml-cpp/yaml.h>

#include <concepts>
#include <string>
#include <vector>

#include "base/errors.h"

namespace y6q::data {

/// One line of a map, one element of a list, or the document.
struct YamlEntry {
  std::string name;  ///< the key, or what messages call it
  int line = 1;      ///< of the key, from 1
  YAML::Node value;
};

/// Takes values out of a YAML document. Everything it does not accept is an InputError that names the file,
/// the line, what was found and what is accepted.
class YamlReader {
 public:
  /// file: begins every message, "recipe: my.yaml".
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  YamlEntry load(const std::string& text) const;
  /// Of a map, in the order of the file. accepted: what it holds, for the message when it is none.
  /// Refuses keys that are not plain text, and a key that is given twice.
  std::vector<YamlEntry> entries(const YamlEntry& map, const std::string& accepted) const;
  /// Of a list; each is called `name`.
  std::vector<YamlEntry> elements(const YamlEntry& list, const std::string& name) const;

  /// In [low, high].
  template <typename T>
  T number(const YamlEntry& entry, double low, double high) const {
    T value{};
    const bool is_number = entry.value.IsScalar() && YAML::convert<T>::decode(entry.value, value);
    const auto rounded = static_cast<double>(value);
    if (is_number && rounded >= low && rounded <= high) return value;
    refuse(entry,
           fmt::format("a {}number from {:.7g} to {:.7g}", std::integral<T> ? "whole " : "", low, high));
  }
  bool truth(const YamlEntry& entry) const;
  /// accepted: for the message, "a class name".
  std::string text(const YamlEntry& entry, const std::string& accepted) const;

  /// "FILE, line N: NAME is 'FOUND'; ACCEPTED is accepted".
  [[noreturn]] void refuse(const YamlEntry& entry, const std::string& accepted) const;
  /// "FILE, line N: NAME is unknown; ACCEPTED are accepted".
  [[noreturn]] void refuse_key(const YamlEntry& entry, const std::string& accepted) const;
  /// "FILE, line N: PROBLEM".
  [[noreturn]] void refuse_line(int line, const std::string& problem) const;

 private:
  std::string file_;
};

}  // namespace y6q::data
