#pragma once

#include <map>

#include "dist/array_share.h"
#include "pipeline/candidate.h"
#include "pipeline/step_log.h"
#include "pipeline/steps.h"

namespace y6q::pipeline {

/// A search for the network that is most accurate within a latency.
struct NetworkSearchOptions {
  std::vector<Candidate> candidates;  ///< none twice
  std::optional<double> max_ms = {};  ///< that a call of the INT8 engine may take at batch 1
  int halvings = 2;                   ///< of the candidates, between rounds
  /// What all candidates have in common: training.out is the folder of the search; the epochs are those of
  /// the last round. `bench` is how latencies are measured.
  PipelineOptions common;
};

/// One more than its halvings; those that would leave no candidate are left out.
int rounds_of(const NetworkSearchOptions& options);

/// Where a search over networks keeps its files. Processes that share one each have a survey of their own.
struct NetworkSearchFiles {
  NetworkSearchFiles(const NetworkSearchOptions& options, const dist::Share& share);

  fs::path root, survey;
  int rounds;
  fs::path latencies = survey / "latencies.json";
  /// A run of the pipeline. halvings: that come after the round.
  fs::path run(const Candidate& candidate, int halvings) const;
  fs::path result(const Candidate& candidate, int halvings) const {
    return run(candidate, halvings) / "result.json";
  }
};

struct CandidateContext {
  const NetworkSearchOptions& options;
  const NetworkSearchFiles& files;
  const Premises& premises;
  const stages::Run& run;
};

/// Measures each shape's INT8 engine, all in alternation, with weights as they are drawn: what is computed
/// does not depend on them.
Step latency_survey(const CandidateContext& context);
/// Milliseconds by shape. Throws InputError where the file is not what its step wrote.
std::map<std::string, double> read_latency_survey(const fs::path& path);

/// The candidate's run of the pipeline in the round that `halvings` come after; in the last round that of
/// `pipeline` with the search's options.
PipelineOptions run_options(const CandidateContext& context, const Candidate& candidate, int halvings);

/// From training to the result, which is the last one. They belong to a log of their own in the run's folder.
/// A candidate that takes longer than the bound is one step: it says so, and is not trained.
std::vector<Step> candidate_steps(const CandidateContext& context, const Candidate& candidate, int halvings);

/// Of the search's folder, whoever has made it; nothing where there is none, or of other options or files.
/// Throws InputError where the file is not what its step wrote.
std::optional<CandidateResult> candidate_result(const CandidateContext& context, const Candidate& candidate,
                                                int halvings);

}  // namespace y6q::pipeline
