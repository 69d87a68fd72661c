#include "train/loop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "base/random.h"
#include "image/encode.h"
#include "support/folder.h"
#include "train/learner.h"

namespace y6q::train {
namespace {

constexpr int64_t kPixels = 64, kCount = 10;

ir::Array drawn(Random& random, ir::Shape shape) {
  ir::Array array = ir::Array::zeros(std::move(shape));
  for (float& value : array.floats()) value = static_cast<float>(random.normal() * 0.05);
  return array;
}

/// Three levels of one convolution with batch normalisation each, and a class and a box convolution on each.
ir::Model small_model() {
  Random random(1);
  ir::Model m;
  ir::Value x = m.graph.add("images", ir::Input{{1, 3, kPixels, kPixels}}, {});
  int64_t channels = 3;
  std::vector<ir::Value> classes, boxes;
  for (int64_t level = 0; level < 3; ++level) {
    const std::string at = "level" + std::to_string(level) + ".";
    const int64_t step = level == 0 ? 8 : 2;
    auto parameter = [&](const std::string& name, ir::Array array, bool trainable = true) {
      return m.add_parameter(at + name, std::move(array), trainable);
    };
    x = m.graph.add(at + "conv", ir::Conv2d{{step, step}, {0, 0}, 1},
                    {x, parameter("weight", drawn(random, {8, channels, step, step}))});
    x = m.graph.add(
        at + "bn", ir::BatchNorm{},
        {x, parameter("gain", ir::Array::filled({8}, 1)), parameter("shift", ir::Array::zeros({8})),
         parameter("mean", ir::Array::zeros({8}), false),
         parameter("variance", ir::Array::filled({8}, 1), false)});
    x = m.graph.add(at + "relu", ir::Relu{}, {x});
    channels = 8;
    classes.push_back(m.graph.add(at + "cls", ir::Conv2d{},
                                  {x, parameter("cls.weight", drawn(random, {2, 8, 1, 1})),
                                   parameter("cls.bias", ir::Array::filled({2}, -3))}));
    boxes.push_back(m.graph.add(at + "reg", ir::Conv2d{},
                                {x, parameter("reg.weight", drawn(random, {4, 8, 1, 1})),
                                 parameter("reg.bias", ir::Array::filled({4}, 1))}));
  }
  for (size_t i = 0; i < 3; ++i) m.graph.mark_output("cls" + std::to_string(i), classes[i]);
  for (size_t i = 0; i < 3; ++i) m.graph.mark_output("reg" + std::to_string(i), boxes[i]);
  return m;
}

TrainRecipe small_recipe() {
  TrainRecipe recipe;
  recipe.epochs = 3;
  recipe.batch_size = 4;
  recipe.warmup_min_iterations = 4;
  recipe.warmup_epochs = 1;
  recipe.nominal_batch = 8;
  recipe.atss_warmup_epochs = 1;
  recipe.eval_interval = 2;
  recipe.bf16 = "off";
  return recipe;
}

/// Stops at the n-th advance.
class StopAfter : public Monitor {
 public:
  explicit StopAfter(int64_t advances) : left_(advances) {}
  void begin(std::string_view, int64_t, std::string_view) override {}
  void advance(int64_t, std::string_view) override { --left_; }
  void end() override {}
  void message(std::string_view) override {}
  bool stop_requested() const override { return left_ <= 0; }

 private:
  int64_t left_;
};

class TrainLoop : public testing::Test {
 protected:
  void SetUp() override {
    Random random(2);
    dataset_.class_names = {"bright", "dark"};
    for (int64_t i = 0; i < kCount; ++i) add_image(random, i);
  }

