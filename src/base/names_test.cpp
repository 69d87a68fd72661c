#include "base/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace y6q::colours {

enum class Colour { red, dark_blue };
constexpr auto names_of(Colour) {
  return name_table<Colour>("colour", {{Colour::red, "red"}, {Colour::dark_blue, "dark-blue"}});
}

namespace {

using testing::ElementsAre;

TEST(Names, GoBothWays) {
  static_assert(name_of(Colour::dark_blue) == "dark-blue");
  for (const Colour colour : all_values<Colour>()) EXPECT_EQ(from_name<Colour>(name_of(colour)), colour);
  EXPECT_THAT(all_names<Colour>(), ElementsAre("red", "dark-blue"));
}

TEST(Names, ANameThatIsUnknownIsAnsweredWithTheList) {
  EXPECT_THAT([] { from_name<Colour>("green"); },
              testing::ThrowsMessage<UsageError>("colour 'green': red, dark-blue are accepted"));
}

TEST(Names, AValueWithoutANameIsABug) { EXPECT_THROW(name_of(static_cast<Colour>(7)), InternalError); }

}  // namespace
}  // namespace y6q::colours
