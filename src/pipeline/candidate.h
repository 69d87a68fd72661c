#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What a search over networks chooses among.
namespace y6q::pipeline {

/// A network that could be trained.
struct Candidate {
  std::string architecture, mode;
  std::array<int64_t, 2> image_size{};  ///< height, width

  std::string name() const;  ///< unique in a search, fit for a folder: "yolov6n-repopt-320x320"
  /// What its latency depends on: the modes leave the same layers when they are merged.
  std::string shape() const;  ///< "yolov6n-320x320"
  bool operator==(const Candidate&) const = default;
};

/// What a candidate came to in a round.
struct CandidateResult {
  std::string skipped{};      ///< not empty: it was not trained, and why; all but ms is 0 then
  double ms = 0;              ///< median of a call of its INT8 engine at batch 1, known before it is trained
  double float_map = 0;       ///< of the float network on val, 0..1
  double map = 0, map50 = 0;  ///< of the INT8 engine
  int64_t epochs = 0;
  std::string protocol{};
  double seconds = 0;  ///< that the round took for it
};
nlohmann::json to_json(const CandidateResult& result);
/// Throws nlohmann::json::exception.
CandidateResult candidate_result_of(const nlohmann::json& document);

/// Trained, and where there is a bound inside it.
bool is_contender(const CandidateResult& result, const std::optional<double>& max_ms);

/// A round of successive halving (Jamieson and Talwalkar 2016, arXiv 1502.07943): positions of those that go
/// on, half of the contenders, rounded up, in their order. With a bound of latency these are the most
/// accurate ones. Without one accuracy alone would leave the slow: first come those than which none is at
/// least as fast and as accurate, then those than which none of the others is, and so on, and of a layer that
/// is cut the most accurate.
std::vector<size_t> better_half(std::span<const CandidateResult> results,
                                const std::optional<double>& max_ms);

/// Epochs of a round that so many halvings come after: half of them each, rounded up.
int64_t epochs_before(int64_t epochs, int halvings);

}  // namespace y6q::pipeline
