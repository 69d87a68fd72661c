#include "train/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "data/yaml_fields.h"

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

std::string augment_keys() { return data::names_of(data::augment_fields()); }

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
  EXPECT_EQ(parse_train_recipe(to_yaml(recipe), "r.yaml"), recipe) << "nothing frozen";
  recipe.freeze = {"*.weight", "neck.?"};
  EXPECT_EQ(parse_train_recipe(to_yaml(recipe), "r.yaml"), recipe);
}

TEST(TrainRecipe, TakesPatternsOfNames) {
  const std::vector<std::string> want{"backbone.*", "neck.*"};
  EXPECT_EQ(parse_train_recipe("freeze: [backbone.*, neck.*]\n", "r.yaml").freeze, want);
  EXPECT_EQ(parse_train_recipe("freeze: backbone.*,neck.*\n", "r.yaml").freeze, want);
  EXPECT_THAT(message_of("freeze: [a b]\n"), HasSubstr("pattern"));
}

TEST(TrainRecipe, SaysWhatDiffersFromAnother) {
  TrainRecipe one, two;
  EXPECT_THAT(differences(to_yaml(one), to_yaml(two)), testing::IsEmpty());
  two.lr0 = 0.5;
  two.augment.mosaic = 0.25;
  EXPECT_THAT(differences("# a\n" + to_yaml(one), "# b\n" + to_yaml(two)),
              testing::ElementsAre("lr0: 0.01, now 0.5", "mosaic: 1, now 0.25"));
  // A text from before there was a setting.
  std::string older = to_yaml(one);
  const size_t line = older.find("lr0: ");
  older.erase(line, older.find('\n', line) + 1 - line);
  EXPECT_THAT(differences(older, to_yaml(one)), testing::IsEmpty());
  EXPECT_THAT(differences(older, to_yaml(two)), testing::Contains("lr0: 0.01, now 0.5"));
}

TEST(TrainRecipe, MistakesNameTheLineAndWhatIsAccepted) {
  EXPECT_THAT(message_of("epochs: 3\nlearning_rate: 1\n"),
              AllOf(HasSubstr("r.yaml, line 2"), HasSubstr("learning_rate"), HasSubstr("lr0")));
  EXPECT_THAT(message_of("epochs: many\n"),
              AllOf(HasSubstr("line 1"), HasSubstr("many"), HasSubstr("whole number")));
  EXPECT_THAT(message_of("epochs: 0\n"), HasSubstr("from 1"));
  EXPECT_THAT(message_of("epochs: [1]\n"), HasSubstr("epochs is a list"));
  EXPECT_THAT(message_of("lr0: .nan\n"), HasSubstr("lr0"));
  EXPECT_THAT(message_of("iou_type: iou\n"), HasSubstr("giou, diou, ciou, siou"));
  EXPECT_THAT(message_of("epochs: 1\naugment:\n  mosiac: 1\n"),
              HasSubstr("line 3: key 'mosiac' is unknown; " + augment_keys() + " are accepted"));
  EXPECT_THAT(message_of("- 1\n"), HasSubstr("map"));
  EXPECT_THAT(message_of("epochs: [\n"), HasSubstr("line"));
}

TEST(TrainRecipe, MistakesInsideAugmentNameTheirOwnLine) {
  EXPECT_EQ(message_of("epochs: 1\nlr0: 1\naugment:\n  mixup: 0\n  mosaic: 7\n"),
            "recipe: r.yaml, line 5: mosaic is '7'; a number from 0 to 1 is accepted");
  EXPECT_EQ(message_of("augment:\n  shear: often\n"),
            "recipe: r.yaml, line 2: shear is 'often'; a number from 0 to 80 is accepted");
  EXPECT_EQ(message_of("augment: {mosaic: 1,\n  scale: [1]}\n"),
            "recipe: r.yaml, line 2: scale is a list; a number from 0 to 0.99 is accepted");
  EXPECT_EQ(message_of("epochs: 1\naugment: 3\n"),
            "recipe: r.yaml, line 2: augment is '3'; a map of " + augment_keys() + " is accepted");
}

TEST(TrainRecipe, AKeyIsGivenOnce) {
  EXPECT_EQ(message_of("epochs: 5\nlr0: 1\nepochs: 7\n"),
            "recipe: r.yaml, line 3: 'epochs' is given in line 1 already; each key once is accepted");
  EXPECT_EQ(message_of("augment:\n  mosaic: 1\n  mosaic: 1\n"),
            "recipe: r.yaml, line 3: 'mosaic' is given in line 2 already; each key once is accepted");
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
