#include "formats/scales.h"
#include "pipeline/measurements.h"
#include "pipeline/steps.h"
#include "ptq/range_fields.h"
#include "stages/build.h"
#include "stages/export.h"
#include "stages/qat.h"
#include "stages/sensitivity.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;
using stages::Run;

/// What the first process sees counts for all.
bool has_state(const fs::path& out, Run& run) {
  return run.group().any(run.group().is_first() && fs::exists(out / "state.safetensors"));
}

class MakingSteps {
 public:
  explicit MakingSteps(const Context& context)
      : in_(context), files_(context.network.files), data_(" " + context.data_arguments()) {}

  std::vector<Step> list() {
    if (in_.network.searches) search();
    if (in_.network.has_scales) scales();
    train_float();
    calibrate();
    if (in_.network.measures_sensitivity) sensitivity();
    if (in_.network.is_partial) partial();
    if (in_.network.has_qat) qat();
    export_all();
    build();
    return std::move(steps_);
  }

 private:
  std::string named(const char* name) const { return in_.network.prefix + name; }
  std::string network_arguments(const std::string& mode) const {
    const auto& size = in_.options.train.image_size;
    return fmt::format(" --mode {} --model {} --img-size {} {}{}", mode, in_.options.train.architecture,
                       size[0], size[1], data_);
  }
  std::string scales_argument() const {
    return in_.network.has_scales ? " --scales " + in_.inside(files_.scales) : "";
  }
  std::string seed_argument() const {
    const auto& seed = in_.run.options().seed;
    return seed ? fmt::format(" --seed {}", *seed) : "";
  }

  /// A step that trains: the same recipe, data and inputs, the same weights.
  void add_training(Step step, const fs::path& out, const train::TrainRecipe& recipe) {
    step.choices.update({{"train", in_.premises.train},
                         {"val", in_.premises.val},
                         {"image_size", in_.options.train.image_size},
                         {"recipe", train::to_yaml(recipe)}});
    step.makes = {out / "best.safetensors", out / "last.safetensors", out / "history.csv",
                  out / "recipe.yaml"};
    step.state = out / "state.safetensors";
    step.together = true;
    steps_.push_back(std::move(step));
  }

  void add_float_training(const char* phase, const char* name, stages::TrainOptions options) {
    const train::TrainRecipe recipe = in_.float_recipe(options.mode, options.training.recipe);
    const fs::path out = options.training.out;
    Step step{.phase = phase,
              .name = named(name),
              .choices = {{"architecture", options.architecture}, {"mode", options.mode}},
              .by_hand = fmt::format("train{}{} --recipe {} --out again/{}", network_arguments(options.mode),
                                     options.scales.empty() ? "" : scales_argument(),
                                     in_.inside(out / "recipe.yaml"), in_.inside(out))};
    if (!options.scales.empty()) step.needs = {options.scales};
    step.work = [options](Run& run) mutable {
      options.training.resume = has_state(options.training.out, run);
      stages::train(options, run);
    };
    add_training(std::move(step), out, recipe);
  }

  void search() {
    stages::TrainOptions options = in_.network.train;
    options.training.out = files_.search;
    options.mode = "hyper_search";
    if (!in_.options.search_recipe.empty()) options.training.recipe = in_.options.search_recipe;
    add_float_training("hyper-search", "hyper-search", std::move(options));
  }

  void scales() {
    const fs::path source =
        in_.network.searches ? files_.search / "best.safetensors" : in_.network.train.scales;
    steps_.push_back({.phase = "scales",
                      .name = named("scales"),
                      .needs = {source},
                      .makes = {files_.scales},
                      .work = [source, to = files_.scales](Run&) {
                        formats::write_scales(to, formats::read_scales(source));
                      }});
  }

  void train_float() {
    stages::TrainOptions options = in_.network.train;
    options.training.out = files_.root / "float";
    options.scales = in_.network.has_scales ? files_.scales : fs::path();
    add_float_training("float", "float", std::move(options));
  }

  void add_calibration(const char* phase, const char* name, stages::CalibrateOptions options,
                       const fs::path& ranges, std::string by_hand) {
    Step step{.phase = phase,
              .name = named(name),
              .choices = {{"train", in_.premises.train},
                          {"settings", settings_of(stages::calibration_fields(), options.settings)},
                          {"seed", in_.run.seed()}},
              .needs = {files_.trained},
              .makes = {options.out, ranges},
              .together = true,
              .work =
                  [options, ranges](Run& run) {
                    const stages::Calibration made = stages::calibrate(options, run);
                    if (run.group().is_first()) write_file(ranges, stages::to_json(made).dump(1) + "\n");
                  },
              .by_hand = std::move(by_hand)};
    if (!options.sensitivity.empty()) step.needs.push_back(options.sensitivity);
    steps_.push_back(std::move(step));
  }

  std::string calibration_command(const stages::CalibrationSettings& settings) const {
    return fmt::format("calibrate --weights {}{}{}{}", in_.inside(files_.trained), data_,
                       arguments_of(stages::calibration_fields(), settings), seed_argument());
  }

  void calibrate() {
    stages::CalibrateOptions options{
        .weights = files_.trained, .out = files_.ptq, .settings = in_.options.calibrate};
    options.settings.keep_float_count = 0;
    add_calibration("calibrate", "calibrate", options, files_.ranges,
                    calibration_command(options.settings) + " --out again/" + in_.inside(files_.ptq));
  }

