#pragma once

#include <csetjmp>

namespace y6q::image {

/// The way back from C libraries that report an error by a call which must not return. Private to this
/// folder.
class GiveUp {
 public:
  GiveUp() = default;
  GiveUp(const GiveUp&) = delete;
  GiveUp& operator=(const GiveUp&) = delete;

  /// Runs calls of the library; false when one of them gave up, by a jump over them: `calls` may hold no
  /// destructor.
  template <typename Calls>
  bool attempt(Calls calls) {
    if (setjmp(back_) != 0) return false;  // NOLINT(cert-err52-cpp): these libraries have no other way
    calls();
    return true;
  }

  /// For the library's handler of errors, inside of attempt().
  [[noreturn]] void give_up() { std::longjmp(back_, 1); }

 protected:
  ~GiveUp() = default;

 private:
  std::jmp_buf back_{};
};

}  // namespace y6q::image
