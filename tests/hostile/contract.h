#pragma once

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "formats/model_file.h"
#include "ir/queries.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "support/process.h"

/// What PRODUCT's contract says of every subcommand, as expectations about the real program.
namespace y6q::hostile {

using support::Outcome;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Arguments = std::vector<std::string>;

class Contract : public testing::Test {
 protected:
  static Outcome run(const Arguments& arguments, const support::ProcessOptions& options = {}) {
    return support::run(Y6Q_PROGRAM, arguments, options);
  }

  /// Those that the program's help lists: a line each under "Subcommands:", the name first.
  static std::vector<std::string> subcommands() {
    std::istringstream lines(run({"--help"}).out);
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line) && line != "Subcommands:";) {
    }
    for (std::string line; std::getline(lines, line) && line.starts_with("  ");)
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    return names;
  }

  /// The command ends with `code`, says on stderr what `message` expects, and nothing on stdout.
  static void expect_failure(int code, const Arguments& arguments,
                             const testing::Matcher<std::string>& message,
                             const support::ProcessOptions& options = {}) {
    const Outcome outcome = run(arguments, options);
    EXPECT_EQ(outcome.code, code) << testing::PrintToString(arguments) << "\n" << outcome.err;
    EXPECT_THAT(outcome.err, message) << testing::PrintToString(arguments);
    EXPECT_EQ(outcome.out, "") << testing::PrintToString(arguments);
  }

  /// The command ends well; stdout is one JSON document.
  static nlohmann::json expect_json(Arguments arguments) {
    arguments.push_back("--json");
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << testing::PrintToString(arguments) << "\n" << outcome.err;
    auto document = nlohmann::json::parse(outcome.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << testing::PrintToString(arguments) << "\n" << outcome.out;
    return document;
  }

  /// 4 training, 3 validation images and a test image of 96 x 96, 4 classes. Returns its data.yaml.
  std::string make_set(const std::string& name = "set") const {
    const Outcome outcome = run(
        {"synth", "--out", folder_ / name, "--train", "4", "--val", "3", "--test", "1", "--img-size", "96"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return folder_ / (name + "/data.yaml");
  }

  static formats::ModelFile network() {
    const ir::Model model = models::yolov6(
        {.architecture = "yolov6n", .mode = models::Mode::repvgg, .class_count = 4, .image_size = {64, 64}});
    return {passes::deploy(model),
            {.architecture = "yolov6n",
             .mode = "repvgg_deploy",
             .class_names = {"disc", "square", "triangle", "cross"},
             .image_size = {64, 64}}};
  }
  /// An untrained float network for make_set's classes, made for 64 x 64.
  std::string make_weights() const {
    formats::write_model(folder_ / "float.safetensors", network());
    return folder_ / "float.safetensors";
  }
  /// The same with quantizers, all ranges 1.
  std::string make_calibrated() const {
    formats::ModelFile file = network();
    file.model = passes::insert_quantizers(file.model, {});
    for (const ir::Value quantizer : ir::activation_quantizers(file.model.graph)) {
      const ir::Node& node = file.model.graph.node(quantizer);
      file.model.weights.at(file.model.graph.node(node.inputs[1]).name) = ir::Array::scalar(1);
    }
    file.info.scheme = "tensorrt";
    formats::write_model(folder_ / "ptq.safetensors", file);
    return folder_ / "ptq.safetensors";
  }

  /// An evaluation of one detection that is right.
  Arguments coco_eval() const {
    write("gt.json", R"({"images": [{"id": 1}], "categories": [{"id": 3, "name": "a"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0}]})");
    write("dt.json", R"([{"image_id": 1, "category_id": 3, "bbox": [0, 0, 9, 9], "score": 0.5}])");
    return {"coco-eval", "--gt", folder_ / "gt.json", "--dt", folder_ / "dt.json"};
  }

  /// A file of the folder, to be damaged.
  std::string bytes(const std::string& name) const { return read_file(folder_ / name); }
  std::string write(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return folder_ / name;
  }
  /// Names below a folder; a command that failed must not add any.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) names.push_back(entry.path());
    std::sort(names.begin(), names.end());
    return names;
  }

  support::Folder folder_;
};

/// The text cut to half, and with a byte changed in the first tenth, the middle and near the end.
inline std::vector<std::string> damaged(const std::string& text) {
  std::vector<std::string> all{"",
                               "garbage",
                               text.substr(0, 4),
                               text.substr(0, 100),
                               text.substr(0, text.size() / 2),
                               text.substr(0, text.size() - 1)};
  for (const size_t at : {size_t{0}, size_t{9}, size_t{200}}) {
    std::string flipped = text;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
    all.push_back(flipped);
  }
  return all;
}

}  // namespace y6q::hostile
