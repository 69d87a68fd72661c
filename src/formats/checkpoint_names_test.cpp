#include "formats/checkpoint_names.h"

#include <gtest/gtest.h>

namespace y6q::formats {
namespace {

/// The table of spec/01 §0.
TEST(CheckpointNames, FlatOnesBecomeNested) {
  EXPECT_EQ(nested_name("backbone.ERBlock_5.2.cv1.conv.weight"),
            "backbone.ERBlock_5.2.sppf.cv1.block.conv.weight");
  EXPECT_EQ(nested_name("backbone.ERBlock_5.2.m._input_quantizer._amax"),
            "backbone.ERBlock_5.2.sppf.m._input_quantizer._amax");
  EXPECT_EQ(nested_name("neck.reduce_layer0.bn.running_mean"), "neck.reduce_layer0.block.bn.running_mean");
  EXPECT_EQ(nested_name("neck.downsample2.conv._weight_quantizer._amax"),
            "neck.downsample2.block.conv._weight_quantizer._amax");
  EXPECT_EQ(nested_name("detect.stems.0.conv.weight"), "detect.stems.0.block.conv.weight");
  EXPECT_EQ(nested_name("detect.cls_convs.2.conv"), "detect.cls_convs.2.block.conv");
}

TEST(CheckpointNames, OthersStay) {
  for (const char* name :
       {"backbone.ERBlock_5.2.sppf.cv1.block.conv.weight", "backbone.stem.conv.weight",
        "backbone.ERBlock_2.0.bn.bias", "neck.Rep_p4.conv1.conv.weight", "neck.Rep_p4.block.0.conv.weight",
        "neck.Rep_p4.block.0.bn.weight", "backbone.stem.rbr_dense.conv.weight", "detect.cls_preds.0.weight",
        "detect.proj_conv.weight", "neck.upsample0.upsample_transpose.weight",
        "detect.stems.0.block.bn.weight", "", ".", "a..b"}) {
    EXPECT_EQ(nested_name(name), name);
  }
}

TEST(CheckpointNames, Kinds) {
  EXPECT_EQ(entry_kind("backbone.stem.bn.num_batches_tracked"), EntryKind::batch_count);
  EXPECT_EQ(entry_kind("detect.proj"), EntryKind::projection);
  EXPECT_EQ(entry_kind("detect.proj_conv.weight"), EntryKind::projection);
  EXPECT_EQ(entry_kind("backbone.stem.conv._input_quantizer._amax"), EntryKind::range);
  EXPECT_EQ(entry_kind("backbone.stem.conv.weight"), EntryKind::weight);
}

}  // namespace
}  // namespace y6q::formats
