#include "dist/group.h"

namespace y6q::dist {
namespace {

class Done : public Pending {
 public:
  void wait() override {}
};

class Alone : public Group {
 public:
  Alone() : Group({}) {}
  void sum(std::span<double>) override {}
  std::unique_ptr<Pending> start_sum(std::span<float>) override { return std::make_unique<Done>(); }
  std::vector<std::string> gather(std::string_view mine) override { return {std::string(mine)}; }
  std::string from_first(std::string_view mine) override { return std::string(mine); }
};

}  // namespace

Group& alone() {
  static Alone group;
  return group;
}

}  // namespace y6q::dist
