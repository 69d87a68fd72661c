#include "formats/provenance.h"

namespace y6q::formats {

std::string tool_version() { return "yolov6q " Y6Q_VERSION; }

std::map<std::string, std::string> provenance(std::string_view step, const fs::path& parent,
                                              std::string_view data_sha256) {
  std::map<std::string, std::string> entries{{"tool", tool_version()}, {"step", std::string(step)}};
  if (!parent.empty()) entries["parent_sha256"] = sha256_of_file(parent);
  if (!data_sha256.empty()) entries["data_sha256"] = data_sha256;
  return entries;
}

}  // namespace y6q::formats
