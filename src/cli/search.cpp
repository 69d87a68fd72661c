#include <fmt/core.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_options.h"
#include "cli/train_options.h"
#include "models/yolov6.h"
#include "pipeline/network_search.h"

namespace y6q::cli {
namespace {

class SearchCommand : public Command {
 public:
  SearchCommand() { options_.common.bench = {.seconds = 0.5, .rounds = 5, .batches = {1}}; }
  void declare(CLI::App& app) override {
    app.add_option("--models", architectures_, "Networks, separated by commas")
        ->delimiter(',')
        ->check(CLI::IsMember(models::architectures()))
        ->capture_default_str()
        ->group(kModelGroup);
    app.add_option("--modes", modes_, "Blocks, separated by commas: repopt, repvgg, qarepvgg")
        ->delimiter(',')
        ->check(CLI::IsMember({"repopt", "repvgg", "qarepvgg"}))
        ->capture_default_str()
        ->group(kModelGroup);
    add_image_sizes(app, image_sizes_)->required();
    run_.declare(app);
    add_engine(app, run_.options.engine)->description("Engine that the networks are measured in");
    add_out(app, options_.common.train.training.out,
            "Folder of the search; the same command again goes on where it stopped");
    app.add_option("--max-ms", options_.max_ms,
                   "Milliseconds that a call of the INT8 engine may take at batch 1 on this machine")
        ->check(CLI::Range(0.001, 1e6))
        ->group(kGoalGroup);
    app.add_option(
           "--halvings", options_.halvings,
           "Times that the better half of the candidates goes on, to train for twice as long; the last "
           "round trains as the recipe says")
        ->check(CLI::Range(0, 16))
        ->capture_default_str()
        ->group(kTrainingGroup);
    add_epochs_and_batch_size(app, options_.common.train.training);
    app.add_option("--recipe", recipe_,
                   "YAML file as of pipeline; its maps hyper_search, train, calibrate and bench count")
        ->group(kTrainingGroup);
    add_example(app, "yolov6q search --data data.yaml --img-sizes 256,320,416 --max-ms 5 --out runs/s");
  }

  void run(Console& console) override {
    if (!recipe_.empty()) pipeline::read_pipeline_recipe(recipe_, options_.common);
    options_.candidates = candidates();
    stages::Run& run = run_.start(console);
    const pipeline::NetworkSearchResult result = pipeline::search_networks(options_, run);
    console.result(
        fmt::format("{}\n{}\n\nreport: {}\n", report::to_text(pipeline::search_table(result, options_)),
                    pipeline::search_verdict(result, options_),
                    (options_.common.train.training.out / "report.html").string()),
        pipeline::search_document(result, options_));
    pipeline::require_found(result, options_);
  }

 private:
  std::vector<pipeline::Candidate> candidates() const {
    std::vector<pipeline::Candidate> all;
    for (const std::string& architecture : architectures_) {
      for (const auto& image_size : image_sizes_) {
        for (const std::string& mode : modes_) {
          pipeline::Candidate candidate{architecture, mode, image_size};
          if (std::ranges::count(all, candidate) == 0) all.push_back(std::move(candidate));
        }
      }
    }
    return all;
  }

  RunSetup run_;
  pipeline::NetworkSearchOptions options_;
  std::vector<std::string> architectures_ = models::architectures(), modes_{"repopt", "qarepvgg"};
  std::vector<std::array<int64_t, 2>> image_sizes_;
  fs::path recipe_;
};

}  // namespace

std::unique_ptr<Command> make_search_command() { return std::make_unique<SearchCommand>(); }

}  // namespace y6q::cli
