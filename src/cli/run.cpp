#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "base/errors.h"
#include "base/threads.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/subcommands.h"
#include "cli/suggestion.h"
#include "cli/terminal_monitor.h"
#include "dist/place.h"

namespace y6q::cli {
namespace {

constexpr const char* kFooter =
    "Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 a bound was missed, 2 "
    "wrong usage,\n"
    "3 bad input, 4 the machine lacks something, 70 a bug, 130 interrupted.\n"
    "`yolov6q SUBCOMMAND --help` has an example.";

constexpr const char* kOutOfMemory = "out of memory; use a smaller --batch-size or --img-size";

/// Subcommands live in the program that loads what they need and no more (docs/decisions/0001).
[[noreturn]] void forward(char** argv) {
  const char* next = next_program();
  if (next == nullptr) throw UsageError("{0}: is started as `yolov6q {0}`", argv[1]);
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / next;
  // Both are read by LibTorch when it is loaded. What c10d warns of, our errors say in one line.
  let_waiting_threads_sleep();
  ::setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0);  // NOLINT(concurrency-mt-unsafe): one thread
  ::execv(program.c_str(), argv);
  throw EnvironmentError("{}: cannot be started; it is installed beside yolov6q", program.string());
}

/// This process' rank in a job of several, 0 otherwise.
int rank() {
  try {
    return dist::place_from_environment().value_or(dist::Place{}).rank;
  } catch (const UsageError&) {
    return 0;
  }
}

int fail(const char* text, ExitCode code) {
  // What all processes have decided together, the first one says.
  const bool together = code == ExitCode::kGoalMissed || code == ExitCode::kInterrupted;
  if (const int mine = rank(); mine == 0) {
    fmt::print(stderr, "yolov6q: {}\n", text);
  } else if (!together) {
    fmt::print(stderr, "yolov6q, rank {}: {}\n", mine, text);
  }
  return static_cast<int>(code);
}

struct Declared {
  CLI::App* app;
  std::unique_ptr<Command> command;
};

/// With options those of this program; the others by name, for --help.
std::vector<Declared> declare(CLI::App& app, bool& as_json) {
  std::vector<Declared> all;
  const Commands here = commands();
  for (const Subcommand& subcommand : kSubcommands) {
    CLI::App* sub = app.add_subcommand(subcommand.name, subcommand.description);
    const auto found = here.find(subcommand.name);
    if (found == here.end()) continue;
    auto command = found->second();
    sub->add_flag("--json", as_json, "Print the result as one JSON document");
    command->declare(*sub);
    all.push_back({sub, std::move(command)});
  }
  return all;
}

std::vector<std::string> names_of_subcommands() {
  std::vector<std::string> names;
  for (const Subcommand& subcommand : kSubcommands) names.emplace_back(subcommand.name);
  return names;
}

/// " (did you mean eval?)", or nothing.
std::string question(std::string_view given, const std::vector<std::string>& known) {
  const std::string meant = meant_by(given, known);
  return meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant);
}

/// Throws UsageError that lists all of them: CLI11 would not say what it did not know.
void require_subcommand(std::string_view name) {
  const std::vector<std::string> known = names_of_subcommands();
  if (std::ranges::find(known, name) != known.end()) return;
  throw UsageError("'{}' is no subcommand{}; known: {}", name, question(name, known), fmt::join(known, ", "));
}

/// Throws UsageError for what CLI11 could not parse. Words that it does not know come first: one of them may
/// be what it misses.
[[noreturn]] void refuse(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  std::string name;  // "data convert"
  for (auto inner = app.get_subcommands(); !inner.empty(); inner = command->get_subcommands()) {
    command = inner.front();
    name += (name.empty() ? "" : " ") + command->get_name();
  }
  std::vector<std::string> known;
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& option_name : option->get_lnames()) known.push_back("--" + option_name);
  }
  std::string unknown;
  for (const std::string& word : app.remaining(true)) {
    const std::string said = word.substr(0, word.find('='));
    if (!word.starts_with('-') && said == word) continue;
    // Ultralytics' command has epochs=3 for --epochs 3.
    const std::string option = word.starts_with('-') ? said : "--" + said;
    unknown += fmt::format("{}{} is no option{}", unknown.empty() ? "" : ", ", said, question(option, known));
  }
  const std::string example =
      command->get_footer().starts_with("Example:") ? "\n" + command->get_footer() : "";
  throw UsageError("{}{}{}{}\nyolov6q {}{}--help lists the options", name, name.empty() ? "" : ": ",
                   unknown.empty() ? error.what() : unknown, name.empty() ? "" : example, name,
                   name.empty() ? "" : " ");
}

int run_parsed(const std::vector<Declared>& declared, bool as_json) {
  TerminalMonitor monitor;
  Console console(as_json, monitor);
  for (const Declared& entry : declared) {
    if (entry.app->parsed()) entry.command->run(console);
  }
  return static_cast<int>(ExitCode::kDone);
}

int run_guarded(int argc, char** argv) {
  const bool is_command = argc > 1 && argv[1][0] != '-';
  if (is_command) require_subcommand(argv[1]);
  if (is_command && !commands().contains(argv[1])) forward(argv);
  if (argc == 1)
    throw UsageError("a subcommand is required; known: {}", fmt::join(names_of_subcommands(), ", "));
  CLI::App app("yolov6q: YOLOv6 detectors in INT8: train, calibrate, export, run, prove", "yolov6q");
  app.set_version_flag("--version", "yolov6q " Y6Q_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  bool as_json = false;
  const std::vector<Declared> declared = declare(app, as_json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    refuse(app, error);
  }
  return run_parsed(declared, as_json);
}

}  // namespace

void Console::line(const std::string& text) {
  if (silent_) return;
  // The bar of a terminal shares the line; it is drawn again with the next step.
  if (::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
  std::cout << text << '\n' << std::flush;
  if (!std::cout) throw EnvironmentError("stdout: the result cannot be written");
}

void Console::result(const std::string& text, const nlohmann::json& document) {
  if (silent_) return;
  std::cout << (json_ ? json_text(document, 2) : text);
  if (json_ || !text.ends_with('\n')) std::cout << '\n';
  std::cout.flush();
  if (!std::cout) throw EnvironmentError("stdout: the result cannot be written");
}

int run(int argc, char** argv) {
  try {
    return run_guarded(argc, argv);
  } catch (const Finished& finished) {
    return finished.code;
  } catch (const Error& error) {
    // Processes that are asked to stop lose each other where they are not at the same work.
    const bool stopped = error.code() == ExitCode::kEnvironment && was_interrupted();
    return fail(error.what(), stopped ? ExitCode::kInterrupted : error.code());
  } catch (const std::bad_alloc&) {
    return fail(kOutOfMemory, ExitCode::kEnvironment);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(error.what(), ExitCode::kEnvironment);
  } catch (const std::exception& error) {
    // What LibTorch's allocator throws has no type of its own.
    const bool no_memory =
        std::string_view(error.what()).find("can't allocate memory") != std::string_view::npos;
    if (no_memory) return fail(kOutOfMemory, ExitCode::kEnvironment);
    return fail(fmt::format("internal error, please report it: {}", error.what()).c_str(),
                ExitCode::kInternal);
  }
}

}  // namespace y6q::cli
