#include <fmt/core.h>

#include <array>
#include <optional>

#include "base/errors.h"
#include "base/file_kind.h"
#include "cli/coco_text.h"
#include "cli/command.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "cli/precision_option.h"
#include "cli/run_options.h"
#include "coco/dataset.h"
#include "data/check_classes.h"
#include "formats/provenance.h"
#include "infer/open.h"
#include "stages/evaluate.h"
#include "stages/tensorrt_runner.h"

namespace y6q::cli {
namespace {

class EvalCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option(
           "--weights", weights_,
           "Model file (run in LibTorch; a calibrated one as simulated INT8), .onnx (run in the engine) or, "
           "with --engine tensorrt, an engine of TensorRT")
        ->group(kModelGroup);
    declare_elsewhere(app);
    run_.declare(app);
    app.add_option("--split", split_, "Split to evaluate on: train, val or test")
        ->check(CLI::IsMember({"train", "val", "test"}))
        ->capture_default_str()
        ->group(kDataGroup);
    add_precision(app, precision_);
    size_option_ =
        add_image_size(app, options_.image_size)->description("Default: the size the model was made for");
    add_batch_size(app, options_.batch_size);
    declare_protocol(app);
    app.add_option("--min-map", min_map_, "Exit 1 when the mAP (0..1) is lower")
        ->check(CLI::Range(0.0, 1.0))
        ->group(kEvaluationGroup);
    app.add_option("--save-detections", save_, "Write the detections as COCO JSON")
        ->check(format_name(".json"))
        ->group(kOutputGroup);
    add_example(app, "yolov6q eval --weights best.safetensors --data data.yaml --min-map 0.5 --json");
  }

  void run(Console& console) override {
    run_.options.reading.sole_split = true;
    tensorrt_.images = from_name<onnx::ImageType>(images_);
    stages::Run& run = run_.start(console);
    if (!detections_.empty()) return evaluate_detections(console, run);
    if (!inputs_.empty()) return write_inputs(console, run);
    const auto runner = open(run);
    if (size_option_->count() == 0) options_.image_size = runner->image_size();
    if (!runner->note().empty()) run.monitor().message(runner->note());
    set_protocol(runner->facts());
    const data::Dataset& dataset = run.data(split_);
    options_.class_of =
        data::match_classes(runner->facts().class_names, weights_, dataset, run_.options.data);
    const stages::Evaluation result = stages::evaluate(*runner, dataset, options_, run);
    if (!save_.empty() && run.group().is_first()) {
      coco::write_detections(save_, coco::to_detections(result.detections, dataset.category_ids));
    }
    report(console, run, result);
  }

 private:
  void declare_elsewhere(CLI::App& app) {
    add_engine(app, run_.options.engine, &by_trtexec_)
        ->description("Engine that runs an .onnx; tensorrt: trtexec runs an engine of its own");
    app.add_flag("--dynamic-batch", tensorrt_.dynamic, "The engine of TensorRT is for any batch size")
        ->group(kModelGroup);
    app.add_option("--images", images_, "Images that the engine of TensorRT takes: floats or bytes")
        ->check(CLI::IsMember(all_names<onnx::ImageType>()))
        ->capture_default_str()
        ->group(kModelGroup);
    app.add_option(
           "--inputs", inputs_,
           "Instead of evaluating, write a new folder for another machine: the images as trtexec loads them, "
           "and commands.sh")
        ->group(kOutputGroup);
    app.add_option("--outputs", tensorrt_.outputs, "That folder with what commands.sh has made: evaluate it")
        ->group(kModelGroup);
    app.add_option("--detections", detections_, "Detections as COCO JSON, made elsewhere: evaluate them")
        ->group(kModelGroup);
  }

  std::unique_ptr<infer::Runner> open(const stages::Run& run) {
    const bool is_tensorrt = by_trtexec_ || !tensorrt_.outputs.empty();
    if (weights_.empty() && tensorrt_.outputs.empty())
      throw UsageError("eval: give --weights, --outputs, --inputs or --detections");
    if (!is_tensorrt) return infer::open(weights_, run.runner(precision(run)));
    if (run.group().size() > 1) throw UsageError("eval: TensorRT is evaluated by one process");
    tensorrt_.engine = weights_;
    tensorrt_.image_size = options_.image_size;
    tensorrt_.batch = options_.batch_size;
    return stages::open_tensorrt(tensorrt_, run.monitor());
  }

