#include "stages/summarize.h"

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class SummarizeCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("runs", runs_, "Folders of finished pipeline runs that differ in their seed")
        ->required()
        ->group(kDataGroup);
    app.add_flag("--final", final_, "Average the tables of the test split (pipeline --final)")
        ->group(kDataGroup);
    add_example(app, "yolov6q summarize runs/x/seed0 runs/x/seed1 runs/x/seed2");
  }

  void run(Console& console) override {
    const stages::Summarized result = stages::summarize(runs_, final_);
    console.result(report::to_text(stages::to_table(result)), stages::to_json(result));
  }

 private:
  std::vector<std::filesystem::path> runs_;
  bool final_ = false;
};

}  // namespace

std::unique_ptr<Command> make_summarize_command() { return std::make_unique<SummarizeCommand>(); }

}  // namespace y6q::cli
