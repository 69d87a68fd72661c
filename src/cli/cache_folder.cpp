#include "cli/cache_folder.h"

#include <cstdlib>

namespace y6q::cli {
namespace {

std::filesystem::path variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread starts
  return value == nullptr ? "" : value;
}

/// Where programs keep what they can find again (XDG Base Directory Specification 0.8).
std::filesystem::path cache_folder() {
  const std::filesystem::path cache = variable("XDG_CACHE_HOME"), home = variable("HOME");
  if (cache.is_absolute()) return cache;
  return home.is_absolute() ? home / ".cache" : std::filesystem::path();
}

}  // namespace

std::filesystem::path image_index_folder() {
  const std::filesystem::path cache = cache_folder();
  return cache.empty() ? cache : cache / "yolov6q" / "images";
}

std::filesystem::path engine_file_folder() {
  const std::filesystem::path cache = cache_folder();
  return cache.empty() ? cache : cache / "yolov6q" / "engines";
}

}  // namespace y6q::cli
