#include "train/loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "base/busy_cores.h"
#include "base/duration.h"
#include "base/errors.h"
#include "eager/device.h"
#include "train/learner.h"

namespace y6q::train {
namespace {

/// " classes 0.512, iou 0.341": the terms that are used.
std::string shown(const LossTerms& losses) {
  std::string text;
  for (const LossTerm& term : kLossTerms) {
    if (losses.*term.value == 0) continue;
    text += fmt::format("{} {} {:.3f}", text.empty() ? "" : ",", term.name, losses.*term.value);
  }
  return text;
}

/// What the first lines of two recipes, "# NETWORK on DATA", differ in; empty: in nothing.
std::string other_subject(const std::string& was, const std::string& now) {
  const auto subject = [](const std::string& recipe) { return recipe.substr(0, recipe.find('\n')); };
  const auto network = [&](const std::string& recipe) {
    const std::string line = subject(recipe);
    return line.starts_with("# ") ? line.substr(2, line.find(" on ") - 2) : line;
  };
  if (network(was) != network(now)) return fmt::format("network ({}, now {})", network(was), network(now));
  return subject(was) == subject(now) ? "" : "data set";
}

class Run {
 public:
  Run(const Training& training, data::Loader& loader, const TrainRecipe& recipe, const TrainContext& context)
      : start_(training.start),
        loader_(loader),
        recipe_(recipe),
        context_(context),
        schedule_(schedule_options(recipe, loader.batches_per_epoch())),
        group_(*context.group),
        learner_(training, recipe, schedule_.weight_decay(), group_, eager::open_device(context.device)),
        reads_late_(context.device != "cpu" && group_.is_alone()) {
    state_.recipe = "# " + context.subject + "\n" + to_yaml(recipe);
    if (context.resume && !context.state_file.empty() && fs::exists(context.state_file)) restore();
    if (context.on_start) context.on_start(progress().iteration);
    first_iteration_ = progress().iteration;
  }

  TrainResult finish() {
    while (progress().epoch < recipe_.epochs && !out_of_patience()) {
      run_epoch();
      close_epoch();
    }
    TrainResult result;
    result.last = learner_.model();
    result.best = start_;
    if (state_.best.empty()) {
      result.best = result.last;
    } else {
      for (auto& [name, array] : result.best.weights) array = state_.best.at(name);
    }
    result.best_map = progress().best_map;
    result.best_epoch = progress().best_epoch;
    result.history = progress().history;
    return result;
  }

 private:
  Progress& progress() { return state_.progress; }

  bool out_of_patience() {
    const int64_t done = progress().epoch, best = progress().best_epoch + 1;
    if (recipe_.patience == 0 || best == 0 || progress().batch > 0 || done - best < recipe_.patience)
      return false;
    context_.monitor->message(
        fmt::format("train: no better mAP since epoch {}, {} epochs ago: the run ends here (patience: {})",
                    best, done - best, recipe_.patience));
    return true;
  }

  void restore() {
    TrainState state = read_state(context_.state_file);
    accept_recipe_of(state);
    if (state.progress.epoch > recipe_.epochs || state.progress.batch > loader_.batches_per_epoch() ||
        (!state.best.empty() && state.best.size() != start_.weights.size())) {
      throw InputError("training state: {} does not fit the data or the model; remove the file to start anew",
                       context_.state_file.string());
    }
    learner_.restore(state);
    state.recipe = state_.recipe;
    state_ = std::move(state);
    drop_copies();
  }

  /// More epochs are the one change that a run accepts.
  void accept_recipe_of(const TrainState& state) const {
    if (state.recipe == state_.recipe) return;
    const std::vector<std::string> changed = differences(state.recipe, state_.recipe);
    const std::string other = other_subject(state.recipe, state_.recipe);
    if (other.empty() && changed.empty()) return;
    if (!other.empty() || changed.size() != 1 || !changed[0].starts_with("epochs:")) {
      throw InputError(
          "training state: {} was written with another {}{}; use the same, or remove the file to start anew",
          context_.state_file.string(), other.empty() ? "recipe" : other,
          changed.empty() ? "" : fmt::format(" ({})", fmt::join(changed, "; ")));
    }
    context_.monitor->message(fmt::format(
        "train: goes on after {} epochs ({}): the learning rate follows the new run's course from there, "
        "{:.3g}",
        state.progress.epoch, changed[0], schedule_.at(state.progress.iteration, state.progress.epoch).lr));
  }

