#include <fmt/core.h>

#include <optional>

#include "base/errors.h"
#include "cli/coco_analysis_text.h"
#include "cli/coco_text.h"
#include "cli/command.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "coco/arrays.h"
#include "coco/evaluate.h"
#include "stages/coco_page.h"

namespace y6q::cli {
namespace {

class CocoEvalCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("--gt", truth_, "Ground truth: COCO instances JSON")->required()->group(kDataGroup);
    app.add_option("--dt", detections_, "Detections: COCO results JSON")->required()->group(kDataGroup);
    add_threads(app, options_.threads);
    declare_choice(app);
    declare_analysis(app);
    app.add_option("--arrays", arrays_, "Folder for precision.npy, recall.npy and scores.npy")
        ->group(kOutputGroup);
    app.add_option("--report", report_, "HTML page to write, with everything on it")
        ->check(format_name(".html"))
        ->group(kOutputGroup);
    add_example(
        app,
        "yolov6q coco-eval --gt instances_val.json --dt detections.json --json\n"
        "  yolov6q coco-eval --gt instances_val.json --dt float.json --compare int8.json --report r.html");
  }

  void run(Console& console) override {
    set_areas();
    bootstrap_.monitor = &console.monitor();
    const auto truth = coco::read_ground_truth(truth_);
    const auto detections = coco::read_detections(detections_);
    const coco::Result result = coco::evaluate(truth, detections, options_);
    std::string text = coco_table(result);
    nlohmann::json document = coco_document(result);
    std::optional<coco::Analysis> analysis;
    if (analyse_ || !report_.empty()) {
      analysis = coco::analyse(truth, detections, options_, analysis_options_);
      text += analysis_text(*analysis);
      document["analysis"] = analysis_document(*analysis);
    }
    resample(truth, detections, text, document);
    if (!arrays_.empty()) coco::write_arrays(arrays_, result);
    if (!report_.empty()) write_report(result, *analysis);
    console.result(text, document);
  }

 private:
  void declare_choice(CLI::App& app) {
    app.add_option("--category-ids", options_.category_ids, "Evaluate only these categories")
        ->delimiter(',')
        ->group(kDataGroup);
    app.add_option("--image-ids", options_.image_ids, "Evaluate only these images")
        ->delimiter(',')
        ->group(kDataGroup);
    app.add_option("--iou-thresholds", options_.iou_thresholds,
                   "IoU thresholds to average over; default: 0.5, 0.55, … 0.95")
        ->delimiter(',')
        ->group(kEvaluationGroup);
    app.add_option("--max-dets", options_.max_dets, "Detections per image and class; AP uses the last number")
        ->group(kEvaluationGroup)
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--area-borders", area_borders_,
                   "Areas in square pixels that separate small, medium and large; default: 1024,9216")
        ->group(kEvaluationGroup)
        ->delimiter(',')
        ->expected(2);
    app.add_flag("--use-ignore", options_.use_ignore,
                 "Objects with \"ignore\": 1 are neither hit nor miss (pycocotools overwrites the flag)")
        ->group(kEvaluationGroup);
  }

  void declare_analysis(CLI::App& app) {
    app.add_flag("--analyse", analyse_, "Add best F1, kinds of errors and the confusion matrix")
        ->group(kAnalysisGroup);
    app.add_option("--match-iou", analysis_options_.iou,
                   "IoU from which a detection is correct in the analysis")
        ->group(kAnalysisGroup)
        ->capture_default_str();
    app.add_option("--min-score", analysis_options_.min_score,
                   "Lowest score that the analysis counts; default: that of the best F1")
        ->group(kAnalysisGroup);
    app.add_option(
           "--bootstrap", bootstrap_.replicates,
           fmt::format(
               "Confidence intervals from this many resamplings of the images; default with --compare: {}",
               bootstrap_.replicates))
        ->group(kAnalysisGroup);
    app.add_option("--confidence", bootstrap_.confidence, "Level of the confidence intervals, 0 to 1")
        ->capture_default_str()
        ->group(kAnalysisGroup);
    add_seed(app, bootstrap_.seed);
    app.add_option("--compare", other_, "Other detections of the same images: is the difference noise?")
        ->group(kAnalysisGroup);
    bootstrap_option_ = app.get_option("--bootstrap");
  }

  void set_areas() {
    if (area_borders_.empty()) return;
    const double small = area_borders_[0], large = area_borders_[1];
    options_.areas = {{{0, 1e10}, {0, small}, {small, large}, {large, 1e10}}};
  }

  /// Bootstrap and comparison, where they were asked for.
  void resample(const coco::GroundTruth& truth, const coco::Detections& detections, std::string& text,
                nlohmann::json& document) {
    if (!other_.empty()) {
      const auto other = coco::read_detections(other_);
      comparison_result_ = coco::compare(truth, {&detections, &other}, options_, bootstrap_);
      bootstrap_result_ = comparison_result_->first;
    } else if (bootstrap_option_->count() > 0) {
      bootstrap_result_ = coco::bootstrap(truth, detections, options_, bootstrap_);
    }
    if (bootstrap_result_) {
      text += bootstrap_text(*bootstrap_result_, bootstrap_.confidence);
      document["bootstrap"] = bootstrap_document(*bootstrap_result_, bootstrap_);
    }
    if (comparison_result_) {
      text += comparison_text(*comparison_result_, bootstrap_.confidence);
      document["comparison"] = comparison_document(*comparison_result_);
    }
  }

  void write_report(const coco::Result& result, const coco::Analysis& analysis) const {
    const report::Page page =
        stages::coco_page({truth_.filename(), detections_.filename(), other_.filename(), result, analysis,
                           bootstrap_result_, comparison_result_, bootstrap_.confidence});
    write_file(report_, report::to_html(page));
  }

  std::filesystem::path truth_, detections_, other_, arrays_, report_;
  coco::Options options_;
  coco::AnalysisOptions analysis_options_;
  coco::BootstrapOptions bootstrap_;
  std::vector<double> area_borders_;
  bool analyse_ = false;
  CLI::Option* bootstrap_option_ = nullptr;
  std::optional<coco::BootstrapResult> bootstrap_result_;
  std::optional<coco::ComparisonResult> comparison_result_;
};

}  // namespace

std::unique_ptr<Command> make_coco_eval_command() { return std::make_unique<CocoEvalCommand>(); }

}  // namespace y6q::cli
