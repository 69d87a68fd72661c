#include "pipeline/candidate.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/front.h"

namespace y6q::pipeline {
namespace {

using nlohmann::json;

/// Positions of contenders, those first that go on first.
std::vector<size_t> by_accuracy(std::span<const CandidateResult> results, std::vector<size_t> positions) {
  std::ranges::stable_sort(positions, std::greater<>(), [&](size_t i) { return results[i].map; });
  return positions;
}

std::vector<size_t> by_front(std::span<const CandidateResult> results, std::vector<size_t> positions) {
  std::vector<size_t> order;
  while (!positions.empty()) {
    std::vector<FrontPoint> points;
    for (const size_t i : positions) points.push_back({std::to_string(i), results[i].ms, results[i].map});
    std::vector<size_t> layer;
    for (const FrontPoint& point : front_of(points)) layer.push_back(std::stoul(point.name));
    std::ranges::move(by_accuracy(results, layer), std::back_inserter(order));
    std::erase_if(positions, [&](size_t i) { return std::ranges::count(layer, i) > 0; });
  }
  return order;
}

}  // namespace

std::string Candidate::name() const {
  return fmt::format("{}-{}-{}x{}", architecture, mode, image_size[0], image_size[1]);
}

std::string Candidate::shape() const {
  return fmt::format("{}-{}x{}", architecture, image_size[0], image_size[1]);
}

json to_json(const CandidateResult& result) {
  json document{{"latency_ms", result.ms}, {"seconds", result.seconds}};
  if (!result.skipped.empty()) {
    document["skipped"] = result.skipped;
    return document;
  }
  document.update({{"float_map", result.float_map},
                   {"map", result.map},
                   {"map50", result.map50},
                   {"epochs", result.epochs},
                   {"protocol", result.protocol}});
  return document;
}

CandidateResult candidate_result_of(const json& document) {
  CandidateResult result{.ms = document.at("latency_ms")};
  result.seconds = document.at("seconds");
  if (document.contains("skipped")) {
    result.skipped = document.at("skipped");
    return result;
  }
  result.float_map = document.at("float_map");
  result.map = document.at("map"), result.map50 = document.at("map50");
  result.epochs = document.at("epochs"), result.protocol = document.at("protocol");
  return result;
}

bool is_contender(const CandidateResult& result, const std::optional<double>& max_ms) {
  return result.skipped.empty() && (!max_ms || result.ms <= *max_ms);
}

std::vector<size_t> better_half(std::span<const CandidateResult> results,
                                const std::optional<double>& max_ms) {
  std::vector<size_t> contenders;
  for (size_t i = 0; i < results.size(); ++i) {
    if (is_contender(results[i], max_ms)) contenders.push_back(i);
  }
  std::vector<size_t> order = max_ms ? by_accuracy(results, contenders) : by_front(results, contenders);
  order.resize((order.size() + 1) / 2);
  std::ranges::sort(order);
  return order;
}

int64_t epochs_before(int64_t epochs, int halvings) {
  for (int i = 0; i < halvings; ++i) epochs = (epochs + 1) / 2;
  return epochs;
}

}  // namespace y6q::pipeline
