#include "formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/errors.h"
#include "support/folder.h"

namespace y6q::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Safetensors : public testing::Test {
 protected:
  support::Folder folder_;
  fs::path path_ = folder_ / "file.safetensors";

  /// A file with this header and these data bytes.
  const fs::path& made_of(const std::string& header, const std::string& data) {
    const uint64_t length = header.size();
    std::string bytes(sizeof(length), '\0');
    std::memcpy(bytes.data(), &length, sizeof(length));
    support::put(path_, bytes + header + data);
    return path_;
  }
  void expect_refused(const std::string& header, const std::string& data, const std::string& message) {
    EXPECT_THAT([&] { SafetensorsReader reader(made_of(header, data)); },
                ThrowsMessage<InputError>(HasSubstr(message)))
        << header;
  }
  void write_sample() {
    write_safetensors(path_,
                      {{"b", {{2, 2}, std::vector<float>{1.5F, -2, 0, 3}}},
                       {"a", {{3}, std::vector<int8_t>{-1, 2, 3}}},
                       {"c", {{}, std::vector<int64_t>{INT64_MIN}}},
                       {"none", {{0, 4}, std::vector<float>{}}}},
                      {{"key", "value \n \"quoted\" \xc3\xa9"}});
  }
};

/// The elements, without ir::Array's checked access.
template <typename T>
const std::vector<T>& elements(const ir::Array& array) {
  return std::get<std::vector<T>>(array.data);
}

TEST_F(Safetensors, ComesBackAsItWasWritten) {
  write_sample();
  const SafetensorsReader reader(path_);
  const ir::Array b = reader.floats("b");
  EXPECT_THAT(b.shape, ElementsAre(2, 2));
  EXPECT_THAT(elements<float>(b), ElementsAre(1.5F, -2, 0, 3));
  EXPECT_THAT(elements<int64_t>(reader.integers("a")), ElementsAre(-1, 2, 3));
  EXPECT_EQ(reader.integers("c").shape, ir::Shape{});
  EXPECT_THAT(elements<int64_t>(reader.integers("c")), ElementsAre(INT64_MIN));
  EXPECT_THAT(reader.floats("none").shape, ElementsAre(0, 4));
  EXPECT_EQ(reader.metadata().at("key"), "value \n \"quoted\" \xc3\xa9");
  EXPECT_EQ(reader.tensors().size(), 4U);
}

TEST_F(Safetensors, DataStartAtAMultipleOfEightBytes) {
  write_sample();
  const std::string bytes = read_file(path_);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0U);
}

TEST_F(Safetensors, TypesAreNotConfused) {
  write_sample();
  const SafetensorsReader reader(path_);
  EXPECT_THROW(reader.floats("a"), InputError);
  EXPECT_THROW(reader.integers("b"), InputError);
  EXPECT_THROW(reader.floats("absent"), InputError);
}

// Bit patterns of IEEE 754 binary16 written out by hand.
TEST_F(Safetensors, HalvesAreWidened) {
  const std::string data("\x00\x3c\x00\xc0\x01\x00\xff\x7b\x00\x80\x00\x7c\xff\x03\x01\x7e", 16);
  made_of(R"({"h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]}})", data);
  const std::vector<float> got = elements<float>(SafetensorsReader(path_).floats("h"));
  EXPECT_EQ(got[0], 1.0F);
  EXPECT_EQ(got[1], -2.0F);
  EXPECT_EQ(got[2], std::ldexp(1.0F, -24));
  EXPECT_EQ(got[3], 65504.0F);
  EXPECT_TRUE(got[4] == 0 && std::signbit(got[4]));
  EXPECT_EQ(got[5], std::numeric_limits<float>::infinity());
  EXPECT_EQ(got[6], std::ldexp(1023.0F, -24));
  EXPECT_TRUE(std::isnan(got[7]));
}

TEST_F(Safetensors, NarrowIntegersAreWidened) {
  made_of(
      R"({"i":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}})",
      "\xfe\xff\xff\xff\xff");
  EXPECT_THAT(elements<int64_t>(SafetensorsReader(path_).integers("i")), ElementsAre(-2));
  EXPECT_THAT(elements<int64_t>(SafetensorsReader(path_).integers("u")), ElementsAre(255));
}

