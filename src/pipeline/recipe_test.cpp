#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "pipeline/options.h"
#include "support/folder.h"

namespace y6q::pipeline {
namespace {

class PipelineRecipe : public testing::Test {
 protected:
  PipelineOptions read(const std::string& text) const {
    write_file(folder_ / "r.yaml", text);
    PipelineOptions options;
    read_pipeline_recipe(folder_ / "r.yaml", options);
    return options;
  }
  /// Without the path that it begins with.
  std::string message_of(const std::string& text) const {
    try {
      read(text);
    } catch (const InputError& error) {
      const std::string message = error.what(), path = "recipe: " + (folder_ / "r.yaml") + ", ";
      return message.starts_with(path) ? message.substr(path.size()) : "no path: " + message;
    }
    return "accepted";
  }

  support::Folder folder_;
};

train::TrainRecipe recipe_of(const std::string& text) { return train::parse_train_recipe(text, "kept"); }

TEST_F(PipelineRecipe, SetsWhatItSays) {
  const PipelineOptions options = read(
      "pipeline: {branchy: true, distill: false}\n"
      "train:\n  epochs: 7\n"
      "qat: {bf16: off, augment: {mosaic: 0.5}}\n"
      "calibrate:\n  scheme: cpu\n  keep_float: [a, b]\n"
      "bench: {batches: [2, 3]}\n");
  EXPECT_TRUE(options.parts.branchy);
  EXPECT_FALSE(options.parts.distill);
  EXPECT_TRUE(options.parts.qat);
  EXPECT_EQ(recipe_of(options.train.training.recipe).epochs, 7);
  EXPECT_EQ(recipe_of(options.qat_recipe).bf16, "off");
  EXPECT_EQ(recipe_of(options.qat_recipe).augment.mosaic, 0.5);
  EXPECT_EQ(options.search_recipe, "");
  EXPECT_EQ(options.calibrate.ranges.scheme, quant::Scheme::cpu);
  EXPECT_EQ(options.calibrate.keep_float, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(options.bench.batches, (std::vector<int64_t>{2, 3}));
}

TEST_F(PipelineRecipe, AnAliasMeansWhatItsAnchorSays) {
  const PipelineOptions options = read(
      "hyper_search: &base\n"
      "  epochs: 7\n"
      "  augment: &calm {mosaic: 0}\n"
      "train: *base\n"
      "qat:\n"
      "  augment: *calm\n");
  for (const std::string& text : {options.search_recipe, options.train.training.recipe}) {
    EXPECT_EQ(recipe_of(text).epochs, 7);
    EXPECT_EQ(recipe_of(text).augment.mosaic, 0);
  }
  EXPECT_EQ(recipe_of(options.qat_recipe).augment.mosaic, 0);
  EXPECT_THAT(message_of("hyper_search: &base\n  lr0: 1\n  epochs: 0\ntrain: *base\n"),
              testing::StartsWith("line 3: epochs is '0'"));
}

TEST_F(PipelineRecipe, MistakesNameTheLineOfTheFile) {
  EXPECT_THAT(message_of("calibrate:\ntrain:\n  epochs: 1\n\n  batch_size: none\n"),
              testing::StartsWith("line 5: batch_size is 'none'"));
  EXPECT_THAT(message_of("pipeline:\ntrain: {epochs: 1,\n  lr0: 0.1,\n  batch_size: 0}\n"),
              testing::StartsWith("line 4: batch_size is '0'"));
  EXPECT_THAT(message_of("train: {epochs: 1, augment: {hsv_h: 0,\n  mosaic: 2}}\n"),
              testing::StartsWith("line 2: mosaic is '2'"));
  EXPECT_EQ(message_of("bench:\n  batches: [1,\n    0]\n"),
            "line 3: an element of batches is '0'; a whole number from 1 to 4096 is accepted");
  EXPECT_EQ(message_of("bench:\n  batches: many\n"),
            "line 2: batches is 'many'; a whole number from 1 to 4096, or a list of such is accepted");
  EXPECT_EQ(
      message_of("calibrate:\n  keep_float: [2,\n    3]\n"),
      "line 2: keep_float is a list; one count (0 to 1000) of the most sensitive layers, or the name of a "
      "layer, or a list of such is accepted");
  EXPECT_EQ(message_of("qat:\n  epochs: 1\ntrain:\nqat:\n"),
            "line 4: 'qat' is given in line 1 already; each key once is accepted");
  EXPECT_THAT(message_of("calibrate:\n  method: guess\n"), testing::StartsWith("line 2: "));
}

// The text decides whether a step is done.
TEST_F(PipelineRecipe, ASectionIsTheSameWhereverItStands) {
  EXPECT_EQ(read("train:\n  epochs: 7  # short\n").train.training.recipe,
            read("# A comment.\nbench: {rounds: 2}\n\ntrain:\n    epochs: 7\n").train.training.recipe);
  EXPECT_NE(read("train:\n  epochs: 7\n").train.training.recipe,
            read("train:\n  epochs: 8\n").train.training.recipe);
}

}  // namespace
}  // namespace y6q::pipeline
