#include "formats/scales.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "formats/model_file.h"
#include "support/folder.h"

namespace y6q::formats {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<BlockScales> kTwo{{"z", {1, 0.1F}, {3, -4e-9F}, {}}, {"a", {5}, {6}, {7}}};

ir::Model searched() {
  ir::Model model;
  const auto add = [&](const std::string& name, std::vector<float> values) {
    model.add_parameter(name, {{static_cast<int64_t>(values.size())}, values}, true);
  };
  add("z.scale_1x1.weight", {3, -4e-9F});
  add("z.scale_conv.weight", {1, 0.1F});
  add("a.scale_identity.weight", {7});
  add("a.scale_1x1.weight", {6});
  add("a.scale_conv.weight", {5});
  return model;
}

TEST(Scales, ComeFromTheBlocksInGraphOrder) {
  ir::Model model = searched();
  EXPECT_EQ(extract_scales(model), kTwo);
  model.add_parameter("b.scale_conv.weight", ir::Array::filled({1}, 5), true);
  EXPECT_THROW(extract_scales(model), InputError);
  EXPECT_THROW(extract_scales(ir::Model{}), InputError);
}

TEST(ScalesFile, KeepsEveryBit) {
  const support::Folder folder;
  write_scales(folder / "scales.json", kTwo);
  EXPECT_EQ(read_scales(folder / "scales.json"), kTwo);
}

TEST(ScalesFile, ASearchedModelServesAsWell) {
  const support::Folder folder;
  write_model(folder / "model", {searched(), {.architecture = "yolov6n", .mode = "hyper_search"}});
  EXPECT_EQ(read_scales(folder / "model"), kTwo);
}

TEST(ScalesFile, EveryCutIsRefused) {
  const support::Folder folder;
  write_scales(folder / "whole", kTwo);
  std::string whole = read_file(folder / "whole");
  whole.pop_back();  // the last line end may be missing
  for (size_t length = 0; length < whole.size(); ++length) {
    write_file(folder / "cut", whole.substr(0, length));
    EXPECT_THROW(read_scales(folder / "cut"), InputError) << length;
  }
}

TEST(ScalesFile, MistakesNameTheBlock) {
  const support::Folder folder;
  const auto refused = [&](const std::string& block, const std::string& message) {
    write_file(folder / "bad", R"({"format": "yolov6q scales 1", "blocks": [)" + block + "]}");
    EXPECT_THAT([&] { read_scales(folder / "bad"); },
                ThrowsMessage<InputError>(AllOf(HasSubstr(message), HasSubstr(folder / "bad"))));
  };
  refused(R"({"block": "b", "conv3x3": [1, 2], "conv1x1": [1]})", "block 'b' has 2, 1 and 0 scales");
  refused(R"({"block": "b", "conv3x3": [1], "conv1x1": ["x"]})", "block 'b': conv1x1");
  refused(R"({"block": "b", "conv3x3": [1e39], "conv1x1": [1]})", "block 'b': conv3x3");
  refused(R"({"conv3x3": [1], "conv1x1": [1]})", "block");
  refused("", "no blocks");
}

}  // namespace
}  // namespace y6q::formats
