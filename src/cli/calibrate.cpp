#include "stages/calibrate.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "cli/field_options.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "cli/run_options.h"

namespace y6q::cli {
namespace {

class CalibrateCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, options_.weights);
    add_out(app, options_.out, "Calibrated model file to write")->check(format_name(".safetensors"));
    add_fields(app, stages::calibration_fields(), options_.settings, kQuantizationGroup);
    app.add_option("--sensitivity", options_.sensitivity, "File of `yolov6q sensitivity`, for --keep-float N")
        ->group(kQuantizationGroup);
    add_batch_size(app, options_.batch_size);
    run_.declare(app);
    add_example(
        app,
        "yolov6q calibrate --weights runs/x/float/best.safetensors --data data.yaml --out ptq.safetensors");
  }

  void run(Console& console) override {
    run_.options.reading.sole_split = true;
    stages::Run& run = run_.start(console);
    const stages::Calibration result = stages::calibrate(options_, run);
    const ptq::RangeOptions& ranges_by = options_.settings.ranges;
    const std::string method{ranges_by.method ? name_of(*ranges_by.method) : "best"},
        scheme{name_of(ranges_by.scheme)};
    nlohmann::json ranges = nlohmann::json::object();
    std::string text;
    for (const stages::Range& range : result.ranges) {
      ranges[range.quantizer] = range.amax;
      text += fmt::format("{:<56} {:10.5f}\n", range.quantizer, range.amax);
    }
    text += fmt::format("{} ranges from {} images, method {}, scheme {}: {}\n", result.ranges.size(),
                        result.images, method, scheme, options_.out.string());
    if (!result.kept_float.empty()) text += fmt::format("float: {}\n", fmt::join(result.kept_float, ", "));
    console.result(text, {{"weights", options_.out.string()},
                          {"images", result.images},
                          {"skipped", result.skipped},
                          {"method", method},
                          {"scheme", scheme},
                          {"float_layers", result.kept_float},
                          {"ranges", ranges}});
  }

 private:
  RunSetup run_;
  stages::CalibrateOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_calibrate_command() { return std::make_unique<CalibrateCommand>(); }

}  // namespace y6q::cli
