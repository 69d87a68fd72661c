#include "base/file_kind.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/errors.h"
#include "base/utf8.h"

namespace y6q {
namespace {

using namespace std::string_view_literals;

struct Entry {
  FileKind kind;
  std::string_view name, used;  ///< used: what to do with one where it is not accepted; {0}: its path
};

constexpr Entry kKinds[]{
    {FileKind::model, "a model file", ""},
    {FileKind::training_state, "a training state",
     "train --resume reads it; the networks of its run are best.safetensors and last.safetensors beside it"},
    {FileKind::state_dictionary, "a state dictionary without a graph (safetensors)",
     "yolov6q convert --weights {0} makes a model file of it"},
    {FileKind::checkpoint, "a PyTorch checkpoint", "yolov6q convert --weights {0} makes a model file of it"},
    {FileKind::onnx, "an ONNX file",
     "eval, bench, build and detect run it; here give the model file that it was exported from"},
    {FileKind::openvino_ir, "a network of OpenVINO (IR)",
     "eval, bench, build and detect run it; here give the model file that it was exported from"},
    {FileKind::calibration_cache, "a calibration cache of TensorRT",
     "trtexec --calib reads it; the network is in the ONNX file beside it"},
    {FileKind::json, "a JSON file", ""},
    {FileKind::xml, "an XML file", ""},
    {FileKind::image, "an image", "yolov6q detect --source {0} finds objects in it"},
    {FileKind::video, "a video", "yolov6q detect --source {0} finds objects in it"},
    {FileKind::text, "a text file", ""},
    {FileKind::empty, "an empty file", "it was not written to the end; make it again"},
    {FileKind::unknown, "a file of an unknown kind", ""}};

const Entry& entry_of(FileKind kind) {
  for (const Entry& entry : kKinds) {
    if (entry.kind == kind) return entry;
  }
  throw InternalError("file kind {} is not in the table", static_cast<int>(kind));
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Eight bytes of length, then a JSON object of that length.
bool is_safetensors(std::string_view text) {
  uint64_t length = 0;
  if (text.size() < sizeof(length) + 2 || text[sizeof(length)] != '{') return false;
  std::memcpy(&length, text.data(), sizeof(length));
  return length >= 2 && length <= text.size() - sizeof(length);
}

FileKind safetensors_kind(std::string_view text) {
  uint64_t length = 0;
  std::memcpy(&length, text.data(), sizeof(length));
  // Wherever another program's writer has put the entry.
  const std::string_view header = text.substr(sizeof(length), length);
  if (header.find(R"("format":"yolov6q-model")") != header.npos) return FileKind::model;
  if (header.find(R"("format":"yolov6q training state)") != header.npos) return FileKind::training_state;
  return FileKind::state_dictionary;
}

/// A protobuf message that begins with its first field, ir_version, a small number; then with the key of one
/// of ModelProto's other fields: producer_name, producer_version, domain, model_version, doc_string, graph,
/// opset_import, metadata_props.
bool is_onnx(std::string_view text) {
  constexpr std::string_view kFields = "\x12\x1a\x22\x28\x32\x3a\x42\x72";
  return text.size() > 2 && text[0] == '\x08' && text[1] > 0 && text[1] < 0x40 &&
         kFields.find(text[2]) != kFields.npos;
}

bool is_image(std::string_view text) {
  constexpr std::array kStarts{"\xff\xd8\xff"sv, "\x89PNG\r\n"sv, "II*\0"sv, "MM\0*"sv, "GIF8"sv};
  const bool is_bmp = text.starts_with("BM") && text.size() > 14 && text.substr(6, 4) == "\0\0\0\0"sv;
  const bool is_webp = text.starts_with("RIFF") && text.size() > 12 && text.substr(8, 4) == "WEBP";
  return is_bmp || is_webp ||
         std::ranges::any_of(kStarts, [&](auto start) { return text.starts_with(start); });
}

bool is_video(std::string_view text) {
  if (text.size() < 12) return false;
  return text.substr(4, 4) == "ftyp" || text.starts_with("\x1a\x45\xdf\xa3") ||
         (text.starts_with("RIFF") && text.substr(8, 4) == "AVI ");
}

bool is_text(std::string_view text) {
  constexpr size_t kLooked = 4096;  // characters
  const std::string_view begin = first_characters(text, kLooked);
  return is_utf8(begin) && std::ranges::none_of(begin, [](char c) {
           const auto code = static_cast<unsigned char>(c);
           return code < 0x20 && c != '\n' && c != '\r' && c != '\t';
         });
}

FileKind text_kind(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return FileKind::text;
  text.remove_prefix(first);
  if (text.starts_with("TRT-")) return FileKind::calibration_cache;
  if (text.starts_with("{") || text.starts_with("[")) return FileKind::json;
  if (!text.starts_with("<")) return FileKind::text;
  constexpr size_t kRoot = 1024;  // declaration and comments stand before the root
  return text.substr(0, kRoot).find("<net ") != text.npos ? FileKind::openvino_ir : FileKind::xml;
}

/// What is accepted has a way to it, and what was found has one to somewhere.
std::string way_out(const fs::path& path, FileKind found, std::initializer_list<FileKind> accepted) {
  const auto accepts = [&](FileKind kind) { return std::ranges::find(accepted, kind) != accepted.end(); };
  if (found == FileKind::model && accepts(FileKind::onnx)) {
    return fmt::format("; yolov6q export --weights {} --out {} writes one", path.string(),
                       fs::path(path).replace_extension(".onnx").string());
  }
  const std::string_view used = entry_of(found).used;
  return used.empty() ? "" : "; " + fmt::format(fmt::runtime(used), path.string());
}

}  // namespace

FileKind kind_of(std::span<const std::byte> bytes) {
  const std::string_view text = text_of(bytes);
  if (text.empty()) return FileKind::empty;
  if (is_safetensors(text)) return safetensors_kind(text);
  // Of all zip archives PyTorch's alone are worth a guess: its reader says what it misses in others.
  if (text.starts_with("PK") || text.starts_with('\x80')) return FileKind::checkpoint;
  if (is_image(text)) return FileKind::image;
  if (is_video(text)) return FileKind::video;
  if (is_onnx(text)) return FileKind::onnx;
  return is_text(text) ? text_kind(text) : FileKind::unknown;
}

FileKind kind_of(const fs::path& path) { return kind_of(MappedFile(path).bytes()); }

std::string_view described(FileKind kind) { return entry_of(kind).name; }

FileKind require_kind(const fs::path& path, std::initializer_list<FileKind> accepted) {
  const FileKind found = kind_of(path);
  if (found == FileKind::unknown || std::ranges::find(accepted, found) != accepted.end()) return found;
  std::string names;
  for (const FileKind* kind = accepted.begin(); kind != accepted.end(); ++kind) {
    const std::string_view joint = kind == accepted.begin() ? "" : kind + 1 == accepted.end() ? " or " : ", ";
    names += fmt::format("{}{}", joint, described(*kind));
  }
  throw InputError("{}: is {}; accepted is {}{}", path.string(), described(found), names,
                   way_out(path, found, accepted));
}

}  // namespace y6q
