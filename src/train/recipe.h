#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/recipe.h"
#include "train/schedule.h"

namespace y6q::data {
struct YamlEntry;
}

namespace y6q::train {

inline constexpr int64_t kMostEpochs = 1'000'000, kLargestBatch = 65536;

/// All settings of a training run; what the recipe files under recipes/ say. Keys are the members' names.
struct TrainRecipe {
  int64_t epochs = 400, batch_size = 32;
  double lr0 = 0.01, lrf = 0.01;  ///< first rate, and the last one as a share of it
  double momentum = 0.937, weight_decay = 5e-4;
  double warmup_epochs = 3;  ///< 0: no warm-up
  int64_t warmup_min_iterations = 1000;
  double warmup_momentum = 0.8, warmup_bias_lr = 0.1;
  int64_t nominal_batch = 64;  ///< accumulate gradients to about so many images; 0: a step each iteration
  int64_t reference_batch =
      0;  ///< lr0 holds for so many images and is scaled by batch_size over it; 0: as given
  std::string iou_type = "giou";         ///< giou, diou, ciou, siou
  int64_t atss_warmup_epochs = 4;        ///< epochs before TAL takes over the assignment
  int64_t stop_strong_last_epochs = 15;  ///< without mosaic and mixup
  int64_t eval_interval = 10;            ///< epochs from one evaluation to the next; the last one always is
  int64_t patience = 0;  ///< epochs without a better mAP after which a run ends; 0: it runs to its end
  /// Parameters that do not learn: patterns of their names, as a shell has them ("backbone.*").
  std::vector<std::string> freeze;
  double distill_feature_weight = 10;  ///< with a teacher: of the neck's maps; 0: off
  double distill_class_weight = 1;     ///< with a teacher: of class scores; 0: off
  double distill_temperature = 20;     ///< of class distillation
  bool sync_bn =
      false;           ///< batch statistics over the images of all processes, by one algorithm for any number
  bool labels = true;  ///< QAT; false: what the teacher detects is learnt, not the labels
  bool learn_ranges = false;      ///< QAT: ranges of activations learn, too
  int64_t correction_epochs = 0;  ///< last ones, in which only gains, biases and ranges learn
  bool ema = true;                ///< false: evaluate and keep the raw weights
  std::string bf16 = "auto";      ///< auto, on, off
  uint64_t seed = 0;
  data::AugmentRecipe augment;  ///< a map under the key `augment`
  bool operator==(const TrainRecipe&) const = default;
};

/// All settings but those of `augment` (data::augment_fields), in the order of the struct.
const std::vector<Field<TrainRecipe>>& recipe_fields();

/// YAML map of such keys; what is absent keeps the value it has in `defaults`. origin: stands in messages.
/// Throws InputError naming the line, what was found and what is accepted.
TrainRecipe parse_train_recipe(const std::string& yaml, const std::string& origin,
                               const TrainRecipe& defaults = {});
/// The same of one map of a larger document.
TrainRecipe parse_train_recipe(const data::YamlEntry& map, const std::string& origin,
                               const TrainRecipe& defaults = {});

/// What parse_train_recipe reads back to the same values; all keys, in the order of the struct.
std::string to_yaml(const TrainRecipe& recipe);

/// What differs between two texts of to_yaml, one line each: "lr0: 0.01, now 0.02". A setting that `before`
/// is older than has its default there.
std::vector<std::string> differences(const std::string& before, const std::string& now);

ScheduleOptions schedule_options(const TrainRecipe& recipe, int64_t iterations_per_epoch);

/// Epochs at the end that run without mosaic and mixup: stop_strong_last_epochs, but never more than a third
/// of the run. (With as many as the run has epochs, the reference never stops them; stopping at once would
/// train without them.)
int64_t calm_epochs(const TrainRecipe& recipe);

}  // namespace y6q::train
