#include "data/draft.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "base/class_names.h"
#include "base/errors.h"
#include "base/threads.h"
#include "image/decode.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxImageBytes = uint64_t{1} << 30;

struct Checked {
  ImageRecord record;
  std::string digest_line;
};

std::string digest_line(const fs::path& root, const fs::path& path, size_t size, const std::string& sha256) {
  return fmt::format("{} {} {}\n", path.lexically_relative(root).generic_string(), size, sha256);
}

std::string digest_line(const fs::path& root, const fs::path& path) {
  const std::string bytes = read_file(path);
  return digest_line(root, path, bytes.size(), sha256_hex(bytes));
}

void place_boxes(DraftSample& sample, ImageRecord& record, bool keep_difficult) {
  const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
  const std::string file = (sample.annotation.empty() ? sample.image : sample.annotation).string();
  for (const auto& [box, place, is_difficult] : sample.boxes) {
    if (box.x1 == box.x2 || box.y1 == box.y2) {
      sample.without_area.push_back(fmt::format("{}, {}", file, place));
      continue;
    }
    Label label{box.label, (box.x1 + box.x2) / 2 / width, (box.y1 + box.y2) / 2 / height,
                (box.x2 - box.x1) / width, (box.y2 - box.y1) / height};
    if (clip_to_image(label)) {
      (is_difficult && !keep_difficult ? record.difficult : sample.labels).push_back(label);
      continue;
    }
    sample.problems.push_back(
        fmt::format("{}, {}: box ({}, {}) to ({}, {}) has no area inside the {} x {} image (width x height)",
                    file, place, box.x1, box.y1, box.x2, box.y2, record.width, record.height));
  }
}

void remove_duplicates(std::vector<Label>& labels) {
  std::vector<Label> unique;
  for (const Label& label : labels) {
    if (std::ranges::find(unique, label) == unique.end()) unique.push_back(label);
  }
  labels = std::move(unique);
}

// Appends to sample.problems what is wrong.
Checked check(DraftSample& sample, const fs::path& root, const DatasetOptions& options) {
  Checked checked;
  checked.record.path = sample.image;
  try {
    const std::string bytes = read_file(sample.image, kMaxImageBytes);
    const image::Image decoded = image::decode(std::as_bytes(std::span(bytes)), sample.image.string());
    checked.record.height = decoded.height;
    checked.record.width = decoded.width;
    checked.record.sha256 = sha256_hex(bytes);
    checked.digest_line = digest_line(root, sample.image, bytes.size(), checked.record.sha256);
    if (!sample.annotation.empty()) checked.digest_line += digest_line(root, sample.annotation);
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
  place_boxes(sample, checked.record, options.keep_difficult);
  remove_duplicates(sample.labels);
  remove_duplicates(checked.record.difficult);
  checked.record.labels = std::move(sample.labels);
  return checked;
}

std::vector<Checked> check_all(Draft& draft, const DatasetOptions& options, Monitor& monitor) {
  const auto count = static_cast<int64_t>(draft.samples.size());
  std::vector<Checked> checked(draft.samples.size());
  std::mutex mutex;
  int64_t done = 0;
  monitor.begin("checking images", count, "images");
  parallel_for(count, options.threads, [&](int64_t i) {
    const auto slot = static_cast<size_t>(i);
    checked[slot] = check(draft.samples[slot], draft.root, options);
    const std::lock_guard lock(mutex);
    if (monitor.stop_requested())
      throw Interrupted("data: stopped while images were checked; run the command again");
    monitor.advance(++done, "");
  });
  monitor.end();
  return checked;
}

void throw_broken(const std::vector<const DraftSample*>& broken, size_t total) {
  std::string text = fmt::format(
      "data: {} of {} samples are broken; correct them, or use --skip-broken:", broken.size(), total);
  for (const DraftSample* sample : broken) {
    for (const std::string& problem : sample->problems) text += "\n  " + problem;
  }
  throw InputError("{}", text);
}

bool has_difficult(const Draft& draft) {
  return std::ranges::any_of(draft.samples, [](const DraftSample& sample) {
    return std::ranges::any_of(sample.boxes, &DraftSample::PixelBox::is_difficult);
  });
}

}  // namespace

