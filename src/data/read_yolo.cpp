#include "data/read_yolo.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_set>

#include "base/errors.h"
#include "base/threads.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxLabelBytes = 64 << 20;
constexpr std::string_view kSpaces = " \t\r\v\f";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(kSpaces); at != line.npos;) {
    const size_t end = std::min(line.find_first_of(kSpaces, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kSpaces, end);
  }
  return words;
}

std::optional<double> number(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

constexpr size_t kBoxWords = 5, kLeastOutlineWords = 7;

bool is_outline(size_t words) { return words >= kLeastOutlineWords && words % 2 == 1; }

/// The box around the points behind the class.
Label around(const std::vector<double>& values) {
  double x1 = 1, y1 = 1, x2 = 0, y2 = 0;
  for (size_t i = 1; i + 1 < values.size(); i += 2) {
    x1 = std::min(x1, values[i]), x2 = std::max(x2, values[i]);
    y1 = std::min(y1, values[i + 1]), y2 = std::max(y2, values[i + 1]);
  }
  return {static_cast<int64_t>(values[0]), (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1};
}

// The label, or what is wrong with the row.
std::string parse_row(const std::vector<std::string_view>& words, int64_t class_count, Label& label) {
  if (words.size() != kBoxWords && !is_outline(words.size())) {
    return fmt::format(
        "{} numbers, 5 expected (class cx cy w h), or an outline (class x1 y1 x2 y2 x3 y3 and so on)",
        words.size());
  }
  std::vector<double> values(words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    const auto value = number(words[i]);
    if (!value) return fmt::format("'{}' is not a number", words[i].substr(0, 40));
    values[i] = *value;
  }
  if (values[0] != std::floor(values[0]) || values[0] < 0 || values[0] >= static_cast<double>(class_count)) {
    return fmt::format("class {} is not a whole number in 0..{}", words[0].substr(0, 40), class_count - 1);
  }
  static constexpr const char* kNames[]{"class", "cx", "cy", "w", "h"};
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] >= 0 && values[i] <= 1) continue;
    const std::string name =
        is_outline(values.size()) ? fmt::format("{}{}", i % 2 ? 'x' : 'y', (i + 1) / 2) : kNames[i];
    return fmt::format("{} is {}; accepted is 0 to 1 (fractions of the image)", name, values[i]);
  }
  label = is_outline(values.size())
              ? around(values)
              : Label{static_cast<int64_t>(values[0]), values[1], values[2], values[3], values[4]};
  return "";
}

void read_labels(int64_t class_count, DraftSample& sample) {
  const fs::path labels = label_path(sample.image);
  if (!fs::exists(labels)) return;  // an image without objects
  sample.annotation = labels;
  try {
    const std::string text = read_file(labels, kMaxLabelBytes);
    sample.annotation_digest = {text.size(), sha256_hex(text)};
    parse_yolo_labels(text, class_count, sample);
  } catch (const InputError& error) {
    sample.problems.emplace_back(error.what());
    sample.annotation.clear();
  }
}

}  // namespace

fs::path label_path(const fs::path& image) {
  std::string text = image.generic_string();
  const std::string_view from = "/images/";
  const size_t at = text.rfind(from);
  if (at != text.npos) text.replace(at, from.size(), "/labels/");
  return fs::path(text).replace_extension(".txt");
}

void parse_yolo_labels(std::string_view text, int64_t class_count, DraftSample& sample) {
  int64_t line_number = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const auto words = words_of(text.substr(start, end - start));
    start = end + 1;
    ++line_number;
    if (words.empty()) continue;
    Label label;
    const std::string problem = parse_row(words, class_count, label);
    const std::string place = fmt::format("{}, line {}", sample.annotation.string(), line_number);
    if (!problem.empty()) {
      sample.problems.push_back(fmt::format("{}: {}", place, problem));
    } else if (clip_to_image(label)) {
      sample.labels.push_back(label);
      sample.outlines += is_outline(words.size());
    } else {
      sample.without_area.push_back(place);
    }
  }
}

bool has_label_folder(const fs::path& image_folder) {
  const fs::path labels = label_path(image_folder / "x.jpg").parent_path();
  return labels != image_folder && fs::is_directory(labels);
}

void read_yolo_labels(std::vector<DraftSample>& samples, const YoloOptions& options) {
  parallel_for(std::ssize(samples), options.threads, [&](int64_t i) {
    DraftSample& sample = samples[static_cast<size_t>(i)];
    if (!sample.image.empty()) read_labels(options.class_count, sample);
  });
}

std::vector<fs::path> labels_without_image(const std::vector<fs::path>& image_folders,
                                           const std::vector<DraftSample>& samples) {
  std::unordered_set<std::string> known;
  for (const DraftSample& sample : samples) known.insert(label_path(sample.image).string());
  std::set<fs::path> without;  // folders may lie in one another
  for (const fs::path& image_folder : image_folders) {
    const fs::path folder = label_path(image_folder / "x.jpg").parent_path();
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const fs::path& file = entry.path();
      const bool is_label = file.extension() == ".txt" && file.filename() != "classes.txt";
      if (is_label && !known.contains(file.string()) && entry.is_regular_file()) without.insert(file);
    }
  }
  return {without.begin(), without.end()};
}

}  // namespace y6q::data
