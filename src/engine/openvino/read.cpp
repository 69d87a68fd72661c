#include "engine/openvino/read.h"

#include <openvino/frontend/manager.hpp>
#include <sstream>

#include "base/file_kind.h"

namespace y6q::engine {

// Asked by name: core.read_model would offer the file to the front end of every format it knows.
std::shared_ptr<ov::Model> read_network(const std::filesystem::path& file) {
  ov::frontend::FrontEndManager manager;
  const auto front_end = manager.load_by_framework(kind_of(file) == FileKind::openvino_ir ? "ir" : "onnx");
  return front_end->convert(front_end->load(file.string()));
}

std::string reason(const std::exception& error) {
  constexpr size_t kLongest = 300;
  std::istringstream lines(error.what());
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("Exception from") || line.starts_with("Check '")) continue;
    text += (text.empty() ? "" : " ") + line;
  }
  if (text.empty()) text = error.what();
  if (text.size() > kLongest) text.replace(kLongest, std::string::npos, " …");
  return text;
}

}  // namespace y6q::engine
