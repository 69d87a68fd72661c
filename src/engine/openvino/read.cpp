#include "engine/openvino/read.h"

#include <openvino/frontend/manager.hpp>
#include <sstream>

namespace y6q::engine {

// Asked by name: core.read_model would offer the file to the front end of every format it knows.
std::shared_ptr<ov::Model> read_onnx(const std::filesystem::path& onnx) {
  ov::frontend::FrontEndManager manager;
  const auto front_end = manager.load_by_framework("onnx");
  return front_end->convert(front_end->load(onnx.string()));
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
