#include "report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/errors.h"

namespace y6q::report {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kEvil = "<script>alert('x')</script>\"&";

/// Every section there is, with hostile text in every string.
Page evil_page() {
  Page page{.title = kEvil, .subtitle = kEvil, .footer = kEvil};
  page.sections = {
      Highlights{{{kEvil, kEvil, kEvil}}},
      Paragraph{kEvil},
      Links{kEvil, {{kEvil, kEvil}}},
      Table{.title = kEvil,
            .columns = {{.key = kEvil, .title = kEvil, .suffix = kEvil},
                        {.key = "n", .title = "n", .suffix = kEvil}},
            .rows = {{kEvil, 1.0}},
            .note = kEvil},
      LineChart{.title = kEvil,
                .x_label = kEvil,
                .y_label = kEvil,
                .series = {{kEvil, {0, 1}, {2, 3}}, {kEvil, {0, 1}, {3, 2}}}},
      BarChart{.title = kEvil, .unit = kEvil, .bars = {{kEvil, 1}, {"negative", -1}}},
      HeatMap{kEvil, kEvil, {kEvil}, {kEvil, "b"}, {3, 0}, kEvil},
      Gallery{.title = kEvil, .column_titles = {kEvil}, .pictures = {{"abc", kEvil, kEvil}}, .columns = 1},
      KeyValues{kEvil, {{kEvil, kEvil}}},
      Code{kEvil, {kEvil}}};
  return page;
}

/// Opening and closing tags match; void elements have none.
void expect_balanced(const std::string& html) {
  const std::set<std::string> without_end{"meta", "img", "path", "line", "circle"};
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    if (html[at + 1] == '!') continue;
    const bool closes = html[at + 1] == '/';
    const size_t begin = at + (closes ? 2 : 1);
    const std::string name = html.substr(begin, html.find_first_of(" >", begin) - begin);
    if (without_end.count(name)) continue;
    if (!closes) {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << name;
      ASSERT_EQ(open.back(), name) << "at " << at;
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Html, AllTextIsEscaped) {
  const std::string html = to_html(evil_page());
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("alert('")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
  expect_balanced(html);
}

TEST(Html, FetchesNothing) {
  const std::string html = to_html(evil_page());
  for (const char* forbidden : {"http://", "https://", "url(", "@import", "<link", "src=\"/"}) {
    EXPECT_THAT(html, Not(HasSubstr(forbidden)));
  }
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(html, HasSubstr("name=\"viewport\""));
}

TEST(Html, EscapesControlCharacters) {
  EXPECT_EQ(escape_html(std::string("a\0b\x1b\n", 5)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\n");
}

TEST(Html, PicturesAreEmbedded) {
  // RFC 4648 section 10.
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
    const Page page{.title = "t", .sections = {Gallery{.title = "", .pictures = {{bytes, "", "image/png"}}}}};
    EXPECT_THAT(to_html(page), HasSubstr("src=\"data:image/png;base64," + text + "\""));
  }
}

TEST(Html, BarsAreSharesOfTheLargest) {
  const Page page{
      .title = "t",
      .sections = {BarChart{.title = "b", .bars = {{"x", 4}, {"y", 1}, {"z", -2}}, .decimals = 1}}};
  const std::string html = to_html(page);
  EXPECT_THAT(html, HasSubstr("<span>x</span><i style=\"width:100.0%\"></i><span class=\"n\">4.0</span>"));
  EXPECT_THAT(html, HasSubstr("<span>y</span><i style=\"width:25.0%\"></i><span class=\"n\">1.0</span>"));
  EXPECT_THAT(html, HasSubstr("<span>z</span><i style=\"width:0.0%\"></i><span class=\"n\">-2.0</span>"));
}

TEST(Html, SignsStandBeforeDifferences) {
  const std::string html =
      to_html({.title = "t",
               .sections = {
                   BarChart{.title = "b", .bars = {{"x", 0.5}, {"y", -0.25}}, .decimals = 2, .sign = true}}});
  EXPECT_THAT(html, HasSubstr(">+0.50<"));
  EXPECT_THAT(html, HasSubstr(">-0.25<"));
}

TEST(Html, AlarmsAndLinksAreMarkedAsSuch) {
  const std::string html = to_html({.title = "t",
                                    .sections = {Paragraph{"down", Paragraph::Tone::alarm},
                                                 Links{"more", {{"a row", "evaluate/qat.html"}}}}});
  EXPECT_THAT(html, HasSubstr("<p class=\"text alarm\">down</p>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"evaluate/qat.html\">a row</a>"));
}

TEST(Html, AHeatMapShadesSharesOfTheRow) {
  const std::string html =
      to_html({.title = "t",
               .sections = {HeatMap{"h", "true", {"cat", "background"}, {"cat", "missed"}, {3, 1, 0, 0}}}});
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">cat</th><td style=\"--share:75%\">3</td>"
                              "<td style=\"--share:25%\">1</td></tr>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">background</th><td></td><td></td></tr>"));
  expect_balanced(html);
}

TEST(Html, NeighbouringChartsShareARow) {
  const LineChart chart{.title = "c"};
  const std::string html =
      to_html({.title = "t", .sections = {chart, BarChart{.title = "b"}, Paragraph{"p"}, chart}});
  const std::string row = "class=\"row\"";
  const size_t first = html.find(row), second = html.find(row, first + 1);
  EXPECT_NE(second, std::string::npos);
  EXPECT_EQ(html.find(row, second + 1), std::string::npos);
  expect_balanced(html);
}

TEST(Html, RefusesWhatIsInconsistent) {
  EXPECT_THROW(to_html({.title = "t", .sections = {Gallery{.title = "g", .columns = 0}}}), InternalError);
  EXPECT_THROW(to_html({.title = "t", .sections = {HeatMap{"h", "", {"a"}, {"b"}, {1, 2}}}}), InternalError);
  EXPECT_THROW(to_html({.title = "t", .sections = {Table{.columns = {{"a", "a"}}, .rows = {{}}}}}),
               InternalError);
}

}  // namespace
}  // namespace y6q::report
