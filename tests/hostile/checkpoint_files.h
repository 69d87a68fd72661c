#pragma once

#include <functional>
#include <string>
#include <vector>

/// Hostile files for the commands that read checkpoints and model files.
namespace y6q::hostile {

struct HostileFile {
  std::string kind;  ///< what is wrong with it, as part of a test's name
  /// The bytes. `marker` is a path that code inside the file would create.
  std::function<std::string(const std::string& marker)> bytes;
  std::string message;  ///< part of what the program says
};

/// `count` parts, at least one. Doubled rather than appended: every test's process makes all files.
inline std::string repeated(const std::string& part, size_t count) {
  std::string result = part;
  result.reserve(part.size() * count);
  while (result.size() < part.size() * count) result.append(result, 0, part.size() * count - result.size());
  return result;
}

std::vector<HostileFile> hostile_pickles();
std::vector<HostileFile> hostile_archives();
std::vector<HostileFile> hostile_models();

}  // namespace y6q::hostile
