#include "cli/run_options.h"

#include <fmt/core.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/isa.h"
#include "cli/dataset_options.h"
#include "cli/options.h"
#include "cli/terminal_monitor.h"
#include "dist/join.h"
#include "dist/launch.h"
#include "eager/device.h"
#include "formats/provenance.h"

namespace y6q::cli {
namespace {

constexpr int kMostProcesses = 1024;

/// From the thread that watches the others, while the main one waits for a message that never comes.
[[noreturn]] void give_up(const std::string& what) {
  fmt::print(stderr, "yolov6q: {}; the job ends; the same command goes on from the last saved state\n", what);
  ::_exit(static_cast<int>(ExitCode::kEnvironment));
}

/// Of all processes but the first: says nothing, and stops when it is asked to.
class QuietMonitor : public InnerMonitor {
 public:
  using InnerMonitor::InnerMonitor;
  void begin(std::string_view, int64_t, std::string_view) override { catch_interrupts(); }
};

/// Ranks that decide differently wait for each other for ever.
void require_equal_programs(dist::Group& group) {
  const std::string mine = fmt::format("{} (build {}) on {}", formats::tool_version(),
                                       formats::build_digest(), kernel_isa().name());
  const std::vector<std::string> all = group.gather(mine);
  for (size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    throw EnvironmentError(
        "rank 0 is {}, rank {} is {}; all machines need one program, and ONEDNN_MAX_CPU_ISA=AVX2 makes CPUs "
        "of different kinds equal",
        all[0], rank, all[rank]);
  }
}

}  // namespace

void RunSetup::declare(CLI::App& app) {
  add_data(app, options.data);
  add_seed(app, options.seed);
  add_workers(app, options.workers);
  add_threads(app, options.threads);
  add_device(app, options.device);
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
  add_dataset_options(app, options.reading);
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
  require_equal_programs(group);
  if (!group.is_first()) {
    silent_ = std::make_unique<QuietMonitor>(console.monitor());
    console.be_silent();
  }
  run_ = std::make_unique<stages::Run>(options, silent_ ? *silent_ : console.monitor(), group);
  eager::open_device(run_->device());  // what is missing is said before the data are read
  return *run_;
}

}  // namespace y6q::cli
