#include "formats/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/errors.h"
#include "formats/safetensors.h"
#include "ir/text.h"
#include "support/folder.h"

namespace y6q::formats {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// images -> conv (weights of all three array types) -> relu.
ModelFile sample() {
  ModelFile file;
  ir::Model& model = file.model;
  const ir::Value images = model.graph.add("images", ir::Input{{1, 3, 8, 8}}, {});
  const ir::Value weight = model.add_parameter(
      "conv.weight", {{1, 3, 1, 1}, std::vector<float>{1.25F, -0.0F, 3e-38F}}, true, "conv");
  const ir::Value conv = model.graph.add("conv", ir::Conv2d{}, {images, weight}, "conv");
  model.add_parameter("codes", {{2}, std::vector<int8_t>{-128, 127}}, false);
  model.add_parameter("count", {{}, std::vector<int64_t>{INT64_MAX}}, false);
  model.graph.mark_output("out", model.graph.add("relu", ir::Relu{}, {conv}));
  file.info = {.architecture = "yolov6n",
               .mode = "repopt",
               .class_names = {"person", "traffic \"light\"", "gar\xc3\xa7on"},
               .image_size = {320, 416},
               .scheme = "cpu",
               .provenance = {{"recipe", "a: 1\nb: 2\n"}, {"tool", "test"}}};
  return file;
}

class ModelFileTest : public testing::Test {
 protected:
  support::Folder folder_;
  fs::path path_ = folder_ / "model.safetensors";

  /// The sample with one metadata text replaced.
  void write_with(const std::string& key, const std::string& text) {
    write_model(path_, sample());
    auto metadata = SafetensorsReader(path_).metadata();
    metadata[key] = text;
    write_safetensors(path_, sample().model.weights, metadata);
  }
  void expect_refused(const std::string& key, const std::string& text, const std::string& message) {
    write_with(key, text);
    EXPECT_THAT([&] { read_model(path_); },
                ThrowsMessage<InputError>(testing::AllOf(HasSubstr(message), HasSubstr(path_.string()))));
  }
};

TEST_F(ModelFileTest, ComesBackEqual) {
  const ModelFile written = sample();
  write_model(path_, written);
  const ModelFile read = read_model(path_);
  EXPECT_EQ(read.info, written.info);
  EXPECT_EQ(read.model.weights, written.model.weights);
  EXPECT_EQ(ir::to_text(read.model.graph), ir::to_text(written.model.graph));
}

TEST_F(ModelFileTest, SameContentSameBytes) {
  write_model(path_, sample());
  const std::string first = read_file(path_);
  write_model(path_, read_model(path_));
  EXPECT_EQ(read_file(path_), first);
}

TEST_F(ModelFileTest, WhatCannotBeReadBackIsNotWritten) {
  ModelFile file = sample();
  file.info.image_size = {0, 640};
  EXPECT_THROW(write_model(path_, file), InputError);
  file = sample();
  file.model.weights.erase("codes");
  EXPECT_THROW(write_model(path_, file), InputError);
  file = sample();
  file.info.class_names[0] = std::string(300, 'x');
  EXPECT_THROW(write_model(path_, file), InputError);
  file = sample();
  file.info.class_names[0] = "\xff";
  EXPECT_THROW(write_model(path_, file), InputError);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ModelFileTest, OtherFilesAreRefused) {
  write_safetensors(path_, {}, {});
  EXPECT_THAT([&] { read_model(path_); }, ThrowsMessage<InputError>(HasSubstr("not a model file")));
  expect_refused("format", "pt", "format 'pt'");
  expect_refused("version", "2", "version '2'");
}

TEST_F(ModelFileTest, BadMetadataAreRefused) {
  const std::string rest = R"("mode":"","scheme":"","provenance":{},"image_size":)";
  const auto info = [&](const std::string& names, const std::string& size) {
    return R"({"architecture":"",)" + rest + size + R"(,"class_names":)" + names + "}";
  };
  write_with("info", info(R"(["a"])", "[1,8192]"));
  ASSERT_NO_THROW(read_model(path_));
  expect_refused("info", "{", "not valid JSON");
  expect_refused("info", "[]", "six fields");
  expect_refused("info", info(R"(["a",3])", "[1,1]"), "class_names");
  expect_refused("info", info(R"({"a":3})", "[1,1]"), "class_names");
  expect_refused("info", info("[]", "[1,8193]"), "image side 8193");
  expect_refused("info", info("[]", "[-1,1]"), "image side -1");
  expect_refused("info", info("[]", "[1]"), "image_size");
  expect_refused("graph", "", "is not a parameter");
  expect_refused("graph", "x [1] = Nothing()", "line 1");
}

TEST_F(ModelFileTest, WeightsMustFitTheGraph) {
  write_model(path_, sample());
  const auto metadata = SafetensorsReader(path_).metadata();
  auto weights = sample().model.weights;
  weights["conv.weight"] = ir::Array::zeros({1, 3, 1, 2});
  write_safetensors(path_, weights, metadata);
  EXPECT_THROW(read_model(path_), InputError);
  weights = sample().model.weights;
  weights["conv.weight"].floats()[0] = std::numeric_limits<float>::quiet_NaN();
  write_safetensors(path_, weights, metadata);
  EXPECT_THROW(read_model(path_), InputError);
}

TEST_F(ModelFileTest, EveryCutIsNoticed) {
  write_model(path_, sample());
  const std::string whole = read_file(path_);
  for (size_t length = 0; length < whole.size(); length += 7) {
    support::put(path_, whole.substr(0, length));
    EXPECT_THROW(read_model(path_), InputError) << length;
  }
}

TEST_F(ModelFileTest, NoFlippedByteIsFatal) {
  write_model(path_, sample());
  const std::string whole = read_file(path_);
  uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof(length));
  int refused = 0;
  for (size_t i = 0; i < 8 + length; ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    support::put(path_, bytes);
    try {
      read_model(path_);
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 700);
}

}  // namespace
}  // namespace y6q::formats
