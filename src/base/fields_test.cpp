#include "base/fields.h"

#include <gmock/gmock.h>

namespace y6q {
namespace {

enum class Colour { red, green };
constexpr auto names_of(Colour) {
  return name_table<Colour>("colour", {{Colour::red, "red"}, {Colour::green, "green"}});
}

struct Options {
  int64_t count = 3;
  double rate = 0.1;
  bool loud = false;
  std::string word = "a";
  Colour colour = Colour::red;
  std::vector<int64_t> sizes{1, 32};
};

const std::vector<Field<Options>>& table() {
  static const std::vector<Field<Options>> kFields{number_field("count", &Options::count, 1, 10, "Number"),
                                                   number_field("rate", &Options::rate, 0, 1, "Rate"),
                                                   truth_field("very_loud", &Options::loud, "Shouts"),
                                                   word_field("word", &Options::word, {"a", "b c"}, "Word"),
                                                   enum_field("colour", &Options::colour, "Colour"),
                                                   numbers_field("sizes", &Options::sizes, 1, 64, "Sizes")};
  return kFields;
}

const Field<Options>& field(std::string_view name) {
  return *std::ranges::find(table(), name, &Field<Options>::name);
}

bool accepts(std::string_view name, std::string_view text) {
  Options options;
  return field(name).set(options, text);
}

TEST(Fields, EveryValueComesBackFromItsText) {
  const Options options{7, 1.0 / 3, true, "b c", Colour::green, {2, 4, 8}};
  Options back;
  for (const Field<Options>& field : table()) EXPECT_TRUE(field.set(back, field.text(options))) << field.name;
  EXPECT_EQ(back.count, 7);
  EXPECT_EQ(back.rate, 1.0 / 3);
  EXPECT_TRUE(back.loud);
  EXPECT_EQ(back.word, "b c");
  EXPECT_EQ(back.colour, Colour::green);
  EXPECT_THAT(back.sizes, testing::ElementsAre(2, 4, 8));
}

TEST(Fields, WhatIsNotAcceptedChangesNothing) {
  for (const auto& [name, text] : std::vector<std::pair<const char*, const char*>>{{"count", "0"},
                                                                                   {"count", "11"},
                                                                                   {"count", "2.5"},
                                                                                   {"count", "3x"},
                                                                                   {"count", ""},
                                                                                   {"count", "1e1"},
                                                                                   {"rate", "nan"},
                                                                                   {"rate", "-0.1"},
                                                                                   {"rate", "inf"},
                                                                                   {"very_loud", "maybe"},
                                                                                   {"word", "c"},
                                                                                   {"colour", "blue"},
                                                                                   {"sizes", ""},
                                                                                   {"sizes", "1,,2"},
                                                                                   {"sizes", "1,65"}}) {
    Options options;
    EXPECT_FALSE(field(name).set(options, text)) << name << ' ' << text;
    EXPECT_EQ(field(name).text(options), field(name).text(Options{})) << name;
  }
}

TEST(Fields, TruthValuesAreYamlsWords) {
  for (const char* text : {"true", "True", "on", "yes", "YES"})
    EXPECT_TRUE(accepts("very_loud", text)) << text;
  Options options{.loud = true};
  EXPECT_TRUE(field("very_loud").set(options, "Off"));
  EXPECT_FALSE(options.loud);
}

TEST(Fields, AcceptedSaysTheBounds) {
  EXPECT_EQ(field("count").accepted, "a whole number from 1 to 10");
  EXPECT_EQ(field("rate").accepted, "a number from 0 to 1");
  EXPECT_EQ(field("colour").accepted, "one of red, green");
}

TEST(Fields, ArgumentsNameOnlyWhatDiffers) {
  EXPECT_EQ(arguments_of(table(), Options{}), "");
  EXPECT_EQ(arguments_of(table(), Options{.count = 4, .loud = true, .word = "b c", .sizes = {8}}),
            " --count 4 --very-loud --word 'b c' --sizes 8");
  EXPECT_EQ(arguments_of(table(), Options{}, Options{.loud = true}), " --no-very-loud");
}

TEST(Fields, AShellReadsOneWordAsItWas) {
  EXPECT_EQ(shell_word("a/b-c.txt"), "a/b-c.txt");
  EXPECT_EQ(shell_word("it's here"), "'it'\\''s here'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace y6q
