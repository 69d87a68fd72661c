#include "stages/detect.h"

#include <gmock/gmock.h>

#include <atomic>
#include <sstream>

#include "base/errors.h"
#include "base/random.h"
#include "embed/test_network.h"
#include "image/encode.h"

// From files to boxes with the engine: order, broken images, stopping.
namespace y6q::stages {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class StopAfter : public Monitor {
 public:
  explicit StopAfter(int64_t frames) : frames_(frames) {}
  void begin(std::string_view, int64_t, std::string_view) override {}
  void advance(int64_t done, std::string_view) override { done_ = done; }
  void end() override {}
  void message(std::string_view) override {}
  bool stop_requested() const override { return done_ >= frames_; }

 private:
  int64_t frames_;
  std::atomic<int64_t> done_ = 0;
};

/// Lines that note how many results there were when each was asked for.
class NotingList : public std::streambuf {
 public:
  NotingList(std::vector<std::string> lines, const std::vector<FrameResult>& results)
      : lines_(std::move(lines)), results_(results) {}
  std::vector<size_t> noted;

 private:
  int_type underflow() override {
    noted.push_back(results_.size());
    if (noted.size() > lines_.size()) return traits_type::eof();
    std::string& line = lines_[noted.size() - 1];
    setg(line.data(), line.data(), line.data() + line.size());
    return traits_type::to_int_type(line[0]);
  }
  std::vector<std::string> lines_;
  const std::vector<FrameResult>& results_;
};

class Detect : public testing::Test {
 protected:
  void SetUp() override {
    if (!engine::supports(engine::Kind::openvino, engine::Precision::fp32))
      GTEST_SKIP() << "built without OpenVINO";
    options_.onnx = embed::write_network(folder_);
    options_.detector.nms = {.score_threshold = 0.005F, .max_detections = 3};
    Random random(1);
    for (int i = 0; i < 30; ++i) {
      image::Image image(20 + random.index(200), 20 + random.index(200),
                         static_cast<uint8_t>(random.index(256)));
      const std::string name = fmt::format("{:02}.png", i);
      image::encode_file(folder_ / name, image);
      if (i % 10 == 4) write_file(folder_ / name, "damaged");
      options_.sources.push_back({folder_ / name, name});
    }
  }
  std::vector<FrameResult> run(int threads) {
    std::vector<FrameResult> results;
    options_.detector.threads = threads;
    summary_ = detect(options_, {{}, [&](const FrameResult& r, const auto&) { results.push_back(r); }},
                      silent_monitor());
    return results;
  }
  support::Folder folder_;
  DetectOptions options_;
  DetectSummary summary_;
};

TEST_F(Detect, ResultsAreInOrderAndEqualForAnyNumberOfThreads) {
  const auto one = run(1), three = run(3);
  ASSERT_EQ(one.size(), 30U);
  ASSERT_EQ(three.size(), 30U);
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(three[i].source.path, options_.sources[i].path);
    EXPECT_EQ(three[i].detections, one[i].detections) << i;
    EXPECT_EQ(three[i].problem, one[i].problem);
  }
}

TEST_F(Detect, WhatCannotBeReadIsReportedAndCounted) {
  const auto results = run(2);
  EXPECT_EQ(summary_.frames, 27);
  EXPECT_EQ(summary_.detections, 81);
  ASSERT_EQ(summary_.broken.size(), 3U);
  EXPECT_THAT(summary_.broken[1], HasSubstr("14.png"));
  EXPECT_THAT(results[4].problem, HasSubstr("04.png"));
  EXPECT_EQ(results[3].detections.size(), 3U);
  EXPECT_EQ(summary_.class_names, (std::vector<std::string>{"a", "b", "c d"}));
  EXPECT_GT(summary_.seconds.inference, 0);
}

TEST_F(Detect, AListIsReadWhileResultsComeOut) {
  std::vector<FrameResult> results;
  NotingList lines({folder_ / "00.png\n", folder_ / "01.png\n", folder_ / "02.png\n"}, results);
  std::istream list(&lines);
  options_.sources = {{.path = "-", .relative = {}, .is_list = true}};
  options_.list = &list;
  options_.detector.threads = 1;
  const FrameSink sink{{}, [&](const FrameResult& r, const auto&) { results.push_back(r); }};
  detect(options_, sink, silent_monitor());
  EXPECT_THAT(lines.noted, testing::ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(results.size(), 3U);
}

TEST_F(Detect, AnEmptyListIsNoSource) {
  std::istringstream list("\n\n");
  options_.sources = {{.path = "-", .relative = {}, .is_list = true}};
  options_.list = &list;
  EXPECT_THAT([&] { run(1); }, ThrowsMessage<InputError>(HasSubstr("no image was found")));
}

TEST_F(Detect, NamesMustFitTheNetwork) {
  options_.detector.names = {"x", "y"};
  EXPECT_THAT([&] { run(1); }, ThrowsMessage<InputError>(AllOf(HasSubstr("2 class names"), HasSubstr("3"))));
  options_.detector.names = {"x", "y", "z"};
  run(1);
  EXPECT_EQ(summary_.class_names[2], "z");
}

TEST_F(Detect, StopsWhenAskedTo) {
  StopAfter monitor(5);
  options_.detector.threads = 2;
  EXPECT_THAT([&] { detect(options_, {}, monitor); }, ThrowsMessage<Interrupted>(HasSubstr("stopped after")));
}

TEST_F(Detect, WhatTheSinkThrowsEndsIt) {
  auto fail = [](const FrameResult&, const auto&) { throw EnvironmentError("disk full"); };
  EXPECT_THAT(
      [&] {
        detect(options_, {{}, fail}, silent_monitor());
      },
      ThrowsMessage<EnvironmentError>(HasSubstr("disk full")));
}

}  // namespace
}  // namespace y6q::stages
