#include "stages/summarize.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/errors.h"
#include "base/files.h"
#include "base/number_text.h"

namespace y6q::stages {
namespace {

using nlohmann::json;

json read_summary(const fs::path& path) {
  constexpr uint64_t kMostBytes = uint64_t{64} << 20;
  json document = json::parse(read_file(path, kMostBytes), nullptr, false);
  const auto is_text = [&](const char* key) { return document.contains(key) && document[key].is_string(); };
  if (!document.is_object() || !is_text("split") || !is_text("protocol") || !document.contains("rows") ||
      !document["rows"].is_array() || document["rows"].empty()) {
    throw InputError("{}: is no summary of a finished pipeline; accepted is its --out folder", path.string());
  }
  for (const json& row : document["rows"]) {
    if (!row.is_object() || !row.contains("model") || !row["model"].is_string() || !row.contains("map") ||
        !row["map"].is_number()) {
      throw InputError("{}: a row without model or map", path.string());
    }
  }
  return document;
}

std::vector<std::string> models_of(const json& document) {
  std::vector<std::string> models;
  for (const json& row : document["rows"]) models.push_back(row["model"]);
  return models;
}

std::vector<double> maps_of(const std::vector<json>& documents, const std::string& model) {
  std::vector<double> maps;
  for (const json& document : documents) {
    for (const json& row : document["rows"]) {
      if (row["model"] == model) maps.push_back(row["map"]);
    }
  }
  return maps;
}

std::optional<Spread> difference(const std::vector<double>& maps, const std::vector<double>& others) {
  if (others.size() != maps.size()) return std::nullopt;
  std::vector<double> differences(maps.size());
  for (size_t i = 0; i < maps.size(); ++i) differences[i] = maps[i] - others[i];
  return spread_of(differences);
}

size_t alarms_of(const std::vector<json>& documents, const std::string& model) {
  size_t count = 0;
  for (const json& document : documents) {
    for (const json& alarm : document.value("alarms", json::array()))
      count += alarm.is_string() && alarm.get<std::string>().starts_with(model + " ") ? 1 : 0;
  }
  return count;
}

/// "branchy_" of "branchy_qat".
std::string prefix_of(const std::string& model) {
  constexpr std::string_view kBranchy = "branchy_";
  return model.starts_with(kBranchy) ? std::string(kBranchy) : "";
}

/// What a model that was trained with quantizers is to be better than; empty: it was not.
std::string ptq_of(const std::string& model) {
  const std::string prefix = prefix_of(model), name = model.substr(prefix.size());
  if (name == "qat") return prefix + "ptq";
  return name == "engine" ? prefix + "ptq_engine" : "";
}

json to_json(const Spread& spread) {
  return {{"mean", spread.mean}, {"deviation", spread.deviation}, {"error", spread.error}};
}

std::string text_of(const std::optional<Spread>& spread) {
  return spread ? fmt::format("{} ± {:.2f}", signed_text(100 * spread->mean, 2), 100 * spread->error) : "";
}

}  // namespace

Spread spread_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  Spread spread;
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (count - 1));
  spread.error = spread.deviation / std::sqrt(count);
  return spread;
}

Summarized summarize(const std::vector<fs::path>& runs, bool final) {
  Summarized result;
  std::vector<json> documents;
  for (const fs::path& run : runs) {
    const fs::path path = (final ? run / "final" : run) / "summary.json";
    documents.push_back(read_summary(path));
    result.runs.push_back(run.string());
    const json &first = documents.front(), &now = documents.back();
    for (const char* key : {"split", "protocol"}) {
      if (now[key] == first[key]) continue;
      throw InputError("summarize: {} of {} is '{}', of {} '{}'; runs that are averaged have the same", key,
                       runs.front().string(), first[key].get<std::string>(), run.string(),
                       now[key].get<std::string>());
    }
    if (models_of(now) != models_of(first)) {
      throw InputError("summarize: {} has the models {}, {} has {}; runs that are averaged have the same",
                       runs.front().string(), fmt::join(models_of(first), ", "), run.string(),
                       fmt::join(models_of(now), ", "));
    }
  }
  result.split = documents.front()["split"];
  result.protocol = documents.front()["protocol"];
  for (const std::string& model : models_of(documents.front())) {
    SummarizedRow row{
        .model = model, .maps = maps_of(documents, model), .map = {}, .to_float = {}, .to_ptq = {}};
    row.map = spread_of(row.maps);
    const std::string parent = prefix_of(model) + "float";
    if (model != parent) row.to_float = difference(row.maps, maps_of(documents, parent));
    if (const std::string ptq = ptq_of(model); !ptq.empty())
      row.to_ptq = difference(row.maps, maps_of(documents, ptq));
    row.alarms = alarms_of(documents, model);
    result.rows.push_back(std::move(row));
  }
  return result;
}

report::Table to_table(const Summarized& summarized) {
  report::Table table{.title = fmt::format("mAP on {}, {} runs", summarized.split, summarized.runs.size()),
                      .columns = {{"model", "model"},
                                  {"map", "mAP", 2, 100},
                                  {"deviation", "± between runs", 2, 100},
                                  {"to_float", "vs float ± error"},
                                  {"to_ptq", "vs PTQ ± error"},
                                  {"runs", "by run"},
                                  {"alarms", "alarms"}},
                      .note = summarized.protocol + "; error: standard error of the mean over the runs"};
  for (const SummarizedRow& row : summarized.rows) {
    std::string maps;
    for (const double map : row.maps) maps += fmt::format("{}{:.2f}", maps.empty() ? "" : " ", 100 * map);
    const auto cell = [](const std::string& text) {
      return text.empty() ? report::Cell() : report::Cell(text);
    };
    table.rows.push_back({row.model, row.map.mean, row.map.deviation, cell(text_of(row.to_float)),
                          cell(text_of(row.to_ptq)), maps, static_cast<int64_t>(row.alarms)});
  }
  return table;
}

json to_json(const Summarized& summarized) {
  json rows = json::array();
  for (const SummarizedRow& row : summarized.rows) {
    json entry{{"model", row.model}, {"maps", row.maps}, {"map", to_json(row.map)}, {"alarms", row.alarms}};
    if (row.to_float) entry["to_float"] = to_json(*row.to_float);
    if (row.to_ptq) entry["to_ptq"] = to_json(*row.to_ptq);
    rows.push_back(std::move(entry));
  }
  return {{"split", summarized.split},
          {"protocol", summarized.protocol},
          {"runs", summarized.runs},
          {"rows", rows}};
}

}  // namespace y6q::stages
