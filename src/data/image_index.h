#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/monitor.h"
#include "data/dataset.h"

namespace y6q::data {

/// What the file system says of a file. It differs when the content does, but for changes within one tick of
/// the file system's clock: see ImageIndexOptions::settled_s.
struct FileStamp {
  uint64_t bytes = 0;
  int64_t modified_ns = 0;  ///< since 1970
  int64_t changed_ns = 0;   ///< the same; programs cannot set it back
  uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

/// Follows links. Nothing when the file system does not answer.
std::optional<FileStamp> stamp_of(const fs::path& file);

/// What reading a sound image file found.
struct FoundImage {
  FileStamp stamp;
  int64_t height = 0, width = 0;  ///< as decoded, EXIF orientation applied
  std::string sha256;             ///< of the file
  bool operator==(const FoundImage&) const = default;
};

using FoundImages = std::map<std::string, FoundImage>;  ///< by path

/// The text of an index file: docs/reference/image-index.md. Paths with a line break are left out.
std::string image_index_text(const FoundImages& images);

/// What image_index_text has written; nothing of a text that is cut, changed, or of another decoder's images.
FoundImages parse_image_index(std::string_view text);

/// Where what is found in the images of a draft is kept; empty without a folder.
fs::path image_index_file(const ImageIndexOptions& options, const std::vector<fs::path>& description_files,
                          const std::string& split);

/// One split's index in use. get() may be called from several threads.
class ImageIndex {
 public:
  /// file: empty for none; one that is absent or unusable knows nothing.
  ImageIndex(fs::path file, const ImageIndexOptions& options);

  /// What is known of an image whose file has not changed, else what `look` finds, which is remembered. What
  /// look throws is passed on: a broken image is looked at each time.
  FoundImage get(const fs::path& image, const std::function<FoundImage(const fs::path&)>& look);

  /// After an interruption: images that this run has not come to stay known.
  void keep_the_rest();

  /// Writes the file where it would say something new, and trims its folder. A file that cannot be written is
  /// one message.
  void save(Monitor& monitor) const;

 private:
  fs::path file_;
  ImageIndexOptions options_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  FoundImages known_;  ///< when the run began
  std::mutex mutex_;
  FoundImages now_;
};

}  // namespace y6q::data
