#include "base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/errors.h"

extern char** environ;  // NOLINT(*-redundant-declaration): POSIX asks for it

namespace y6q {
namespace {

/// Both ends are closed for programs that are started.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw EnvironmentError("a pipe cannot be opened: {}", std::strerror(errno));
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close(size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

pid_t start(const std::vector<std::string>& command, int output) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, command.at(0).c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw EnvironmentError("{}: cannot be started: {}", command[0], std::strerror(error));
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  constexpr int kSignalled = 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

/// Calls on_line for every whole line of `text` and leaves the rest in it.
void take_lines(std::string& text, const std::function<void(std::string_view)>& on_line) {
  constexpr size_t kLongest = size_t{64} << 10;
  size_t first = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', first)) {
    on_line(std::string_view(text).substr(first, end - first));
    first = end + 1;
  }
  text.erase(0, first);
  if (text.size() < kLongest) return;
  on_line(text);
  text.clear();
}

}  // namespace

fs::path find_program(const std::string& name) {
  const auto runs = [](const fs::path& path) {
    return fs::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return runs(name) ? fs::path(name) : fs::path();
  const char* variable = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody writes it
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const fs::path folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.native().size() + 1));
    if (!folder.empty() && runs(folder / name)) return folder / name;
  }
  return {};
}

int run_program(const std::vector<std::string>& command,
                const std::function<void(std::string_view)>& on_line) {
  Pipe pipe;
  const pid_t child = start(command, pipe.ends[1]);
  pipe.close(1);
  try {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t count = ::read(pipe.ends[0], buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      text.append(buffer.data(), static_cast<size_t>(count));
      take_lines(text, on_line);
    }
    if (!text.empty()) on_line(text);
  } catch (...) {
    ::kill(child, SIGTERM);
    wait_for(child);
    throw;
  }
  return wait_for(child);
}

}  // namespace y6q
