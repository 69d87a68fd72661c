#pragma once

#include <opencv2/core.hpp>

#include "image/image.h"

namespace y6q::image {

/// The image's pixels as OpenCV sees them: no copy, valid while the image lives and keeps its size.
/// The first call limits OpenCV to one thread: parallelism is ours, over images. Private to this folder.
cv::Mat view(Image& image);
const cv::Mat view(const ImageView& image);

/// For calls without an Image to view.
void limit_opencv_threads();

}  // namespace y6q::image
