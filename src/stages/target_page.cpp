#include "stages/target_page.h"

#include <fmt/format.h>

#include "base/fields.h"

namespace y6q::stages {
namespace {

constexpr const char* kInput = R"(## Input

`images` {} Scale the image so that its longer side fills the input,
keep the ratio, put it in the middle and fill the rest with grey 114{}.

)";

constexpr const char* kDecoded = R"(## Outputs

`outputs` [B, A, {}]: centre x, centre y, width, height in pixels of the input, 1, then a score in 0..1 for each class.
A: cells of the strides 8, 16, 32, row by row.

)";

constexpr const char* kRaw = R"(## Outputs

`cls0` `cls1` `cls2` [B, {}, h, w]: logits; a score is 1 / (1 + exp(-logit)). `reg0` `reg1` `reg2` [B, 4, h, w]:
distances from the cell's centre to the left, top, right and bottom, in strides of 8, 16 and 32 pixels; the centre of
column x, row y is (x + 0.5, y + 0.5) strides.

)";

constexpr const char* kSuppressed = R"(## Outputs

`num_dets` [B, 1], int32: boxes that were found. `det_boxes` [B, {0}, 4]: x1, y1, x2, y2 in pixels of the input.
`det_scores` [B, {0}], best first. `det_classes` [B, {0}], int32. Rows from `num_dets` on mean nothing.

Boxes with a score above {1} are in it; those of one class that overlap a better one by an IoU above {2} are not.
Subtract the border and divide by the scale.

)";

constexpr const char* kAfterwards =
    R"(Keep boxes whose score is above a threshold (0.03 to evaluate, 0.4 to show), suppress those of one class that overlap a
better one by an IoU above 0.65 (0.45), subtract the border and divide by the scale.

)";

/// A table cell: names may hold anything that UTF-8 has.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|' || letter == '\\' || letter == '`') escaped += '\\';
    escaped += letter == '\n' ? ' ' : letter;
  }
  return escaped;
}

std::string what_it_is(const std::string& file) {
  if (file.ends_with(".cache")) return "TensorRT's calibration cache: the scales of all tensors in integers";
  if (file.ends_with(".bin")) return "its weights";
  return "the network";
}

std::string file_section(const TargetPage& page) {
  std::string text = "| file | |\n|---|---|\n";
  for (const std::string& file : page.files) text += fmt::format("| `{}` | {} |\n", file, what_it_is(file));
  return text + "| `commands.sh` | builds or runs it and measures its speed |\n\n";
}

std::string class_section(const formats::ModelInfo& info) {
  std::string text = "## Classes\n\n| id | name |\n|---|---|\n";
  for (size_t i = 0; i < info.class_names.size(); ++i)
    text += fmt::format("| {} | {} |\n", i, cell(info.class_names[i]));
  return text + "\n";
}

/// What training and evaluation noted in the model file.
std::string accuracy_section(const TargetPage& page) {
  std::string rows;
  const auto add = [&](const char* key, const char* network) {
    const auto found = page.info.provenance.find(key);
    if (found != page.info.provenance.end()) rows += fmt::format("| {} | {} |\n", network, found->second);
  };
  add("val_map", page.exported.quantized ? "this one, simulated" : "this one");
  add("float_val_map", "the float network it was made from");
  if (!rows.empty())
    rows = "| network | mAP on the validation split, protocol `letterbox` |\n|---|---|\n" + rows + "\n";
  return "## Accuracy to expect\n\n" + rows +
         "`yolov6q eval --weights` of the model file measures what these files compute.\n";
}

}  // namespace

std::string readme(const TargetPage& page) {
  const auto [height, width] = page.info.image_size;
  const std::string batch = page.exported.batch == 0 ? "any number" : std::to_string(page.exported.batch);
  const size_t classes = page.info.class_names.size();
  std::string text =
      fmt::format("# {} for {}\n\nTarget `{}`, {}.{}{}\n\n",
                  page.info.architecture.empty() ? "A network" : page.info.architecture, page.target.runtime,
                  page.target.name,
                  page.exported.quantized ? fmt::format("INT8, scheme `{}`", page.info.scheme) : "float",
                  page.target.remark.empty() ? "" : " ", page.target.remark);
  const bool takes_bytes = page.exported.images == onnx::ImageType::bytes;
  text += file_section(page);
  text += fmt::format(
      kInput,
      takes_bytes
          ? fmt::format("[{}, {}, {}, 3], uint8, RGB in 0..255, channels last.", batch, height, width)
          : fmt::format("[{}, 3, {}, {}], float32, RGB in 0..1, channels first.", batch, height, width),
      takes_bytes ? "" : "; then divide by 255");
  if (page.suppression) {
    const onnx::Suppression& op = *page.suppression;
    text += fmt::format(kSuppressed, op.max_detections, op.score_threshold, op.iou_threshold);
  } else {
    text += page.raw_head ? fmt::format(kRaw, classes) : fmt::format(kDecoded, 5 + classes);
    text += kAfterwards;
  }
  return text + class_section(page.info) + accuracy_section(page);
}

std::string commands(const TargetPage& page) {
  std::string line;
  for (const std::string& argument : page.target.command(page.exported))
    line += (line.empty() ? "" : " \\\n  ") + shell_word(argument);
  return fmt::format(
      "#!/bin/sh\n# {}: builds or runs the network of this folder and measures its speed.\nset -eu\n"
      "cd \"$(dirname \"$0\")\"\n{}\n",
      page.target.runtime, line);
}

}  // namespace y6q::stages