  void write_inputs(Console& console, stages::Run& run) {
    tensorrt_.image_size = options_.image_size;
    tensorrt_.batch = options_.batch_size;
    const int64_t batches = stages::write_tensorrt_inputs(inputs_, run.data(split_), tensorrt_, run);
    console.result(
        fmt::format("{}: {} batches; run commands.sh ENGINE there, then eval --outputs with the folder\n",
                    inputs_.string(), batches),
        {{"folder", inputs_.string()}, {"batches", batches}});
  }

  void evaluate_detections(Console& console, stages::Run& run) {
    const data::Dataset& dataset = run.data(split_);
    stages::Evaluation result;
    result.runner = detections_.string();
    result.protocol = "that of the file";
    result.coco = coco::evaluate(stages::ground_truth_of(dataset), coco::read_detections(detections_),
                                 stages::judging_of(dataset, run));
    report(console, run, result);
  }

  void report(Console& console, stages::Run& run, const stages::Evaluation& result) const {
    nlohmann::json document = coco_document(result.coco);
    document["protocol"] = result.protocol;
    document["runner"] = result.runner;
    document["split"] = split_;
    document["skipped"] = run.skipped();
    console.result(fmt::format("{}, {} images of {}\nprotocol {}\n\n{}", result.runner, result.coco.images,
                               split_, result.protocol, coco_table(result.coco)),
                   document);
    run.group().meet();
    if (min_map_ && result.map() < *min_map_) {
      throw GoalMissed("eval: mAP {:.2f} is below the {:.2f} of --min-map {}", 100 * result.map(),
                       100 * *min_map_, *min_map_);
    }
  }

  /// LibTorch runs a model file as what it is.
  std::optional<engine::Precision> precision(const stages::Run& run) const {
    const FileKind kind = kind_of(weights_);
    const bool is_engine = kind == FileKind::onnx || kind == FileKind::openvino_ir;
    if (!is_engine) return precision_.precision;
    return precision_.settle(weights_, {.engine = run.options().engine, .threads = run.threads()},
                             run.monitor());
  }

  void declare_protocol(CLI::App& app) {
    std::string names;
    for (const eval::Protocol& protocol : eval::protocols())
      names += fmt::format("{}{}", names.empty() ? "" : ", ", protocol.name);
    app.add_option("--protocol", protocol_, "Evaluation protocol: " + names)
        ->capture_default_str()
        ->group(kEvaluationGroup);
    app.add_option("--conf-thres", confidence_, "Lowest score, instead of the protocol's")
        ->check(CLI::Range(0.0F, 1.0F))
        ->group(kEvaluationGroup);
    app.add_option("--iou-thres", iou_, "IoU of the suppression, instead of the protocol's")
        ->check(CLI::Range(0.0F, 1.0F))
        ->group(kEvaluationGroup);
    app.add_option("--shrink-size", shrink_,
                   "Pixels by which images stay smaller than the input, instead of the protocol's")
        ->check(CLI::Range(0, 4096))
        ->group(kEvaluationGroup);
  }

  /// By name, for this model, with what was changed by hand.
  void set_protocol(const infer::NetworkFacts& facts) {
    const std::array names{weights_.stem().string(), facts.architecture};
    eval::Protocol& protocol = options_.protocol;
    protocol = eval::find_protocol(protocol_).for_model(names);
    protocol.changed = confidence_ || iou_ || shrink_;
    protocol.nms.score_threshold = confidence_.value_or(protocol.nms.score_threshold);
    protocol.nms.iou_threshold = iou_.value_or(protocol.nms.iou_threshold);
    protocol.shrink = shrink_.value_or(protocol.shrink);
  }

  RunSetup run_;
  fs::path weights_, save_, inputs_, detections_;
  bool by_trtexec_ = false;
  std::string images_ = "floats";
  stages::TensorRtRunnerOptions tensorrt_;
  PrecisionChoice precision_;
  std::string split_ = "val", protocol_ = "letterbox";
  stages::EvaluateOptions options_;
  CLI::Option* size_option_ = nullptr;
  std::optional<double> min_map_;
  std::optional<float> confidence_, iou_;
  std::optional<int64_t> shrink_;
};

}  // namespace

std::unique_ptr<Command> make_eval_command() { return std::make_unique<EvalCommand>(); }

}  // namespace y6q::cli
