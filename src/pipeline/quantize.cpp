#include "pipeline/quantize.h"

#include <chrono>
#include <utility>

#include "base/errors.h"
#include "base/folder_lock.h"
#include "base/isa.h"
#include "base/number_text.h"
#include "base/utf8.h"
#include "checkpoint/convert.h"
#include "pipeline/runner.h"
#include "pipeline/share.h"
#include "stages/qat.h"

namespace y6q::pipeline {
namespace {

/// Asks to stop when the time is used up, too; everything else is the outer one's.
class BudgetMonitor : public Monitor {
 public:
  explicit BudgetMonitor(Monitor& outer) : outer_(outer) {}
  void start(double seconds) { end_ = Clock::now() + std::chrono::duration<double>(seconds); }
  bool is_used_up() const { return end_ && Clock::now() >= *end_; }
  void begin(std::string_view task, int64_t total, std::string_view unit) override {
    outer_.begin(task, total, unit);
  }
  void advance(int64_t done, std::string_view status) override { outer_.advance(done, status); }
  void end() override { outer_.end(); }
  void message(std::string_view line) override { outer_.message(line); }
  void warning(std::string_view line) override { outer_.warning(line); }
  bool stop_requested() const override { return outer_.stop_requested() || is_used_up(); }

 private:
  using Clock = std::chrono::steady_clock;
  Monitor& outer_;
  std::optional<std::chrono::time_point<Clock, std::chrono::duration<double>>> end_;
};

class Search {
 public:
  Search(const QuantizeOptions& options, stages::Run& run)
      : options_(options),
        group_(run.group()),
        outer_(run.monitor()),
        monitor_(outer_),
        run_(alone(run), monitor_),
        share_(share_of(run.group())),
        files_(options.out, share_),
        lock_(files_.survey),
        log_(options.out) {}

  QuantizeResult go() {
    premises_ = premises();
    const SearchContext context{options_, files_, premises_, run_};
    run_steps(survey_steps(context), {}, log_, run_);
    const std::vector<double> errors = read_survey(files_.errors);
    const ptq::RangeOptions best = best_ranges(options_.ranges, errors);
    run_steps(latency_steps(context, best), {}, log_, run_);
    trials_ = trials_of(options_.ranges, errors);
    if (options_.time_budget_s) monitor_.start(*options_.time_budget_s);
    try {
      make_trials(context, best);
    } catch (const Interrupted&) {
      if (outer_.stop_requested() || !monitor_.is_used_up())
        throw Interrupted("quantize: stopped; the same command goes on");
    }
    group_.meet();
    QuantizeResult result = conclusion(context);
    if (group_.is_first()) leave(result, context);
    group_.meet();
    return result;
  }

 private:
  SearchPremises premises() {
    const formats::ModelFile file = checkpoint::read_network({.weights = options_.weights});
    if (!file.info.scheme.empty()) {
      throw InputError("{}: is calibrated already (scheme {}); give the float model",
                       options_.weights.string(), file.info.scheme);
    }
    const data::Dataset& train_set = run_.labelled("train");
    const train::TrainRecipe recipe = stages::chosen_recipe(
        options_.qat, run_, stages::default_qat_recipe(file.info.architecture, std::ssize(train_set.images)));
    return {.train = train_set.sha256,
            .val = run_.labelled("val").sha256,
            .weights = sha256_of_file(options_.weights),
            .scales = options_.scales.empty() ? "" : sha256_of_file(options_.scales),
            .qat_recipe = train::to_yaml(recipe)};
  }

  std::vector<TrialRow> rows(const SearchContext& context) const {
    std::vector<TrialRow> rows;
    for (const Trial& trial : trials_) rows.push_back({trial, trial_result(context, trial, log_)});
    return rows;
  }

  bool is_found_before(const SearchContext& context, size_t trial) const {
    for (size_t i = 0; i < trial; ++i) {
      const auto result = trial_result(context, trials_[i], log_);
      if (result && is_inside(*result, options_.bounds)) return true;
    }
    return false;
  }

