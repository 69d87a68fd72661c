#include "stages/trtexec_program.h"

#include <charconv>
#include <deque>

#include "base/child_process.h"
#include "base/errors.h"

namespace y6q::stages {
namespace {

/// "… [TensorRT v8601] …" is 8.6.1, "[TensorRT v100300]" 10.3.0: two digits a part since 10. 0: no such
/// banner.
int banner_number(std::string_view line) {
  constexpr std::string_view kBanner = "[TensorRT v";
  const size_t at = line.find(kBanner);
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = line.substr(at + kBanner.size());
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

TrtexecProgram::TrtexecProgram(const std::string& name, std::string_view otherwise)
    : path_(find_program(name)) {
  if (path_.empty()) {
    throw EnvironmentError("engine: {} was not found{}; install TensorRT 8.4 to 11, or {}", name,
                           name.find('/') == std::string::npos ? " on PATH" : "", otherwise);
  }
  int number = 0;
  run_program({path_.string(), "--help"}, [&](std::string_view line) {
    if (number == 0) number = banner_number(line);
  });
  constexpr int kFirstWithTwoDigits = 10000;
  const bool two_digits = number >= kFirstWithTwoDigits;
  major_ = two_digits ? number / 10000 : number / 1000;
  const int minor = two_digits ? number / 100 % 100 : number / 100 % 10;
  version_ = fmt::format("{}.{}.{}", major_, minor, number % 100);
  const bool is_known = major_ >= 9 ? major_ <= 11 : number >= 8400;
  if (!is_known) {
    throw EnvironmentError("engine: {}: says it is TensorRT {}; 8.4 to 11 are accepted, or {}",
                           path_.string(), number == 0 ? "of no version" : version_, otherwise);
  }
}

void TrtexecProgram::run(const std::vector<std::string>& arguments, Monitor& monitor, bool says_lines) const {
  constexpr size_t kKept = 5;
  std::vector<std::string> command{path_.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::deque<std::string> errors;
  const int status = run_program(command, [&](std::string_view line) {
    if (monitor.stop_requested()) throw Interrupted("trtexec stopped; start it again to begin anew");
    if (says_lines && !line.empty()) monitor.message(line);
    if (line.find("[E]") == std::string_view::npos) return;
    errors.emplace_back(line);
    if (errors.size() > kKept) errors.pop_front();
  });
  if (status == 0) return;
  std::string found;
  for (const std::string& error : errors) found += "\n  " + error;
  throw EnvironmentError("engine: {} ended with {}{}", path_.string(), status,
                         found.empty() ? "; its lines above say why" : ":" + found);
}

}  // namespace y6q::stages
