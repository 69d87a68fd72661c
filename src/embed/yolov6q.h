/* yolov6q: detectors in programs of your own, from C. No LibTorch; the library exports these functions only.
 *
 * Errors: a function returns Y6Q_OK or the code that says who can act, and fills `error` (which may be NULL)
 * with one line: where, what was found, what is accepted. Nothing is printed, nothing ends the process.
 * Threads: one detector serves one thread at a time; y6q_detector_another gives one more for another thread.
 */
#ifndef YOLOV6Q_H
#define YOLOV6Q_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define Y6Q_API __attribute__((visibility("default")))

typedef enum y6q_status {
  Y6Q_OK = 0,
  Y6Q_USAGE = 2,       /* an argument is out of range */
  Y6Q_INPUT = 3,       /* the file or the image is not acceptable */
  Y6Q_ENVIRONMENT = 4, /* the machine lacks something, or has run out of it */
  Y6Q_INTERNAL = 70    /* a bug of ours */
} y6q_status;

typedef struct y6q_error {
  y6q_status status;
  char message[1024]; /* ends with 0 */
} y6q_error;

typedef enum y6q_precision {
  Y6Q_AUTO = 0, /* INT8 for a quantized file, else FP32 */
  Y6Q_FP32 = 1,
  Y6Q_BF16 = 2,
  Y6Q_INT8 = 3
} y6q_precision;

typedef struct y6q_options {
  y6q_precision precision;
  int threads;            /* 0: all cores */
  int streams;            /* detectors that run side by side, each on threads / streams; >= 1 */
  float score_threshold;  /* boxes score above it; 0 to 1 */
  float iou_threshold;    /* a better box suppresses those that overlap it by more; 0 to 1 */
  int64_t max_detections; /* boxes an image, the best */
  int64_t max_candidates; /* that go into suppression; 0: all */
  int multi_label;        /* not 0: a cell may yield several classes */
  int agnostic;           /* not 0: boxes of different classes suppress each other */
} y6q_options;

typedef enum y6q_channels { Y6Q_BGR = 0, Y6Q_RGB = 1 } y6q_channels;

/* 8-bit image, three interleaved channels, rows from top to bottom. */
typedef struct y6q_image {
  const uint8_t* pixels;
  int64_t height, width; /* pixels, 1 to 16384 */
  int64_t row_bytes;     /* from the start of one row to the next, >= 3 * width; 0: 3 * width */
  y6q_channels channels;
} y6q_image;

typedef struct y6q_detection {
  float x1, y1, x2, y2; /* corners in pixels of the image, inside it; x right, y down */
  float score;          /* 0 to 1 */
  int32_t label;        /* class id, from 0 */
} y6q_detection;

typedef struct y6q_detector y6q_detector;

/* FP32 or INT8 as the file is, all cores, one stream, 0.4, 0.45, 1000 boxes, no cap, best class, by class. */
Y6Q_API y6q_options y6q_default_options(void);

/* Opens an ONNX file as `yolov6q export` writes it. options: NULL for the defaults. *detector is to be
 * closed. */
Y6Q_API y6q_status y6q_detector_open(const char* path, const y6q_options* options, y6q_detector** detector,
                                     y6q_error* error);

/* The same network for one more thread; weights are shared. Either may be closed first. */
Y6Q_API y6q_status y6q_detector_another(const y6q_detector* detector, y6q_detector** other, y6q_error* error);

/* *detections: *count boxes, best first; they live until the next call on this detector, or its end. */
Y6Q_API y6q_status y6q_detector_detect(y6q_detector* detector, const y6q_image* image,
                                       const y6q_detection** detections, size_t* count, y6q_error* error);

/* NULL is accepted. */
Y6Q_API void y6q_detector_close(y6q_detector* detector);

Y6Q_API int32_t y6q_detector_class_count(const y6q_detector* detector);
/* "" where the file has no name for it, or there is no such class. Lives as long as the detector. */
Y6Q_API const char* y6q_detector_class_name(const y6q_detector* detector, int32_t label);
/* What images are scaled to, in pixels. */
Y6Q_API void y6q_detector_input_size(const y6q_detector* detector, int64_t* height, int64_t* width);

/* "0.1.0" */
Y6Q_API const char* y6q_version(void);

#ifdef __cplusplus
}
#endif

#endif
