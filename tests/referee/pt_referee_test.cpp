#include <sstream>

#include "checkpoint/state_dict.h"
#include "formats/model_file.h"
#include "formats/pt_reader.h"
#include "formats/pt_writer.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "passes/insert_quantizers.h"
#include "referee/referee.h"

namespace y6q::referee {
namespace {

TEST(PyTorch, OpensAStateDictionaryOfOurs) {
  const Folder folder;
  const ir::Array weight{{2, 3}, std::vector<float>{0, 0.5F, 1, 1.5F, 2, 2.5F}};
  const ir::Array count{{}, std::vector<int64_t>{7}}, scalar = ir::Array::scalar(-1.25F);
  const ir::Array empty{{0, 4}, std::vector<float>{}}, codes{{3}, std::vector<int8_t>{-128, 0, 127}};
  formats::write_pt(folder.path() / "ours.pt", {{"b.weight", &weight},
                                                {"a.count", &count},
                                                {"scalar", &scalar},
                                                {"empty", &empty},
                                                {"codes", &codes}});
  Y6Q_REFEREE("pt_referee.py", "load " + folder.quoted() + "/ours.pt");
}

/// The lines of `pt_referee.py describe` are these entries; `ordered`: in this order.
void expect_described(const fs::path& path, const formats::PtEntries& entries, bool ordered) {
  std::istringstream lines(read_file(path.string() + ".txt"));
  size_t count = 0;
  for (std::string name, type, shape, sum; lines >> name >> type >> shape >> sum; ++count) {
    const auto found = std::ranges::find(entries, name, [](const auto& entry) { return entry.first; });
    ASSERT_NE(found, entries.end()) << name;
    if (ordered) {
      EXPECT_EQ(found - entries.begin(), static_cast<std::ptrdiff_t>(count)) << name;
    }
    std::string extents;
    for (const int64_t extent : found->second->shape)
      extents += (extents.empty() ? "" : "x") + std::to_string(extent);
    EXPECT_EQ(shape, extents.empty() ? "scalar" : extents) << name;
    EXPECT_EQ(type, found->second->data.index() == 0 ? "torch.float32" : "torch.int64") << name;
    const double total = std::visit(
        [](const auto& data) {
          double result = 0;
          for (const auto value : data) result += static_cast<double>(value);
          return result;
        },
        found->second->data);
    EXPECT_NEAR(std::stod(sum), total,
                1e-9 * (1 + static_cast<double>(ir::element_count(found->second->shape))))
        << name;
  }
  EXPECT_EQ(count, entries.size());
}

TEST(PyTorch, OpensWhatConvertWrites) {
  const Folder folder;
  const ir::Model repvgg = models::yolov6({.mode = models::Mode::repvgg, .image_size = {64, 64}});
  const ir::Model calibrated = passes::insert_quantizers(
      passes::deploy(models::yolov6({.mode = models::Mode::repopt, .image_size = {64, 64}})), {});
  for (const ir::Model* model : {&repvgg, &calibrated}) {
    const checkpoint::StateDict state = checkpoint::state_dict(*model, 12);
    formats::write_pt(folder.path() / "ours.pt", state.entries);
    Y6Q_REFEREE("pt_referee.py", "describe " + folder.quoted() + "/ours.pt");
    expect_described(folder.path() / "ours.pt", state.entries, true);
  }
}

TEST(PyTorch, SafetensorsOpensAModelFile) {
  const Folder folder;
  const formats::ModelFile file{models::yolov6({.image_size = {64, 64}}),
                                {.architecture = "yolov6n", .mode = "repopt"}};
  const fs::path path = folder.path() / "model.safetensors";
  formats::write_model(path, file);
  Y6Q_REFEREE("pt_referee.py", "describe " + folder.quoted() + "/model.safetensors");
  formats::PtEntries entries;
  for (const auto& [name, array] : file.model.weights) entries.emplace_back(name, &array);
  expect_described(path, entries, false);
}

void expect_same_state(const fs::path& path) {
  const std::map<std::string, ir::Array> want = {
      {"transposed", {{4, 2, 3}, std::vector<float>{0, 4, 8,  12, 16, 20, 1, 5, 9,  13, 17, 21,
                                                    2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23}}},
      {"slice", {{2, 2}, std::vector<float>{16, 18, 20, 22}}},
      {"row", {{4}, std::vector<float>{8, 9, 10, 11}}},
      {"expanded", {{2, 2}, std::vector<float>{3, 3, 3, 3}}},
      {"half", {{3}, std::vector<float>{1.5F, -2, 65504}}},
      {"brain", {{2}, std::vector<float>{1.5F, -2}}},
      {"double", {{1}, std::vector<float>{0.1F}}},
      {"integers", {{1, 2}, std::vector<int64_t>{-1, 2}}},
      {"flags", {{2}, std::vector<int64_t>{1, 0}}},
      {"scalar", {{}, std::vector<int64_t>{5}}},
      {"parameter", {{1}, std::vector<float>{4}}}};
  const formats::PtReader reader(path);
  EXPECT_EQ(reader.network().tensors.size(), want.size() + 1);
  for (const auto& [name, tensor] : reader.network().tensors) {
    const ir::Array got = reader.array(tensor);
    if (name == "whole") {
      EXPECT_EQ(got.shape, (ir::Shape{2, 3, 4}));
      for (size_t i = 0; i < got.floats().size(); ++i) EXPECT_EQ(got.floats()[i], static_cast<float>(i));
    } else {
      EXPECT_TRUE(got == want.at(name)) << path << ' ' << name;
    }
  }
}

void expect_same_module(const fs::path& path) {
  const formats::PtReader reader(path);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : reader.network().tensors) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv.weight", "bn.weight", "bn.bias", "bn.running_mean",
                                             "bn.running_var", "bn.num_batches_tracked"}));
  const auto& tensors = reader.network().tensors;
  EXPECT_TRUE(reader.array(tensors[0].second) ==
              (ir::Array{{3, 1, 1, 1}, std::vector<float>{0.25F, 0.25F, 0.25F}}));
  EXPECT_TRUE(reader.array(tensors[5].second) == (ir::Array{{}, std::vector<int64_t>{1}}));
  EXPECT_EQ(reader.checkpoint().epoch, 3);
  ASSERT_TRUE(reader.checkpoint().optimizer);
  EXPECT_EQ(reader.checkpoint().optimizer->momentum.size(), 3U);
  EXPECT_EQ(reader.checkpoint().optimizer->groups, (std::vector<std::vector<int64_t>>{{0, 1, 2}}));
}

TEST(PyTorch, WritesWhatWeRead) {
  const Folder folder;
  Y6Q_REFEREE("pt_referee.py", "save " + folder.quoted());
  for (const char* name : {"zip", "zip2", "zip3", "zip4", "zip5", "legacy", "no_checksums"}) {
    SCOPED_TRACE(name);
    expect_same_state(folder.path() / (std::string(name) + ".pt"));
  }
  expect_same_module(folder.path() / "module.pt");
  expect_same_module(folder.path() / "legacy_module.pt");
  const formats::PtReader scales(folder.path() / "scales.pt");
  ASSERT_EQ(scales.checkpoint().tensor_groups.size(), 1U);
  EXPECT_EQ(scales.array(scales.checkpoint().tensor_groups[0][0]).floats(), (std::vector<float>{1, 1}));
}

}  // namespace
}  // namespace y6q::referee
