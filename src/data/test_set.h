#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.h"
#include "data/dataset.h"
#include "image/encode.h"

namespace y6q::data {

class Messages : public InnerMonitor {
 public:
  Messages() : InnerMonitor(silent_monitor()) {}
  void message(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class DatasetTest : public ::testing::Test {
 protected:
  fs::path root =
      fs::temp_directory_path() / ("y6q_dataset_" + std::to_string(getpid()) + "_" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
  void SetUp() override { fs::remove_all(root); }
  void TearDown() override { fs::remove_all(root); }

  void image(const std::string& name, int64_t height = 20, int64_t width = 40) {
    image::encode_file(root / name, image::Image(height, width, 90));
  }
  void text(const std::string& name, const std::string& content) { write_file(root / name, content); }
  Dataset read(const std::string& name, const DatasetOptions& options = {}) {
    messages.lines.clear();
    return read_dataset(root / name, options, messages);
  }
  /// The message of the error of this type that reading ends with.
  template <typename E = InputError>
  std::string error_of(const std::string& name, const DatasetOptions& options = {}) {
    try {
      read(name, options);
    } catch (const E& error) {
      return error.what();
    }
    return "accepted";
  }
  Messages messages;  ///< of the last read()
  void yolo() {
    text("data.yaml", "train: images/train\nval: [images/val]\nnc: 2\nnames: [cat, dog]\n");
    image("images/train/b.png");
    image("images/train/a.png");
    text("labels/train/a.txt", "1 0.5 0.5 0.25 0.5\n0 0.1 0.2 0.1 0.1\r\n\n1 0.5 0.5 0.25 0.5\n");
  }
};

}  // namespace y6q::data
