#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "image/resize.h"

/// Moving pictures: an optional part (Y6Q_VIDEO); without it the functions that open something say so.
namespace y6q::image {

/// Built in. has_video_extension is true for names such as x.mp4 all the same.
bool video_available();
bool has_video_extension(const fs::path& path);

class VideoReader {
 public:
  virtual ~VideoReader() = default;
  /// The next frame, 8-bit BGR; false at the end, or where the rest cannot be decoded.
  virtual bool read(Image& frame) = 0;
  virtual double frames_per_s() const = 0;  ///< as the file states it; 0 when it does not
};

/// Throws InputError when it is no video that can be decoded, EnvironmentError in builds without video.
std::unique_ptr<VideoReader> open_video(const fs::path& path);
/// address: a camera's number, or the URL of a stream. Throws EnvironmentError when it does not answer.
std::unique_ptr<VideoReader> open_camera(const std::string& address);

class VideoWriter {
 public:
  virtual ~VideoWriter() = default;
  virtual void write(const Image& frame) = 0;
  /// Puts the file in place; without it nothing is left.
  virtual void commit() = 0;
};

struct VideoFormat {
  Size size;                 ///< of every frame
  double frames_per_s = 25;  ///< > 0
};

/// An MP4 file. Throws EnvironmentError when it cannot be written, or in builds without video.
std::unique_ptr<VideoWriter> create_video(const fs::path& path, const VideoFormat& format);

}  // namespace y6q::image
