#include "base/file_kind.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

FileKind kind_of_text(const std::string& text) { return kind_of(std::as_bytes(std::span(text))); }

std::string safetensors(const std::string& header) {
  std::string text(8, '\0');
  text[0] = static_cast<char>(header.size());
  return text + header;
}

// The beginnings are those of the formats' own pages: PNG 1.2 §3.1, JFIF, TIFF 6, RFC 9649 (WebP), protobuf's
// wire format with onnx.proto's field numbers, safetensors' README, APPNOTE.TXT (zip), pickletools.
TEST(FileKind, IsToldByTheFirstBytes) {
  const std::pair<std::string, FileKind> files[]{
      {"", FileKind::empty},
      {safetensors(R"({"__metadata__":{"format":"yolov6q-model"}})"), FileKind::model},
      {safetensors(R"({"__metadata__":{"format":"yolov6q training state 1"}})"), FileKind::training_state},
      {safetensors(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})"), FileKind::state_dictionary},
      {"PK\3\4\0\0\x08\x08", FileKind::checkpoint},
      {"\x80\2}q", FileKind::checkpoint},
      {"\x08\x07\x12\x07yolov6q", FileKind::onnx},
      {"\x08\x08\x3a\x05\x0a\x03net"s, FileKind::onnx},
      {"<?xml version=\"1.0\"?>\n<net name=\"Model0\" version=\"11\">", FileKind::openvino_ir},
      {"<annotation><folder/></annotation>", FileKind::xml},
      {"TRT-8XXX-EntropyCalibration2\nimages: 3c010204\n", FileKind::calibration_cache},
      {"\n {\"images\": []}", FileKind::json},
      {"[1, 2]", FileKind::json},
      {"\xef\xbb\xbf{}", FileKind::json},
      {"\xff\xd8\xff\xe0\0\x10JFIF"s, FileKind::image},
      {"\x89PNG\r\n\x1a\n", FileKind::image},
      {"RIFF\x24\0\0\0WEBPVP8 "s, FileKind::image},
      {"II*\0\x08\0\0\0"s, FileKind::image},
      {"\0\0\0\x20"
       "ftypisom"s,
       FileKind::video},
      {"names: [a, b]\nnc: 2\n", FileKind::text},
      {" \n", FileKind::text},
      {"\xff\xfe t", FileKind::unknown},
      {"\x7f"
       "ELF\2\1\1\0"s,
       FileKind::unknown},
  };
  for (const auto& [text, kind] : files)
    EXPECT_EQ(described(kind_of_text(text)), described(kind)) << testing::PrintToString(text.substr(0, 20));
}

TEST(FileKind, ALengthBeyondTheFileIsNoSafetensors) {
  std::string text = safetensors("{}");
  text[1] = 1;  // 258 bytes of header in a file of 10
  EXPECT_EQ(kind_of_text(text), FileKind::unknown);
}

TEST(FileKind, ARefusalSaysWhatWasFoundWhatIsAcceptedAndTheWay) {
  const support::Folder folder;
  const std::string model = folder / "best.weights", cut = folder / "cut.onnx";
  write_file(model, safetensors(R"({"__metadata__":{"format":"yolov6q-model"}})"));
  EXPECT_THAT(
      [&] {
        require_kind(model, {FileKind::onnx, FileKind::openvino_ir});
      },
      ThrowsMessage<InputError>(model +
                                ": is a model file; accepted is an ONNX file or a network of "
                                "OpenVINO (IR); yolov6q export --weights " +
                                model + " --out " + (folder / "best.onnx") + " writes one"));
  EXPECT_EQ(require_kind(model, {FileKind::json, FileKind::model}), FileKind::model);
  write_file(cut, "");
  EXPECT_THAT([&] { require_kind(cut, {FileKind::onnx}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("an empty file"), HasSubstr("make it again"))));
}

TEST(FileKind, AnUnknownFileIsLeftToItsReader) {
  const support::Folder folder;
  const std::string path = folder / "x";
  write_file(path,
             "\x7f"
             "ELF\2\1\1\0"s);
  EXPECT_EQ(require_kind(path, {FileKind::onnx}), FileKind::unknown);
}

}  // namespace
}  // namespace y6q
