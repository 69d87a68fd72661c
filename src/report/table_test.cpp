#include "report/table.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/errors.h"

namespace y6q::report {
namespace {

Table sample() {
  return {.title = "BCCD",
          .columns = {{.key = "model", .title = "model"},
                      {.key = "map", .title = "mAP", .scale = 100},
                      {.key = "ratio", .title = "×", .decimals = 2, .suffix = "x"},
                      {.key = "runs", .title = "runs"}},
          .rows = {{std::string("float"), 0.52449, {}, int64_t{7}},
                   {std::string("INT8 é"), 0.0999, 2.5, int64_t{12}}},
          .note = "val"};
}

TEST(Table, TextIsAlignedNumbersToTheRight) {
  EXPECT_EQ(to_text(sample()),
            "BCCD\n"
            "model    mAP      ×  runs\n"
            "------  ----  -----  ----\n"
            "float   52.4      –     7\n"
            "INT8 é  10.0  2.50x    12\n"
            "val\n");
}

TEST(Table, JsonHasUnscaledNumbersAndNull) {
  EXPECT_EQ(
      to_json(sample()).dump(),
      R"([{"model":"float","map":0.52449,"ratio":null,"runs":7},{"model":"INT8 é","map":0.0999,"ratio":2.5,"runs":12}])");
}

TEST(Table, NumbersThatAreNotFiniteAreAbsent) {
  Table table{.columns = {{.key = "x", .title = "x"}}, .rows = {{std::numeric_limits<double>::infinity()}}};
  EXPECT_EQ(to_text(table), "x\n-\n–\n");
  EXPECT_EQ(to_json(table).dump(), R"([{"x":null}])");
}

TEST(Table, DifferencesHaveTheirSign) {
  const Column column{.key = "d", .title = "d", .decimals = 1, .scale = 100, .sign = true};
  EXPECT_EQ(to_text(0.0021, column), "+0.2");
  EXPECT_EQ(to_text(-0.012, column), "-1.2");
  EXPECT_EQ(to_text(-0.0004, column), "0.0");
}

TEST(Table, TransposedHasAColumnForEachRow) {
  const Table table{
      .title = "Splits",
      .columns = {{.key = "split", .title = "split"},
                  {.key = "images", .title = "images"},
                  {.key = "boxes", .title = "boxes"}},
      .rows = {{std::string("train"), int64_t{205}, int64_t{2804}}, {std::string("val"), int64_t{87}, {}}}};
  EXPECT_EQ(to_text(transposed(table)),
            "Splits\n"
            "split   train  val\n"
            "------  -----  ---\n"
            "images    205   87\n"
            "boxes    2804    –\n");
}

TEST(Table, RefusesARowOfAnotherLength) {
  Table table = sample();
  table.rows.push_back({int64_t{1}});
  EXPECT_THROW(to_text(table), InternalError);
  EXPECT_THROW(to_json(table), InternalError);
}

}  // namespace
}  // namespace y6q::report
