#include "dist/launch.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/errors.h"

namespace y6q::dist {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

/// A socket that listens on a free port of this machine; rank 0 inherits it, so that nobody can take the
/// port.
struct Listener {
  int fd = -1;
  int port = 0;
  Listener() {
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* plain =
        reinterpret_cast<sockaddr*>(&address);  // NOLINT(*-reinterpret-cast): the interface of sockets
    constexpr int kWaiting = 1024;
    if (fd < 0 || ::bind(fd, plain, length) != 0 || ::listen(fd, kWaiting) != 0 ||
        ::getsockname(fd, plain, &length) != 0) {
      throw EnvironmentError("--processes: no port of this machine can be opened: {}", std::strerror(errno));
    }
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
};

std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

[[noreturn]] void become_rank(int rank, int count, const Listener& listener, const sigset_t& mask) {
  ::setpgid(0, 0);  // Ctrl-C reaches the launcher alone, which passes it on
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  const auto set = [](const char* name, int value) {
    ::setenv(name, std::to_string(value).c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
  };
  set("RANK", rank);
  set("LOCAL_RANK", rank);
  set("WORLD_SIZE", count);
  set("LOCAL_WORLD_SIZE", count);
  set("MASTER_PORT", listener.port);
  ::setenv("MASTER_ADDR", "127.0.0.1", 1);  // NOLINT(concurrency-mt-unsafe)
  ::unsetenv("TORCHELASTIC_USE_AGENT_STORE");
  if (rank == 0) {
    set("Y6Q_STORE_FD", listener.fd);
  } else {
    ::close(listener.fd);
  }
  std::vector<std::string> arguments = own_arguments();
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  ::execv("/proc/self/exe", words.data());
  fmt::print(stderr, "yolov6q: rank {} cannot be started: {}\n", rank, std::strerror(errno));
  ::_exit(static_cast<int>(ExitCode::kEnvironment));
}

class Job {
 public:
  explicit Job(int count) {
    ::sigemptyset(&wanted_);
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD}) ::sigaddset(&wanted_, signal);
    ::sigprocmask(SIG_BLOCK, &wanted_, &before_);
    ::signal(SIGCHLD, SIG_DFL);  // inherited as ignored, nobody's end would be heard of
    const Listener listener;
    for (int rank = 0; rank < count; ++rank) {
      const pid_t pid = ::fork();
      if (pid == 0) become_rank(rank, count, listener, before_);
      if (pid < 0) {
        send(SIGKILL);
        throw EnvironmentError("--processes {}: process {} cannot be started: {}", count, rank,
                               std::strerror(errno));
      }
      ::setpgid(pid, pid);
      processes_.push_back(pid);
    }
  }

  int wait() {
    while (std::ranges::any_of(processes_, [](pid_t pid) { return pid != 0; })) {
      const timespec second{1, 0};
      const int signal = ::sigtimedwait(&wanted_, nullptr, &second);
      if (signal == SIGCHLD) reap();
      if (signal > 0 && signal != SIGCHLD) {
        passed_on_ = signal;
        send(signal);
      }
      end_survivors();
    }
    return code_;
  }

 private:
  void send(int signal) const {
    for (const pid_t pid : processes_) {
      if (pid != 0) ::kill(pid, signal);
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0; pid = ::waitpid(-1, &status, WNOHANG)) {
      const auto found = std::ranges::find(processes_, pid);
      if (found == processes_.end()) continue;
      *found = 0;
      const auto rank = found - processes_.begin();
      int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
      if (WIFSIGNALED(status) && WTERMSIG(status) == passed_on_) {
        code = 128 + passed_on_;  // as a shell says it of one process; there was no work to stop yet
      } else if (WIFSIGNALED(status)) {
        fmt::print(stderr, "yolov6q: rank {} of {} (process {}) was ended by signal {} ({})\n", rank,
                   processes_.size(), pid, WTERMSIG(status), ::strsignal(WTERMSIG(status)));
        code = static_cast<int>(ExitCode::kEnvironment);
      }
      if (code != 0 && code_ == 0) {
        code_ = code;
        failed_ = Clock::now();
      }
    }
  }

  /// Those who were interrupted may take their time to save; others notice a loss within seconds.
  void end_survivors() {
    if (code_ == 0 || passed_on_ != 0) return;
    constexpr seconds kToNotice{20}, kToEnd{10};
    const auto passed = Clock::now() - failed_;
    if (passed > kToNotice && !asked_) {
      send(SIGTERM);
      asked_ = true;
    }
    if (passed > kToNotice + kToEnd) send(SIGKILL);
  }

  sigset_t wanted_{}, before_{};
  std::vector<pid_t> processes_;  ///< by rank; 0: ended
  int code_ = 0, passed_on_ = 0;
  Clock::time_point failed_;
  bool asked_ = false;
};

}  // namespace

int launch(int count) { return Job(count).wait(); }

}  // namespace y6q::dist
