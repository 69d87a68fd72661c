#include "dist/array_share.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "base/errors.h"

namespace y6q::dist {
namespace {

constexpr const char* kNames[]{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN",
                               "SLURM_ARRAY_TASK_STEP"};

class ArrayShare : public testing::Test {
 protected:
  void SetUp() override { forget(); }
  void TearDown() override { forget(); }
  static void set(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  static void forget() {
    for (const char* name : kNames) ::unsetenv(name);
  }
};

TEST_F(ArrayShare, OutsideAnArrayIsEverything) { EXPECT_EQ(array_share_from_environment(), (Share{0, 1})); }

TEST_F(ArrayShare, IsCountedFromTheFirstTaskByTheStep) {
  // sbatch --array=10-16:2
  set({{kNames[0], "14"}, {kNames[1], "4"}, {kNames[2], "10"}, {kNames[3], "2"}});
  EXPECT_EQ(array_share_from_environment(), (Share{2, 4}));
}

TEST_F(ArrayShare, AnArrayWithGapsIsRefused) {
  // sbatch --array=10,20: the second of two would be number 10.
  set({{kNames[0], "20"}, {kNames[1], "2"}, {kNames[2], "10"}, {kNames[3], "1"}});
  EXPECT_THROW(array_share_from_environment(), UsageError);
}

TEST_F(ArrayShare, NumbersThatAreNoneAreRefused) {
  for (const char* id : {"-1", "1x", "99999999999"}) {
    set({{kNames[0], id}, {kNames[1], "4"}});
    EXPECT_THROW(array_share_from_environment(), UsageError) << id;
  }
}

}  // namespace
}  // namespace y6q::dist
