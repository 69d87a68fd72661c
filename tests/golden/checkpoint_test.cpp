#include "formats/checkpoint_names.h"
#include "formats/pt_reader.h"
#include "formats/pt_writer.h"
#include "golden/golden.h"
#include "support/folder.h"

namespace y6q::golden {
namespace {

using formats::EntryKind;
using formats::PtNetwork;
using formats::PtReader;

/// By nested name.
std::map<std::string, ir::Array> arrays_of(const PtReader& reader, const PtNetwork& network) {
  std::map<std::string, ir::Array> arrays;
  for (const auto& [name, tensor] : network.tensors) {
    EXPECT_TRUE(arrays.emplace(formats::nested_name(name), reader.array(tensor)).second) << name;
  }
  return arrays;
}

ir::Array recorded(const formats::SafetensorsReader& state, const std::string& name) {
  const bool is_float = formats::entry_kind(name) != EntryKind::batch_count;
  return is_float ? state.floats(name) : state.integers(name);
}

/// Every tensor of `state` that starts with the prefix, and no other.
void expect_equal(const std::map<std::string, ir::Array>& got, const formats::SafetensorsReader& state,
                  const std::string& prefix = "") {
  size_t count = 0;
  for (const auto& [name, raw] : state.tensors()) {
    if (!name.starts_with(prefix)) continue;
    ++count;
    const auto found = got.find(name.substr(prefix.size()));
    ASSERT_NE(found, got.end()) << name;
    EXPECT_TRUE(found->second == recorded(state, name)) << name;
  }
  EXPECT_EQ(count, got.size());
}

void expect_calibrated(const std::string& file, const std::string& ranges) {
  const PtReader reader(folder() / file);
  auto got = arrays_of(reader, reader.network());
  std::map<std::string, ir::Array> amax;
  for (auto it = got.begin(); it != got.end();) {
    const bool is_range = formats::entry_kind(it->first) == EntryKind::range;
    if (is_range) amax.insert(*it);
    it = is_range ? got.erase(it) : std::next(it);
  }
  EXPECT_EQ(amax.size(), 119U);
  expect_equal(amax, tensors(ranges));
  expect_equal(got, tensors("quantnet/state"));
}

TEST(Checkpoint, OfTraining) {
  Y6Q_NEED_GOLDEN();
  const auto facts = json("model/train_ckpt_tiny");
  const auto state = tensors("model/train_ckpt_tiny_state");
  const PtReader reader(folder() / "model/train_ckpt_tiny.pt");
  const auto& checkpoint = reader.checkpoint();
  ASSERT_TRUE(checkpoint.model && checkpoint.ema && checkpoint.optimizer);
  expect_equal(arrays_of(reader, *checkpoint.model), state, "model/");
  expect_equal(arrays_of(reader, *checkpoint.ema), state, "ema/");
  EXPECT_EQ(&reader.network(), &*checkpoint.ema);
  for (const auto* network : {&*checkpoint.model, &*checkpoint.ema}) {
    EXPECT_EQ(network->class_count, facts["nc"].get<int64_t>());
    EXPECT_EQ(network->class_names, facts["names"].get<std::vector<std::string>>());
    EXPECT_EQ(network->strides, (std::vector<double>{8, 16, 32}));
  }
  EXPECT_EQ(checkpoint.epoch, facts["epoch"].get<int64_t>());
  EXPECT_EQ(checkpoint.updates, facts["updates"].get<int64_t>());
  EXPECT_EQ(checkpoint.results, facts["results"].get<std::vector<double>>());
}

TEST(Checkpoint, OptimizerOfTraining) {
  Y6Q_NEED_GOLDEN();
  const auto facts = json("model/train_ckpt_tiny");
  const auto momentum = tensors("model/train_ckpt_tiny_optimizer");
  const PtReader reader(folder() / "model/train_ckpt_tiny.pt");
  const auto& optimizer = *reader.checkpoint().optimizer;
  std::map<std::string, ir::Array> got;
  for (const auto& [position, tensor] : optimizer.momentum) {
    got["momentum/" + std::to_string(position)] = reader.array(tensor);
  }
  expect_equal(got, momentum);
  const auto& groups = facts["param_groups"];
  ASSERT_EQ(optimizer.groups.size(), groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    EXPECT_EQ(optimizer.groups[i], groups[i]["params"].get<std::vector<int64_t>>());
  }
}

TEST(Checkpoint, Stripped) {
  Y6Q_NEED_GOLDEN();
  const PtReader reader(folder() / "model/stripped_ckpt_tiny.pt");
  const auto& checkpoint = reader.checkpoint();
  EXPECT_FALSE(checkpoint.ema || checkpoint.optimizer || checkpoint.updates);
  EXPECT_EQ(checkpoint.epoch, 9);
  expect_equal(arrays_of(reader, reader.network()), tensors("model/train_ckpt_tiny_state"), "ema/");
}

TEST(Checkpoint, OfScales) {
  Y6Q_NEED_GOLDEN();
  const PtReader reader(folder() / "repopt/scales_ckpt.pt");
  const auto got = arrays_of(reader, reader.network());
  expect_equal(got, tensors("model/hyper_search_state"));
  const auto scales = tensors("repopt/scales");
  size_t compared = 0;
  const auto blocks = json("repopt/scales")["blocks"];
  for (const auto& block : blocks) {
    const auto path = block["block"].get<std::string>();
    for (const auto& [part, entry] :
         {std::pair{"identity", "scale_identity"}, {"conv1x1", "scale_1x1"}, {"conv3x3", "scale_conv"}}) {
      const auto name = fmt::format("{:02}.{}", block["index"].get<int>(), part);
      if (!scales.tensors().contains(name)) continue;
      EXPECT_TRUE(got.at(path + "." + entry + ".weight") == scales.floats(name)) << name;
      ++compared;
    }
  }
  EXPECT_EQ(compared, scales.tensors().size());
}

TEST(Checkpoint, CalibratedWithNestedNames) {
  Y6Q_NEED_GOLDEN();
  expect_calibrated("quantnet/tiny_calib_histogram.pt", "quantnet/tiny_calib_histogram_amax");
}

TEST(Checkpoint, CalibratedWithFlatNames) {
  Y6Q_NEED_GOLDEN();
  expect_calibrated("quantnet/tiny_calib_max_flat.pt", "quantnet/tiny_calib_max_amax");
}

TEST(Checkpoint, NamesOfBothGenerations) {
  Y6Q_NEED_GOLDEN();
  const auto pairs = json("quantnet/names")["flat_to_nested"];
  size_t changed = 0;
  for (const auto& [flat, nested] : pairs.items()) {
    EXPECT_EQ(formats::nested_name(flat), nested.get<std::string>());
    EXPECT_EQ(formats::nested_name(nested.get<std::string>()), nested.get<std::string>());
    changed += flat != nested.get<std::string>() ? 1 : 0;
  }
  EXPECT_EQ(pairs.size(), 437U);
  EXPECT_EQ(changed, 121U);
}

/// Names of networks with other modes and sizes are nested already and stay.
TEST(Checkpoint, NestedNamesStay) {
  Y6Q_NEED_GOLDEN();
  for (const auto* file : {"repopt", "repvgg", "hyper_search"}) {
    const auto state = tensors(std::string("model/") + file + "_state");
    for (const auto& [name, tensor] : state.tensors()) {
      EXPECT_EQ(formats::nested_name(name), name);
    }
  }
}

TEST(Checkpoint, SeesTheAveragesOfQaRepVgg) {
  Y6Q_NEED_GOLDEN();
  EXPECT_EQ(PtReader(folder() / "networks/stripped_qarepvgg_n_tiny.pt").network().has_averages, true);
  EXPECT_EQ(PtReader(folder() / "networks/stripped_m_tiny.pt").network().has_averages, false);
}

TEST(Checkpoint, ComesBackFromAStateDictionary) {
  Y6Q_NEED_GOLDEN();
  const PtReader reader(folder() / "repopt/scales_ckpt.pt");
  const auto arrays = arrays_of(reader, reader.network());
  formats::PtEntries entries;
  for (const auto& [name, tensor] : reader.network().tensors) entries.emplace_back(name, &arrays.at(name));
  const support::Folder scratch;
  const fs::path path = scratch / "back.pt";
  formats::write_pt(path, entries);
  const PtReader again(path);
  ASSERT_EQ(again.network().tensors.size(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [name, tensor] = again.network().tensors[i];
    EXPECT_EQ(name, entries[i].first);
    EXPECT_TRUE(again.array(tensor) == *entries[i].second) << name;
  }
}

}  // namespace
}  // namespace y6q::golden