bool clip_to_image(Label& label) {
  const double x1 = std::clamp(label.cx - label.w / 2, 0.0, 1.0),
               x2 = std::clamp(label.cx + label.w / 2, 0.0, 1.0);
  const double y1 = std::clamp(label.cy - label.h / 2, 0.0, 1.0),
               y2 = std::clamp(label.cy + label.h / 2, 0.0, 1.0);
  if (!std::isfinite(label.cx + label.cy + label.w + label.h) || !(x2 > x1) || !(y2 > y1)) return false;
  // Untouched where nothing was clipped, so that label files come back bit by bit.
  if (label.cx - label.w / 2 < 0 || label.cx + label.w / 2 > 1) label.cx = (x1 + x2) / 2, label.w = x2 - x1;
  if (label.cy - label.h / 2 < 0 || label.cy + label.h / 2 > 1) label.cy = (y1 + y2) / 2, label.h = y2 - y1;
  return true;
}

std::vector<fs::path> images_below(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("data: image folder {} does not exist", folder.string());
  std::vector<fs::path> images;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; entry != end; entry.increment(error)) {
    if (error) break;
    if (image::has_image_extension(entry->path()) && entry->is_regular_file())
      images.push_back(entry->path());
  }
  if (error) throw_unreadable(folder, error);
  std::ranges::sort(images);
  return images;
}

Dataset finish_dataset(Draft draft, const DatasetOptions& options, Monitor& monitor) {
  check_class_names(draft.class_names, "data: " + draft.root.string());
  std::ranges::sort(draft.samples, {}, &DraftSample::image);
  std::vector<Checked> checked = check_all(draft, options, monitor);
  Dataset dataset;
  dataset.split = options.split;
  std::string digest = options.keep_difficult && has_difficult(draft) ? "difficult objects are kept\n" : "";
  std::string first_without_area;
  std::vector<const DraftSample*> broken;
  for (size_t i = 0; i < checked.size(); ++i) {
    if (!draft.samples[i].problems.empty()) {
      broken.push_back(&draft.samples[i]);
      continue;
    }
    digest += checked[i].digest_line;
    const std::vector<std::string>& without_area = draft.samples[i].without_area;
    if (dataset.without_area == 0 && !without_area.empty()) first_without_area = without_area.front();
    dataset.without_area += std::ssize(without_area);
    checked[i].record.image_id = draft.samples[i].image_id.value_or(std::ssize(dataset.images) + 1);
    dataset.images.push_back(std::move(checked[i].record));
  }
  if (!broken.empty() && !options.skip_broken) throw_broken(broken, draft.samples.size());
  if (dataset.images.empty()) {
    throw InputError("data: no images for split '{}' under {} ({} broken); image files are expected there",
                     options.split, draft.root.string(), broken.size());
  }
  if (!broken.empty()) {
    monitor.message(fmt::format("data: {} of {} samples of split '{}' are broken and left out", broken.size(),
                                draft.samples.size(), options.split));
  }
  if (dataset.without_area > 0) {
    monitor.message(fmt::format(
        "data: {} objects of split '{}' have no width or no height and are left out; the first: {}",
        dataset.without_area, options.split, first_without_area));
  }
  for (const std::string& note : draft.notes) monitor.message(note);
  for (const fs::path& file : draft.description_files) digest += digest_line(draft.root, file);
  dataset.skipped = std::ssize(broken);
  dataset.class_names = std::move(draft.class_names);
  dataset.category_ids = std::move(draft.category_ids);
  if (dataset.category_ids.empty()) {
    dataset.category_ids.resize(dataset.class_names.size());
    std::iota(dataset.category_ids.begin(), dataset.category_ids.end(), 0);
  }
  dataset.annotation_json = std::move(draft.annotation_json);
  dataset.sha256 = sha256_hex(digest);
  return dataset;
}

}  // namespace y6q::data
