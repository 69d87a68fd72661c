#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/number_text.h"
#include "pipeline/front.h"
#include "pipeline/network_search.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;

std::string asked_for(const NetworkSearchOptions& options) {
  return options.max_ms ? fmt::format("at most {:g} ms a call in INT8", *options.max_ms)
                        : "the front of accuracy and latency";
}

/// As the page and a user in the search's folder name it.
std::string run_path(const CandidateRow& row, size_t round) {
  return fmt::format("round-{}/{}", round + 1, row.candidate.name());
}

/// Those of the last round that was begun: others have trained for less.
std::vector<FrontPoint> last_points(const NetworkSearchResult& result) {
  std::vector<FrontPoint> points;
  for (const CandidateRow& row : result.rows) {
    if (row.rounds.empty() || !row.rounds.back() || !row.rounds.back()->skipped.empty()) continue;
    points.push_back({row.candidate.name(), row.rounds.back()->ms, row.rounds.back()->map,
                      run_path(row, row.rounds.size() - 1) + "/result.json"});
  }
  return points;
}

std::string fate_of(const NetworkSearchResult& result, size_t i, const NetworkSearchOptions& options) {
  const CandidateRow& row = result.rows[i];
  if (result.best == i) return "taken";
  const CandidateResult* last = row.last();
  if (last == nullptr) return "not made";
  if (!last->skipped.empty()) return "not trained: " + last->skipped;
  if (!is_contender(*last, options.max_ms)) return "too slow";
  if (row.rounds.back()) return "";
  const auto out = std::ranges::find_if(row.rounds, [&](const auto& made) { return made && &*made == last; });
  return fmt::format("out after round {}", out - row.rounds.begin() + 1);
}

}  // namespace

report::Table search_table(const NetworkSearchResult& result, const NetworkSearchOptions& options) {
  report::Table table{.title = "mAP of the INT8 engine on val; asked for: " + asked_for(options),
                      .columns = {{"candidate", "candidate"}, {"latency_ms", "ms", 2}}};
  std::string protocol;
  for (size_t round = 1; round <= result.rounds; ++round)
    table.columns.push_back({fmt::format("map_{}", round), fmt::format("round {}", round), 2, 100});
  table.columns.insert(table.columns.end(),
                       {{"float_map", "float", 2, 100}, {"seconds", "s", 0}, {"fate", ""}});
  for (size_t i = 0; i < result.rows.size(); ++i) {
    const CandidateRow& row = result.rows[i];
    std::vector<report::Cell> cells(table.columns.size());
    cells.front() = row.candidate.name();
    double seconds = 0;
    for (size_t round = 0; round < row.rounds.size(); ++round) {
      if (!row.rounds[round] || !row.rounds[round]->skipped.empty()) continue;
      cells[2 + round] = row.rounds[round]->map;
      seconds += row.rounds[round]->seconds;
      protocol = row.rounds[round]->protocol;
    }
    if (const CandidateResult* last = row.last()) {
      cells[1] = last->ms;
      if (last->skipped.empty())
        cells[2 + result.rounds] = last->float_map, cells[3 + result.rounds] = seconds;
    }
    cells.back() = fate_of(result, i, options);
    table.rows.push_back(std::move(cells));
  }
  table.note = fmt::format(
      "{}{}each round trains for twice as long as the one before it; ms: median at batch 1, measured before "
      "training; "
      "float: the float network of the last round that a candidate was in; {}, {}",
      protocol, protocol.empty() ? "" : "; ", engine::facts_of(result.engine).title, result.isa);
  return table;
}

std::string search_verdict(const NetworkSearchResult& result, const NetworkSearchOptions& options) {
  if (!result.unfinished.empty()) return fmt::format("The search is not finished: {}.", result.unfinished);
  if (!result.best) return fmt::format("No candidate takes {}.", asked_for(options));
  const CandidateRow& row = result.rows[*result.best];
  const CandidateResult& found = *row.rounds.back();
  const fs::path& out = options.common.train.training.out;
  return fmt::format(
      "The most accurate candidate{} is {}: mAP {:.2f} in INT8 ({} points to float), {:.2f} ms a call. It is "
      "{}; "
      "`quantize` looks for its best INT8 form, and `pipeline` goes on with its run in {}.",
      options.max_ms ? fmt::format(" within {:g} ms", *options.max_ms) : "", row.candidate.name(),
      100 * found.map, signed_text(100 * (found.map - found.float_map), 2), found.ms,
      (out / "best.safetensors").string(), (out / run_path(row, row.rounds.size() - 1)).string());
}

json search_document(const NetworkSearchResult& result, const NetworkSearchOptions& options) {
  json candidates = json::array();
  for (size_t i = 0; i < result.rows.size(); ++i) {
    const CandidateRow& row = result.rows[i];
    json rounds = json::array();
    for (const auto& made : row.rounds) rounds.push_back(made ? to_json(*made) : json());
    candidates.push_back({{"candidate", row.candidate.name()},
                          {"architecture", row.candidate.architecture},
                          {"mode", row.candidate.mode},
                          {"image_size", row.candidate.image_size},
                          {"rounds", rounds}});
  }
  json front = json::array();
  for (const FrontPoint& point : front_of(last_points(result)))
    front.push_back({{"candidate", point.name}, {"map", point.map}, {"latency_ms", point.ms}});
  json document{{"candidates", candidates},         {"front", front},
                {"unfinished", result.unfinished},  {"verdict", search_verdict(result, options)},
                {"engine", name_of(result.engine)}, {"isa", result.isa},
                {"skipped", result.skipped}};
  if (options.max_ms) document["max_ms"] = *options.max_ms;
  if (result.best) {
    const CandidateRow& row = result.rows[*result.best];
    const fs::path& out = options.common.train.training.out;
    document.update({{"best", row.candidate.name()},
                     {"run", (out / run_path(row, row.rounds.size() - 1)).string()},
                     {"model", (out / "best.safetensors").string()},
                     {"onnx", (out / "best.onnx").string()}});
  }
  return document;
}

report::Page search_page(const NetworkSearchResult& result, const NetworkSearchOptions& options) {
  using Tone = report::Paragraph::Tone;
  report::Page page{.title = "Search for a network", .subtitle = "asked for: " + asked_for(options)};
  page.sections.emplace_back(
      report::Paragraph{search_verdict(result, options), result.best ? Tone::result : Tone::alarm});
  page.sections.emplace_back(search_table(result, options));
  if (const std::vector<FrontPoint> points = last_points(result); !points.empty())
    page.sections.emplace_back(front_chart(points));
  return page;
}

void require_found(const NetworkSearchResult& result, const NetworkSearchOptions& options) {
  if (result.unfinished.empty() && !result.best)
    throw GoalMissed("search: {}", search_verdict(result, options));
}

}  // namespace y6q::pipeline
