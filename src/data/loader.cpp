#include "data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "base/errors.h"
#include "data/image_store.h"
#include "data/rectangular.h"
#include "data/training_sample.h"
#include "image/colour.h"

namespace y6q::data {
namespace {

void check_options(const Dataset& dataset, const LoaderOptions& options) {
  if (dataset.images.empty()) throw InputError("data: the data set holds no images");
  if (options.batch_size < 1 || options.image_height < 1 || options.image_width < 1 || options.stride < 1) {
    throw UsageError("data: batch size {}, image size {} x {} and stride {} must be positive",
                     options.batch_size, options.image_height, options.image_width, options.stride);
  }
  if (options.shrink < 0 || options.shrink >= std::min(options.image_height, options.image_width)) {
    throw UsageError("data: images {} pixels smaller than {} x {}; 0 or more are accepted, fewer than a side",
                     options.shrink, options.image_height, options.image_width);
  }
  if (options.parts < 1 || options.part < 0 || options.part >= options.parts) {
    throw InternalError("data: part {} of {}", options.part, options.parts);
  }
  if (options.rectangular && (options.shuffle || options.augment)) {
    throw UsageError("data: rectangular batches are in order of aspect; turn shuffling and augmentation off");
  }
}

image::Size fit_of(const LoaderOptions& options) {
  const int64_t longer = std::max(options.image_height, options.image_width);
  return options.rectangular ? image::Size{longer, longer}
                             : image::Size{options.image_height, options.image_width};
}

/// What images are scaled to before they are centred in their batch.
image::Size content_of(const LoaderOptions& options) {
  const image::Size fit = fit_of(options);
  return {fit.height - options.shrink, fit.width - options.shrink};
}

void append_targets(Batch& batch, int64_t slot, const Sample& sample) {
  const auto width = static_cast<double>(batch.width), height = static_cast<double>(batch.height);
  for (const PixelLabel& box : sample.labels) {
    batch.targets.push_back({slot, box.label, static_cast<float>((box.x1 + box.x2) / 2 / width),
                             static_cast<float>((box.y1 + box.y2) / 2 / height),
                             static_cast<float>((box.x2 - box.x1) / width),
                             static_cast<float>((box.y2 - box.y1) / height)});
  }
}

}  // namespace

struct Loader::State {
  const Dataset& dataset;
  LoaderOptions options;
  ImageStore store;
  RectangularPlan rectangular;

  // One epoch. What workers read is written before they start.
  int64_t epoch = 0;
  std::vector<int64_t> order;
  AugmentRecipe next_recipe;

  std::mutex mutex;
  std::condition_variable changed;
  int64_t next_to_prepare = 0, next_to_give = 0;
  bool stop = false;
  std::map<int64_t, Batch> ready;
  std::exception_ptr error;
  std::vector<std::jthread> workers;

  State(const Dataset& data, const LoaderOptions& settings)
      : dataset(data),
        options(settings),
        store(data, {.fit = content_of(settings),
                     .augmenting = settings.augment,
                     .cache_bytes = settings.cache_bytes}),
        next_recipe(settings.recipe) {
    if (!options.rectangular) return;
    std::vector<image::Size> sizes;
    for (const ImageRecord& record : data.images) sizes.push_back({record.height, record.width});
    rectangular = plan_rectangular(sizes, {.image_size = fit_of(settings).height,
                                           .batch_size = settings.batch_size,
                                           .stride = settings.stride,
                                           .pad = settings.rectangular_pad});
  }
  ~State() { halt(); }

  /// From one of this process' batches to its next.
  int64_t step() const { return options.sharing == Sharing::whole_batches ? options.parts : 1; }

  int64_t batch_count() const {
    return (static_cast<int64_t>(dataset.images.size()) + options.batch_size - 1) / options.batch_size;
  }

  void halt() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    workers.clear();
  }

  void set_order() {
    order.resize(dataset.images.size());
    std::iota(order.begin(), order.end(), 0);
    if (options.rectangular) order = rectangular.order;
    if (options.shuffle) Random(options.seed, epoch).shuffle(std::span<int64_t>(order));
  }

