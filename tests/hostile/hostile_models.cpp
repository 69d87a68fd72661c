#include <cstring>
#include <nlohmann/json.hpp>

#include "hostile/checkpoint_files.h"

// Safetensors files and model files, damaged or put together to deceive.
namespace y6q::hostile {
namespace {

using namespace std::string_literals;
using nlohmann::json;

std::string safetensors(const std::string& header, const std::string& data = "") {
  const uint64_t size = header.size();
  std::string bytes(sizeof(size), '\0');
  std::memcpy(bytes.data(), &size, sizeof(size));
  return bytes + header + data;
}

HostileFile file(const std::string& kind, const std::string& bytes, const std::string& message) {
  return {kind, [=](const std::string&) { return bytes; }, message};
}
HostileFile header(const std::string& kind, const std::string& text, const std::string& message,
                   const std::string& data = std::string(8, '\0')) {
  return file(kind, safetensors(text, data), message);
}

std::string entry(const std::string& type, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

/// A model file with this graph and one array `w` of two numbers.
HostileFile graph(const std::string& kind, const std::string& text, const std::string& message,
                  const std::string& numbers = std::string(8, '\0')) {
  const json info{{"architecture", "a"},    {"mode", "m"},  {"class_names", json::array()},
                  {"image_size", {64, 64}}, {"scheme", ""}, {"provenance", json::object()}};
  const json header{{"__metadata__",
                     {{"format", "yolov6q-model"}, {"version", "1"}, {"graph", text}, {"info", info.dump()}}},
                    {"w", {{"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {0, 8}}}}};
  return file(kind, safetensors(header.dump(), numbers), message);
}

/// Each concatenation doubles the channels of the one before.
std::string doubling_graph() {
  std::string text = "c0 [1, 1, 1, 1] = Input() shape=1x1x1x1\n";
  for (int i = 1; i < 60; ++i) {
    text += "c" + std::to_string(i) + " [1, " + std::to_string(uint64_t{1} << i) + ", 1, 1] = Concat(c" +
            std::to_string(i - 1) + ", c" + std::to_string(i - 1) + ")\n";
  }
  return text;
}

}  // namespace

std::vector<HostileFile> hostile_models() {
  const std::string one = entry("F32", "[2]", "[0,8]"), w = "w [2] = Parameter() shape=2\noutput o = w\n";
  return {
      file("HeaderOfEightExabytes",
           "\xff\xff\xff\xff\xff\xff\xff\x7f"
           "{}",
           "header of"),
      file("HeaderLongerThanTheFile", "\x40\0\0\0\0\0\0\0{}"s, "header of"),
      file("ShorterThanALength", "\x01\0\0"s, "too few"),
      header("HeaderThatIsNoObject", "[1]", "not a JSON object"),
      header("HeaderCut", R"({"a":)", "not valid JSON"),
      header("HeaderNestedAHundredThousandLevels", repeated(R"({"a":)", 100'000), "nested deeper"),
      header("HeaderOfBrokenUtf8", "{\"\xff\xfe\":1}", "not valid JSON"),
      header("NameTwice", "{\"a\":" + one + ",\"a\":" + one + "}", "stands twice"),
      header("TensorsThatOverlap", "{\"a\":" + one + ",\"b\":" + one + "}", "overlap"),
      header("BytesOfNoTensor", "{\"a\":" + entry("F32", "[1]", "[4,8]") + "}", "bytes of no tensor"),
      header("BytesAfterTheLastTensor", "{\"a\":" + entry("F32", "[1]", "[0,4]") + "}",
             "after the last tensor"),
      header("TensorBeyondTheEnd", "{\"a\":" + entry("F32", "[4]", "[0,16]") + "}", "damaged or cut"),
      header("OffsetsTheWrongWay", "{\"a\":" + entry("F32", "[2]", "[8,0]") + "}", "damaged or cut"),
      header("OffsetsThatAreNegative", "{\"a\":" + entry("F32", "[2]", "[-8,0]") + "}", "whole numbers"),
      header("ShapeWhoseProductOverflows", "{\"a\":" + entry("F32", "[4611686018427387904,4]", "[0,8]") + "}",
             "more elements"),
      header("ShapeOfFractions", "{\"a\":" + entry("F32", "[0.5]", "[0,8]") + "}", "whole numbers"),
      header("ShapeOfNineAxes", "{\"a\":" + entry("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]") + "}", "at most 8"),
      header("TypeThatIsUnknown", "{\"a\":" + entry("F99", "[2]", "[0,8]") + "}", "F99"),
      header("MetadataThatIsNoText", R"({"__metadata__":{"a":{}}})", "not a string", ""),
      header("TensorsOfSomebodyElse", "{\"a\":" + one + "}", "stem of a YOLOv6 network"),
      graph("GraphOfRubbish", "\x01\x02\x03", "line 1"),
      graph("GraphOfAMillionLines", repeated("\n", 1'000'000), "line"),
      graph("GraphThatNamesWhatIsNotThere", "a [1] = Relu(b)\n", "line 1"),
      graph("GraphThatReadsItself", "a [1] = Relu(a)\n", "line 1"),
      graph("GraphOfUnknownOperator", "a [1] = System(w)\n", "line 1"),
      graph("GraphWhoseShapesDouble", doubling_graph(), "line"),
      graph("GraphOfAHugeShape", "w [9223372036854775807] = Parameter() shape=9223372036854775807\n",
            "line 1"),
      graph("GraphWithoutItsArray", "v [2] = Parameter() shape=2\noutput o = v\n", "'v'"),
      graph("WeightsThatAreNoNumbers", w, "finite", "\0\0\xc0\x7f\0\0\x80\x7f"s),
  };
}

}  // namespace y6q::hostile
