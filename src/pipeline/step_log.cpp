#include "pipeline/step_log.h"

#include "base/errors.h"
#include "formats/provenance.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;

json digests(const std::vector<fs::path>& paths) {
  json list = json::object();
  for (const fs::path& path : paths)
    list[path.filename().string()] = fs::exists(path) ? sha256_of_file(path) : "missing";
  return list;
}

json premises(const Step& step) {
  return {{"tool", formats::tool_version()}, {"options", step.options}, {"inputs", digests(step.inputs)}};
}

/// A damaged record counts as none: the step runs again.
json read_record(const fs::path& path) {
  if (!fs::exists(path)) return {};
  constexpr uint64_t kLongest = 1 << 24;
  return json::parse(read_file(path, kLongest), nullptr, false);
}

}  // namespace

bool StepLog::is_done(const Step& step) const {
  const json record = read_record(file(step.name, ".json"));
  return record.is_object() && record.value("premises", json()) == premises(step) &&
         record.value("outputs", json()) == digests(step.outputs);
}

void StepLog::mark_done(const Step& step, double seconds) const {
  for (const fs::path& output : step.outputs) {
    if (!fs::exists(output)) throw InternalError("step {}: did not write {}", step.name, output.string());
  }
  const json record{{"step", step.name},
                    {"premises", premises(step)},
                    {"outputs", digests(step.outputs)},
                    {"seconds", seconds}};
  write_file(file(step.name, ".json"), record.dump(2) + "\n");
}

double StepLog::seconds(const std::string& name) const {
  const json record = read_record(file(name, ".json"));
  return record.is_object() ? record.value("seconds", 0.0) : 0.0;
}

bool StepLog::begins_anew(const Step& step) const {
  return read_record(file(step.name, ".begun")) != premises(step);
}

void StepLog::mark_begun(const Step& step) const {
  write_file(file(step.name, ".begun"), premises(step).dump(2) + "\n");
}

}  // namespace y6q::pipeline
