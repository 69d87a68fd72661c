#include "report/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::report {
namespace {

TEST(Csv, QuotesAsRfc4180) {
  const std::vector<Cell> cells{std::string("a,b"), std::string("say \"x\"\n"), std::string("plain"), {}, 0.1,
                                int64_t{-3}};
  EXPECT_EQ(csv_line(cells), "\"a,b\",\"say \"\"x\"\"\n\",plain,,0.1,-3\r\n");
}

TEST(Csv, ATableStartsWithItsKeys) {
  const Table table{
      .columns = {{.key = "model", .title = "Model"}, {.key = "map", .title = "mAP", .scale = 100}},
      .rows = {{std::string("n"), 1.0 / 3}}};
  EXPECT_EQ(to_csv(table), "model,map\r\nn,0.3333333333333333\r\n");
}

class CsvFile : public testing::Test {
 protected:
  support::Folder folder_;
  fs::path path_ = folder_.path() / "new" / "log.csv";
};

TEST_F(CsvFile, IsContinuedWhenColumnsAreTheSame) {
  const std::vector<std::string> columns{"epoch", "loss"};
  CsvLog(path_, columns).write(std::vector<Cell>{int64_t{0}, 2.5});
  CsvLog(path_, columns).write(std::vector<Cell>{int64_t{1}, 1.25});
  EXPECT_EQ(read_file(path_), "epoch,loss\r\n0,2.5\r\n1,1.25\r\n");
}

TEST_F(CsvFile, RefusesOtherColumnsAndRaggedRows) {
  CsvLog log(path_, {"epoch", "loss"});
  EXPECT_THROW(log.write(std::vector<Cell>{int64_t{0}}), InternalError);
  EXPECT_THROW(CsvLog(path_, {"epoch", "map"}), InputError);
  EXPECT_THROW(CsvLog(path_, {"epoch", "loss", "map"}), InputError);
}

TEST_F(CsvFile, SaysWhenItCannotBeWritten) {
  fs::create_directories(path_);  // a folder of that name
  EXPECT_THROW(CsvLog(path_, {"a"}), EnvironmentError);
}

}  // namespace
}  // namespace y6q::report
