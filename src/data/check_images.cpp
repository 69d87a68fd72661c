#include "data/check_images.h"

#include <algorithm>
#include <mutex>

#include "base/errors.h"
#include "base/threads.h"
#include "data/image_index.h"
#include "image/decode.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxImageBytes = uint64_t{1} << 30;

void place_boxes(const std::string& word, DraftSample& sample, ImageRecord& record, bool keep_difficult) {
  const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
  const std::string file = (sample.annotation.empty() ? sample.image : sample.annotation).string();
  for (const auto& [box, number, is_difficult] : sample.boxes) {
    if (box.x1 == box.x2 || box.y1 == box.y2) {
      sample.without_area.push_back(fmt::format("{}, {} {}", file, word, number));
      continue;
    }
    Label label{box.label, (box.x1 + box.x2) / 2 / width, (box.y1 + box.y2) / 2 / height,
                (box.x2 - box.x1) / width, (box.y2 - box.y1) / height};
    if (clip_to_image(label)) {
      (is_difficult && !keep_difficult ? record.difficult : sample.labels).push_back(label);
      continue;
    }
    sample.problems.push_back(fmt::format(
        "{}, {} {}: box ({}, {}) to ({}, {}) has no area inside the {} x {} image (width x height)", file,
        word, number, box.x1, box.y1, box.x2, box.y2, record.width, record.height));
  }
}

void remove_duplicates(std::vector<Label>& labels) {
  std::vector<Label> unique;
  for (const Label& label : labels) {
    if (std::ranges::find(unique, label) == unique.end()) unique.push_back(label);
  }
  labels = std::move(unique);
}

FoundImage look(const fs::path& path) {
  const std::string bytes = read_file(path, kMaxImageBytes);
  const image::Image decoded = image::decode(std::as_bytes(std::span(bytes)), path.string());
  return {{.bytes = bytes.size()}, decoded.height, decoded.width, sha256_hex(bytes)};
}

// Appends to sample.problems what is wrong.
CheckedImage check(const Draft& draft, DraftSample& sample, bool keep_difficult, ImageIndex& index) {
  CheckedImage checked;
  if (sample.image.empty()) return checked;
  checked.record.path = sample.image;
  try {
    const FoundImage found = index.get(sample.image, look);
    checked.record.height = found.height;
    checked.record.width = found.width;
    checked.record.sha256 = found.sha256;
    checked.digest_line = digest_line(draft.root, sample.image, {found.stamp.bytes, found.sha256});
    if (!sample.annotation.empty()) {
      checked.digest_line += digest_line(draft.root, sample.annotation, sample.annotation_digest);
    }
  } catch (const InputError& error) {
    sample.problems.emplace_back(error.what());
    return checked;
  }
  if (sample.stated_height > 0 && sample.stated_width > 0 &&
      (sample.stated_height != checked.record.height || sample.stated_width != checked.record.width)) {
    sample.problems.push_back(fmt::format(
        "{}: the image is {} x {} (width x height, EXIF orientation applied), its annotation says {} x {}",
        sample.image.string(), checked.record.width, checked.record.height, sample.stated_width,
        sample.stated_height));
  }
  place_boxes(draft.box_word, sample, checked.record, keep_difficult);
  remove_duplicates(sample.labels);
  remove_duplicates(checked.record.difficult);
  checked.record.labels = std::move(sample.labels);
  return checked;
}

}  // namespace

std::string digest_line(const fs::path& root, const fs::path& path, const FileDigest& digest) {
  return fmt::format("{} {} {}\n", path.lexically_relative(root).generic_string(), digest.bytes,
                     digest.sha256);
}

std::vector<CheckedImage> check_images(Draft& draft, const DatasetOptions& options, Monitor& monitor) {
  const auto count = static_cast<int64_t>(draft.samples.size());
  std::vector<CheckedImage> checked(draft.samples.size());
  ImageIndex index(image_index_file(options.index, draft.description_files, options.split), options.index);
  std::mutex mutex;
  int64_t done = 0;
  monitor.begin("checking images", count, "images");
  try {
    parallel_for(count, options.threads, [&](int64_t i) {
      const auto slot = static_cast<size_t>(i);
      checked[slot] = check(draft, draft.samples[slot], options.keep_difficult, index);
      const std::lock_guard lock(mutex);
      if (monitor.stop_requested())
        throw Interrupted("data: stopped while images were checked; run the command again");
      monitor.advance(++done, "");
    });
  } catch (const Interrupted&) {
    index.keep_the_rest();
    index.save(monitor);
    throw;
  }
  monitor.end();
  index.save(monitor);
  return checked;
}

}  // namespace y6q::data
