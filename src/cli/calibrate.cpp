#include "stages/calibrate.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <charconv>

#include "base/errors.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/range_options.h"

namespace y6q::cli {
namespace {

class CalibrateCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, options_.weights);
    add_data(app, options_.data);
    add_out(app, options_.out, "Calibrated model file to write");
    add_range_options(app, options_.ranges);
    app.add_option("--images", options_.images, "Training images to look at, letterboxed, not augmented")
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
        ->capture_default_str();
    app.add_option("--keep-float", keep_float_,
                   "Partial quantization: so many of the most sensitive layers, or layers by name")
        ->delimiter(',');
    app.add_option("--sensitivity", options_.sensitivity,
                   "File of `yolov6q sensitivity`, for --keep-float N");
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
    split_keep_float();
    const stages::Calibration result = stages::calibrate(options_, console.monitor());
    const std::string method{name_of(options_.ranges.method)}, scheme{name_of(options_.ranges.scheme)};
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
  /// One number is a count, everything else are names.
  void split_keep_float() {
    std::string first;
    for (const std::string& word : keep_float_) {
      int64_t count = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
      if (error != std::errc() || end != word.data() + word.size() || count < 0) {
        options_.keep_float.insert(word);
        continue;
      }
      if (!first.empty()) {
        throw UsageError("--keep-float: {} and {} are two counts; one is accepted, beside names of layers",
                         first, word);
      }
      first = word;
      options_.keep_float_count = count;
    }
  }

  stages::CalibrateOptions options_;
  std::vector<std::string> keep_float_;
};

}  // namespace

std::unique_ptr<Command> make_calibrate_command() { return std::make_unique<CalibrateCommand>(); }

}  // namespace y6q::cli
