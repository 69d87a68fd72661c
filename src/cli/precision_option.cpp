#include "cli/precision_option.h"

namespace y6q::cli {

CLI::Option* add_precision(CLI::App& app, std::optional<engine::Precision>& precision) {
  const auto set = [&precision](const std::string& text) {
    precision.reset();
    if (text != "auto") precision = from_name<engine::Precision>(text);
  };
  return app
      .add_option_function<std::string>(
          "--precision", set,
          "fp32 or bf16 of a float file, int8 of a quantized one; auto: what the file is made for")
      ->check(CLI::IsMember({"auto", "fp32", "bf16", "int8"}))
      ->default_str("auto");
}

}  // namespace y6q::cli
