#include "ptq/calibration_batches.h"

#include <algorithm>

#include "base/errors.h"

namespace y6q::ptq {

void for_calibration_batches(const data::Dataset& dataset, const CalibrationImages& images,
                             std::string_view task, Monitor& monitor,
                             const std::function<void(const data::Batch& batch, int64_t count)>& look) {
  data::Loader loader(dataset, {.batch_size = images.batch_size,
                                .image_height = images.image_size[0],
                                .image_width = images.image_size[1],
                                .shuffle = true,
                                .seed = images.seed,
                                .workers = images.workers,
                                .cache_bytes = 0});
  const int64_t wanted = std::min(images.count, static_cast<int64_t>(dataset.images.size()));
  monitor.begin(task, wanted, "images");
  loader.start_epoch(0);
  for (int64_t seen = 0; seen < wanted;) {
    const auto batch = loader.next();
    if (!batch) break;
    if (monitor.stop_requested()) throw Interrupted("stopped; the same command starts it anew");
    const int64_t count = std::min(batch->count, wanted - seen);
    look(*batch, count);
    seen += count;
    monitor.advance(seen, "");
  }
  monitor.end();
}

}  // namespace y6q::ptq
