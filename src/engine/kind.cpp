#include "engine/kind.h"

namespace y6q::engine {
namespace {

struct KindEntry {
  Kind kind;
  KindFacts facts;
};

constexpr KindEntry kKinds[] = {
    {Kind::openvino,
     {.title = "OpenVINO",
      .version = Y6Q_OPENVINO_VERSION,
      .remedy = "./run setup, configure with -DY6Q_OPENVINO=ON and build again"}}};

}  // namespace

const KindFacts& facts_of(Kind kind) {
  for (const KindEntry& entry : kKinds) {
    if (entry.kind == kind) return entry.facts;
  }
  throw InternalError("engine: {} is not in the table", static_cast<int>(kind));
}

}  // namespace y6q::engine
