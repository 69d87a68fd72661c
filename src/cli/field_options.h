#pragma once

#include <CLI/CLI.hpp>

#include "base/fields.h"

namespace y6q::cli {

/// Declares every field of a table as an option of its name, with its help, default and what it accepts.
/// group: the heading of --help. `options` must outlive `app`.
template <typename T>
void add_fields(CLI::App& app, const std::vector<Field<T>>& table, T& options, const char* group) {
  for (const Field<T>& field : table) {
    const std::string option = option_name(field.name);
    const auto set = [&options, &field](const std::string& text) {
      if (field.set(options, text)) return;
      throw CLI::ValidationError(option_name(field.name),
                                 "'" + text + "' is not accepted; " + field.accepted + " is");
    };
    if (field.kind == Field<T>::Kind::truth) {
      app.add_flag_function(
             option + ",!--no-" + option.substr(2),
             [set](int64_t count) { set(count > 0 ? "true" : "false"); }, field.help)
          ->default_str(field.text(options) == "true" ? "on" : "off")
          ->group(group);
    } else if (field.kind == Field<T>::Kind::list) {
      app.add_option_function<std::vector<std::string>>(
             option,
             [set](const std::vector<std::string>& words) { set(fmt::format("{}", fmt::join(words, ","))); },
             field.help)
          ->delimiter(',')
          ->default_str(field.text(options))
          ->group(group);
    } else {
      app.add_option_function<std::string>(option, set, field.help)
          ->default_str(field.text(options))
          ->group(group);
    }
  }
}

}  // namespace y6q::cli