  /// The first of this process' batches from `number` on.
  int64_t mine_from(int64_t number) const {
    while (number % step() != options.part % step()) ++number;
    return number;
  }

  void fill_slot(Batch& batch, int64_t slot, int64_t position) {
    const int64_t index = order[static_cast<size_t>(position)];
    const SampleSource source{dataset, store, {batch.height, batch.width}};
    Sample sample;
    if (options.augment) {
      Random random(options.seed, epoch, position);
      sample = augmented_sample(source, index, options.recipe, random);
    } else {
      PlacedSample placed = letterboxed_sample(source, index);
      batch.placements.push_back(placed.placement);
      sample = std::move(placed.sample);
      clip_labels(sample);
    }
    batch.records.push_back(index);
    append_targets(batch, slot, sample);
    const auto bytes = static_cast<size_t>(3 * batch.height * batch.width);
    image::to_rgb_planes(sample.image,
                         std::span(batch.images).subspan(static_cast<size_t>(slot) * bytes, bytes));
  }

  Batch prepare(int64_t number) {
    int64_t first = number * options.batch_size;
    Batch batch;
    batch.number = number;
    batch.count = batch.whole_count =
        std::min(options.batch_size, static_cast<int64_t>(order.size()) - first);
    if (options.sharing == Sharing::within_batches) {
      const int64_t before = batch.whole_count * options.part / options.parts;
      batch.count = batch.whole_count * (options.part + 1) / options.parts - before;
      first += before;
    }
    const image::Size size =
        options.rectangular ? rectangular.shapes[static_cast<size_t>(number)] : fit_of(options);
    batch.height = size.height;
    batch.width = size.width;
    batch.images.resize(static_cast<size_t>(batch.count * 3 * batch.height * batch.width));
    for (int64_t slot = 0; slot < batch.count; ++slot) fill_slot(batch, slot, first + slot);
    return batch;
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      const int64_t ahead = std::max(1, options.prefetch);
      changed.wait(lock, [&] {
        return stop || error || next_to_prepare >= batch_count() ||
               next_to_prepare < next_to_give + ahead * step();
      });
      if (stop || error || next_to_prepare >= batch_count()) return;
      const int64_t number = next_to_prepare;
      next_to_prepare += step();
      lock.unlock();
      Batch batch;
      std::exception_ptr failure;
      try {
        batch = prepare(number);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure && !error) error = failure;
      if (!failure) ready.emplace(number, std::move(batch));
      changed.notify_all();
    }
  }
};

Loader::Loader(const Dataset& dataset, const LoaderOptions& options) {
  check_options(dataset, options);
  state_ = std::make_unique<State>(dataset, options);
}

Loader::~Loader() = default;

int64_t Loader::batches_per_epoch() const { return state_->batch_count(); }

void Loader::set_recipe(const AugmentRecipe& recipe) { state_->next_recipe = recipe; }

void Loader::start_epoch(int64_t epoch, int64_t first_batch) {
  State& state = *state_;
  state.halt();
  state.stop = false;
  state.error = nullptr;
  state.ready.clear();
  state.epoch = epoch;
  state.options.recipe = state.next_recipe;
  state.next_to_prepare = state.next_to_give = state.mine_from(first_batch);
  state.set_order();
  for (int i = 0; i < std::max(1, state.options.workers); ++i)
    state.workers.emplace_back([&state] { state.work(); });
}

std::optional<Batch> Loader::next() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  if (state.workers.empty() || state.next_to_give >= state.batch_count()) return std::nullopt;
  state.changed.wait(lock, [&] { return state.error || state.ready.contains(state.next_to_give); });
  const auto found = state.ready.find(state.next_to_give);
  if (found == state.ready.end()) std::rethrow_exception(state.error);
  std::optional<Batch> batch = std::move(found->second);
  state.ready.erase(found);
  state.next_to_give += state.step();
  state.changed.notify_all();
  return batch;
}

}  // namespace y6q::data
