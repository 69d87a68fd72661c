#include "stages/engine_file.h"

#include <gtest/gtest.h>

#include "formats/model_file.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using support::Folder;

fs::path model_file(const Folder& folder, const std::vector<std::string>& classes) {
  const fs::path path = folder / (classes.back() + ".safetensors");
  const auto count = static_cast<int64_t>(classes.size());
  formats::write_model(
      path,
      {passes::deploy(models::yolov6({.class_count = count, .image_size = {64, 64}})),
       {.architecture = "yolov6n", .mode = "repvgg_deploy", .class_names = classes, .image_size = {64, 64}}});
  return path;
}

void last_used(const fs::path& file, std::chrono::hours ago) {
  fs::last_write_time(file, fs::file_time_type::clock::now() - ago);
}

TEST(EngineFile, WhatWasUsedLongestAgoLeavesTheCacheForWhatIsNew) {
  const Folder folder;
  const fs::path first = model_file(folder, {"a"}), second = model_file(folder, {"a", "b"}),
                 third = model_file(folder, {"a", "b", "c"});
  const fs::path cache = folder / "cache";
  const fs::path first_onnx = EngineFile(first, {cache}).onnx(),
                 second_onnx = EngineFile(second, {cache}).onnx();
  last_used(first_onnx, std::chrono::hours(2)), last_used(second_onnx, std::chrono::hours(1));
  EXPECT_EQ(EngineFile(first, {cache}).onnx(), first_onnx) << "now the second is the one to go";
  const uint64_t room_for_two = fs::file_size(first_onnx) * 5 / 2;
  const fs::path third_onnx = EngineFile(third, {cache, room_for_two}).onnx();
  EXPECT_TRUE(fs::exists(first_onnx));
  EXPECT_FALSE(fs::exists(second_onnx));
  EXPECT_TRUE(fs::exists(third_onnx));
}

TEST(EngineFile, AnOnnxFileIsTakenAsItIs) {
  const Folder folder;
  const fs::path cache = folder / "cache";
  const fs::path onnx = EngineFile(model_file(folder, {"a"}), {cache}).onnx();
  EXPECT_EQ(EngineFile(onnx, {cache, 1}).onnx(), onnx);
  EXPECT_TRUE(fs::exists(onnx));
}

TEST(EngineFile, WithoutACacheNothingIsLeft) {
  const Folder folder;
  const fs::path model = model_file(folder, {"a"});
  fs::path onnx;
  {
    const EngineFile file(model, {});
    onnx = file.onnx();
    EXPECT_TRUE(fs::exists(onnx));
  }
  EXPECT_FALSE(fs::exists(onnx));
}

}  // namespace
}  // namespace y6q::stages
