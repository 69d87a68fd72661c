#include "data/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace y6q::data {
namespace {

const YamlReader kReader("recipe: a.yaml");

template <typename Read>
std::string message_of(Read read) {
  try {
    read();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

YamlEntry first(const std::string& text) { return kReader.entries(kReader.load(text), "words").at(0); }

TEST(YamlReader, NumbersAreWholeWhereTheTypeIsAndInsideTheirRange) {
  EXPECT_EQ(kReader.number<int64_t>(first("a: 7"), 1, 7), 7);
  EXPECT_EQ(kReader.number<double>(first("a: 0.25"), 0, 1), 0.25);
  for (const char* text : {"1.5", "8", "-1", "x", "''", "0x", "1e2000"}) {
    const std::string yaml = fmt::format("a: {}", text);
    const std::string shown = text == std::string("''") ? "" : text;
    EXPECT_EQ(
        message_of([&] { kReader.number<int64_t>(first(yaml), 1, 7); }),
        fmt::format("recipe: a.yaml, line 1: a is '{}'; a whole number from 1 to 7 is accepted", shown));
  }
  EXPECT_EQ(message_of([] { kReader.number<double>(first("\na: .nan"), 0, 0.5); }),
            "recipe: a.yaml, line 2: a is '.nan'; a number from 0 to 0.5 is accepted");
  EXPECT_EQ(message_of([] { kReader.number<uint64_t>(first("a: -1"), 0, 1e19); }),
            "recipe: a.yaml, line 1: a is '-1'; a whole number from 0 to 1e+19 is accepted");
}

TEST(YamlReader, TheLineIsThatOfTheKey) {
  EXPECT_EQ(message_of([] { kReader.truth(first("\n\na:\n  - x\n")); }),
            "recipe: a.yaml, line 3: a is a list; true or false is accepted");
  EXPECT_EQ(message_of([] { kReader.text(first("a:\n\nb: 1\n"), "a word"); }),
            "recipe: a.yaml, line 1: a is empty; a word is accepted");
  const YamlEntry list = first("a: [1,\n 2,\n x]");
  EXPECT_EQ(kReader.elements(list, "an element of a").at(2).line, 3);
}

TEST(YamlReader, AMapHasPlainKeysEachOnce) {
  const auto entries = [](const std::string& text) {
    return message_of([&] { kReader.entries(kReader.load(text), "words"); });
  };
  EXPECT_EQ(entries("{a: 1, b: 2}"), "accepted");
  EXPECT_EQ(entries("a: 1\nb: 1\n\na: 1"),
            "recipe: a.yaml, line 4: 'a' is given in line 1 already; each key once is accepted");
  EXPECT_EQ(entries("a: 1\n[b]: 1"), "recipe: a.yaml, line 2: a key is a list; words are accepted");
  EXPECT_EQ(entries("word"), "recipe: a.yaml, line 1: the document is 'word'; a map of words is accepted");
  EXPECT_EQ(entries(""), "recipe: a.yaml, line 1: the document is empty; a map of words is accepted");
}

TEST(YamlReader, TextThatIsNoYamlIsNamedWithItsLine) {
  EXPECT_THAT(message_of([] { kReader.load("a: 1\nb: [1\n"); }),
              testing::MatchesRegex("recipe: a.yaml, line [23]: is no YAML: .*"));
}

}  // namespace
}  // namespace y6q::data
