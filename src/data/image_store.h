#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "data/dataset.h"
#include "image/resize.h"

namespace y6q::data {

struct ImageStoreOptions {
  image::Size fit{640, 640};  ///< images are resized to fit it (spec/02 §2.1)
  bool augmenting = false;    ///< chooses the interpolation
  int64_t cache_bytes = 0;    ///< pixels kept in memory
};

/// Images of a data set, decoded and resized, kept while they fit the budget. Nothing is ever evicted: under
/// the uniform order of training that hits as often as any other rule, and references stay valid. get() may
/// be called from several threads.
class ImageStore {
 public:
  ImageStore(const Dataset& dataset, const ImageStoreOptions& options);

  /// Read access to one image; owns it when it is not in the cache.
  class Handle {
   public:
    const image::Image& operator*() const { return cached_ ? *cached_ : own_; }

   private:
    friend class ImageStore;
    const image::Image* cached_ = nullptr;
    image::Image own_;
  };
  /// index: position in Dataset::images. Throws InputError when the file has changed since it was checked.
  Handle get(int64_t index);

 private:
  const Dataset& dataset_;
  ImageStoreOptions options_;
  std::mutex mutex_;
  int64_t free_bytes_;
  std::vector<std::unique_ptr<const image::Image>> images_;
};

}  // namespace y6q::data