  void sensitivity() {
    const stages::SensitivityOptions options{.weights = files_.trained,
                                             .out = files_.sensitivity,
                                             .split = "val",
                                             .ranges = in_.options.calibrate.ranges};
    steps_.push_back(
        {.phase = "sensitivity",
         .name = named("sensitivity"),
         .choices = {{"train", in_.premises.train},
                     {"val", in_.premises.val},
                     {"ranges", settings_of(ptq::range_fields(), options.ranges)},
                     {"seed", in_.run.seed()}},
         .needs = {files_.trained},
         .makes = {files_.sensitivity},
         .together = true,
         .work = [options](Run& run) { stages::sensitivity(options, run); },
         .by_hand = fmt::format("sensitivity --weights {}{}{}{} --out again/{}", in_.inside(files_.trained),
                                data_, arguments_of(ptq::range_fields(), options.ranges), seed_argument(),
                                in_.inside(files_.sensitivity))});
  }

  void partial() {
    const stages::CalibrateOptions options{.weights = files_.trained,
                                           .out = files_.partial,
                                           .settings = in_.options.calibrate,
                                           .sensitivity = files_.sensitivity};
    add_calibration("sensitivity", "partial", options, files_.root / "calibrate" / "partial_ranges.json",
                    fmt::format("{} --sensitivity {} --out again/{}", calibration_command(options.settings),
                                in_.inside(files_.sensitivity), in_.inside(files_.partial)));
  }

  void qat() {
    stages::QatOptions options;
    options.training = in_.options.train.training;
    options.training.recipe = in_.options.qat_recipe;
    options.training.epochs.reset();
    options.training.out = files_.root / "qat";
    options.weights = in_.network.is_partial ? files_.partial : files_.ptq;
    options.teacher = files_.trained;
    if (in_.network.has_scales) options.scales = files_.scales;
    options.distill = in_.options.parts.distill;
    Step step{.phase = "qat",
              .name = named("qat"),
              .choices = {{"distill", options.distill}},
              .needs = {files_.trained, options.weights},
              .by_hand = fmt::format("qat --weights {} --teacher {}{}{}{} --recipe {} --out again/qat",
                                     in_.inside(options.weights), in_.inside(files_.trained),
                                     scales_argument(), data_, options.distill ? "" : " --no-distill",
                                     in_.inside(options.training.out / "recipe.yaml"))};
    if (in_.network.has_scales) step.needs.push_back(files_.scales);
    const fs::path out = options.training.out;
    step.work = [options](Run& run) mutable {
      options.training.resume = has_state(options.training.out, run);
      stages::qat(options, run);
    };
    add_training(std::move(step), out, in_.qat_recipe());
  }

  /// For the engine raw heads: decoding outside, on the few anchors above the threshold, is faster than in
  /// the graph. For TensorRT the decoded network without its quantizers, and its cache.
  void export_all() {
    using stages::ExportForm;
    std::vector<stages::ExportOptions> exports{
        {.weights = files_.trained, .out = files_.float_onnx, .form = ExportForm::plain, .raw_head = true},
        {.weights = files_.ptq, .out = files_.ptq_onnx, .form = ExportForm::qdq, .raw_head = true},
        {.weights = in_.network.quantized(),
         .out = files_.engine_onnx,
         .form = ExportForm::qdq,
         .raw_head = true}};
    Step step{.phase = "export",
              .name = named("export"),
              .choices = {{"raw_head", true}, {"cache", in_.network.has_cache}},
              .needs = {files_.trained, files_.ptq, in_.network.quantized()},
              .makes = {files_.float_onnx, files_.ptq_onnx, files_.engine_onnx},
              .by_hand = fmt::format("export --weights {} --form qdq --raw-head --out again/{}",
                                     in_.inside(in_.network.quantized()), in_.inside(files_.engine_onnx))};
    if (in_.network.has_cache) {
      exports.push_back(
          {.weights = in_.network.quantized(), .out = files_.free_onnx, .form = ExportForm::qdq_free});
      step.makes.insert(step.makes.end(), {files_.free_onnx, files_.free_cache});
    }
    step.work = [exports](Run&) {
      for (const stages::ExportOptions& options : exports) stages::export_onnx(options);
    };
    steps_.push_back(std::move(step));
  }

  void build() {
    steps_.push_back(
        {.phase = "build",
         .name = named("build"),
         .choices = engine_premises(in_.run),
         .needs = {files_.engine_onnx},
         .makes = {files_.engine},
         .work =
             [onnx = files_.engine_onnx, out = files_.engine](Run& run) {
               const auto built = stages::build(
                   {.engine = run.options().engine, .onnx = onnx, .out = out, .threads = run.threads()});
               run.monitor().message(fmt::format("engine: {} of {} convolutions in integers",
                                                 built.integer_convolutions, built.convolutions));
             },
         .by_hand = "build --onnx " + in_.inside(files_.engine_onnx) + in_.engine_argument()});
  }

  const Context& in_;
  const NetworkFiles& files_;
  const std::string data_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> making_steps(const Context& context) { return MakingSteps(context).list(); }

}  // namespace y6q::pipeline
