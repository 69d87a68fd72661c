#include "stages/calibrate.h"

#include <fmt/core.h>

#include "cli/command.h"
#include "cli/options.h"

namespace y6q::cli {
namespace {

class CalibrateCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, options_.weights);
    add_data(app, options_.data);
    add_out(app, options_.out, "Calibrated model file to write");
    app.add_option("--scheme", scheme_,
                   "Integers: tensorrt (all signed) or cpu (unsigned where nothing is negative)")
        ->check(CLI::IsMember({"tensorrt", "cpu"}))
        ->capture_default_str();
    app.add_option("--method", method_, "Range search")
        ->check(CLI::IsMember({"max", "percentile", "mse", "entropy"}))
        ->capture_default_str();
    app.add_option("--percentile", options_.percentile, "For --method percentile")
        ->check(CLI::Range(50.0, 100.0))
        ->capture_default_str();
    app.add_option("--images", options_.images, "Training images to look at, letterboxed, not augmented")
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
        ->capture_default_str();
    app.add_flag("--bias-correction,!--no-bias-correction", options_.bias_correction,
                 "Take back the shift of mean outputs that rounded weights give (on)");
    add_batch_size(app, options_.batch_size);
    add_workers(app, options_.workers);
    add_threads(app, options_.threads);
    add_seed(app, options_.seed);
    add_device(app);
    add_skip_broken(app, options_.skip_broken);
    add_example(
        app,
        "yolov6q calibrate --weights runs/x/float/best.safetensors --data data.yaml --out ptq.safetensors");
  }

  void run(Console& console) override {
    options_.scheme = quant::scheme_from_name(scheme_);
    options_.method = quant::range_method_from_name(method_);
    const stages::Calibration result = stages::calibrate(options_, console.monitor());
    nlohmann::json ranges = nlohmann::json::object();
    std::string text;
    for (const stages::Range& range : result.ranges) {
      ranges[range.quantizer] = range.amax;
      text += fmt::format("{:<56} {:10.5f}\n", range.quantizer, range.amax);
    }
    text += fmt::format("{} ranges from {} images, method {}, scheme {}: {}\n", result.ranges.size(),
                        result.images, method_, scheme_, options_.out.string());
    console.result(text, {{"weights", options_.out.string()},
                          {"images", result.images},
                          {"method", method_},
                          {"scheme", scheme_},
                          {"ranges", ranges}});
  }

 private:
  stages::CalibrateOptions options_;
  std::string scheme_ = "tensorrt", method_ = "max";
};

}  // namespace

std::unique_ptr<Command> make_calibrate_command() { return std::make_unique<CalibrateCommand>(); }

}  // namespace y6q::cli
