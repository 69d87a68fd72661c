#include "train/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string message_of(const std::string& yaml) {
  try {
    parse_train_recipe(yaml, "r.yaml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TrainRecipe, ReadsWhatIsThereAndKeepsTheRest) {
  const TrainRecipe recipe = parse_train_recipe(
      "epochs: 60\nlr0: 0.02\niou_type: siou\nema: false\naugment:\n  mosaic: 0.5\n", "r.yaml");
  TrainRecipe want;
  want.epochs = 60;
  want.lr0 = 0.02;
  want.iou_type = "siou";
  want.ema = false;
  want.augment.mosaic = 0.5;
  EXPECT_EQ(recipe, want);
  EXPECT_EQ(parse_train_recipe("", "r.yaml", want), want);
}

TEST(TrainRecipe, ReadsBackWhatItWrites) {
  TrainRecipe recipe;
  recipe.lr0 = 0.1 + 0.2;
  recipe.seed = ~uint64_t{0};
  recipe.bf16 = "off";
  recipe.augment.hsv_h = 1.0 / 3;
  EXPECT_EQ(parse_train_recipe(to_yaml(recipe), "r.yaml"), recipe);
}

TEST(TrainRecipe, MistakesNameTheLineAndWhatIsAccepted) {
  EXPECT_THAT(message_of("epochs: 3\nlearning_rate: 1\n"),
              AllOf(HasSubstr("r.yaml, line 2"), HasSubstr("learning_rate"), HasSubstr("lr0")));
  EXPECT_THAT(message_of("epochs: many\n"),
              AllOf(HasSubstr("line 1"), HasSubstr("many"), HasSubstr("whole number")));
  EXPECT_THAT(message_of("epochs: 0\n"), HasSubstr("from 1"));
  EXPECT_THAT(message_of("epochs: [1]\n"), HasSubstr("list or map"));
  EXPECT_THAT(message_of("lr0: .nan\n"), HasSubstr("lr0"));
  EXPECT_THAT(message_of("iou_type: iou\n"), HasSubstr("giou, diou, ciou, siou"));
  EXPECT_THAT(message_of("augment:\n  mosiac: 1\n"), HasSubstr("mosiac"));
  EXPECT_THAT(message_of("- 1\n"), HasSubstr("map"));
  EXPECT_THAT(message_of("epochs: [\n"), HasSubstr("line"));
}

TEST(TrainRecipe, ShortRunsKeepStrongAugmentationForTwoThirds) {
  TrainRecipe recipe;
  recipe.epochs = 60;
  EXPECT_EQ(calm_epochs(recipe), 15);
  recipe.epochs = 10;
  EXPECT_EQ(calm_epochs(recipe), 3);
}

}  // namespace
}  // namespace y6q::train
