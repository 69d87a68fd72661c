#include "base/utf8.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace y6q {
namespace {

TEST(Utf8, AcceptsEveryLengthUpToItsBorders) {
  for (const char* text :
       {"", "a\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xe4\xb8\xad\xe6\x96\x87"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesStrayCutOverlongAndSurrogateForms) {
  for (const char* text :
       {"\x80", "a\xff", "\xc3", "\xc3(", "\xe4\xb8", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(Utf8, IsWhatTheJsonLibraryTakesForIt) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second), '\x80'};
      bool is_accepted = true;
      try {
        static_cast<void>(nlohmann::json(text).dump());
      } catch (const nlohmann::json::exception&) {
        is_accepted = false;
      }
      ASSERT_EQ(is_utf8(text), is_accepted) << first << " " << second;
    }
  }
}

TEST(Utf8, FirstCharactersAreWhole) {
  EXPECT_EQ(first_characters("a\xc3\xa9z", 2), "a\xc3\xa9");
  EXPECT_EQ(first_characters("a\xc3\xa9z", 1), "a");
  EXPECT_EQ(first_characters("ab", 5), "ab");
  EXPECT_EQ(first_characters("", 3), "");
}

TEST(JsonText, PutsAReplacementWhereATextIsNotUtf8) {
  EXPECT_EQ(json_text(nlohmann::json{{"source", "caf\xe9.jpg"}}), "{\"source\":\"caf\xef\xbf\xbd.jpg\"}");
  EXPECT_EQ(json_text(nlohmann::ordered_json{{"b", 1}, {"a", "\xc3\xa9"}}, 1),
            "{\n \"b\": 1,\n \"a\": \"\xc3\xa9\"\n}");
}

TEST(LowerCase, ChangesAsciiLettersAlone) {
  EXPECT_EQ(lower_case("AZ[az] \xC3\x84 9"), "az[az] \xC3\x84 9");
  EXPECT_EQ(lower_case(""), "");
}

}  // namespace
}  // namespace y6q
