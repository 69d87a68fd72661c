#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <opencv2/videoio.hpp>

#include "base/errors.h"
#include "image/opencv.h"
#include "image/video.h"

namespace y6q::image {
namespace {

class OpenCvReader : public VideoReader {
 public:
  explicit OpenCvReader(cv::VideoCapture capture) : capture_(std::move(capture)) {}

  bool read(Image& frame) override {
    if (!capture_.read(decoded_) || decoded_.empty() || decoded_.type() != CV_8UC3) return false;
    const cv::Mat rows = decoded_.isContinuous() ? decoded_ : decoded_.clone();
    frame.height = rows.rows;
    frame.width = rows.cols;
    frame.pixels.assign(rows.data, rows.data + rows.total() * 3);
    return true;
  }
  double frames_per_s() const override { return std::max(0.0, capture_.get(cv::CAP_PROP_FPS)); }

 private:
  cv::VideoCapture capture_;
  cv::Mat decoded_;
};

class OpenCvWriter : public VideoWriter {
 public:
  OpenCvWriter(fs::path path, const VideoFormat& format) : path_(std::move(path)) {
    const fs::path folder = folder_of(path_);
    make_folder(folder);
    // The container is chosen by the extension.
    temporary_ = folder / fmt::format(".{}.tmp-{}.mp4", path_.stem().string(), ::getpid());
    const cv::Size size(static_cast<int>(format.size.width), static_cast<int>(format.size.height));
    if (!writer_.open(temporary_.string(), cv::VideoWriter::fourcc('m', 'p', '4', 'v'), format.frames_per_s,
                      size)) {
      throw EnvironmentError("video: {}: cannot be written", path_.string());
    }
  }
  ~OpenCvWriter() override {
    writer_.release();
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }
  void write(const Image& frame) override { writer_.write(view(ImageView(frame))); }
  void commit() override {
    writer_.release();
    std::error_code error;
    fs::rename(temporary_, path_, error);
    if (error)
      throw EnvironmentError("video: {}: cannot be put in place: {}", path_.string(), error.message());
  }

 private:
  fs::path path_, temporary_;
  cv::VideoWriter writer_;
};

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 5 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

bool video_available() { return true; }

std::unique_ptr<VideoReader> open_video(const fs::path& path) {
  limit_opencv_threads();
  if (!fs::is_regular_file(path)) throw InputError("video: {}: no such file", path.string());
  cv::VideoCapture capture(path.string(), cv::CAP_ANY);
  if (!capture.isOpened()) {
    throw InputError("video: {}: not a video, or of a kind that cannot be decoded here", path.string());
  }
  return std::make_unique<OpenCvReader>(std::move(capture));
}

std::unique_ptr<VideoReader> open_camera(const std::string& address) {
  limit_opencv_threads();
  cv::VideoCapture capture = is_number(address) ? cv::VideoCapture(std::stoi(address), cv::CAP_ANY)
                                                : cv::VideoCapture(address, cv::CAP_ANY);
  if (!capture.isOpened()) {
    throw EnvironmentError(
        "video: camera {}: does not answer; give the number of a camera or the URL of a stream", address);
  }
  return std::make_unique<OpenCvReader>(std::move(capture));
}

std::unique_ptr<VideoWriter> create_video(const fs::path& path, const VideoFormat& format) {
  limit_opencv_threads();
  return std::make_unique<OpenCvWriter>(path, format);
}

}  // namespace y6q::image