  void make_trials(const SearchContext& context, const ptq::RangeOptions& best) {
    bool is_ranked = false;  // not before somebody asks: it takes longer than a calibration
    for (auto k = static_cast<size_t>(share_.part); k < trials_.size();
         k += static_cast<size_t>(share_.parts)) {
      if (is_found_before(context, k)) return;
      if (monitor_.is_used_up()) return;
      run_.monitor().message(fmt::format("trial {} of {}: {}", k + 1, trials_.size(), trials_[k].title));
      if (trials_[k].settings.keep_float_count > 0 && !std::exchange(is_ranked, true))
        run_steps(ranking_steps(context, best), {}, log_, run_);
      run_steps(trial_steps(context, trials_[k]), {}, log_, run_);
      say(trials_[k], *trial_result(context, trials_[k], log_));
    }
  }

  void say(const Trial& trial, const TrialResult& result) const {
    run_.monitor().message(
        result.skipped.empty()
            ? fmt::format("{}: {} points to float (interval {} to {}), {:.2f} times as fast{}", trial.title,
                          signed_text(100 * result.to_float.value, 2),
                          signed_text(100 * result.to_float.low, 2),
                          signed_text(100 * result.to_float.high, 2), result.speedup,
                          is_inside(result, options_.bounds) ? ": inside the bounds" : "")
            : fmt::format("{}: not made, {}", trial.title, result.skipped));
  }

  QuantizeResult conclusion(const SearchContext& context) {
    const nlohmann::json plain = read_result(files_.float_numbers);
    QuantizeResult result{.float_map = plain.at("map"),
                          .float_map50 = plain.at("map50"),
                          .latencies = read_latencies(files_.latencies),
                          .rows = rows(context),
                          .chosen = {}};
    result.protocol = plain.at("protocol");
    result.engine = run_.options().engine;
    result.isa = kernel_isa().name();
    result.skipped = run_.skipped();
    result.chosen = choice_of(result.rows, options_.bounds);
    result.is_inside = result.chosen && is_inside(*result.rows[*result.chosen].result, options_.bounds);
    size_t missing = 0;
    const size_t end = result.is_inside ? *result.chosen : result.rows.size();
    for (size_t i = 0; i < end; ++i) missing += result.rows[i].result ? 0 : 1;
    if (missing > 0 && monitor_.is_used_up()) {
      result.unfinished =
          fmt::format("the time budget ended before {} of {} trials; the same command goes on", missing,
                      result.rows.size());
    } else if (missing > 0) {
      result.unfinished = fmt::format("{} trials of other tasks are still to come", missing);
    }
    return result;
  }

  /// Copies the chosen model and writes what was found. Tasks of an array do so whenever they end: whoever
  /// has copied looks again whether others have found something better meanwhile, so that the last one to
  /// end leaves the answer.
  void leave(QuantizeResult& result, const SearchContext& context) {
    for (std::optional<size_t> copied; result.chosen && copied != result.chosen;
         result = conclusion(context)) {
      copied = result.chosen;
      const Trial& trial = result.rows[*copied].trial;
      write_file(options_.out / "best.onnx", read_file(files_.onnx(trial)));
      write_file(options_.out / "best.safetensors", read_file(files_.model(trial)));
    }
    write_file(options_.out / "quantize.json", json_text(quantize_document(result, options_), 2) + "\n");
    write_file(options_.out / "report.html", report::to_html(quantize_page(result, options_, files_)));
  }

  const QuantizeOptions& options_;
  dist::Group& group_;
  Monitor& outer_;
  BudgetMonitor monitor_;
  stages::Run run_;
  const dist::Share share_;
  const SearchFiles files_;
  const FolderLock lock_;
  const StepLog log_;
  SearchPremises premises_;
  std::vector<Trial> trials_;
};

}  // namespace

QuantizeResult quantize(const QuantizeOptions& options, stages::Run& run) {
  check_not_an_input(options.out / "best.safetensors", {options.weights, options.scales});
  return Search(options, run).go();
}

}  // namespace y6q::pipeline
