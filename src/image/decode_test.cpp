#include "image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "image/encode.h"

namespace y6q::image {
namespace {

using ::testing::HasSubstr;

Image gradient(int64_t height, int64_t width) {
  Image image(height, width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      image.at(y, x)[0] = static_cast<uint8_t>(x * 3);
      image.at(y, x)[1] = static_cast<uint8_t>(y * 5);
      image.at(y, x)[2] = static_cast<uint8_t>(x ^ y);
    }
  }
  return image;
}

std::string message_of(const std::string& bytes) {
  try {
    decode(std::as_bytes(std::span(bytes)), "a.img");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

// APP1 with one IFD entry: orientation.
std::string with_exif_orientation(const std::string& jpeg, char orientation) {
  std::string exif = std::string("Exif\0\0", 6) + std::string("MM\0*\0\0\0\x08\0\x01", 10);
  exif += std::string("\x01\x12\0\x03\0\0\0\x01\0", 9) + orientation + std::string("\0\0\0\0\0\0", 6);
  std::string segment = "\xFF\xE1";
  segment += static_cast<char>((exif.size() + 2) >> 8);
  segment += static_cast<char>(exif.size() + 2);
  return jpeg.substr(0, 2) + segment + exif + jpeg.substr(2);
}

TEST(Decode, PngComesBackAsItWas) {
  const Image image = gradient(20, 31);
  const std::string bytes = encode(image, ".png");
  EXPECT_EQ(decode(std::as_bytes(std::span(bytes)), "a.png"), image);
}

TEST(Decode, ExifOrientationSixTurnsTheImage) {
  const std::string bytes = with_exif_orientation(encode(gradient(20, 31), ".jpg"), 6);
  const Image image = decode(std::as_bytes(std::span(bytes)), "a.jpg");
  EXPECT_EQ(image.height, 31);
  EXPECT_EQ(image.width, 20);
}

TEST(Decode, JpegThatEndsEarlyIsRefusedAtEveryLength) {
  const std::string bytes = encode(gradient(40, 60), ".jpg");
  ASSERT_EQ(message_of(bytes), "accepted");
  for (size_t length = 0; length < bytes.size(); length += 7) {
    EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
  }
  EXPECT_THAT(message_of(bytes.substr(0, bytes.size() - 2)), HasSubstr("FF D9"));
}

TEST(Decode, BytesAfterTheEndMarkerAreAccepted) {
  EXPECT_EQ(message_of(encode(gradient(40, 60), ".jpg") + "camera data"), "accepted");
}

TEST(Decode, PngThatEndsEarlyIsRefused) {
  const std::string bytes = encode(gradient(40, 60), ".png");
  for (const size_t length : {size_t{8}, size_t{30}, bytes.size() / 2, bytes.size() - 20}) {
    EXPECT_NE(message_of(bytes.substr(0, length)), "accepted") << length;
  }
}

TEST(Decode, TextIsRefusedWithTheFileName) {
  EXPECT_THAT(message_of("hello, this is no image"), HasSubstr("a.img: not an image"));
  EXPECT_THAT(message_of(""), HasSubstr("empty"));
}

TEST(Decode, NinePixelsAreTooFew) {
  EXPECT_THAT(message_of(encode(gradient(9, 40), ".png")), HasSubstr("9 x 40"));
  EXPECT_EQ(message_of(encode(gradient(10, 10), ".png")), "accepted");
}

TEST(Decode, SizeBombIsRefusedFromItsHeader) {
  std::string bytes = encode(gradient(12, 12), ".png");
  bytes[18] = '\x7F';  // width 0x00007F0C
  EXPECT_THAT(message_of(bytes), HasSubstr("12 x 32524"));
}

TEST(Decode, KnowsTheExtensionsOfTheSpec) {
  EXPECT_TRUE(has_image_extension("a/b.JPeG"));
  EXPECT_TRUE(has_image_extension("b.mpo"));
  EXPECT_FALSE(has_image_extension("b.txt"));
  EXPECT_FALSE(has_image_extension("jpg"));
}

TEST(Encode, RefusesOtherTypes) { EXPECT_THROW(encode(gradient(10, 10), ".gif"), UnsupportedError); }

}  // namespace
}  // namespace y6q::image
