#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/dataset.h"
#include "data/recipe.h"
#include "detect/placement.h"

namespace y6q::data {

/// One row of a batch's targets, as YOLOv6 collates them (spec/02 §2.10).
struct Target {
  int64_t image = 0;  ///< position in the batch
  int64_t label = 0;
  float cx = 0, cy = 0, w = 0, h = 0;  ///< fractions of the batch's width and height
};

using detect::Placement;

struct Batch {
  int64_t number = 0;  ///< in its epoch, from 0
  int64_t count = 0, height = 0, width = 0;
  int64_t whole_count = 0;      ///< of the batch that this is a share of (see Sharing), else count
  std::vector<uint8_t> images;  ///< [count, 3, height, width], RGB planes
  std::vector<Target> targets;
  std::vector<int64_t> records;       ///< position in Dataset::images of each slot
  std::vector<Placement> placements;  ///< empty for augmented batches
};

/// How several processes work on one epoch. What a sample is does not depend on it.
enum class Sharing {
  within_batches,  ///< each takes its contiguous share of every batch, which may be empty
  whole_batches,   ///< they take batches in turn
};

struct LoaderOptions {
  int64_t batch_size = 32;
  int64_t image_height = 640, image_width = 640;
  bool shuffle = false;
  bool rectangular = false;      ///< batches of similar aspect, padded least (spec/02 §2.9)
  double rectangular_pad = 0.5;  ///< in strides
  int64_t stride = 32;
  int64_t shrink = 0;    ///< pixels by which images stay smaller than their batch (spec/05 §8.1)
  bool augment = false;  ///< false: letterbox only
  AugmentRecipe recipe{};
  uint64_t seed = 0;
  int workers = 2;                         ///< threads that prepare batches; the result does not depend on it
  int prefetch = 2;                        ///< finished batches kept ahead of the consumer
  int64_t cache_bytes = int64_t{2} << 30;  ///< decoded images kept in memory, 0: none
  Sharing sharing = Sharing::within_batches;
  int64_t part = 0, parts = 1;  ///< this process, of so many
};

/// Batches of one data set, epoch by epoch. Sample i of epoch e draws its random numbers from the stream
/// (seed, e, position), so an epoch can be entered anywhere after a restart.
class Loader {
 public:
  Loader(const Dataset& dataset, const LoaderOptions& options);
  ~Loader();
  /// Of all processes together.
  int64_t batches_per_epoch() const;
  /// Starts preparing an epoch from its batch `first_batch` on; drops what was prepared before.
  void start_epoch(int64_t epoch, int64_t first_batch = 0);
  /// The next batch of the epoch, or this process' share of it, or nothing at its end. Rethrows what a worker
  /// threw.
  std::optional<Batch> next();
  /// Replaces the augmentation from the next start_epoch on (strong augmentation off near the end).
  void set_recipe(const AugmentRecipe& recipe);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace y6q::data
