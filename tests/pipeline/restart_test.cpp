#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "support/process.h"

// A training that is killed at any moment, or finds the disk full at any write, loses nothing but time.
namespace y6q::pipeline {
namespace {

using support::Outcome;
using support::Process;
using testing::AnyOf;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

/// Y6Q_KILLS=20 for a long afternoon.
int kills() {
  const char* asked = std::getenv("Y6Q_KILLS");  // NOLINT(concurrency-mt-unsafe): one thread
  return asked != nullptr ? std::atoi(asked) : 2;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::ifstream list("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

class Restart : public testing::Test {
 protected:
  void SetUp() override {
    RecordProperty("seed", static_cast<int>(seed_));
    must({"synth", "--out", folder_ / "set", "--train", "21", "--val", "6", "--test", "1", "--img-size",
          "64"});
    write_file(folder_ / "recipe.yaml", "warmup_min_iterations: 5\neval_interval: 2\n");
    write_file(folder_ / "qat.yaml", "eval_interval: 2\n");
  }

  Outcome must(const Arguments& arguments) const {
    Outcome outcome = support::run(Y6Q_PROGRAM, arguments);
    EXPECT_EQ(outcome.code, 0) << testing::PrintToString(arguments) << "\n" << outcome.err;
    return outcome;
  }

  /// All but --out; `processes` 0: the option is not given.
  Arguments train(const std::string& mode, int processes, const Arguments& more = {}) const {
    return with_processes(
        {"train", "--data", folder_ / "set/data.yaml", "--model", "yolov6n", "--mode", mode, "--img-size",
         "64", "--recipe", folder_ / "recipe.yaml", "--batch-size", "4", "--epochs", "4", "--threads", "1"},
        processes, more);
  }
  Arguments qat(int processes) {
    if (!fs::exists(folder_ / "ptq")) {
      Arguments one = train("repvgg", 0, {"--out", folder_ / "float"});
      must(one);
      must({"calibrate", "--weights", folder_ / "float/last.safetensors", "--data", folder_ / "set/data.yaml",
            "--out", folder_ / "ptq", "--images", "8", "--threads", "1"});
    }
    return with_processes(
        {"qat", "--weights", folder_ / "ptq", "--teacher", folder_ / "float/last.safetensors", "--data",
         folder_ / "set/data.yaml", "--recipe", folder_ / "qat.yaml", "--batch-size", "4", "--epochs", "4",
         "--threads", "1"},
        processes, {});
  }
  static Arguments with_processes(Arguments arguments, int processes, const Arguments& more) {
    if (processes > 0) arguments.insert(arguments.end(), {"--processes", std::to_string(processes)});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  /// The same command, going on where there is something to go on from.
  static Arguments next(Arguments arguments, const fs::path& out) {
    arguments.insert(arguments.end(), {"--out", out});
    if (fs::exists(out / "state.safetensors")) arguments.emplace_back("--resume");
    return arguments;
  }

  void expect_same(const fs::path& out, const fs::path& whole) const {
    for (const char* file : {"last.safetensors", "best.safetensors"}) {
      EXPECT_TRUE(read_file(out / file) == read_file(whole / file))
          << out << ", " << file << ", seed " << seed_;
    }
    EXPECT_EQ(read_file(out / "iterations.csv"), read_file(whole / "iterations.csv"));
    for (const auto& entry : fs::directory_iterator(out)) {
      EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos) << entry.path();
    }
  }

  /// SIGKILL for the launcher or one of its processes.
  void kill_one(const Process& process) {
    std::vector<pid_t> all = children_of(process.id());
    all.push_back(process.id());
    ::kill(all[random_() % all.size()], SIGKILL);
  }

  void survives_kills(const Arguments& arguments) {
    const fs::path whole = folder_.path() / "whole";
    const auto start = Clock::now();
    must(next(arguments, whole));
    const auto takes = std::chrono::duration<double>(Clock::now() - start);
    int run = 0;
    const auto out = [&] { return folder_.path() / ("killed" + std::to_string(run)); };
    for (int killed = 0; killed < kills();) {
      Process process(Y6Q_PROGRAM, next(arguments, out()));
      std::this_thread::sleep_for(takes * std::uniform_real_distribution<double>(0, 1)(random_));
      if (process.is_running()) {
        kill_one(process);
        const Outcome outcome = process.finish();
        // A survivor says who is gone; a launcher that is gone says nothing; the end may have come first.
        EXPECT_THAT(outcome.code, AnyOf(0, 4, 128 + SIGKILL)) << outcome.err;
        ++killed;
      } else {
        EXPECT_EQ(process.finish().code, 0);
      }
      wait_for_lock(out());
      if (fs::exists(out() / "last.safetensors")) {
        expect_same(out(), whole);
        ++run;
      }
    }
    must(next(arguments, out()));
    expect_same(out(), whole);
  }

  /// Processes whose launcher was killed save and end; until then the folder is theirs.
  void wait_for_lock(const fs::path& out) const {
    for (int i = 0; i < 6000 && fs::exists(out); ++i) {
      bool used = false;
      for (const auto& entry : fs::directory_iterator("/proc")) {
        std::error_code error;
        const fs::path program = fs::read_symlink(entry.path() / "exe", error);
        if (error || program != fs::path(Y6Q_TORCH_PROGRAM)) continue;
        std::ifstream file(entry.path() / "cmdline");
        const std::string words{std::istreambuf_iterator<char>(file), {}};
        used = used || words.find(out.string() + '\0') != std::string::npos;
      }
      if (!used) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  support::Folder folder_;
  std::random_device::result_type seed_ = std::random_device()();
  std::mt19937 random_{seed_};
};

TEST_F(Restart, Float) { survives_kills(train("repvgg", 0)); }
TEST_F(Restart, FloatOfTwo) { survives_kills(train("repvgg", 2, {"--deterministic"})); }

Arguments scales_of_a_search(const support::Folder& folder) {
  return {"--scales", folder / "search/last.safetensors"};
}
TEST_F(Restart, RepOptimizer) {
  Arguments search = train("hyper_search", 0, {"--out", folder_ / "search"});
  must(search);
  survives_kills(train("repopt", 0, scales_of_a_search(folder_)));
}
TEST_F(Restart, RepOptimizerOfTwo) {
  must(train("hyper_search", 0, {"--out", folder_ / "search"}));
  Arguments more = scales_of_a_search(folder_);
  more.emplace_back("--deterministic");
  survives_kills(train("repopt", 2, more));
}
TEST_F(Restart, Qat) { survives_kills(qat(0)); }
TEST_F(Restart, QatOfTwo) { survives_kills(qat(2)); }

/// A file system of its own of `bytes`; it ends with the object.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& folder) : folder_(folder) { fs::create_directories(folder); }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// Pages of 4 KiB.
  int64_t used() const {
    struct statvfs state {};
    ::statvfs(folder_.c_str(), &state);
    return static_cast<int64_t>(state.f_blocks - state.f_bfree);
  }
  /// False: this user may not mount.
  bool resize(int64_t bytes) {
    const std::string size = "size=" + std::to_string(bytes);
    const unsigned long flags = mounted_ ? MS_REMOUNT : 0;
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", flags, size.c_str()) == 0 || mounted_;
    return mounted_;
  }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

TEST_F(Restart, ADiskThatIsFullAtAnyMomentKeepsTheLastGoodState) {
  const Arguments arguments = train("repvgg", 0);
  const fs::path whole = folder_.path() / "whole";
  const auto start = Clock::now();
  must(next(arguments, whole));
  const auto takes = std::chrono::duration<double>(Clock::now() - start);
  constexpr int64_t kPlenty = int64_t{1} << 30, kPage = 4096;
  for (int filled = 0; filled < kills(); ++filled) {
    const fs::path place = folder_.path() / ("disk" + std::to_string(filled));
    SmallDisk disk(place);
    if (!disk.resize(kPlenty)) GTEST_SKIP() << "mounting takes root";
    const fs::path out = place / "run";
    Process process(Y6Q_PROGRAM, next(arguments, out));
    std::this_thread::sleep_for(takes * std::uniform_real_distribution<double>(0, 1)(random_));
    // Room for a table, or for a part of a state.
    const int64_t pages = std::uniform_int_distribution<int64_t>(0, 1 << (random_() % 12))(random_);
    disk.resize(std::max<int64_t>(1, disk.used() + pages) * kPage);
    const Outcome full = process.finish();
    if (full.code != 0) {
      EXPECT_EQ(full.code, 4) << full.err;
      EXPECT_THAT(full.err, AnyOf(HasSubstr("No space left on device"), HasSubstr("free")))
          << "seed " << seed_;
    }
    ASSERT_TRUE(disk.resize(kPlenty));
    if (full.code != 0) must(next(arguments, out));
    expect_same(out, whole);
  }
}

}  // namespace
}  // namespace y6q::pipeline
