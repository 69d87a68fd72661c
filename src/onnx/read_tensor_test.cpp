#include "onnx/read_tensor.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "base/files.h"
#include "support/folder.h"

namespace y6q::onnx {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

::onnx::TensorProto tensor(int32_t type, std::initializer_list<int64_t> shape) {
  ::onnx::TensorProto tensor;
  tensor.set_name("w");
  tensor.set_data_type(type);
  for (const int64_t extent : shape) tensor.add_dims(extent);
  return tensor;
}

void add_external(::onnx::TensorProto& tensor, const std::string& key, const std::string& value) {
  tensor.set_data_location(::onnx::TensorProto::EXTERNAL);
  auto& entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(value);
}

std::string raw(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

TEST(ReadTensor, NumbersAreTakenFromRawBytesAndFromTypedFields) {
  auto floats = tensor(::onnx::TensorProto::FLOAT, {2});
  floats.add_float_data(1.5F);
  floats.add_float_data(-2);
  EXPECT_THAT(read_tensor(floats, {}).floats(), ElementsAre(1.5F, -2));
  floats.clear_float_data();
  floats.set_raw_data(raw({3, 4}));
  EXPECT_THAT(read_tensor(floats, {}).floats(), ElementsAre(3, 4));
  auto halves = tensor(::onnx::TensorProto::FLOAT16, {2});
  halves.add_int32_data(0x3c00);  // 1
  halves.add_int32_data(0xc000);  // -2
  EXPECT_THAT(read_tensor(halves, {}).floats(), ElementsAre(1, -2));
  auto bytes = tensor(::onnx::TensorProto::UINT8, {1});
  bytes.set_raw_data("\xff");
  EXPECT_THAT(std::get<std::vector<int64_t>>(read_tensor(bytes, {}).data), ElementsAre(255));
  bytes.set_data_type(::onnx::TensorProto::INT8);
  EXPECT_THAT(std::get<std::vector<int8_t>>(read_tensor(bytes, {}).data), ElementsAre(-1));
}

TEST(ReadTensor, AnotherNumberOfElementsThanTheShapeSaysIsRefusedByName) {
  auto broken = tensor(::onnx::TensorProto::FLOAT, {3});
  EXPECT_THAT([&] { read_tensor(broken, {}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("'w'"), HasSubstr("0 elements"), HasSubstr("3"))));
  broken.set_raw_data(raw({1, 2}));
  EXPECT_THAT([&] { read_tensor(broken, {}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("'w'"), HasSubstr("8 bytes"), HasSubstr("12"))));
}

TEST(ReadTensor, HugeAndNegativeShapesAreRefusedBeforeMemoryIsTaken) {
  EXPECT_THROW(read_tensor(tensor(::onnx::TensorProto::FLOAT, {-1}), {}), InputError);
  EXPECT_THROW(read_tensor(tensor(::onnx::TensorProto::FLOAT, {int64_t{1} << 40, int64_t{1} << 40}), {}),
               InputError);
  EXPECT_THROW(read_tensor(tensor(::onnx::TensorProto::FLOAT, {int64_t{1} << 31}), {}), InputError);
}

TEST(ReadTensor, NotANumberIsRefusedWithItsPlace) {
  auto broken = tensor(::onnx::TensorProto::FLOAT, {2});
  broken.set_raw_data(raw({1, NAN}));
  EXPECT_THAT([&] { read_tensor(broken, {}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("'w'"), HasSubstr("element 1"))));
  EXPECT_THAT([] { read_tensor(tensor(::onnx::TensorProto::STRING, {1}), {}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("'w'"), HasSubstr("STRING"))));
}

TEST(ReadTensor, ExternalDataAreReadInsideTheFolderAndNowhereElse) {
  const support::Folder folder;
  const fs::path inside = folder.path() / "model";
  fs::create_directories(inside / "data");
  write_file(inside / "data" / "w.bin", raw({9, 1, 2}));
  write_file(folder.path() / "secret.bin", raw({7, 7}));
  fs::create_symlink(folder.path() / "secret.bin", inside / "link.bin");
  auto external = tensor(::onnx::TensorProto::FLOAT, {2});
  add_external(external, "location", "data/w.bin");
  add_external(external, "offset", "4");
  EXPECT_THAT(read_tensor(external, inside).floats(), ElementsAre(1, 2));
  for (const std::string& place :
       {std::string("../secret.bin"), (folder.path() / "secret.bin").string(), std::string("link.bin"),
        std::string("data/../../secret.bin"), std::string("none.bin"), std::string()}) {
    external.mutable_external_data(0)->set_value(place);
    EXPECT_THAT([&] { read_tensor(external, inside); }, ThrowsMessage<InputError>(HasSubstr("'w'"))) << place;
  }
  external.mutable_external_data(0)->set_value("data/w.bin");
  for (const char* offset : {"5", "18446744073709551615", "-1", "x"}) {
    external.mutable_external_data(1)->set_value(offset);
    EXPECT_THAT([&] { read_tensor(external, inside); }, ThrowsMessage<InputError>(HasSubstr("'w'")))
        << offset;
  }
}

}  // namespace
}  // namespace y6q::onnx
