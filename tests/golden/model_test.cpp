// model/: the network of record in three modes, run by the interpreter and by eager.
#include <algorithm>
#include <array>
#include <sstream>

#include "base/random.h"
#include "eager/network.h"
#include "golden/predictions.h"
#include "ir/interpret.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"

namespace y6q {
namespace {

using golden::values;

constexpr golden::Tolerance kBoxes{.rtol = 1e-4, .atol = 5e-3}, kScores{.atol = 1e-4},
    kFeatures{.rtol = 1e-3, .atol = 1e-3};

/// Entries that no network here has: counters of batch normalisation and the unused projection of the head.
bool is_left_out(const std::string& key) {
  return key.ends_with(".num_batches_tracked") || key.starts_with("detect.proj");
}

ir::Model golden_model(models::Mode mode, int64_t class_count) {
  ir::Model model = models::yolov6({.mode = mode, .class_count = class_count, .image_size = {96, 128}});
  const std::string name(name_of(mode));
  const auto state = golden::tensors("model/" + name + "_state");
  for (const auto& [key, raw] : state.tensors()) {
    if (is_left_out(key)) continue;
    EXPECT_TRUE(model.weights.contains(key)) << key;
    EXPECT_EQ(model.weights[key].shape, raw.shape) << key;
    model.weights[key] = state.floats(key);
  }
  ir::validate(model);
  return passes::append_decode(model, {models::kStrides.begin(), models::kStrides.end()});
}

ir::Array images() { return golden::tensors("model/input").floats("images"); }

torch::Tensor image_tensor() {
  const ir::Array array = images();
  return torch::tensor(array.floats()).view(array.shape);
}

class GoldenModel : public testing::TestWithParam<std::pair<models::Mode, int64_t>> {
 protected:
  void SetUp() override { Y6Q_NEED_GOLDEN(); }
  models::Mode mode() const { return GetParam().first; }
  int64_t classes() const { return GetParam().second; }
  std::string name() const { return std::string(name_of(mode())); }
};

TEST_P(GoldenModel, EagerGivesTheRecordedEvaluationOutputs) {
  const auto want = golden::tensors("model/" + name() + "_outputs");
  eager::Network network(golden_model(mode(), classes()));
  const auto got = network.forward(image_tensor(), eager::Mode::evaluate);
  golden::expect_predictions(values(got[network.output_index("outputs")]), want.floats("eval_out"), kBoxes,
                             name());
  for (const char* level : {"0", "1", "2"}) {
    golden::expect_close(values(got[network.output_index(std::string("feat") + level)]),
                         want.floats(std::string("eval_feat") + level).floats(), kFeatures,
                         name() + " feat" + level);
  }
}

/// The training outputs: class scores [B, A, nc], distances [B, A, 4], then feat0 to feat2.
std::vector<torch::Tensor> training_outputs(eager::Network& network) {
  const auto got = network.forward(image_tensor(), eager::Mode::train);
  const auto rows = [&](const std::string& output) {
    std::vector<torch::Tensor> levels;
    for (const char* level : {"0", "1", "2"}) {
      levels.push_back(got[network.output_index(output + level)].flatten(2).transpose(1, 2));
    }
    return torch::cat(levels, 1);
  };
  std::vector<torch::Tensor> outputs{rows("cls").sigmoid(), rows("reg")};
  for (const char* level : {"0", "1", "2"})
    outputs.push_back(got[network.output_index(std::string("feat") + level)]);
  return outputs;
}

/// How far outputs move when every weight moves by up to one step of float32. A sum of products in float32,
/// in whatever order, is the exact sum with weights that far off (backward error), so two right programs
/// differ by as much: batch statistics of 24 pixels amplify the last bits.
std::vector<double> growth_of_rounding(const ir::Model& model) {
  Random random(5);
  ir::Model moved = model;
  for (auto& [name, array] : moved.weights) {
    if (array.shape.size() != 4) continue;
    for (float& value : array.floats()) value *= static_cast<float>(1 + 0x1p-23 * random.uniform(-1, 1));
  }
  eager::Network here(model), there(moved);
  const auto a = training_outputs(here), b = training_outputs(there);
  std::vector<double> growth;
  for (size_t i = 0; i < a.size(); ++i) growth.push_back((a[i] - b[i]).abs().max().item<double>());
  return growth;
}

TEST_P(GoldenModel, EagerGivesTheRecordedTrainingOutputs) {
  const auto want = golden::tensors("model/" + name() + "_outputs");
  const ir::Model model = golden_model(mode(), classes());
  eager::Network network(model);
  const auto got = training_outputs(network);
  const auto growth = growth_of_rounding(model);
  const std::array names{"train_cls", "train_reg", "train_feat0", "train_feat1", "train_feat2"};
  for (size_t i = 0; i < names.size(); ++i) {
    golden::Tolerance tolerance = i == 0 ? kScores : kFeatures;
    // The recording rounds as we do, and the largest of another draw may be twice that of this one.
    tolerance.atol = std::max(tolerance.atol, 4 * growth[i]);
    EXPECT_LE(tolerance.atol, 1e-2) << name() << " " << names[i] << ": is no judge any more";
    golden::expect_close(values(got[i]), want.floats(names[i]).floats(), tolerance, name() + " " + names[i]);
  }
  const std::string norm = golden::json("model/" + name() + "_outputs").at("stem_batchnorm");
  const ir::Model after = network.snapshot();
  for (const char* statistic : {"running_mean", "running_var"}) {
    golden::expect_close(after.weights.at(norm + "." + statistic).floats(),
                         want.floats(std::string("after_train_stem_") + statistic).floats(), {1e-4, 1e-5},
                         name() + " " + statistic);
  }
}

TEST_P(GoldenModel, DeployFormGivesTheRecordedDeployOutputsInTheInterpreter) {
  const auto want = golden::tensors("model/" + name() + "_outputs");
  const ir::Array input = images();
  const ir::Tensor tensor{input.shape, {input.floats().begin(), input.floats().end()}};
  const auto got = ir::interpret(passes::deploy(golden_model(mode(), classes())), tensor);
  golden::expect_predictions(got.at("outputs").data, want.floats("deploy_out"), kBoxes, name());
}

INSTANTIATE_TEST_SUITE_P(Modes, GoldenModel,
                         testing::Values(std::pair{models::Mode::repopt, int64_t{80}},
                                         std::pair{models::Mode::repvgg, int64_t{3}},
                                         std::pair{models::Mode::hyper_search, int64_t{3}}),
                         [](const auto& test) { return std::string(name_of(test.param.first)); });

/// The names and shapes listed under "[n repopt]" and so on; the part behind "merged" is the deploy form.
std::map<std::string, std::string> listed_entries(const std::string& heading) {
  std::istringstream lines(read_file(golden::folder() / "model" / "names.txt"));
  std::map<std::string, std::string> entries;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[")) inside = line.starts_with("[" + heading);
    std::istringstream words(line);
    std::string key, type, shape;
    if (inside && !line.starts_with("[") && words >> key >> type >> shape && !is_left_out(key))
      entries[key] = shape;
  }
  return entries;
}

TEST(GoldenNames, OfEverySizeAndModeAreOurs) {
  Y6Q_NEED_GOLDEN();
  for (const std::string size : {"n", "t", "s"}) {
    for (const models::Mode mode : {models::Mode::repopt, models::Mode::repvgg, models::Mode::hyper_search}) {
      const ir::Model model =
          models::yolov6({.architecture = "yolov6" + size, .mode = mode, .image_size = {64, 64}});
      std::map<std::string, std::string> ours;
      for (const auto& [name, array] : model.weights) {
        std::string shape;
        for (const int64_t extent : array.shape) shape += (shape.empty() ? "" : "x") + std::to_string(extent);
        ours[name] = shape;
      }
      const auto listed = listed_entries(size + " " + std::string(name_of(mode)) + "]");
      EXPECT_FALSE(listed.empty());
      EXPECT_EQ(ours, listed) << size << " " << name_of(mode);
    }
  }
}

}  // namespace
}  // namespace y6q
