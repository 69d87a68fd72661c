#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace y6q {

/// The file that a program's name stands for: itself where it has a slash, else on PATH; empty where there is
/// none that may be executed.
fs::path find_program(const std::string& name);

/// Runs a program (the first word, as find_program gives it) to its end. Every line that it writes, to stdout
/// or stderr, goes to on_line at once, without its end; longer ones than 64 KiB in pieces. What on_line
/// throws ends the program, and goes on. Returns its exit status, 128 and the signal's number where a signal
/// ended it. Throws EnvironmentError when it cannot be started.
int run_program(const std::vector<std::string>& command,
                const std::function<void(std::string_view)>& on_line);

}  // namespace y6q
