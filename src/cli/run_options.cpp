#include "cli/run_options.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>

#include "base/errors.h"
#include "cli/options.h"
#include "cli/terminal_monitor.h"
#include "dist/join.h"
#include "dist/launch.h"

namespace y6q::cli {
namespace {

constexpr int kMostProcesses = 1024;

/// From the thread that watches the others, while the main one waits for a message that never comes.
[[noreturn]] void give_up(const std::string& what) {
  fmt::print(stderr,
             "yolov6q: {}; the job ends; files are whole, and the same command goes on from the last one\n",
             what);
  ::_exit(static_cast<int>(ExitCode::kEnvironment));
}

/// Where programs keep what they can find again (XDG Base Directory Specification 0.8); empty: nowhere.
fs::path cache_folder() {
  const auto variable = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread starts
    return value == nullptr ? "" : value;
  };
  const fs::path cache = variable("XDG_CACHE_HOME"), home = variable("HOME");
  if (cache.is_absolute()) return cache;
  return home.is_absolute() ? home / ".cache" : fs::path();
}

/// Of all processes but the first: says nothing, and stops when it is asked to.
class SilentMonitor : public InnerMonitor {
 public:
  using InnerMonitor::InnerMonitor;
  void begin(std::string_view, int64_t, std::string_view) override { catch_interrupts(); }
};

}  // namespace

void RunSetup::declare(CLI::App& app) {
  add_data(app, options.data);
  add_seed(app, options.seed);
  add_workers(app, options.workers);
  add_threads(app, options.threads);
  add_device(app);
  app.add_option(
         "--processes", processes_,
         "Number of processes of this machine that share the work; torchrun, srun and mpirun start them by "
         "themselves")
      ->check(CLI::Range(1, kMostProcesses))
      ->capture_default_str()
      ->group(kMachineGroup);
  app.add_flag("--deterministic", deterministic_,
               "With several processes: add gradients in the order of ranks, the same bits on any network")
      ->group(kMachineGroup);
  add_skip_broken(app, options.skip_broken);
  app.add_flag("--verify", options.index.verify,
               "Read every image, also those whose files have not changed since an earlier command")
      ->group(kDataGroup);
  app.add_flag("--keep-difficult", options.keep_difficult,
               "Pascal VOC: treat objects marked as difficult like all others")
      ->group(kDataGroup);
}

stages::Run& RunSetup::start(Console& console) {
  const auto place = dist::place_from_environment();
  if (place && processes_ > 1 && place->size != processes_) {
    throw UsageError(
        "--processes {}: this process is already one of {} that another program has started; leave it out",
        processes_, place->size);
  }
  if (!place && processes_ > 1) throw Finished{dist::launch(processes_)};
  if (place) group_ = dist::join(*place, {.deterministic = deterministic_, .give_up = give_up});
  dist::Group& group = group_ ? *group_ : dist::alone();
  if (!group.is_first()) {
    silent_ = std::make_unique<SilentMonitor>(console.monitor());
    console.be_silent();
  }
  if (const fs::path cache = cache_folder(); !cache.empty())
    options.index.folder = cache / "yolov6q" / "images";
  run_ = std::make_unique<stages::Run>(options, silent_ ? *silent_ : console.monitor(), group);
  return *run_;
}

}  // namespace y6q::cli
