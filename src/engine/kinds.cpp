#include "base/errors.h"
#include "engine/engine.h"
#include "engine/openvino/openvino.h"

namespace y6q::engine {
namespace {

struct Entry {
  Kind kind;
  std::unique_ptr<Engine> (*open)(const std::filesystem::path& onnx, const EngineOptions& options);
  bool (*supports)(Precision precision);
};

constexpr Entry kEngines[] = {{Kind::openvino, open_openvino, openvino_supports}};

const Entry& entry_of(Kind kind) {
  for (const Entry& entry : kEngines) {
    if (entry.kind == kind) return entry;
  }
  throw InternalError("engine: {} is not in the table", static_cast<int>(kind));
}

}  // namespace

std::unique_ptr<Engine> open(Kind kind, const std::filesystem::path& onnx, const EngineOptions& options) {
  return entry_of(kind).open(onnx, options);
}

std::string describe(Kind kind, const Engine& engine) {
  return fmt::format("{} {}{}", name_of(kind), name_of(engine.precision()),
                     engine.note().empty() ? "" : " (emulated in fp32)");
}

bool supports(Kind kind, Precision precision) { return entry_of(kind).supports(precision); }

}  // namespace y6q::engine
