#include "pipeline/step_log.h"

#include "base/errors.h"
#include "base/utf8.h"
#include "formats/provenance.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;

/// A damaged record counts as none: the step runs again.
json read_record(const fs::path& path) {
  if (!fs::exists(path)) return {};
  constexpr uint64_t kLongest = 1 << 24;
  json record = json::parse(read_file(path, kLongest), nullptr, false);
  return record.is_object() ? record : json();
}

}  // namespace

json StepLog::digests(const std::vector<fs::path>& paths) const {
  json list = json::object();
  for (const fs::path& path : paths) {
    const fs::path inside = path.lexically_relative(run_folder_);
    const bool is_outside = inside.empty() || *inside.begin() == "..";
    const std::string key = (is_outside ? fs::absolute(path).lexically_normal() : inside).string();
    list[key] = fs::exists(path) ? sha256_of_file(path) : "missing";
  }
  return list;
}

json StepLog::premises(const Step& step) const {
  return {{"tool", formats::tool_version()}, {"choices", step.choices}, {"needs", digests(step.needs)}};
}

bool StepLog::is_done(const Step& step) const {
  const json record = read_record(file(step.name, ".json"));
  return record.is_object() && record.value("premises", json()) == premises(step) &&
         record.value("makes", json()) == digests(step.makes);
}

void StepLog::mark_done(const Step& step, double seconds) const {
  for (const fs::path& output : step.makes) {
    if (!fs::exists(output)) throw InternalError("step {}: did not write {}", step.name, output.string());
  }
  const json record{{"step", step.name},
                    {"build", formats::build_digest()},
                    {"premises", premises(step)},
                    {"makes", digests(step.makes)},
                    {"seconds", seconds}};
  write_file(file(step.name, ".json"), json_text(record, 2) + "\n");
}

double StepLog::seconds(const std::string& name) const {
  const json record = read_record(file(name, ".json"));
  return record.is_object() ? record.value("seconds", 0.0) : 0.0;
}

std::string StepLog::other_build(const std::string& name) const {
  const json record = read_record(file(name, ".json"));
  const std::string build = record.is_object() ? record.value("build", "") : "";
  return build == formats::build_digest() ? "" : build;
}

bool StepLog::begins_anew(const Step& step) const {
  return read_record(file(step.name, ".begun")) != premises(step);
}

void StepLog::mark_begun(const Step& step) const {
  write_file(file(step.name, ".begun"), json_text(premises(step), 2) + "\n");
}

}  // namespace y6q::pipeline
