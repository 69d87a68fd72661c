#include "pipeline/network_search.h"

#include <algorithm>
#include <numeric>

#include "base/errors.h"
#include "base/folder_lock.h"
#include "base/isa.h"
#include "base/utf8.h"
#include "pipeline/results.h"
#include "pipeline/runner.h"
#include "pipeline/share.h"

namespace y6q::pipeline {
namespace {

class NetworkSearch {
 public:
  NetworkSearch(const NetworkSearchOptions& options, stages::Run& run)
      : options_(options),
        group_(run.group()),
        run_(alone(run), run.monitor()),
        premises_(premises_of(options.common, run_)),
        share_(share_of(run.group())),
        files_(options, share_),
        lock_(files_.survey) {}

  NetworkSearchResult go() {
    const CandidateContext context{options_, files_, premises_, run_};
    run_steps(std::vector{latency_survey(context)}, {}, StepLog(files_.root), run_);
    NetworkSearchResult result{.rows = {}, .rounds = static_cast<size_t>(files_.rounds), .best = {}};
    for (const Candidate& candidate : options_.candidates) result.rows.push_back({candidate});
    std::vector<size_t> members(options_.candidates.size());
    std::iota(members.begin(), members.end(), 0);
    for (int halvings = files_.rounds - 1; halvings >= 0; --halvings) {
      for (CandidateRow& row : result.rows) row.rounds.emplace_back();
      if (halvings > 0 && members.size() < 2) continue;  // nothing to choose among
      make(context, members, halvings);
      group_.meet();
      if (!note(context, members, halvings, result)) break;
    }
    finish(result);
    if (group_.is_first()) leave(result);
    group_.meet();
    return result;
  }

 private:
  void make(const CandidateContext& context, const std::vector<size_t>& members, int halvings) {
    for (auto k = static_cast<size_t>(share_.part); k < members.size();
         k += static_cast<size_t>(share_.parts)) {
      const Candidate& candidate = options_.candidates[members[k]];
      run_.monitor().message(fmt::format("round {} of {}, candidate {} of {}: {}", files_.rounds - halvings,
                                         files_.rounds, k + 1, members.size(), candidate.name()));
      run_steps(candidate_steps(context, candidate, halvings), {}, StepLog(files_.run(candidate, halvings)),
                run_);
      say(candidate, *candidate_result(context, candidate, halvings));
    }
  }

  void say(const Candidate& candidate, const CandidateResult& result) const {
    run_.monitor().message(
        result.skipped.empty()
            ? fmt::format("{}: mAP {:.2f} in INT8, {:.2f} ms", candidate.name(), 100 * result.map, result.ms)
            : fmt::format("{}: not trained, {}", candidate.name(), result.skipped));
  }

  /// Notes the round's results and leaves its better half in `members`. False: some are still to come.
  bool note(const CandidateContext& context, std::vector<size_t>& members, int halvings,
            NetworkSearchResult& result) const {
    std::vector<CandidateResult> made;
    for (const size_t i : members) {
      auto& found = result.rows[i].rounds.back();
      found = candidate_result(context, options_.candidates[i], halvings);
      if (found) made.push_back(*found);
    }
    if (made.size() < members.size()) {
      result.unfinished = fmt::format("{} of {} candidates of round {} are still to come from other tasks",
                                      members.size() - made.size(), members.size(), files_.rounds - halvings);
      return false;
    }
    std::vector<size_t> next;
    for (const size_t k : better_half(made, options_.max_ms)) next.push_back(members[k]);
    if (halvings > 0) members = std::move(next);
    return !members.empty();
  }

  void finish(NetworkSearchResult& result) const {
    result.engine = run_.options().engine;
    result.isa = kernel_isa().name();
    result.skipped = run_.skipped();
    if (!result.unfinished.empty()) return;
    for (size_t i = 0; i < result.rows.size(); ++i) {
      const auto& rounds = result.rows[i].rounds;
      if (!rounds.back() || !is_contender(*rounds.back(), options_.max_ms)) continue;
      if (!result.best || rounds.back()->map > result.rows[*result.best].rounds.back()->map) result.best = i;
    }
  }

  void leave(const NetworkSearchResult& result) const {
    if (result.best) {
      const fs::path run = files_.run(options_.candidates[*result.best], 0);
      const auto copy = [&](const fs::path& from, const char* to) {
        if (fs::exists(run / from)) write_file(files_.root / to, read_file(run / from));
      };
      copy("search/scales.json", "scales.json");
      copy("export/engine.onnx", "best.onnx");
      copy("float/best.safetensors", "best.safetensors");
    }
    write_file(files_.root / "search.json", json_text(search_document(result, options_), 2) + "\n");
    write_file(files_.root / "report.html", report::to_html(search_page(result, options_)));
  }

  const NetworkSearchOptions& options_;
  dist::Group& group_;
  stages::Run run_;
  const Premises premises_;
  const dist::Share share_;
  const NetworkSearchFiles files_;
  const FolderLock lock_;
};

}  // namespace

const CandidateResult* CandidateRow::last() const {
  const auto found =
      std::find_if(rounds.rbegin(), rounds.rend(), [](const auto& made) { return made.has_value(); });
  return found == rounds.rend() ? nullptr : &**found;
}

NetworkSearchResult search_networks(const NetworkSearchOptions& options, stages::Run& run) {
  return NetworkSearch(options, run).go();
}

}  // namespace y6q::pipeline
