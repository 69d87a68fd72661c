#include "eval/coco_eval.h"

#include <fmt/core.h>

#include "cli/coco_text.h"
#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class CocoEvalCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--gt", truth_, "Ground truth: COCO instances JSON")->required();
    app.add_option("--dt", detections_, "Detections: COCO result JSON")->required();
    add_threads(app, options_.threads);
    app.add_option("--category-ids", options_.category_ids, "Only these categories")->delimiter(',');
    add_example(app, "yolov6q coco-eval --gt instances_val.json --dt detections.json --json");
  }

  void run(Console& console) override {
    const eval::CocoResult result = eval::evaluate_coco(eval::read_coco_ground_truth(truth_),
                                                        eval::read_coco_detections(detections_), options_);
    console.result(coco_table(result), coco_document(result));
  }

 private:
  std::filesystem::path truth_, detections_;
  eval::CocoOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_coco_eval_command() { return std::make_unique<CocoEvalCommand>(); }

}  // namespace y6q::cli
