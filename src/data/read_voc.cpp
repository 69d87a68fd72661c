#include "data/read_voc.h"

#include <algorithm>
#include <cmath>
#include <pugixml.hpp>
#include <set>
#include <sstream>

#include "base/errors.h"

namespace y6q::data {
namespace {

constexpr uint64_t kMaxXmlBytes = 64 << 20;

// Every name of every split, so that splits agree on class ids.
std::vector<std::string> names_in(const fs::path& annotations) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(annotations)) {
    if (entry.path().extension() != ".xml") continue;
    const std::string text = read_file(entry.path(), kMaxXmlBytes);
    pugi::xml_document document;
    document.load_buffer(text.data(), text.size());  // faults are reported with the split's samples
    for (const auto& object : document.child("annotation").children("object"))
      names.insert(object.child_value("name"));
  }
  names.erase("");
  return {names.begin(), names.end()};
}

fs::path image_of(const fs::path& folder, const std::string& stem) {
  for (const char* extension :
       {".jpg", ".jpeg", ".JPG", ".png", ".bmp", ".tif", ".tiff", ".webp", ".dng", ".mpo"}) {
    const fs::path image = folder / "JPEGImages" / (stem + extension);
    if (fs::exists(image)) return image;
  }
  return folder / "JPEGImages" / (stem + ".jpg");
}

double coordinate(const pugi::xml_node& box, const char* name) {
  return box.child(name).text().as_double(std::nan(""));
}

void read_object(const pugi::xml_node& object, int64_t number, const std::vector<std::string>& names,
                 DraftSample& sample) {
  const std::string file = sample.annotation.string(), name = object.child_value("name");
  const auto known = std::ranges::find(names, name);
  if (known == names.end()) {
    sample.problems.push_back(fmt::format("{}, object {}: name '{}' is none of the {} classes", file, number,
                                          name.substr(0, 100), names.size()));
    return;
  }
  const auto box = object.child("bndbox");
  const PixelLabel label{known - names.begin(), coordinate(box, "xmin"), coordinate(box, "ymin"),
                         coordinate(box, "xmax"), coordinate(box, "ymax")};
  if (!std::isfinite(label.x1 + label.y1 + label.x2 + label.y2)) {
    sample.problems.push_back(
        fmt::format("{}, object {}: bndbox needs the numbers xmin, ymin, xmax and ymax", file, number));
    return;
  }
  sample.boxes.push_back({label, number, object.child("difficult").text().as_bool()});
}

void read_annotation(const std::vector<std::string>& names, DraftSample& sample) {
  const std::string file = sample.annotation.string(), text = read_file(sample.annotation, kMaxXmlBytes);
  sample.annotation_digest = {text.size(), sha256_hex(text)};
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer(text.data(), text.size());
  const auto root = document.child("annotation");
  if (!result || !root) {
    sample.problems.push_back(fmt::format("{}, byte {}: {}; a Pascal VOC <annotation> is expected", file,
                                          result.offset, result ? "no <annotation>" : result.description()));
    return;
  }
  sample.stated_height = root.child("size").child("height").text().as_llong();
  sample.stated_width = root.child("size").child("width").text().as_llong();
  int64_t number = 0;
  for (const auto& object : root.children("object")) read_object(object, ++number, names, sample);
}

}  // namespace

bool is_voc_folder(const fs::path& folder) {
  return fs::is_directory(folder / "Annotations") && fs::is_directory(folder / "JPEGImages");
}

fs::path voc_list(const fs::path& folder, const std::string& split) {
  return folder / "ImageSets" / "Main" / (split + ".txt");
}

Draft read_voc_draft(const fs::path& folder, const std::string& split,
                     const std::vector<std::string>& class_names) {
  const fs::path list = voc_list(folder, split);
  Draft draft;
  draft.root = fs::absolute(folder);
  draft.class_names = class_names.empty() ? names_in(folder / "Annotations") : class_names;
  draft.description_files = {fs::absolute(list)};
  draft.box_word = "object";
  std::istringstream lines(read_file(list, kMaxXmlBytes));
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    std::string stem;
    std::istringstream(line) >> stem;  // class-wise lists have a second column
    if (stem.empty() || !seen.insert(stem).second) continue;
    DraftSample& sample = draft.samples.emplace_back();
    sample.image = image_of(draft.root, stem);
    sample.annotation = draft.root / "Annotations" / (stem + ".xml");
    if (stem.find("..") != stem.npos || stem.front() == '/') {
      sample.problems.push_back(
          fmt::format("{}: '{}' must be a plain file name", list.string(), stem.substr(0, 200)));
      continue;
    }
    try {
      read_annotation(draft.class_names, sample);
    } catch (const InputError& error) {
      sample.problems.emplace_back(error.what());
      sample.annotation.clear();
    }
  }
  return draft;
}

}  // namespace y6q::data
