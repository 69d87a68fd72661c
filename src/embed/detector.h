#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "yolov6q.h"

/// The C interface for C++20; nothing but this header and yolov6q.h is needed to compile with it.
namespace y6q {

/// What a call could not do; status() says who can act (yolov6q.h).
class DetectorError : public std::runtime_error {
 public:
  explicit DetectorError(const y6q_error& error) : std::runtime_error(error.message), status_(error.status) {}
  y6q_status status() const { return status_; }

 private:
  y6q_status status_;
};

/// A model file and its suppression; for one thread at a time.
///
///   y6q::Detector detector("ptq.onnx");
///   for (const y6q_detection& found : detector.detect({pixels, height, width})) …
class Detector {
 public:
  explicit Detector(const std::string& path, const y6q_options& options = y6q_default_options()) {
    y6q_detector* opened = nullptr;
    check([&](y6q_error* error) { return y6q_detector_open(path.c_str(), &options, &opened, error); });
    raw_.reset(opened);
  }

  /// The same network for one more thread; weights are shared.
  Detector another() const {
    y6q_detector* other = nullptr;
    check([&](y6q_error* error) { return y6q_detector_another(raw_.get(), &other, error); });
    return Detector(other);
  }

  /// Boxes in pixels of the image, best first; valid until the next call.
  std::span<const y6q_detection> detect(const y6q_image& image) {
    const y6q_detection* found = nullptr;
    size_t count = 0;
    check([&](y6q_error* error) { return y6q_detector_detect(raw_.get(), &image, &found, &count, error); });
    return {found, count};
  }

  int class_count() const { return y6q_detector_class_count(raw_.get()); }
  std::string class_name(int label) const { return y6q_detector_class_name(raw_.get(), label); }

 private:
  struct Close {
    void operator()(y6q_detector* detector) const { y6q_detector_close(detector); }
  };

  explicit Detector(y6q_detector* raw) : raw_(raw) {}

  template <typename Call>
  static void check(const Call& call) {
    y6q_error error;
    if (call(&error) != Y6Q_OK) throw DetectorError(error);
  }

  std::unique_ptr<y6q_detector, Close> raw_;
};

}  // namespace y6q
