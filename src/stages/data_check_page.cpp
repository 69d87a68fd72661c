#include "stages/data_check_page.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/split_summary.h"
#include "image/decode.h"
#include "image/draw.h"
#include "image/encode.h"
#include "image/resize.h"

namespace y6q::stages {
namespace {

using data::Dataset, data::ImageRecord, data::Label;

constexpr size_t kShownImages = 6;  ///< of each split
constexpr size_t kShownBars = 40;   ///< bars
constexpr int64_t kPictureSide = 480;

struct Bin {
  std::string name;
  double below;  ///< and not below the bin before
};

std::vector<Bin> bins_between(const std::vector<double>& borders) {
  std::vector<Bin> bins;
  double from = 0;
  for (const double border : borders)
    bins.push_back({fmt::format("{:g} to {:g}", std::exchange(from, border), border), border});
  bins.push_back({fmt::format("{:g} and more", from), INFINITY});
  return bins;
}

/// How many values are in each bin; bins behind the last value are left out.
report::BarChart histogram(const std::string& title, const std::vector<double>& values,
                           const std::vector<Bin>& bins) {
  report::BarChart chart{.title = title, .decimals = 0};
  double from = 0;
  for (const Bin& bin : bins) {
    const auto count =
        std::ranges::count_if(values, [&](double value) { return value >= from && value < bin.below; });
    chart.bars.push_back({bin.name, static_cast<double>(count)});
    from = bin.below;
  }
  while (chart.bars.size() > 1 && chart.bars.back().value == 0) chart.bars.pop_back();
  return chart;
}

void add_histograms(report::Page& page, const Dataset& split, int64_t image_size) {
  std::vector<double> sides, boxes, objects;
  for (const ImageRecord& record : split.images) {
    sides.push_back(static_cast<double>(std::max(record.height, record.width)));
    objects.push_back(static_cast<double>(record.labels.size()));
    for (const Label& label : record.labels) {
      const auto [width, height] = box_size(record, label, image_size);
      boxes.push_back(std::min(width, height));
    }
  }
  page.sections.emplace_back(histogram(split.split + ": shorter side of boxes in pixels", boxes,
                                       bins_between({kTinySide, 16, 32, 64, 128, 256, 512})));
  page.sections.emplace_back(histogram(split.split + ": long side of images in pixels", sides,
                                       bins_between({320, 640, 1280, 1920, 2560, 4096})));
  page.sections.emplace_back(histogram(split.split + ": objects in an image", objects,
                                       {{"0", 1},
                                        {"1", 2},
                                        {"2 to 3", 4},
                                        {"4 to 7", 8},
                                        {"8 to 15", 16},
                                        {"16 to 31", 32},
                                        {"32 to 63", 64},
                                        {"64 and more", INFINITY}}));
}

report::BarChart class_chart(const Dataset& split) {
  report::BarChart chart{.title = split.split + ": objects of each class", .decimals = 0};
  for (const std::string& name : split.class_names) chart.bars.push_back({name, 0});
  for (const ImageRecord& record : split.images) {
    for (const Label& label : record.labels) ++chart.bars[static_cast<size_t>(label.label)].value;
  }
  std::ranges::stable_sort(chart.bars, std::ranges::greater{}, &report::BarChart::Bar::value);
  if (chart.bars.size() > kShownBars) {
    chart.bars.resize(kShownBars);
    chart.title += fmt::format(", the {} most frequent", kShownBars);
  }
  return chart;
}

report::Picture picture(const ImageRecord& record, const std::vector<std::string>& class_names) {
  image::Image image = image::decode_file(record.path);
  if (std::max(image.height, image.width) > kPictureSide) {
    image = image::resize_to_fit(std::move(image), {kPictureSide, kPictureSide});
  }
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  std::vector<image::Caption> captions;
  for (const Label& l : record.labels) {
    captions.push_back({(l.cx - l.w / 2) * width, (l.cy - l.h / 2) * height, (l.cx + l.w / 2) * width,
                        (l.cy + l.h / 2) * height, class_names[static_cast<size_t>(l.label)], l.label});
  }
  image::draw_captions(image, captions);
  return {image::encode(image, ".jpg", {.jpeg_quality = 80}), record.path.filename().string()};
}

/// Images with objects, evenly over the split.
report::Gallery gallery(const Dataset& split) {
  std::vector<const ImageRecord*> annotated;
  for (const ImageRecord& record : split.images) {
    if (!record.labels.empty()) annotated.push_back(&record);
  }
  report::Gallery gallery{.title = split.split, .columns = 3};
  const size_t shown = std::min(kShownImages, annotated.size());
  for (size_t i = 0; i < shown; ++i) {
    gallery.pictures.push_back(picture(*annotated[i * annotated.size() / shown], split.class_names));
  }
  return gallery;
}

}  // namespace

void add_label_statistics(report::Page& page, const Dataset& split, int64_t image_size) {
  page.sections.emplace_back(class_chart(split));
  add_histograms(page, split, image_size);
}

report::Page data_check_page(const DataCheck& check, const DataCheckOptions& options) {
  report::Page page{
      .title = options.source.data.filename().string(),
      .subtitle = fmt::format("{} classes; boxes are measured with the long side of their image at {} pixels",
                              check.splits.front().class_names.size(), options.image_size)};
  report::Highlights highlights;
  for (const Dataset& split : check.splits) {
    const data::SplitCounts counts = data::counts_of(split);
    highlights.figures.push_back(
        {std::to_string(counts.images), "images of " + split.split, fmt::format("{} boxes", counts.boxes)});
  }
  page.sections.emplace_back(std::move(highlights));
  for (const std::string& finding : check.findings)
    page.sections.emplace_back(report::Paragraph{"Finding: " + finding});
  page.sections.emplace_back(report::transposed(check.split_table));
  page.sections.emplace_back(check.size_table);
  for (const Dataset& split : check.splits) {
    add_label_statistics(page, split, options.image_size);
    page.sections.emplace_back(gallery(split));
  }
  page.sections.emplace_back(check.class_table);
  if (!check.problems.empty()) page.sections.emplace_back(report::Code{"Broken samples", check.problems});
  return page;
}

}  // namespace y6q::stages