TEST_F(Safetensors, LiesOfTheHeaderAreRefused) {
  const std::string data(8, 'x');
  const auto tensor = [](const std::string& shape, const std::string& offsets) {
    return R"({"t":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  ASSERT_NO_THROW(SafetensorsReader(made_of(tensor("[2]", "[0,8]"), data)));
  expect_refused(tensor("[2]", "[0,9]"), data, "damaged or cut");
  expect_refused(tensor("[2]", "[8,0]"), data, "damaged or cut");
  expect_refused(tensor("[3]", "[0,8]"), data, "takes 12 bytes");
  expect_refused(tensor("[1]", "[0,4]"), data, "4 bytes after the last tensor");
  expect_refused(tensor("[1]", "[4,8]"), data, "bytes of no tensor at data byte 0");
  expect_refused(tensor("[-2]", "[0,8]"), data, "whole numbers");
  expect_refused(tensor("[2.0]", "[0,8]"), data, "whole numbers");
  expect_refused(tensor("[2]", "[0,1e1]"), data, "whole numbers");
  expect_refused(tensor("[4611686018427387906]", "[0,8]"), data,
                 "more elements");  // 2^62 + 2: wraps to 8 bytes
  expect_refused(tensor("[18446744073709551615]", "[0,8]"), data, "too large");
  expect_refused(tensor("[1,1,1,1,1,1,1,1,2]", "[0,8]"), data, "at most 8");
  expect_refused(tensor("2", "[0,8]"), data, "at most 8");
  expect_refused(tensor("[2]", "[0,8,8]"), data, "not a pair");
  expect_refused(R"({"t":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", data, "type F64");
  expect_refused(R"({"t":{"shape":[1],"data_offsets":[0,8]}})", data, "are accepted");
  expect_refused(R"({"t":7})", data, "are accepted");
}

TEST_F(Safetensors, StructureOfTheHeaderIsChecked) {
  const std::string t = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  ASSERT_NO_THROW(SafetensorsReader(made_of(R"({"t":)" + t + "}", "x")));
  expect_refused(R"({"t":)" + t + R"(,"t":)" + t + "}", "x", "stands twice");
  expect_refused(R"({"__metadata__":{"a":"1","a":"2"}})", "", "stands twice");
  expect_refused(R"({"t":)" + t + R"(,"u":)" + t + "}", "x", "overlap");
  expect_refused(R"({"__metadata__":{"a":1}})", "", "not a string");
  expect_refused(R"({"__metadata__":[]})", "", "not an object");
  expect_refused("[]", "", "not a JSON object");
  expect_refused("{", "", "not valid JSON");
  expect_refused("{} x", "", "not valid JSON");
  expect_refused("{\"\xff\":1}", "", "not valid JSON");
  expect_refused(std::string(100'000, '['), "", "deeper");
  expect_refused(R"({"a":{"b":{"c":{"d":{}}}}})", "", "deeper");
}

TEST_F(Safetensors, HeaderLongerThanTheFileIsRefused) {
  for (const uint64_t length : {uint64_t{3}, uint64_t{1} << 40, ~uint64_t{0}}) {
    std::string bytes(10, ' ');
    std::memcpy(bytes.data(), &length, sizeof(length));
    support::put(path_, bytes);
    EXPECT_THROW(SafetensorsReader{path_}, InputError) << length;
  }
}

TEST_F(Safetensors, EveryCutIsNoticed) {
  write_sample();
  const std::string whole = read_file(path_);
  for (size_t length = 0; length < whole.size(); ++length) {
    support::put(path_, whole.substr(0, length));
    EXPECT_THROW(SafetensorsReader{path_}, InputError) << length;
  }
}

TEST_F(Safetensors, NoFlippedByteOfTheHeaderIsFatal) {
  write_sample();
  const std::string whole = read_file(path_);
  uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof(length));
  int refused = 0;
  for (size_t i = 0; i < 8 + length; ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    support::put(path_, bytes);
    try {
      const SafetensorsReader reader(path_);
      for (const auto& [name, tensor] : reader.tensors()) {
        if (tensor.dtype == DType::f32 || tensor.dtype == DType::f16) reader.floats(name);
      }
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 150);  // flips inside names and texts are still valid files
}

}  // namespace
}  // namespace y6q::formats
