#include "stages/data_check.h"

#include <algorithm>
#include <cmath>

#include "base/quantile.h"
#include "data/split_summary.h"

namespace y6q::stages {
namespace {

using data::Dataset, data::ImageRecord, data::Label;

bool is_tiny(const ImageRecord& record, const Label& label, int64_t image_size) {
  const auto [width, height] = box_size(record, label, image_size);
  return std::min(width, height) < kTinySide;
}

struct ClassCounts {
  int64_t objects = 0, images = 0, tiny = 0;
};

std::vector<ClassCounts> classes_of(const Dataset& split, int64_t image_size) {
  std::vector<ClassCounts> counts(split.class_names.size());
  std::vector<int64_t> last_image(counts.size(), -1);
  for (int64_t i = 0; i < std::ssize(split.images); ++i) {
    const ImageRecord& record = split.images[static_cast<size_t>(i)];
    for (const Label& label : record.labels) {
      const auto slot = static_cast<size_t>(label.label);
      ++counts[slot].objects;
      counts[slot].images += std::exchange(last_image[slot], i) != i;
      counts[slot].tiny += is_tiny(record, label, image_size);
    }
  }
  return counts;
}

int64_t tiny_of(const std::vector<ClassCounts>& classes) {
  int64_t tiny = 0;
  for (const ClassCounts& counts : classes) tiny += counts.tiny;
  return tiny;
}

report::Column whole(const std::string& key, const std::string& title) {
  return {.key = key, .title = title};
}

report::Table split_table(const std::vector<Dataset>& splits,
                          const std::vector<std::vector<ClassCounts>>& classes) {
  report::Table table{
      .columns = {whole("split", "split"), whole("images", "images"), whole("with_objects", "with objects"),
                  whole("background", "background"), whole("labels_missing", "label files missing"),
                  whole("labels_without_image", "labels without image"), whole("broken", "broken"),
                  whole("boxes", "boxes"), whole("tiny", "tiny"), whole("without_area", "without area"),
                  whole("outlines", "outlines"), whole("crowds", "crowds"), whole("difficult", "difficult")}};
  for (size_t i = 0; i < splits.size(); ++i) {
    const Dataset& split = splits[i];
    const data::SplitCounts counts = data::counts_of(split);
    int64_t difficult = 0;
    for (const ImageRecord& record : split.images) difficult += std::ssize(record.difficult);
    table.rows.push_back({split.split, counts.images, counts.with_objects, counts.background,
                          split.findings.labels_missing, split.findings.labels_without_image, split.skipped,
                          counts.boxes, tiny_of(classes[i]), split.without_area, split.findings.outlines,
                          split.findings.crowds, difficult});
  }
  return table;
}

report::Table class_table(const std::vector<Dataset>& splits,
                          const std::vector<std::vector<ClassCounts>>& classes) {
  report::Table table{.title = "Classes", .columns = {whole("class", "class")}};
  for (const Dataset& split : splits) {
    table.columns.push_back(whole(split.split + "_objects", split.split + " objects"));
    table.columns.push_back(whole(split.split + "_images", "images"));
    table.columns.push_back(whole(split.split + "_tiny", "tiny"));
  }
  const std::vector<std::string>& names = splits.front().class_names;
  for (size_t k = 0; k < names.size(); ++k) {
    std::vector<report::Cell>& row = table.rows.emplace_back();
    row.emplace_back(names[k]);
    for (const auto& counts : classes) {
      row.insert(row.end(), {counts[k].objects, counts[k].images, counts[k].tiny});
    }
  }
  return table;
}

void add_measure(report::Table& table, const std::string& split, const char* measure,
                 std::vector<double> values) {
  if (values.empty()) return;
  std::ranges::sort(values);
  table.rows.push_back({split, measure, values.front(), quantile_of_sorted(values, 0.25),
                        quantile_of_sorted(values, 0.5), quantile_of_sorted(values, 0.75), values.back()});
}

report::Table size_table(const std::vector<Dataset>& splits, int64_t image_size) {
  report::Table table{
      .title = "Sizes",
      .columns = {whole("split", "split"), whole("measure", "pixels of"), whole("min", "least"),
                  whole("q25", "25 %"), whole("median", "median"), whole("q75", "75 %"),
                  whole("max", "largest")},
      .note = fmt::format("Boxes are measured with the long side of their image at {} pixels; tiny is "
                          "below {} pixels on the shorter side.",
                          image_size, kTinySide)};
  for (const Dataset& split : splits) {
    std::vector<double> widths, heights, box_widths, box_heights;
    for (const ImageRecord& record : split.images) {
      widths.push_back(static_cast<double>(record.width));
      heights.push_back(static_cast<double>(record.height));
      for (const Label& label : record.labels) {
        const auto [width, height] = box_size(record, label, image_size);
        box_widths.push_back(width);
        box_heights.push_back(height);
      }
    }
    add_measure(table, split.split, "image width", std::move(widths));
    add_measure(table, split.split, "image height", std::move(heights));
    add_measure(table, split.split, "box width", std::move(box_widths));
    add_measure(table, split.split, "box height", std::move(box_heights));
  }
  return table;
}

/// "3 of 80 classes have fewer than 10 objects in split 'train': a (0), b (2), c (9)"; empty: none has.
std::string nearly_empty(const Dataset& split, const std::vector<ClassCounts>& classes) {
  constexpr int64_t kNamed = 20;
  std::string named;
  int64_t count = 0;
  for (size_t k = 0; k < classes.size(); ++k) {
    if (classes[k].objects >= kFewObjects) continue;
    if (++count <= kNamed) {
      named += fmt::format("{}{} ({})", count == 1 ? "" : ", ", split.class_names[k], classes[k].objects);
    }
  }
  if (count == 0) return "";
  return fmt::format("{} of {} classes have fewer than {} objects in split '{}': {}{}", count, classes.size(),
                     kFewObjects, split.split, named, count > kNamed ? ", …" : "");
}

std::string mostly_tiny(const Dataset& split, const std::vector<ClassCounts>& classes, int64_t image_size) {
  constexpr int64_t kTolerated = 10;  // one box in so many
  const int64_t tiny = tiny_of(classes), boxes = data::counts_of(split).boxes;
  if (tiny * kTolerated <= boxes) return "";
  return fmt::format(
      "{} of {} boxes of split '{}' are below {} pixels on their shorter side at image size {}; a larger "
      "--img-size, or crops of the images, make them visible",
      tiny, boxes, split.split, kTinySide, image_size);
}

std::vector<SharedSplits> shared_of(const std::vector<Dataset>& splits) {
  std::vector<SharedSplits> shared;
  for (size_t first = 0; first < splits.size(); ++first) {
    for (size_t second = first + 1; second < splits.size(); ++second) {
      const data::SharedImages images = data::shared_images(splits[first], splits[second]);
      if (images.count > 0) shared.push_back({splits[first].split, splits[second].split, images});
    }
  }
  return shared;
}

}  // namespace

std::array<double, 2> box_size(const ImageRecord& record, const Label& label, int64_t image_size) {
  const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
  const double scale = static_cast<double>(image_size) / std::max(width, height);
  return {label.w * width * scale, label.h * height * scale};
}

DataCheck check_data(const DataCheckOptions& options, Monitor& monitor) {
  DataSource source = options.source;
  source.options.skip_broken = true;
  DataCheck check{.splits = read_splits(source, monitor)};
  std::vector<std::vector<ClassCounts>> classes;
  for (const Dataset& split : check.splits) {
    std::ranges::copy(split.problems, std::back_inserter(check.problems));
    classes.push_back(classes_of(split, options.image_size));
    for (std::string& mistake : data::likely_mistakes(split)) check.findings.push_back(std::move(mistake));
    for (std::string& finding : std::array{nearly_empty(split, classes.back()),
                                           mostly_tiny(split, classes.back(), options.image_size)}) {
      if (!finding.empty()) check.findings.push_back(std::move(finding));
    }
  }
  check.shared = shared_of(check.splits);
  for (const SharedSplits& shared : check.shared) {
    const Dataset& second = *std::ranges::find(check.splits, shared.second, &Dataset::split);
    check.findings.push_back(fmt::format("{} of {} images of split '{}' are in '{}' too, for instance {}",
                                         shared.images.count, second.images.size(), shared.second,
                                         shared.first, shared.images.second.string()));
  }
  check.split_table = split_table(check.splits, classes);
  check.class_table = class_table(check.splits, classes);
  check.size_table = size_table(check.splits, options.image_size);
  return check;
}

}  // namespace y6q::stages
