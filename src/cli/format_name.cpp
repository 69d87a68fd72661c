#include "cli/format_name.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>

#include "base/errors.h"

namespace y6q::cli {
namespace {

/// Empty, or why `file` does not name a file in that format.
std::string misnamed(const std::filesystem::path& file, std::string_view accepted) {
  static const std::set<std::string, std::less<>> kFormats{
      ".avi",  ".bin", ".bmp",  ".cache", ".csv",         ".engine", ".gif",  ".html",
      ".jpeg", ".jpg", ".json", ".md",    ".mp4",         ".npy",    ".onnx", ".pdf",
      ".plan", ".png", ".pt",   ".pth",   ".safetensors", ".svg",    ".tif",  ".tiff",
      ".trt",  ".txt", ".webp", ".xml",   ".yaml",        ".yml",    ".zip"};
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == accepted || !kFormats.contains(extension)) return "";
  return fmt::format("{} ends in {}, and what is written is another format; give a name in {}", file.string(),
                     extension, accepted);
}

}  // namespace

CLI::Validator format_name(const char* accepted) {
  return {[accepted](const std::string& file) { return misnamed(file, accepted); }, ""};
}

void require_format_name(const char* option, const std::filesystem::path& file, const char* accepted) {
  if (const std::string why = misnamed(file, accepted); !why.empty()) throw UsageError("{}: {}", option, why);
}

}  // namespace y6q::cli
