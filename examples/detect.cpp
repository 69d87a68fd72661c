// detect MODEL.onnx IMAGE.ppm: prints the boxes found in an image (binary PPM, 8 bit, RGB).
#include <yolov6q/detector.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: detect MODEL.onnx IMAGE.ppm\n";
    return 2;
  }
  y6q_options options = y6q_default_options();
  options.score_threshold = 0.25F;
  y6q::Detector detector(argv[1], options);

  std::ifstream file(argv[2], std::ios::binary);
  std::string magic;
  int64_t width = 0, height = 0;
  int largest = 0;
  file >> magic >> width >> height >> largest;
  file.get();
  if (!file || magic != "P6" || largest != 255 || width < 1 || height < 1) {
    std::cerr << argv[2] << ": is no binary PPM with 8 bits a channel\n";
    return 3;
  }
  const std::vector<char> pixels{std::istreambuf_iterator<char>(file), {}};
  if (std::ssize(pixels) < 3 * width * height) {
    std::cerr << argv[2] << ": ends early\n";
    return 3;
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(pixels.data());
  for (const y6q_detection& d : detector.detect({bytes, height, width, 3 * width, Y6Q_RGB})) {
    std::printf("%s %.3f  %.1f %.1f %.1f %.1f\n", detector.class_name(d.label).c_str(), d.score, d.x1, d.y1,
                d.x2, d.y2);
  }
  return 0;
} catch (const y6q::DetectorError& error) {
  std::cerr << error.what() << '\n';
  return error.status();
}
