#pragma once

#include "pipeline/candidate_steps.h"
#include "report/html.h"

namespace y6q::pipeline {

/// A candidate in the rounds that it took part in.
struct CandidateRow {
  Candidate candidate;
  std::vector<std::optional<CandidateResult>> rounds{};  ///< as many as begun; nothing: out, or not made yet
  const CandidateResult* last() const;                   ///< null: none was made
};

struct NetworkSearchResult {
  std::vector<CandidateRow> rows;  ///< all candidates
  size_t rounds = 0;               ///< of the whole search
  std::optional<size_t> best;      ///< position of the most accurate of the last round inside the bound
  /// What keeps the search from its answer, in a sentence; empty: nothing does.
  std::string unfinished{};
  engine::Kind engine = engine::kDefaultKind;
  std::string isa{};
  int64_t skipped = 0;  ///< broken samples that were left out
};

/// Trains the candidates by successive halving and judges their INT8 engines on val; leaves the best one as
/// out/best.safetensors (float), out/best.onnx (INT8) and, where it has them, out/scales.json, with
/// search.json and report.html. Each candidate in a round is a run of the pipeline in a folder of its own. A
/// killed search goes on. Processes of a job and tasks of a Slurm array share each round: candidate k of it
/// belongs to process k modulo their number. Processes of a job wait for each other between rounds; a task
/// ends where the others have not come yet. Throws InputError and UsageError as the pipeline does, UsageError
/// when another process does the same part.
NetworkSearchResult search_networks(const NetworkSearchOptions& options, stages::Run& run);

/// One line a candidate.
report::Table search_table(const NetworkSearchResult& result, const NetworkSearchOptions& options);
/// What was found, in one paragraph.
std::string search_verdict(const NetworkSearchResult& result, const NetworkSearchOptions& options);
/// search.json (docs/reference/summary.md).
nlohmann::json search_document(const NetworkSearchResult& result, const NetworkSearchOptions& options);
report::Page search_page(const NetworkSearchResult& result, const NetworkSearchOptions& options);

/// Throws GoalMissed when the search is finished and no candidate is inside the bound.
void require_found(const NetworkSearchResult& result, const NetworkSearchOptions& options);

}  // namespace y6q::pipeline
