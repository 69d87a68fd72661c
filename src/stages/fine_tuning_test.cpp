#include "stages/fine_tuning.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "models/yolov6.h"
#include "passes/deploy.h"
#include "support/folder.h"

namespace y6q::stages {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Names = std::vector<std::string>;

formats::ModelFile network(const Names& classes, uint64_t seed, models::Mode mode = models::Mode::repvgg) {
  return {models::yolov6({.architecture = "yolov6n",
                          .mode = mode,
                          .class_count = static_cast<int64_t>(classes.size()),
                          .image_size = {64, 64},
                          .seed = seed}),
          {.architecture = "yolov6n", .mode = "repvgg", .class_names = classes, .image_size = {64, 64}}};
}

TEST(FineTuning, TheSameClassesTakeEverything) {
  const formats::ModelFile from = network({"cat", "dog"}, 1);
  formats::ModelFile to = network({"cat", "dog"}, 2);
  ASSERT_NE(to.model.weights, from.model.weights);
  const TakenOver taken = take_over(from, to);
  EXPECT_EQ(to.model.weights, from.model.weights);
  EXPECT_EQ(taken.tensors, from.model.weights.size());
  EXPECT_THAT(taken.beginning, IsEmpty());
}

TEST(FineTuning, ClassesAreKnownByTheirNames) {
  const formats::ModelFile from = network({"cat", "dog", "cow"}, 1), fresh = network({"cow", "pig"}, 2);
  formats::ModelFile to = fresh;
  const TakenOver taken = take_over(from, to);
  EXPECT_THAT(taken.known, ElementsAre("cow"));
  EXPECT_THAT(taken.beginning, ElementsAre("pig"));
  EXPECT_EQ(taken.tensors, from.model.weights.size() - 6) << "a kernel and a bias of each of three levels";
  const auto& head =
      to.model.graph.node(to.model.graph.node(*to.model.graph.find_output("cls1")).inputs[1]).name;
  const auto &got = to.model.weights.at(head).floats(), &old = from.model.weights.at(head).floats(),
             &begun = fresh.model.weights.at(head).floats();
  const size_t row = got.size() / 2;
  for (size_t i = 0; i < row; ++i) {
    ASSERT_EQ(got[i], old[2 * row + i]) << "the cow";
    ASSERT_EQ(got[row + i], begun[row + i]) << "the pig";
  }
}

TEST(FineTuning, AnotherOrderOfTheSameClassesIsNoticed) {
  const formats::ModelFile from = network({"cat", "dog"}, 1);
  formats::ModelFile to = network({"dog", "cat"}, 2);
  EXPECT_THAT(take_over(from, to).beginning, IsEmpty());
  const auto& bias =
      to.model.graph.node(to.model.graph.node(*to.model.graph.find_output("cls0")).inputs[1]).name;
  const auto &got = to.model.weights.at(bias).floats(), &old = from.model.weights.at(bias).floats();
  EXPECT_EQ(got.front(), old[old.size() / 2]);
}

TEST(FineTuning, AnotherNetworkIsRefused) {
  formats::ModelFile to = network({"cat"}, 2);
  EXPECT_THROW(take_over(network({"cat"}, 1, models::Mode::repopt), to), InputError);
}

TEST(FineTuning, WhatCannotBeTrainedIsRefused) {
  const support::Folder folder;
  formats::ModelFile file = network({"cat"}, 1);
  file.model = passes::deploy(file.model);
  file.info.mode = "repvgg_deploy";
  formats::write_model(folder / "merged.safetensors", file);
  EXPECT_THROW(read_trained(folder / "merged.safetensors"), InputError);
  EXPECT_THROW(read_trained(folder / "nothing.pt"), InputError);
}

}  // namespace
}  // namespace y6q::stages
