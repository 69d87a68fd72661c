#include "base/monitor.h"

namespace y6q {
namespace {

class SilentMonitor : public Monitor {
 public:
  void begin(std::string_view, int64_t, std::string_view) override {}
  void advance(int64_t, std::string_view) override {}
  void end() override {}
  void message(std::string_view) override {}
  bool stop_requested() const override { return false; }
};

}  // namespace

Monitor& silent_monitor() {
  static SilentMonitor monitor;
  return monitor;
}

}  // namespace y6q
