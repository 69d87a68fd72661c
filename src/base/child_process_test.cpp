#include "base/child_process.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines_of(const std::string& script, int* status = nullptr) {
  std::vector<std::string> lines;
  const int code =
      run_program({"/bin/sh", "-c", script}, [&](std::string_view line) { lines.emplace_back(line); });
  if (status != nullptr) *status = code;
  return lines;
}

TEST(ChildProcess, LinesOfBothStreamsArriveAndTheStatusComesBack) {
  int status = 0;
  EXPECT_THAT(lines_of("echo one; echo two >&2; printf three; exit 7", &status),
              ElementsAre("one", "two", "three"));
  EXPECT_EQ(status, 7);
  lines_of("kill -9 $$", &status);
  EXPECT_EQ(status, 128 + 9);
}

TEST(ChildProcess, AWordWithSpacesAndQuotesIsOneArgument) {
  std::vector<std::string> lines;
  run_program({"/bin/echo", "a b", "c'd\"e$f"}, [&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_THAT(lines, ElementsAre("a b c'd\"e$f"));
}

TEST(ChildProcess, WhatALineMakesItsReaderThrowEndsTheProgram) {
  EXPECT_THROW(run_program({"/bin/sh", "-c", "echo stop; exec sleep 600"},
                           [](std::string_view) { throw Interrupted("stopped{}", ""); }),
               Interrupted);
}

TEST(ChildProcess, ProgramsAreFoundOnThePathAndNothingElseIs) {
  const support::Folder folder;
  write_file(folder / "plain", "text");
  EXPECT_FALSE(find_program("sh").empty());
  EXPECT_TRUE(find_program("no-such-program-here").empty());
  EXPECT_TRUE(find_program(folder / "plain").empty());
  EXPECT_THROW(run_program({folder / "plain"}, [](std::string_view) {}), EnvironmentError);
}

}  // namespace
}  // namespace y6q