  /// A picture of noise with one bright or dark square.
  void add_image(Random& random, int64_t index) {
    const int64_t label = random.index(2), x0 = random.index(30), y0 = random.index(30),
                  side = 16 + random.index(16);
    image::Image picture(kPixels, kPixels);
    for (int64_t y = 0; y < kPixels; ++y) {
      for (int64_t x = 0; x < kPixels; ++x) {
        const bool inside = x >= x0 && x < x0 + side && y >= y0 && y < y0 + side;
        for (int c = 0; c < 3; ++c) {
          const int64_t level = inside ? (label == 0 ? 220 : 20) : 100 + random.index(40);
          picture.at(y, x)[c] = static_cast<uint8_t>(level);
        }
      }
    }
    const fs::path path = folder_ / fmt::format("{}.png", index);
    image::encode_file(path, picture);
    const auto part = [](int64_t pixels) { return static_cast<double>(pixels) / kPixels; };
    dataset_.images.push_back(
        {path,
         index + 1,
         kPixels,
         kPixels,
         {{label, part(x0) + part(side) / 2, part(y0) + part(side) / 2, part(side), part(side)}}});
  }

  TrainResult run(const TrainRecipe& recipe, const TrainContext& context) {
    at::set_num_threads(2);
    data::Loader loader(dataset_, {.batch_size = recipe.batch_size,
                                   .image_height = kPixels,
                                   .image_width = kPixels,
                                   .shuffle = true,
                                   .augment = true,
                                   .recipe = recipe.augment,
                                   .seed = recipe.seed});
    return train({small_model()}, loader, recipe, context);
  }

  /// A stand-in for an evaluation: some number that depends on the weights.
  static double score(const ir::Model& model) {
    return 1 / (1 + std::abs(static_cast<double>(model.weights.at("level0.cls.weight").floats()[0])));
  }