  void run_epoch() {
    const int64_t batches = loader_.batches_per_epoch();
    const bool strong = progress().epoch < recipe_.epochs - calm_epochs(recipe_);
    loader_.set_recipe(strong ? recipe_.augment : data::without_strong(recipe_.augment));
    loader_.start_epoch(progress().epoch, progress().batch);
    context_.monitor->begin(fmt::format("epoch {}/{}", progress().epoch + 1, recipe_.epochs), batches,
                            "batches");
    started_ = std::chrono::steady_clock::now();
    processors_ = processor_time();
    images_ = 0;
    waited_ = {};
    while (const auto batch = next_batch()) run_batch(*batch, batches);
    context_.monitor->end();
  }

  std::optional<data::Batch> next_batch() {
    const auto asked = std::chrono::steady_clock::now();
    auto batch = loader_.next();
    waited_ += std::chrono::steady_clock::now() - asked;
    return batch;
  }

  /// Said where it is worth doing something about: a network that waits could learn faster.
  std::string shown_waiting(std::chrono::duration<double> elapsed) const {
    constexpr double kWorthSaying = 0.1;
    const double share = waited_ / elapsed;
    return share < kWorthSaying
               ? ""
               : fmt::format(" ({:.0f} % of the time waiting for images: more --workers may help)",
                             100 * share);
  }

  /// Threads share each layer's work equally and wait for each other: one on a busy core holds up all.
  std::string shown_neighbours(std::chrono::duration<double> elapsed) const {
    constexpr double kShortest = 2;  // seconds; /proc/stat counts hundredths
    const auto now = processor_time();
    if (!processors_ || !now || !group_.is_alone() || elapsed.count() < kShortest) return "";
    const double others = busy_with_others(*processors_, *now, elapsed.count());
    const double left = now->processors - others;
    const int threads = at::get_num_threads();
    if (threads == 1 || left > threads - 0.5) return "";
    return fmt::format(" (other programs use {:.1f} of {} cores: --threads {} may be faster)", others,
                       now->processors, std::max(1, static_cast<int>(left + 0.5)));
  }

  void run_batch(const data::Batch& batch, int64_t batches) {
    const StepSettings settings = schedule_.at(progress().iteration, progress().epoch);
    const bool steps = accumulation_.add(settings.accumulate, progress().batch + 1 == batches);
    Learnt learnt{learner_.learn(batch, progress().epoch, steps), progress().iteration, progress().epoch,
                  progress().batch, settings.lr};
    if (!reads_late_) read(learnt);
    ++progress().batch;
    ++progress().iteration;
    images_ += batch.whole_count;
    if (steps) learner_.step(settings);
    if (reads_late_) {
      read_last();
      last_ = std::move(learnt);
    }
    context_.monitor->advance(progress().batch,
                              fmt::format("loss {:.3f}, run {} left", shown_loss_, time_left()));
    // Only between steps, so that no pending gradients have to be saved; the end of an epoch is near anyway.
    if (steps && progress().batch < batches && stop_asked_) stop();
  }

  /// A batch whose loss is not known yet.
  struct Learnt {
    PendingTerms terms;
    int64_t iteration, epoch, batch;
    double lr;
  };

  void read(const Learnt& learnt) {
    const auto [terms, stop_asked] = of_all(learnt.terms.wait());
    if (!std::isfinite(terms.total())) {
      throw GoalMissed(
          "train: the loss is {} in epoch {}, batch {}; lower lr0 or lengthen the warm-up, or set bf16: off "
          "in the recipe",
          terms.total(), learnt.epoch + 1, learnt.batch + 1);
    }
    progress().sums += terms;
    shown_loss_ = terms.total();
    stop_asked_ = stop_asked;
    if (context_.on_iteration) context_.on_iteration({learnt.iteration, learnt.epoch, terms, learnt.lr});
  }

  /// Before anything that counts on all batches being in the sums.
  void read_last() {
    if (const auto last = std::exchange(last_, std::nullopt)) read(*last);
  }

  /// Of the whole run at its pace until now, evaluations included.
  std::string time_left() const {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - run_started_;
    const int64_t done = state_.progress.iteration - first_iteration_,
                  all = recipe_.epochs * loader_.batches_per_epoch();
    return duration_text(elapsed.count() / static_cast<double>(std::max<int64_t>(1, done)) *
                         static_cast<double>(all - state_.progress.iteration));
  }

