#include "cli/run_options.h"

#include "cli/options.h"

namespace y6q::cli {

void add_run_options(CLI::App& app, stages::RunOptions& options) {
  add_data(app, options.data);
  add_seed(app, options.seed);
  add_workers(app, options.workers);
  add_threads(app, options.threads);
  add_device(app);
  add_skip_broken(app, options.skip_broken);
}

}  // namespace y6q::cli
