#include "base/library_function.h"

#include <gmock/gmock.h>

#include <array>

#include "base/errors.h"

namespace y6q {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(LibraryFunction, IsOfTheFirstLibraryThatIsThere) {
  constexpr std::array kLibraries{"libabsent_y6q.so.1", "libm.so.6"};
  EXPECT_EQ(library_function<double(double)>(kLibraries, "floor")(2.5), 2.0);
}

TEST(LibraryFunction, WhatIsMissingIsNamed) {
  constexpr std::array kAbsent{"libabsent_y6q.so.1"};
  constexpr std::array kMath{"libm.so.6"};
  EXPECT_THAT([&] { library_symbol(kAbsent, "floor"); },
              ThrowsMessage<EnvironmentError>(HasSubstr("libabsent_y6q.so.1")));
  EXPECT_THAT([&] { library_symbol(kMath, "no_such_function"); },
              ThrowsMessage<EnvironmentError>(HasSubstr("no_such_function")));
}

}  // namespace
}  // namespace y6q
