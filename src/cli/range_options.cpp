#include "cli/range_options.h"

namespace y6q::cli {
namespace {

/// An option whose text `parse` turns into the value; `names` are accepted.
template <typename T, typename Parse>
void add_named(CLI::App& app, const char* option, const char* help, std::vector<std::string> names, T& value,
               Parse parse) {
  app.add_option_function<std::string>(
         option, [&value, parse](const std::string& text) { value = parse(text); }, help)
      ->check(CLI::IsMember(std::move(names)))
      ->default_str(std::string(quant::name_of(value)));
}

}  // namespace

void add_range_options(CLI::App& app, ptq::RangeOptions& options) {
  add_named(app, "--scheme", "Integers: tensorrt (all signed) or cpu (unsigned where nothing is negative)",
            {"tensorrt", "cpu"}, options.scheme, quant::scheme_from_name);
  add_named(app, "--method", "Range search", {"max", "percentile", "mse", "entropy"}, options.method,
            quant::range_method_from_name);
  app.add_option("--percentile", options.percentile, "For --method percentile")
      ->check(CLI::Range(50.0, 100.0))
      ->capture_default_str();
  app.add_flag("--bias-correction,!--no-bias-correction", options.bias_correction,
               "Take back the shift of mean outputs that rounded weights give (on)");
}

}  // namespace y6q::cli
