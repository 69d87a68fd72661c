#pragma once

#include <string>
#include <vector>

#include "data/draft.h"

namespace y6q::data {

/// One sample, checked. Private to this folder.
struct CheckedImage {
  ImageRecord record;
  std::string digest_line;  ///< names, sizes and digests of its files
};

/// Decodes the images of all samples, in parallel, and brings their boxes to fractions. What is wrong is
/// appended to DraftSample::problems. Throws Interrupted when the monitor asks for it.
std::vector<CheckedImage> check_images(Draft& draft, const DatasetOptions& options, Monitor& monitor);

/// A file's name below `root`, size and digest, as part of the digest of a data set.
std::string digest_line(const fs::path& root, const fs::path& path, const FileDigest& digest);

}  // namespace y6q::data
