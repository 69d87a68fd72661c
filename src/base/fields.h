#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"

namespace y6q {

/// One setting of an options struct as text. A table of these is the one place from which command line,
/// recipe files, the step log, provenance and printed commands take a setting: a new one is one line there.
///
///   const std::vector<Field<Bench>>& bench_fields() {
///     static const std::vector<Field<Bench>> kFields{
///         number_field("seconds", &Bench::seconds, 0.01, 600, "Seconds measured for each file and round")};
///     return kFields;
///   }
template <typename T>
struct Field {
  enum class Kind {
    value,
    truth,  ///< "true" or "false"; on the command line --name and --no-name
    list    ///< elements separated by commas
  };
  std::string name;  ///< key in YAML; on the command line --name, with dashes for underscores
  std::string help;  ///< one line, with the unit
  /// Completes "… is accepted", e.g. "a whole number from 1 to 4096"; of a list: what an element is.
  std::string accepted;
  Kind kind = Kind::value;
  std::function<std::string(const T&)> text;      ///< that set() takes back to the same value
  std::function<bool(T&, std::string_view)> set;  ///< false, and nothing changed: not accepted
};

namespace fields {

template <typename V>
requires std::integral<V> || std::floating_point<V>
bool parse_number(std::string_view text, double low, double high, V& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  V parsed{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  // Written so that NaN is refused.
  if (!(static_cast<double>(parsed) >= low && static_cast<double>(parsed) <= high)) return false;
  value = parsed;
  return true;
}

template <typename V>
std::string number_accepted(double low, double high) {
  return fmt::format("a {}number from {:.7g} to {:.7g}", std::integral<V> ? "whole " : "", low, high);
}

/// YAML's words for truth values.
bool parse_truth(std::string_view text, bool& value);

/// The parts between commas; none of an empty text.
std::vector<std::string_view> elements(std::string_view list);

}  // namespace fields

template <typename T, typename V>
Field<T> number_field(std::string name, V T::*member, double low, double high, std::string help) {
  return {
      std::move(name),
      std::move(help),
      fields::number_accepted<V>(low, high),
      Field<T>::Kind::value,
      [member](const T& owner) { return fmt::format("{}", owner.*member); },
      [=](T& owner, std::string_view text) { return fields::parse_number(text, low, high, owner.*member); }};
}

template <typename T>
Field<T> truth_field(std::string name, bool T::*member, std::string help) {
  return {std::move(name),
          std::move(help),
          "true or false",
          Field<T>::Kind::truth,
          [member](const T& owner) { return owner.*member ? "true" : "false"; },
          [member](T& owner, std::string_view text) { return fields::parse_truth(text, owner.*member); }};
}

/// One of several words.
template <typename T>
Field<T> word_field(std::string name, std::string T::*member, std::vector<std::string> words,
                    std::string help) {
  std::string accepted = fmt::format("one of {}", fmt::join(words, ", "));
  return {std::move(name),
          std::move(help),
          std::move(accepted),
          Field<T>::Kind::value,
          [member](const T& owner) { return owner.*member; },
          [member, words = std::move(words)](T& owner, std::string_view text) {
            if (std::ranges::find(words, text) == words.end()) return false;
            owner.*member = text;
            return true;
          }};
}

/// A value of an enumeration, by its name (base/names.h).
template <typename T, Named E>
Field<T> enum_field(std::string name, E T::*member, std::string help) {
  return {std::move(name),
          std::move(help),
          fmt::format("one of {}", fmt::join(all_names<E>(), ", ")),
          Field<T>::Kind::value,
          [member](const T& owner) { return std::string(name_of(owner.*member)); },
          [member](T& owner, std::string_view text) {
            for (const E value : all_values<E>()) {
              if (name_of(value) != text) continue;
              owner.*member = value;
              return true;
            }
            return false;
          }};
}

/// Numbers, at least one.
template <typename T, typename V>
Field<T> numbers_field(std::string name, std::vector<V> T::*member, double low, double high,
                       std::string help) {
  return {std::move(name),
          std::move(help),
          fields::number_accepted<V>(low, high),
          Field<T>::Kind::list,
          [member](const T& owner) { return fmt::format("{}", fmt::join(owner.*member, ",")); },
          [=](T& owner, std::string_view text) {
            std::vector<V> values;
            for (const std::string_view element : fields::elements(text)) {
              if (!fields::parse_number(element, low, high, values.emplace_back())) return false;
            }
            if (values.empty()) return false;
            owner.*member = std::move(values);
            return true;
          }};
}

/// Words of letters, digits and the characters of `others`; none is accepted, too.
template <typename T>
Field<T> words_field(std::string name, std::vector<std::string> T::*member, std::string others,
                     std::string accepted, std::string help) {
  return {std::move(name),
          std::move(help),
          std::move(accepted),
          Field<T>::Kind::list,
          [member](const T& owner) { return fmt::format("{}", fmt::join(owner.*member, ",")); },
          [member, others = std::move(others)](T& owner, std::string_view text) {
            std::vector<std::string> words;
            for (const std::string_view element : fields::elements(text)) {
              const bool fits = std::ranges::all_of(element, [&](char c) {
                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       others.find(c) != std::string::npos;
              });
              if (element.empty() || !fits) return false;
              words.emplace_back(element);
            }
            owner.*member = std::move(words);
            return true;
          }};
}

/// The table of a member's type, for its owner.
template <typename T, typename Inner>
std::vector<Field<T>> lifted(const std::vector<Field<Inner>>& table, Inner T::*member) {
  std::vector<Field<T>> result;
  for (const Field<Inner>& field : table) {
    result.push_back({field.name, field.help, field.accepted,
                      static_cast<typename Field<T>::Kind>(field.kind),
                      [=](const T& owner) { return field.text(owner.*member); },
                      [=](T& owner, std::string_view text) { return field.set(owner.*member, text); }});
  }
  return result;
}

/// "--keep-float" of "keep_float".
std::string option_name(std::string_view field_name);

/// The fields whose value differs from that of `defaults`, as a command line takes them: " --images 64
/// --no-bias-correction"; quoted for a shell where needed. Empty when none does.
template <typename T>
std::string arguments_of(const std::vector<Field<T>>& table, const T& options, const T& defaults = {});

/// `text` as one word of a POSIX shell.
std::string shell_word(std::string_view text);

template <typename T>
std::string arguments_of(const std::vector<Field<T>>& table, const T& options, const T& defaults) {
  std::string arguments;
  for (const Field<T>& field : table) {
    const std::string value = field.text(options);
    if (value == field.text(defaults)) continue;
    const std::string option = option_name(field.name);
    if (field.kind == Field<T>::Kind::truth) {
      arguments += value == "true" ? " " + option : " --no-" + option.substr(2);
    } else {
      arguments += " " + option + " " + shell_word(value);
    }
  }
  return arguments;
}

}  // namespace y6q
