#include "data/write_set.h"

#include <yaml-cpp/yaml.h>

#include <mutex>
#include <pugixml.hpp>
#include <sstream>

#include "base/threads.h"
#include "data/ground_truth.h"
#include "data/plain_names.h"
#include "data/read_yolo.h"

namespace y6q::data {
namespace {

/// Where the images of a split go.
fs::path image_folder(const fs::path& folder, SetForm form, const std::string& split) {
  return form == SetForm::voc ? folder / "JPEGImages" : folder / "images" / split;
}

void place_image(const fs::path& from, const fs::path& to, bool link) {
  if (!link) return write_file(to, read_file(from));
  std::error_code error;
  fs::create_symlink(fs::absolute(from), to, error);
  if (error) throw EnvironmentError("{}: link cannot be made: {}", to.string(), error.message());
}

std::string label_text(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& l : labels) text += fmt::format("{} {} {} {} {}\n", l.label, l.cx, l.cy, l.w, l.h);
  return text;
}

/// Pixels to a millionth: 10 instead of 10.000000000000002.
double tidy(double pixels) { return std::round(pixels * 1e6) / 1e6; }

std::string voc_text(const ImageRecord& record, const std::vector<std::string>& class_names) {
  pugi::xml_document document;
  auto root = document.append_child("annotation");
  const auto put = [](pugi::xml_node node, const char* name, const std::string& value) {
    node.append_child(name).text().set(value.c_str());
  };
  put(root, "filename", record.path.filename().string());
  auto size = root.append_child("size");
  put(size, "width", std::to_string(record.width));
  put(size, "height", std::to_string(record.height));
  put(size, "depth", "3");
  const auto add = [&](const Label& l, bool is_difficult) {
    const auto width = static_cast<double>(record.width), height = static_cast<double>(record.height);
    auto object = root.append_child("object");
    put(object, "name", class_names[static_cast<size_t>(l.label)]);
    put(object, "difficult", is_difficult ? "1" : "0");
    auto box = object.append_child("bndbox");
    put(box, "xmin", fmt::format("{}", tidy((l.cx - l.w / 2) * width)));
    put(box, "ymin", fmt::format("{}", tidy((l.cy - l.h / 2) * height)));
    put(box, "xmax", fmt::format("{}", tidy((l.cx + l.w / 2) * width)));
    put(box, "ymax", fmt::format("{}", tidy((l.cy + l.h / 2) * height)));
  };
  for (const Label& label : record.labels) add(label, false);
  for (const Label& label : record.difficult) add(label, true);
  std::ostringstream text;
  document.save(text, "  ");
  return text.str();
}

/// In VOC the folder is the same for all splits, and so is the set of names.
std::string data_yaml(const std::vector<Dataset>& splits, SetForm form) {
  YAML::Emitter yaml;
  yaml << YAML::BeginMap;
  for (const Dataset& set : splits) {
    yaml << YAML::Key << set.split << YAML::Value << (form == SetForm::voc ? "." : "images/" + set.split);
  }
  yaml << YAML::Key << "nc" << YAML::Value << splits.front().class_names.size();
  yaml << YAML::Key << "names" << YAML::Value << YAML::BeginSeq;
  for (const std::string& name : splits.front().class_names) yaml << YAML::DoubleQuoted << name;
  yaml << YAML::EndSeq << YAML::EndMap;
  return std::string(yaml.c_str()) + "\n";
}

class SetWriter {
 public:
  SetWriter(fs::path folder, const WriteOptions& options, Monitor& monitor)
      : folder_(std::move(folder)), options_(options), monitor_(monitor) {}

  void write(const std::vector<Dataset>& splits) {
    int64_t images = 0;
    for (const Dataset& set : splits) images += std::ssize(set.images);
    monitor_.begin("writing images", images, "images");
    for (const Dataset& set : splits) write_split(set);
    monitor_.end();
    if (options_.form != SetForm::coco) write_file(folder_ / "data.yaml", data_yaml(splits, options_.form));
  }

 private:
  void write_split(Dataset set) {
    const fs::path to = image_folder(folder_, options_.form, set.split);
    make_folder(to);
    if (options_.form != SetForm::voc) names_ = {};
    std::vector<fs::path> files;
    for (const ImageRecord& record : set.images) files.push_back(record.path);
    const std::vector<std::string> names = names_.of(files);
    parallel_for(std::ssize(set.images), options_.threads, [&](int64_t i) {
      const auto slot = static_cast<size_t>(i);
      ImageRecord& record = set.images[slot];
      record.path = to / names[slot];
      place_image(files[slot], record.path, options_.link);
      write_labels(record, set.class_names);
      const std::lock_guard lock(mutex_);
      if (monitor_.stop_requested())
        throw Interrupted("data: stopped, nothing was kept; run the command again");
      monitor_.advance(++done_, set.split);
    });
    if (options_.form == SetForm::coco) {
      write_file(folder_ / "annotations" / ("instances_" + set.split + ".json"), write_ground_truth(set));
    } else if (options_.form == SetForm::voc) {
      std::string stems;
      for (const ImageRecord& record : set.images) stems += record.path.stem().string() + "\n";
      write_file(folder_ / "ImageSets" / "Main" / (set.split + ".txt"), stems);
    }
  }

  void write_labels(const ImageRecord& record, const std::vector<std::string>& class_names) const {
    if (options_.form == SetForm::yolo) {
      write_file(label_path(record.path), label_text(record.labels));
    } else if (options_.form == SetForm::voc) {
      write_file(folder_ / "Annotations" / (record.path.stem().string() + ".xml"),
                 voc_text(record, class_names));
    }
  }

  const fs::path folder_;
  const WriteOptions& options_;
  Monitor& monitor_;
  PlainNames names_;
  std::mutex mutex_;
  int64_t done_ = 0;
};

}  // namespace

void write_set(const std::vector<Dataset>& splits, const fs::path& folder, const WriteOptions& options,
               Monitor& monitor) {
  SetWriter(folder, options, monitor).write(splits);
}

}  // namespace y6q::data