  support::Folder folder_;
  data::Dataset dataset_;
};

TEST_F(TrainLoop, LearnsAndReports) {
  TrainRecipe recipe = small_recipe();
  recipe.epochs = 12;
  TrainContext context{.evaluate = score, .history_csv = folder_ / "history.csv"};
  const TrainResult result = run(recipe, context);
  ASSERT_EQ(result.history.size(), 12U);
  const auto loss = [](const EpochRow& row) { return row.losses.classes + row.losses.iou; };
  EXPECT_LT(loss(result.history[11]), 0.9 * loss(result.history[4]));
  EXPECT_FALSE(result.history[0].map.has_value());
  EXPECT_TRUE(result.history[1].map.has_value());
  EXPECT_TRUE(result.history[11].map.has_value());
  EXPECT_EQ(read_file(context.history_csv), history_csv(result.history));
  EXPECT_NE(result.last.weights, small_model().weights);
}

TEST_F(TrainLoop, ResumedRunsEndWithTheSameWeights) {
  const TrainContext plain{.evaluate = score};
  const TrainResult straight = run(small_recipe(), plain);
  for (const int64_t stop_after : {1, 3, 5}) {
    StopAfter monitor(stop_after);
    TrainContext context{
        .evaluate = score, .state_file = folder_ / "state", .resume = true, .monitor = &monitor};
    EXPECT_THROW(run(small_recipe(), context), Interrupted);
    context.monitor = &silent_monitor();
    const TrainResult resumed = run(small_recipe(), context);
    EXPECT_EQ(resumed.last.weights, straight.last.weights) << "stopped after " << stop_after;
    EXPECT_EQ(resumed.best.weights, straight.best.weights);
    EXPECT_EQ(resumed.best_epoch, straight.best_epoch);
    ASSERT_EQ(resumed.history.size(), straight.history.size());
    for (size_t i = 0; i < straight.history.size(); ++i) {
      EXPECT_EQ(resumed.history[i].losses, straight.history[i].losses);
    }
    fs::remove(context.state_file);
  }
}

TEST_F(TrainLoop, AnInterruptedEvaluationIsMadeUpFor) {
  TrainRecipe recipe = small_recipe();
  recipe.eval_interval = 1;
  const TrainResult straight = run(recipe, {.evaluate = score});
  for (const int interrupted : {1, 2, 3}) {
    int evaluations = 0, iterations = 0;
    TrainContext context{.evaluate =
                             [&](const ir::Model& model) {
                               if (++evaluations == interrupted) throw Interrupted("stopped");
                               return score(model);
                             },
                         .state_file = folder_ / "state",
                         .on_iteration = [&](const IterationRow&) { ++iterations; },
                         .resume = true};
    EXPECT_THROW(run(recipe, context), Interrupted);
    const TrainResult resumed = run(recipe, context);
    EXPECT_EQ(evaluations, 4) << "of three epochs, one of them twice";
    EXPECT_EQ(iterations, 9) << "three epochs of three batches, none of them twice";
    EXPECT_EQ(resumed.last.weights, straight.last.weights);
    EXPECT_EQ(resumed.best.weights, straight.best.weights);
    ASSERT_EQ(resumed.history.size(), straight.history.size());
    for (size_t i = 0; i < straight.history.size(); ++i) {
      EXPECT_EQ(resumed.history[i].losses, straight.history[i].losses);
      EXPECT_EQ(resumed.history[i].map, straight.history[i].map);
      EXPECT_EQ(resumed.history[i].lr, straight.history[i].lr);
    }
    fs::remove(context.state_file);
  }
}

TEST_F(TrainLoop, StatesOfAnotherRecipeAreRefusedByTheKeyThatDiffers) {
  TrainContext context{.state_file = folder_ / "state", .resume = true};
  run(small_recipe(), context);
  TrainRecipe other = small_recipe();
  other.lr0 = 0.5;
  try {
    run(other, context);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("another recipe (lr0: "), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(", now 0.5)"), std::string::npos) << error.what();
  }
  context.subject = "another set";
  EXPECT_THROW(run(small_recipe(), context), InputError);
}

TEST_F(TrainLoop, AFinishedRunGoesOnWithMoreEpochsAndNotWithFewer) {
  TrainContext context{.state_file = folder_ / "state", .resume = true};
  TrainRecipe recipe = small_recipe();
  const TrainResult first = run(recipe, context);
  recipe.epochs += 2;
  const TrainResult more = run(recipe, context);
  ASSERT_EQ(more.history.size(), first.history.size() + 2);
  for (size_t i = 0; i < first.history.size(); ++i)
    EXPECT_EQ(more.history[i].losses, first.history[i].losses);
  EXPECT_NE(more.last.weights, first.last.weights);
  EXPECT_EQ(run(recipe, context).last.weights, more.last.weights) << "the state is that of the longer run";
  recipe.epochs = 1;
  EXPECT_THROW(run(recipe, context), InputError);
}

TEST_F(TrainLoop, ARunWithoutProgressEndsWhenItsPatienceDoes) {
  TrainRecipe recipe = small_recipe();
  recipe.epochs = 9;
  recipe.eval_interval = 1;
  recipe.patience = 3;
  double map = 0.5;
  const TrainContext context{.evaluate = [&](const ir::Model&) { return map -= 0.01; }};
  const TrainResult result = run(recipe, context);
  EXPECT_EQ(result.best_epoch, 0);
  EXPECT_EQ(result.history.size(), 4U) << "the best one and three more";
}

TEST_F(TrainLoop, FrozenParametersStayAsTheyWere) {
  TrainRecipe recipe = small_recipe();
  recipe.ema = false;
  recipe.freeze = {"*.weight"};
  const ir::Model start = small_model();
  const TrainResult result = run(recipe, {});
  for (const auto& [name, array] : result.last.weights) {
    const bool is_weight = name.ends_with(".weight");
    EXPECT_EQ(array == start.weights.at(name), is_weight) << name;
  }
  recipe.freeze = {"*.nothing"};
  EXPECT_THROW(run(recipe, {}), InputError);
  recipe.freeze = {"*"};
  EXPECT_THROW(run(recipe, {}), InputError);
}

TEST_F(TrainLoop, LossesThatAreNotFiniteEndTheRun) {
  TrainRecipe recipe = small_recipe();
  recipe.lr0 = recipe.warmup_bias_lr = 100;
  recipe.epochs = 60;
  recipe.warmup_epochs = 0;
  recipe.lrf = 1;
  recipe.weight_decay = 0.9;
  EXPECT_THROW(run(recipe, {}), GoalMissed);
}

}  // namespace
}  // namespace y6q::train
