#include "cli/range_options.h"

namespace y6q::cli {
namespace {

/// An option that takes one of an enumeration's names.
template <typename E>
void add_named(CLI::App& app, const char* option, const char* help, E& value) {
  app.add_option_function<std::string>(
         option, [&value](const std::string& text) { value = from_name<E>(text); }, help)
      ->check(CLI::IsMember(all_names<E>()))
      ->default_str(std::string(name_of(value)));
}

}  // namespace

void add_range_options(CLI::App& app, ptq::RangeOptions& options) {
  add_named(app, "--scheme", "Integers: tensorrt (all signed) or cpu (unsigned where nothing is negative)",
            options.scheme);
  add_named(app, "--method", "Range search", options.method);
  app.add_option("--percentile", options.percentile, "For --method percentile")
      ->check(CLI::Range(50.0, 100.0))
      ->capture_default_str();
  app.add_flag("--bias-correction,!--no-bias-correction", options.bias_correction,
               "Take back the shift of mean outputs that rounded weights give (on)");
}

}  // namespace y6q::cli
