#include "cli/precision_option.h"

#include <fmt/format.h>

namespace y6q::cli {

std::optional<engine::Precision> PrecisionChoice::settle(const std::filesystem::path& onnx,
                                                         const stages::BenchOptions& options,
                                                         Monitor& monitor) const {
  if (!measured) return precision;
  const engine::Precision fastest = stages::fastest_precision(onnx, options, monitor);
  monitor.message(fmt::format("{}: {} is fastest on this machine", onnx.string(), name_of(fastest)));
  return fastest;
}

CLI::Option* add_precision(CLI::App& app, PrecisionChoice& choice) {
  const auto set = [&choice](const std::string& text) {
    choice = {.precision = {}, .measured = text == "auto"};
    if (text != "auto" && text != "file") choice.precision = from_name<engine::Precision>(text);
  };
  return app
      .add_option_function<std::string>(
          "--precision", set,
          "fp32 or bf16 of a float file, int8 of a quantized one; file: what the file is made for; auto: the "
          "fastest one, by measurement")
      ->check(CLI::IsMember({"file", "auto", "fp32", "bf16", "int8"}))
      ->default_str("file");
}

}  // namespace y6q::cli
