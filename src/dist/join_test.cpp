#include "dist/join.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <numeric>
#include <thread>

#include "base/errors.h"
#include "base/files.h"
#include "support/folder.h"

// Real processes, over the loopback interface.
namespace y6q::dist {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

/// Processes made by fork; each runs `work` and ends with its result.
class JoinTest : public testing::Test {
 protected:
  using Work = std::function<int(const Place&)>;

  void start(int count, const Work& work) {
    const int port = 20000 + ::getpid() % 30000;
    for (int rank = 0; rank < count; ++rank) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        int code = 99;
        try {
          code = work({.rank = rank, .size = count, .local_rank = rank, .local_size = count, .port = port});
        } catch (const Error& error) {
          write_file(said(rank), error.what());
          code = static_cast<int>(error.code());
        }
        ::_exit(code);
      }
      processes_.push_back(pid);
    }
  }
  /// Exit codes; 128 + the signal's number.
  std::vector<int> wait() {
    std::vector<int> codes;
    for (const pid_t pid : processes_) {
      int status = 0;
      ::waitpid(pid, &status, 0);
      codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return codes;
  }
  std::string said(int rank) const { return folder_ / ("said" + std::to_string(rank)); }

  support::Folder folder_;
  std::vector<pid_t> processes_;
};

TEST_F(JoinTest, CollectivesGiveEverybodyTheSame) {
  for (const bool deterministic : {false, true}) {
    processes_.clear();
    start(3, [&](const Place& place) {
      const auto group = join(place, {.deterministic = deterministic});
      const double rank = place.rank;
      std::vector<double> few{rank, 1, rank * rank};
      group->sum(few);
      if (few != std::vector<double>{3, 3, 5}) return 1;
      std::vector<float> many(100000);
      for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i) + static_cast<float>(rank);
      group->start_sum(many)->wait();
      for (size_t i = 0; i < many.size(); ++i) {
        if (many[i] != 3 * static_cast<float>(i) + 3) return 2;
      }
      const std::string mine(static_cast<size_t>(place.rank), 'x');
      if (group->gather(mine) != std::vector<std::string>{"", "x", "xx"}) return 3;
      if (group->from_first(place.rank == 0 ? "first" : "other") != "first") return 4;
      if (!group->any(place.rank == 2) || group->any(false)) return 5;
      return 0;
    });
    EXPECT_THAT(wait(), testing::ElementsAre(0, 0, 0));
  }
}

// 1e8 + 1 is 1e8 in float: the order shows.
TEST_F(JoinTest, DeterministicSumsAreAddedInTheOrderOfRanks) {
  start(4, [](const Place& place) {
    const auto group = join(place, {.deterministic = true});
    const float terms[]{1, 1e8F, -1e8F, 1};
    std::vector<float> value{terms[place.rank]};
    group->start_sum(value)->wait();
    return value[0] == ((1.0F + 1e8F) + -1e8F) + 1.0F ? 0 : 1;
  });
  EXPECT_THAT(wait(), testing::Each(0));
}

TEST_F(JoinTest, AKilledProcessIsNamedByTheOthers) {
  start(3, [](const Place& place) {
    const auto group = join(place, {});
    group->meet();
    if (place.rank == 1) ::raise(SIGKILL);
    for (;;) group->meet();
    return 0;
  });
  EXPECT_THAT(wait(), testing::ElementsAre(4, 128 + SIGKILL, 4));
  const auto names_it =
      AllOf(HasSubstr("rank 1 (process " + std::to_string(processes_[1])), HasSubstr("gone"));
  EXPECT_THAT(read_file(said(0)), names_it);
  EXPECT_THAT(read_file(said(2)), names_it);
}

TEST_F(JoinTest, TheProcessOfTheStoreIsMissedAsWell) {
  start(2, [](const Place& place) {
    const auto group = join(place, {});
    group->meet();
    if (place.rank == 0) ::raise(SIGKILL);
    for (;;) group->meet();
    return 0;
  });
  EXPECT_THAT(wait(), testing::ElementsAre(128 + SIGKILL, 4));
  EXPECT_THAT(read_file(said(1)), HasSubstr("rank 0"));
}

// Its connections stay open: only its silence tells.
TEST_F(JoinTest, AStoppedProcessIsMissed) {
  start(2, [&](const Place& place) {
    const auto group = join(place, {.patience = seconds(3), .give_up = [&](const std::string& what) {
                                      write_file(said(place.rank), what);
                                      ::_exit(4);
                                    }});
    group->meet();
    if (place.rank == 1) ::raise(SIGSTOP);
    for (;;) group->meet();
    return 0;
  });
  int status = 0;
  ::waitpid(processes_[0], &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 4);
  EXPECT_THAT(read_file(said(0)), AllOf(HasSubstr("rank 1 (process"), HasSubstr("3 s")));
  ::kill(processes_[1], SIGKILL);
  ::waitpid(processes_[1], &status, 0);
}

TEST_F(JoinTest, WhoeverDoesNotComeIsNamed) {
  start(1, [](const Place& place) {
    Place of_two = place;
    of_two.size = of_two.local_size = 2;
    join(of_two, {.arrival = seconds(2)});
    return 0;
  });
  EXPECT_THAT(wait(), testing::ElementsAre(4));
  EXPECT_THAT(read_file(said(0)), HasSubstr("rank 1 has not come"));
}

}  // namespace
}  // namespace y6q::dist
