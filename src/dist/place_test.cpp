#include "dist/place.h"

#include <gmock/gmock.h>

#include <map>

#include "base/errors.h"

namespace y6q::dist {
namespace {

/// The environment of a scheduler; gone at the end.
class PlaceTest : public testing::Test {
 protected:
  void SetUp() override { forget(); }
  void TearDown() override { forget(); }
  static void set(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  static void forget() {
    for (const char* name :
         {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT",
          "Y6Q_STORE_FD", "TORCHELASTIC_USE_AGENT_STORE", "TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT",
          "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE",
          "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
          "OMPI_COMM_WORLD_LOCAL_SIZE"}) {
      ::unsetenv(name);
    }
  }
};

TEST_F(PlaceTest, AProcessByItselfIsInNoJob) {
  EXPECT_EQ(place_from_environment(), std::nullopt);
  set({{"RANK", "0"}, {"WORLD_SIZE", "1"}});
  EXPECT_EQ(place_from_environment(), std::nullopt) << "torchrun with one process";
}

TEST_F(PlaceTest, Torchrun) {
  set({{"RANK", "5"},
       {"WORLD_SIZE", "8"},
       {"LOCAL_RANK", "1"},
       {"LOCAL_WORLD_SIZE", "4"},
       {"MASTER_ADDR", "node1"},
       {"MASTER_PORT", "29400"},
       {"TORCHELASTIC_USE_AGENT_STORE", "True"},
       {"TORCHELASTIC_RESTART_COUNT", "2"}});
  EXPECT_EQ(place_from_environment(), (Place{5, 8, 1, 4, "node1", 29400, true, -1, 2}));
}

TEST_F(PlaceTest, AJobThatWasStartedAgainKnowsIt) {
  EXPECT_EQ(restarts_of_job(), 0);
  set({{"SLURM_RESTART_COUNT", "1"}});
  EXPECT_EQ(restarts_of_job(), 1);
  set({{"TORCHELASTIC_RESTART_COUNT", "3"}});
  EXPECT_EQ(restarts_of_job(), 3) << "torchrun inside a job of Slurm's";
}

TEST_F(PlaceTest, Slurm) {
  set({{"SLURM_PROCID", "3"},
       {"SLURM_STEP_NUM_TASKS", "4"},
       {"SLURM_LOCALID", "1"},
       {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"},
       {"MASTER_ADDR", "node1"},
       {"MASTER_PORT", "1234"}});
  EXPECT_EQ(place_from_environment(), (Place{3, 4, 1, 2, "node1", 1234}));
}

// "1,3": the second machine has more of them than the first.
TEST_F(PlaceTest, SlurmWithMachinesOfDifferentSizes) {
  set({{"SLURM_PROCID", "3"},
       {"SLURM_STEP_NUM_TASKS", "4"},
       {"SLURM_LOCALID", "2"},
       {"SLURM_STEP_TASKS_PER_NODE", "1,3"},
       {"MASTER_ADDR", "node1"},
       {"MASTER_PORT", "1234"}});
  EXPECT_EQ(place_from_environment(), (Place{3, 4, 2, 3, "node1", 1234}));
}

TEST_F(PlaceTest, WithoutLocalNumbersEachHasAMachineOfItsOwn) {
  set({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "node1"}, {"MASTER_PORT", "1234"}});
  EXPECT_EQ(place_from_environment(), (Place{1, 2, 0, 1, "node1", 1234}));
}

TEST_F(PlaceTest, OpenMpiOnOneMachineNeedsNothingElse) {
  set({{"OMPI_COMM_WORLD_RANK", "1"},
       {"OMPI_COMM_WORLD_SIZE", "2"},
       {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
       {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
  EXPECT_EQ(place_from_environment(), (Place{1, 2, 1, 2, "127.0.0.1", 29500}));
}

TEST_F(PlaceTest, SeveralMachinesNeedAMeetingPoint) {
  set({{"OMPI_COMM_WORLD_RANK", "1"},
       {"OMPI_COMM_WORLD_SIZE", "4"},
       {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
       {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
       {"MASTER_ADDR", "node1"}});
  EXPECT_THROW(place_from_environment(), UsageError);
}

TEST_F(PlaceTest, NumbersThatAreNoneAreRefusedByName) {
  const auto refused = [](const std::map<std::string, std::string>& variables) -> std::string {
    set({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "0"}, {"LOCAL_WORLD_SIZE", "2"}});
    set(variables);
    try {
      place_from_environment();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refused({{"RANK", "one"}}), testing::HasSubstr("RANK=one"));
  EXPECT_THAT(refused({{"WORLD_SIZE", "0"}}), testing::HasSubstr("WORLD_SIZE=0"));
  EXPECT_THAT(refused({{"RANK", "2"}}), testing::HasSubstr("RANK=2 of WORLD_SIZE=2"));
  EXPECT_THAT(refused({{"MASTER_PORT", "70000"}}), testing::HasSubstr("MASTER_PORT=70000"));
}

}  // namespace
}  // namespace y6q::dist
