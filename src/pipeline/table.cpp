#include "pipeline/table.h"

#include <algorithm>
#include <array>

#include "base/number_text.h"
#include "pipeline/verdict.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;

struct Title {
  std::string_view model, title;
  const char* precision;  ///< of the speed that belongs to this line; null: none
};

constexpr std::array kTitles{Title{"float", "float, FP32", "fp32"},
                             Title{"float_bf16", "float, BF16", "bf16"},
                             Title{"ptq", "PTQ, simulated", nullptr},
                             Title{"ptq_engine", "PTQ, INT8 engine", "int8"},
                             Title{"partial", "partial PTQ, simulated", nullptr},
                             Title{"qat", "QAT, simulated", nullptr},
                             Title{"engine", "INT8 engine", "int8"}};

/// Of the last engine, which runs one of several models.
constexpr std::pair<std::string_view, std::string_view> kEngineTitles[]{
    {"ptq", "PTQ, INT8 engine"}, {"partial", "partial PTQ, INT8 engine"}, {"qat", "QAT, INT8 engine"}};

constexpr std::string_view kBranchy = "branchy_";

/// Images a second of a row at a batch; 0 when it was not measured.
double speed(const Row* row, const std::string& precision, int64_t batch) {
  if (row == nullptr) return 0;
  const auto found = row->images_per_s.find(precision);
  if (found == row->images_per_s.end()) return 0;
  const auto value = found->second.find(batch);
  return value == found->second.end() ? 0 : value->second;
}

report::Cell cell(double value) { return value > 0 ? report::Cell(value) : report::Cell(); }

const Title* entry_of(std::string_view model) {
  const auto* found = std::ranges::find(kTitles, model, &Title::model);
  return found == kTitles.end() ? nullptr : found;
}

std::string_view without_prefix(const Row& row) {
  const std::string_view model = row.model;
  return model.starts_with(kBranchy) ? model.substr(kBranchy.size()) : model;
}

std::string interval_text(const Difference& difference) {
  return signed_text(100 * difference.low, 1) + " to " + signed_text(100 * difference.high, 1);
}

json to_json(const Difference& difference) {
  return {{"value", difference.value},
          {"low", difference.low},
          {"high", difference.high},
          {"p_value", difference.p_value}};
}

std::vector<int64_t> batches_of(const Result& result) {
  std::vector<int64_t> batches;
  if (const Row* reference = find_row(result, "float")) {
    const auto found = reference->images_per_s.find("fp32");
    if (found == reference->images_per_s.end()) return batches;
    for (const auto& [batch, value] : found->second) batches.push_back(batch);
  }
  return batches;
}

}  // namespace

std::string title_of(const Row& row) {
  const std::string_view model = without_prefix(row);
  const Title* title = entry_of(model);
  std::string text(title == nullptr ? model : title->title);
  for (const auto& [simulation, name] : kEngineTitles) {
    if (model == "engine" && row.simulation == simulation) text = name;
  }
  return (row.model.starts_with(kBranchy) ? "branchy: " : "") + text;
}

std::string precision_of(const Row& row) {
  const Title* title = entry_of(without_prefix(row));
  return title == nullptr || title->precision == nullptr ? "" : title->precision;
}

report::Table result_table(const Result& result) {
  report::Table table{
      .title = "mAP on " + result.split,
      .columns = {{"model", "model"},
                  {"map", "mAP", 1, 100},
                  {"map50", "mAP50", 1, 100},
                  {"drop", "vs float", 1, 100, "", true},
                  {"interval", "95 % interval"},
                  {"selection", "selected"},
                  {"megabytes", "MB", 1, 1e-6},
                  {"ms", "ms", 2}},
      .note = fmt::format("{}; interval: paired bootstrap over the images; ms: median at batch 1; {}, {}",
                          result.protocol, engine::facts_of(result.engine).title, result.isa)};
  for (const std::string& line : result.machine) table.note += "\n" + line;
  for (const std::string& alarm : result.alarms) table.note += "\nALARM: " + alarm;
  const std::vector<int64_t> batches = batches_of(result);
  for (const int64_t batch : batches) {
    const std::string suffix = std::to_string(batch);
    table.columns.push_back({"images_per_s_" + suffix, "img/s, batch " + suffix, 1});
    table.columns.push_back({"times_fp32_" + suffix, "x FP32, " + suffix, 2, 1, "x"});
  }
  const Row* reference = find_row(result, "float");
  for (const Row& row : result.rows) {
    const std::string precision = precision_of(row);
    const auto latency = row.latency_ms.find(precision);
    std::vector<report::Cell> cells{
        title_of(row),
        row.map,
        row.map50,
        row.to_float ? report::Cell(row.to_float->value) : report::Cell(),
        row.to_float ? report::Cell(interval_text(*row.to_float)) : report::Cell(),
        row.selection,
        cell(static_cast<double>(row.bytes)),
        latency == row.latency_ms.end() ? report::Cell() : report::Cell(latency->second)};
    for (const int64_t batch : batches) {
      const double images = speed(&row, precision, batch), compared = speed(reference, "fp32", batch);
      cells.push_back(cell(images));
      cells.push_back(cell(compared > 0 ? images / compared : 0));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

json result_document(const Result& result) {
  json rows = json::array();
  for (const Row& row : result.rows) {
    json entry{{"model", row.model}, {"split", result.split},      {"map", row.map},
               {"map50", row.map50}, {"selection", row.selection}, {"runner", row.runner}};
    if (row.to_float) entry["to_float"] = to_json(*row.to_float);
    if (row.to_simulation) entry["to_simulation"] = to_json(*row.to_simulation);
    if (!row.file.empty()) entry.update({{"file", row.file.string()}, {"bytes", row.bytes}});
    if (!row.latency_ms.empty()) entry["latency_ms"] = row.latency_ms;
    for (const auto& [precision, by_batch] : row.images_per_s) {
      for (const auto& [batch, value] : by_batch)
        entry["images_per_s"][precision][std::to_string(batch)] = value;
    }
    rows.push_back(std::move(entry));
  }
  json document{{"split", result.split},
                {"protocol", result.protocol},
                {"engine", name_of(result.engine)},
                {"isa", result.isa},
                {"skipped", result.skipped},
                {"machine", result.machine},
                {"alarms", result.alarms},
                {"rows", rows}};
  if (const Verdict answer = verdict(result); !answer.text.empty()) {
    document["verdict"] = {{"model", answer.model}, {"text", answer.text}, {"file", answer.file.string()}};
  }
  if (!result.trtexec.empty()) document["trtexec"] = result.trtexec;
  return document;
}

}  // namespace y6q::pipeline
