#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "support/folder.h"

/// Starts the real program, as a user would.
namespace y6q::support {

struct ProcessOptions {
  std::string stdout_file = {};                   ///< opened for writing; empty: kept for Outcome::out
  std::optional<rlim_t> largest_file_bytes = {};  ///< writing beyond it fails, as on a full disk
  bool as_nobody = false;                         ///< started by root: as a user whom mode bits bind
};

struct Outcome {
  int code = 0;  ///< exit code; 128 + number of the signal that ended it
  std::string out, err;
  int64_t peak_bytes = 0;  ///< of memory
  double cpu_seconds = 0;  ///< user and system
};

/// A running program; its end is the end of the object, at the latest.
class Process {
 public:
  Process(const fs::path& program, const std::vector<std::string>& arguments,
          const ProcessOptions& options = {})
      : out_(std::tmpfile(), &std::fclose), err_(std::tmpfile(), &std::fclose) {
    if (!out_ || !err_) throw std::runtime_error("no temporary file can be made");
    std::vector<std::string> words{program.string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    id_ = ::fork();
    if (id_ < 0) throw std::runtime_error("fork failed");
    if (id_ == 0) become(argv, options);
  }
  ~Process() {
    if (id_ > 0) {
      send(SIGKILL);
      finish();
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return id_; }  ///< 0: it has ended

  void send(int signal) const {
    if (id_ > 0) ::kill(id_, signal);  // 0 would be our own group
  }
  bool is_running() {
    if (id_ > 0 && ::wait4(id_, &status_, WNOHANG, &usage_) == id_) id_ = 0;
    return id_ > 0;
  }
  /// What it has written to stderr by now.
  std::string err_so_far() const {
    std::string all(1 << 20, '\0');
    const ssize_t size = ::pread(::fileno(err_.get()), all.data(), all.size(), 0);  // it shares our position
    all.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return all;
  }
  /// Sends the signal as soon as `text` is on stderr. False: the program ended before, or does not end soon.
  bool interrupt_at(const std::string& text, int signal) {
    while (is_running() && err_so_far().find(text) == std::string::npos) pause();
    const bool in_time = is_running();
    send(signal);
    return ends_soon() && in_time;
  }
  /// Within a minute and more: others may be busy on this machine, and a program that hangs never ends.
  bool ends_soon() {
    for (int i = 0; i < 60000 && is_running(); ++i) pause();
    return !is_running();
  }
  /// Waits for the end.
  Outcome finish() {
    if (id_ > 0) ::wait4(id_, &status_, 0, &usage_);
    id_ = 0;
    const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    return {code, text(out_.get()), text(err_.get()), int64_t{usage_.ru_maxrss} * 1024,
            seconds(usage_.ru_utime) + seconds(usage_.ru_stime)};
  }

 private:
  static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

  /// Between fork and exec: only calls that are safe there.
  [[noreturn]] void become(const std::vector<char*>& argv, const ProcessOptions& options) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int out = ::fileno(out_.get());
    if (!options.stdout_file.empty()) out = ::open(options.stdout_file.c_str(), O_WRONLY | O_CLOEXEC);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(::fileno(err_.get()), STDERR_FILENO);
    if (options.largest_file_bytes) {
      const rlimit limit{*options.largest_file_bytes, *options.largest_file_bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      ::signal(SIGXFSZ, SIG_IGN);
    }
    constexpr uid_t kNobody = 65534;
    if (options.as_nobody && ::getuid() == 0 && ::setuid(kNobody) != 0) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  static double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  }
  static std::string text(std::FILE* file) {
    std::string all;
    std::rewind(file);
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) all.push_back(static_cast<char>(c));
    return all;
  }

  File out_, err_;
  pid_t id_ = 0;
  int status_ = 0;
  rusage usage_{};
};

inline Outcome run(const fs::path& program, const std::vector<std::string>& arguments,
                   const ProcessOptions& options = {}) {
  return Process(program, arguments, options).finish();
}

}  // namespace y6q::support
