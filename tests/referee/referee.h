#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "base/files.h"
#include "support/folder.h"

/// Independent programs from PyPI judge our results. The variable Y6Q_REFEREE_PYTHON names a Python
/// interpreter that has them (README.md); without it, or without a package, these tests are skipped.
namespace y6q::referee {

enum class Outcome { kDone, kAbsent, kFailed };

/// Runs tests/referee/<script> with the arguments; exit code 77 of the script: a package is absent.
inline Outcome run_script(const std::string& script, const std::string& arguments) {
  const char* python = std::getenv("Y6Q_REFEREE_PYTHON");
  if (python == nullptr || *python == '\0') return Outcome::kAbsent;
  const std::string command = "'" + std::string(python) + "' '" +
                              (fs::path(Y6Q_REFEREE_SCRIPTS) / script).string() + "' " + arguments;
  const int status = std::system(command.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return Outcome::kAbsent;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Outcome::kDone : Outcome::kFailed;
}

#define Y6Q_REFEREE(script, arguments)                                                                       \
  {                                                                                                          \
    const auto outcome = y6q::referee::run_script(script, arguments);                                        \
    if (outcome == y6q::referee::Outcome::kAbsent) {                                                         \
      GTEST_SKIP() << "set Y6Q_REFEREE_PYTHON to a Python that has the packages of tests/referee/README.md"; \
    }                                                                                                        \
    ASSERT_EQ(outcome, y6q::referee::Outcome::kDone) << script << " failed";                                 \
  }

/// At the start of a test whose files take long to make.
#define Y6Q_NEED_REFEREE()                          \
  if (std::getenv("Y6Q_REFEREE_PYTHON") == nullptr) \
  GTEST_SKIP() << "set Y6Q_REFEREE_PYTHON to a Python that has the packages of tests/referee/README.md"

using support::Folder;

}  // namespace y6q::referee
