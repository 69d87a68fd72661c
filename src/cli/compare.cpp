#include "stages/compare.h"

#include <fmt/core.h>

#include "base/errors.h"
#include "cli/coco_analysis_text.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_options.h"

namespace y6q::cli {
namespace {

using stages::Difference;

std::string codes_text(const Difference& difference) {
  return fmt::format("{:9.4f} % {:>3}", 100 * difference.equal_codes, difference.largest_code_difference);
}

std::string tensor_table(const stages::Comparison& comparison) {
  std::string text = fmt::format("{:<44} {:<22} {:>10} {:>10} {:>15} {:>15}\n", "tensor", "operator",
                                 "largest", "mean", "equal codes", "layer alone");
  for (const stages::TensorComparison& row : comparison.tensors) {
    std::string alone;
    if (row.alone) alone = row.codes ? codes_text(*row.alone) : fmt::format("{:.3g}", row.alone->largest);
    text += fmt::format("{:<44} {:<22} {:>10.3g} {:>10.3g} {:>15} {:>15}{}\n", row.tensor.name, row.tensor.op,
                        row.run.largest, row.run.mean, row.codes ? codes_text(row.run) : "", alone,
                        row.parts() ? "  *" : "");
  }
  return text;
}

std::string summary(const stages::Comparison& comparison) {
  std::string text;
  if (const auto* parting = comparison.first_to_part()) {
    text += fmt::format("they part at {}, made by {}\n", parting->tensor.name, parting->tensor.op);
  } else {
    text += "they part nowhere: what differs is rounding\n";
  }
  if (!comparison.only_first.empty() || !comparison.only_second.empty()) {
    text += fmt::format("{} tensors are of the first network alone, {} of the second\n",
                        comparison.only_first.size(), comparison.only_second.size());
  }
  const stages::DetectionComparison& detections = comparison.detections;
  return text + fmt::format(
                    "detections: {} and {}, {} matched with a mean IoU of {:.4f}; scores differ by up to "
                    "{:.4f}\n\n",
                    detections.first, detections.second, detections.matched, detections.mean_iou,
                    detections.largest_score_difference);
}

class CompareCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("networks", networks_,
                   "Two files: model files (run in LibTorch) or .onnx (run in the engine)")
        ->required()
        ->expected(2)
        ->group(kModelGroup);
    run_.declare(app);
    add_engine(app, run_.options.engine);
    app.add_option("--split", options_.split, "Split to compare on: train, val or test")
        ->check(CLI::IsMember({"train", "val", "test"}))
        ->capture_default_str()
        ->group(kDataGroup);
    app.add_option("--images", options_.images, "Number of images that tensors are compared on")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
        ->capture_default_str()
        ->group(kDataGroup);
    app.add_option("--bootstrap", options_.bootstrap.replicates,
                   "Number of resamplings of the images for the interval of the difference in mAP")
        ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}))
        ->capture_default_str()
        ->group(kAnalysisGroup);
    app.add_option("--max-drop", goals_.max_drop,
                   "Exit 1 when the mAPs are more points apart than this, in either direction")
        ->check(CLI::Range(0.0, 100.0))
        ->group(kAnalysisGroup);
    app.add_option("--max-parting", goals_.max_parting, "Exit 1 when more tensors part than this")
        ->check(CLI::Range(int64_t{0}, int64_t{1'000'000}))
        ->group(kAnalysisGroup);
    add_example(app, "yolov6q compare ptq.safetensors ptq.onnx --data data.yaml");
  }

  void run(Console& console) override {
    options_.first = networks_.at(0);
    options_.second = networks_.at(1);
    run_.options.reading.sole_split = true;
    stages::Run& run = run_.start(console);
    options_.bootstrap.seed = run.seed();
    options_.bootstrap.monitor = &run.monitor();
    const stages::Comparison result = stages::compare(options_, run);
    nlohmann::json document = stages::to_json(result);
    document["bootstrap"] = bootstrap_document(result.accuracy.first, options_.bootstrap);
    document["comparison"] = comparison_document(result.accuracy);
    document["files"] = {options_.first.string(), options_.second.string()};
    console.result(fmt::format("{} ({}) and {} ({}), {} images\n\n{}\n{}{}", options_.first.string(),
                               result.first_runner, options_.second.string(), result.second_runner,
                               result.images, tensor_table(result), summary(result),
                               comparison_text(result.accuracy, options_.bootstrap.confidence)),
                   document);
    stages::require_goals(result, goals_);
  }

 private:
  RunSetup run_;
  std::vector<fs::path> networks_;
  stages::CompareOptions options_;
  stages::CompareGoals goals_;
};

}  // namespace

std::unique_ptr<Command> make_compare_command() { return std::make_unique<CompareCommand>(); }

}  // namespace y6q::cli
