#include "data/draft.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "base/class_names.h"
#include "base/errors.h"
#include "data/check_images.h"
#include "data/keep_classes.h"
#include "data/read_yolo.h"

namespace y6q::data {
namespace {

void throw_broken(const std::vector<const DraftSample*>& broken, size_t total) {
  std::string text = fmt::format(
      "data: {} of {} samples are broken; correct them, or use --skip-broken:", broken.size(), total);
  for (const DraftSample* sample : broken) {
    for (const std::string& problem : sample->problems) text += "\n  " + problem;
  }
  throw InputError("{}", text);
}

struct LeftOut {
  std::vector<const DraftSample*> broken{};
  std::vector<std::string> without_area{};  ///< places of objects
};

void say(const LeftOut& left_out, size_t samples, const std::string& split, Monitor& monitor) {
  if (!left_out.broken.empty()) {
    monitor.message(fmt::format("data: {} of {} samples of split '{}' are broken and left out",
                                left_out.broken.size(), samples, split));
  }
  if (left_out.without_area.empty()) return;
  monitor.message(
      fmt::format("data: {} objects of split '{}' have no width or no height and are left out; the first: {}",
                  left_out.without_area.size(), split, left_out.without_area.front()));
}

void add_findings(const DraftSample& sample, bool has_label_files, Findings& findings) {
  findings.outlines += sample.outlines;
  if (!has_label_files || !sample.annotation.empty()) return;
  if (findings.labels_missing++ == 0) findings.first_missing = label_path(sample.image);
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

Dataset finish_dataset(Draft draft, const DatasetOptions& options, Monitor& monitor) {
  check_class_names(draft.class_names, "data: " + draft.root.string());
  if (draft.category_ids.empty()) {
    draft.category_ids.resize(draft.class_names.size());
    std::iota(draft.category_ids.begin(), draft.category_ids.end(), 0);
  }
  const KeptClasses kept = keep_classes(options.classes, draft);
  if (!std::ranges::is_sorted(draft.samples, {}, &DraftSample::image)) {
    std::ranges::sort(draft.samples, {}, &DraftSample::image);
  }
  std::vector<CheckedImage> checked = check_images(draft, options, monitor);
  Dataset dataset;
  dataset.split = options.split;
  dataset.findings = draft.findings;
  std::string digest = kept.digest_line;
  digest += options.keep_difficult && has_difficult(draft) ? "difficult objects are kept\n" : "";
  LeftOut left_out;
  for (size_t i = 0; i < checked.size(); ++i) {
    const DraftSample& sample = draft.samples[i];
    if (!sample.problems.empty()) {
      left_out.broken.push_back(&sample);
      continue;
    }
    digest += checked[i].digest_line;
    add_findings(sample, draft.has_label_files, dataset.findings);
    std::ranges::copy(sample.without_area, std::back_inserter(left_out.without_area));
    checked[i].record.image_id = sample.image_id.value_or(std::ssize(dataset.images) + 1);
    dataset.images.push_back(std::move(checked[i].record));
  }
  const std::vector<const DraftSample*>& broken = left_out.broken;
  if (!broken.empty() && !options.skip_broken) throw_broken(broken, draft.samples.size());
  if (dataset.images.empty()) {
    throw InputError("data: no images for split '{}' under {} ({} broken); image files are expected there",
                     options.split, draft.root.string(), broken.size());
  }
  say(left_out, draft.samples.size(), options.split, monitor);
  for (const std::string& note : draft.notes) monitor.message(note);
  for (const fs::path& file : draft.description_files)
    digest += digest_line(draft.root, file, digest_of_file(file));
  dataset.skipped = std::ssize(broken);
  dataset.without_area = std::ssize(left_out.without_area);
  for (const DraftSample* sample : broken)
    std::ranges::copy(sample->problems, std::back_inserter(dataset.problems));
  dataset.class_names = std::move(draft.class_names);
  dataset.category_ids = std::move(draft.category_ids);
  dataset.other_classes = kept.others;
  dataset.annotation_json = std::move(draft.annotation_json);
  dataset.sha256 = sha256_hex(digest);
  return dataset;
}

}  // namespace y6q::data
