#include "stages/sensitivity.h"

#include <fmt/core.h>

#include "base/number_text.h"
#include "cli/command.h"
#include "cli/field_options.h"
#include "cli/format_name.h"
#include "cli/options.h"
#include "cli/run_options.h"
#include "ptq/range_fields.h"

namespace y6q::cli {
namespace {

const char* remark(const formats::LayerSensitivity& row) {
  return row.is_prediction ? "  stays float by default" : "";
}

std::string table(const formats::Sensitivity& result) {
  std::string text =
      fmt::format("{:<44} {:>7} {:>7} {:>8}\n", "only this layer in INT8", "mAP", "mAP50", "drop");
  for (const formats::LayerSensitivity& row : result.layers) {
    text += fmt::format("{:<44} {:7.2f} {:7.2f} {:>8}{}\n", row.layer, 100 * row.map, 100 * row.map50,
                        fixed_text(100 * (result.float_map - row.map), 2), remark(row));
  }
  if (result.is_estimate) text += "estimated, mAP to what the float network detects; ";
  return text + fmt::format("float {:.2f}, all but predictions in INT8 {:.2f}: ", 100 * result.float_map,
                            100 * result.all_map);
}

class SensitivityCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    add_weights(app, options_.weights);
    add_out(app, options_.out, "JSON file to write")->check(format_name(".json"));
    app.add_option("--split", options_.split, "Split to measure on: train, val or test")
        ->check(CLI::IsMember({"train", "val", "test"}))
        ->capture_default_str()
        ->group(kDataGroup);
    add_fields(app, ptq::range_fields(), options_.ranges, kQuantizationGroup);
    app.add_flag("--estimate", options_.estimate,
                 "Measure on what the float network itself detects in 64 training images, instead of on "
                 "labels of the split: much faster")
        ->group(kQuantizationGroup);
    add_batch_size(app, options_.batch_size);
    run_.declare(app);
    add_example(app,
                "yolov6q sensitivity --weights runs/x/float/best.safetensors --data data.yaml --out "
                "sensitivity.json");
  }

  void run(Console& console) override {
    const formats::Sensitivity result = stages::sensitivity(options_, run_.start(console));
    const std::string text = table(result) + options_.out.string() + "\n";
    nlohmann::json document = formats::to_json(result);
    document["split"] = options_.estimate ? "train" : options_.split;
    console.result(text, document);
  }

 private:
  RunSetup run_;
  stages::SensitivityOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_sensitivity_command() { return std::make_unique<SensitivityCommand>(); }

}  // namespace y6q::cli
