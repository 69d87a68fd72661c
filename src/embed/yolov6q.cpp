#include "embed/yolov6q.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/errors.h"
#include "embed/image_detector.h"

struct y6q_detector {
  std::unique_ptr<y6q::embed::ImageDetector> detector;
  std::vector<y6q_detection> detections;
};

namespace {

constexpr int64_t kLargestSide = 16384;

y6q_status fill(y6q_error* error, y6q_status status, const char* message) {
  if (error == nullptr) return status;
  error->status = status;
  const size_t length = std::min(std::strlen(message), sizeof(error->message) - 1);
  std::memcpy(error->message, message, length);
  error->message[length] = '\0';
  return status;
}

/// No exception leaves the library.
template <typename Body>
y6q_status guarded(y6q_error* error, const Body& body) {
  try {
    body();
    return fill(error, Y6Q_OK, "");
  } catch (const y6q::Error& problem) {
    return fill(error, static_cast<y6q_status>(problem.code()), problem.what());
  } catch (const std::bad_alloc&) {
    return fill(error, Y6Q_ENVIRONMENT, "detector: out of memory");
  } catch (const std::exception& problem) {
    return fill(error, Y6Q_INTERNAL, problem.what());
  } catch (...) {
    return fill(error, Y6Q_INTERNAL, "detector: an exception of unknown type");
  }
}

void require(bool holds, const char* message) {
  if (!holds) throw y6q::UsageError(std::string(message));
}

y6q::embed::DetectorOptions to_options(const y6q_options& given) {
  y6q::embed::DetectorOptions options;
  switch (given.precision) {
    case Y6Q_AUTO:
      break;
    case Y6Q_FP32:
      options.precision = y6q::engine::Precision::fp32;
      break;
    case Y6Q_BF16:
      options.precision = y6q::engine::Precision::bf16;
      break;
    case Y6Q_INT8:
      options.precision = y6q::engine::Precision::int8;
      break;
    default:
      throw y6q::UsageError("detector: there is no precision {}", static_cast<int>(given.precision));
  }
  options.threads = given.threads;
  options.streams = given.streams;
  options.nms = {.score_threshold = given.score_threshold,
                 .iou_threshold = given.iou_threshold,
                 .max_detections = given.max_detections,
                 .multi_label = given.multi_label != 0,
                 .agnostic = given.agnostic != 0,
                 .max_candidates = given.max_candidates};
  return options;
}

y6q::image::ImageView to_view(const y6q_image& image) {
  const int64_t row_bytes = image.row_bytes == 0 ? 3 * image.width : image.row_bytes;
  if (image.pixels == nullptr || std::min(image.height, image.width) < 1 ||
      std::max(image.height, image.width) > kLargestSide || row_bytes < 3 * image.width) {
    throw y6q::InputError(
        "detector: an image of {} x {} (height x width), {} bytes a row; accepted are 1 to {} pixels a side, "
        "at least 3 bytes a pixel, and pixels",
        image.height, image.width, row_bytes, kLargestSide);
  }
  return {image.pixels, image.height, image.width, row_bytes};
}

}  // namespace

extern "C" {

y6q_options y6q_default_options(void) {
  const y6q::embed::DetectorOptions options;
  return {Y6Q_AUTO,
          options.threads,
          options.streams,
          options.nms.score_threshold,
          options.nms.iou_threshold,
          options.nms.max_detections,
          options.nms.max_candidates,
          options.nms.multi_label ? 1 : 0,
          options.nms.agnostic ? 1 : 0};
}

y6q_status y6q_detector_open(const char* path, const y6q_options* options, y6q_detector** detector,
                             y6q_error* error) {
  return guarded(error, [&] {
    require(path != nullptr && detector != nullptr,
            "detector: open needs a path and a place for the detector");
    auto opened = std::make_unique<y6q_detector>();
    opened->detector = std::make_unique<y6q::embed::ImageDetector>(
        path, to_options(options != nullptr ? *options : y6q_default_options()));
    *detector = opened.release();
  });
}

y6q_status y6q_detector_another(const y6q_detector* detector, y6q_detector** other, y6q_error* error) {
  return guarded(error, [&] {
    require(detector != nullptr && other != nullptr, "detector: another needs a detector and a place for it");
    auto opened = std::make_unique<y6q_detector>();
    opened->detector = detector->detector->another();
    *other = opened.release();
  });
}

y6q_status y6q_detector_detect(y6q_detector* detector, const y6q_image* image,
                               const y6q_detection** detections, size_t* count, y6q_error* error) {
  return guarded(error, [&] {
    require(detector != nullptr && image != nullptr && detections != nullptr && count != nullptr,
            "detector: detect needs a detector, an image and places for the result");
    *count = 0;
    const auto order =
        image->channels == Y6Q_RGB ? y6q::embed::ChannelOrder::rgb : y6q::embed::ChannelOrder::bgr;
    detector->detections.clear();
    for (const auto& found : detector->detector->detect(to_view(*image), order)) {
      detector->detections.push_back({found.box.x1, found.box.y1, found.box.x2, found.box.y2, found.score,
                                      static_cast<int32_t>(found.label)});
    }
    *detections = detector->detections.data();
    *count = detector->detections.size();
  });
}

void y6q_detector_close(y6q_detector* detector) { delete detector; }

int32_t y6q_detector_class_count(const y6q_detector* detector) {
  return static_cast<int32_t>(detector->detector->class_count());
}

const char* y6q_detector_class_name(const y6q_detector* detector, int32_t label) {
  const auto& names = detector->detector->class_names();
  return label >= 0 && label < std::ssize(names) ? names[static_cast<size_t>(label)].c_str() : "";
}

void y6q_detector_input_size(const y6q_detector* detector, int64_t* height, int64_t* width) {
  const y6q::image::Size size = detector->detector->input_size();
  *height = size.height;
  *width = size.width;
}

const char* y6q_version(void) { return Y6Q_VERSION; }

}  // extern "C"
