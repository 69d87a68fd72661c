#include "train/checkpoint.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "formats/safetensors.h"
#include "support/folder.h"

namespace y6q::train {
namespace {

class TrainStateFile : public testing::Test {
 protected:
  support::Folder folder_;
  fs::path path_ = folder_ / "state";
};

TEST_F(TrainStateFile, ReadsBackWhatWasWritten) {
  TrainState state;
  state.progress.epoch = 3;
  state.progress.batch = 7;
  state.progress.iteration = 1234;
  state.progress.sums.iou = 0.1 + 0.2;
  state.progress.best_map = 1.0 / 3;
  state.progress.history = {{0, {1, 2, 3, 4}, 0.01, {}, 20}, {1, {0.5, 0.25, 0, 0}, 0.02, 0.4, 21}};
  state.weights["a.weight"] = {{2, 1}, std::vector<float>{1, -2}};
  state.momentum["a.weight"] = {{2, 1}, std::vector<float>{0.5F, 3}};
  state.average["a.weight"] = {{2, 1}, std::vector<float>{0.1F, 0.3F}};
  state.recipe = "epochs: 5\n";
  write_state(path_, state);
  const TrainState read = read_state(path_);
  EXPECT_EQ(read.weights, state.weights);
  EXPECT_EQ(read.momentum, state.momentum);
  EXPECT_EQ(read.average, state.average);
  EXPECT_TRUE(read.best.empty());
  EXPECT_EQ(read.recipe, state.recipe);
  EXPECT_EQ(read.progress.batch, 7);
  EXPECT_EQ(read.progress.iteration, 1234);
  EXPECT_EQ(read.progress.sums, state.progress.sums);
  EXPECT_EQ(read.progress.best_map, state.progress.best_map);
  EXPECT_EQ(read.progress.history, state.progress.history);
}

TEST_F(TrainStateFile, OtherFilesAreRefused) {
  const Arrays none;
  formats::write_safetensors(path_, none, {});
  EXPECT_THROW(read_state(path_), InputError);
  formats::write_safetensors(path_, none,
                             {{"format", "yolov6q training state 1"}, {"progress", "{"}, {"recipe", ""}});
  EXPECT_THROW(read_state(path_), InputError);
  write_file(path_, "no state");
  EXPECT_THROW(read_state(path_), InputError);
}

TEST(HistoryCsv, LeavesTheMapEmptyWhereNothingWasEvaluated) {
  EXPECT_EQ(history_csv({{0, {1, 2, 3, 4}, 0.01, {}, 20}, {1, {0.5, 0.25, 0, 0}, 0.02, 0.4, 21}}),
            "epoch,loss_classes,loss_iou,loss_dfl,loss_distill,lr,map,images_per_s\n"
            "1,1.000000,2.000000,3.000000,4.000000,0.01,,20.0\n"
            "2,0.500000,0.250000,0.000000,0.000000,0.02,0.400000,21.0\n");
}

}  // namespace
}  // namespace y6q::train
