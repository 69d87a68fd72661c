#include "data/image_store.h"

#include "base/errors.h"
#include "image/decode.h"

namespace y6q::data {

ImageStore::ImageStore(const Dataset& dataset, const ImageStoreOptions& options)
    : dataset_(dataset),
      options_(options),
      free_bytes_(options.cache_bytes),
      images_(options.cache_bytes > 0 ? dataset.images.size() : 0) {}

ImageStore::Handle ImageStore::get(int64_t index) {
  const auto slot = static_cast<size_t>(index);
  Handle handle;
  if (!images_.empty()) {
    const std::lock_guard lock(mutex_);
    handle.cached_ = images_[slot].get();
  }
  if (handle.cached_) return handle;

  const ImageRecord& record = dataset_.images[slot];
  image::Image decoded = image::decode_file(record.path);
  if (decoded.height != record.height || decoded.width != record.width) {
    throw InputError("data: {}: size is now {} x {}, but was {} x {} when the data set was read; start again",
                     record.path.string(), decoded.height, decoded.width, record.height, record.width);
  }
  handle.own_ = image::resize_to_fit(std::move(decoded), options_.fit, {.augmenting = options_.augmenting});

  const auto bytes = static_cast<int64_t>(handle.own_.pixels.size());
  const std::lock_guard lock(mutex_);
  if (images_.empty() || bytes > free_bytes_) return handle;
  if (!images_[slot]) {
    images_[slot] = std::make_unique<const image::Image>(std::move(handle.own_));
    free_bytes_ -= bytes;
  }
  handle.cached_ = images_[slot].get();
  return handle;
}

}  // namespace y6q::data