  struct Answer {
    LossTerms terms;
    bool stop_asked;
  };
  /// The batch's terms, and whether any process was asked to stop: all go on or none.
  Answer of_all(const LossTerms& mine) {
    std::vector<double> values;
    for (const LossTerm& term : kLossTerms) values.push_back(mine.*term.value);
    values.push_back(context_.monitor->stop_requested() ? 1 : 0);
    group_.sum(values);
    Answer answer{{}, values.back() > 0};
    for (size_t i = 0; i < kLossTerms.size(); ++i) answer.terms.*kLossTerms[i].value = values[i];
    return answer;
  }

  void close_epoch() {
    read_last();
    const auto batches = static_cast<double>(loader_.batches_per_epoch());
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
    EpochRow row{progress().epoch,
                 progress().sums.over(batches),
                 schedule_.at(progress().iteration - 1, progress().epoch).lr,
                 {},
                 static_cast<double>(images_) / std::max(elapsed.count(), 1e-9)};
    const std::string neighbours = shown_neighbours(elapsed);
    row.map = evaluated();
    progress().history.push_back(row);
    if (context_.on_epoch) context_.on_epoch(row);
    context_.monitor->message(fmt::format("epoch {}/{}: loss{}{}, {:.1f} images/s{}{}", row.epoch + 1,
                                          recipe_.epochs, shown(row.losses),
                                          row.map ? fmt::format(", mAP {:.2f}", 100 * *row.map) : "",
                                          row.images_per_s, shown_waiting(elapsed), neighbours));
    ++progress().epoch;
    progress().batch = 0;
    progress().sums = {};
    save();
    if (progress().epoch < recipe_.epochs && group_.any(context_.monitor->stop_requested())) stop();
  }

  std::optional<double> evaluated() {
    const int64_t done = progress().epoch + 1;
    const bool due = done % recipe_.eval_interval == 0 || done == recipe_.epochs;
    if (!context_.evaluate || !due) return {};
    ir::Model model = learner_.model();
    const double map = map_of(model);
    if (map >= progress().best_map) {
      progress().best_map = map;
      progress().best_epoch = progress().epoch;
      state_.best = std::move(model.weights);
    }
    return map;
  }

  /// An epoch that is trained but not evaluated is a state as any other: all of its batches are done.
  double map_of(const ir::Model& model) {
    try {
      return context_.evaluate(model);
    } catch (const Interrupted&) {
      stop();
    }
  }

  void save() {
    if (!group_.is_first()) return;
    if (!context_.history_csv.empty()) write_file(context_.history_csv, history_csv(progress().history));
    if (context_.state_file.empty()) return;
    learner_.save(state_);
    write_state(context_.state_file, state_);
    drop_copies();
  }

  /// What the learner holds anyway.
  void drop_copies() {
    state_.weights.clear();
    state_.momentum.clear();
    state_.average.clear();
  }

  [[noreturn]] void stop() {
    read_last();
    save();
    group_.meet();  // a scheduler may end a job when its first process has gone
    throw Interrupted("train: stopped after {} of {} epochs and {} batches; {}", progress().epoch,
                      recipe_.epochs, progress().batch,
                      context_.state_file.empty() ? "nothing was saved"
                                                  : "the same command goes on (train: with --resume)");
  }

  const ir::Model& start_;
  data::Loader& loader_;
  const TrainRecipe& recipe_;
  const TrainContext& context_;
  Schedule schedule_;
  dist::Group& group_;
  Learner learner_;
  TrainState state_;
  Accumulation accumulation_;
  /// A device would be idle if the host waited for each loss before it starts the next batch.
  const bool reads_late_;
  std::optional<Learnt> last_;  // where they are read late
  double shown_loss_ = 0;
  bool stop_asked_ = false;
  int64_t images_ = 0;  // of this epoch since started_
  std::chrono::steady_clock::time_point started_, run_started_ = std::chrono::steady_clock::now();
  int64_t first_iteration_ = 0;              // of this process
  std::chrono::duration<double> waited_{};   // of this epoch, for batches
  std::optional<ProcessorTime> processors_;  // when this epoch began
};

}  // namespace

TrainResult train(const Training& training, data::Loader& loader, const TrainRecipe& recipe,
                  const TrainContext& context) {
  return Run(training, loader, recipe, context).finish();
}

}  // namespace y6q::train
