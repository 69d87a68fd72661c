// model/: the network of record in three modes, run by the interpreter and by eager.
#include <algorithm>
#include <sstream>

#include "eager/network.h"
#include "golden/golden.h"
#include "ir/interpret.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/pipeline.h"

namespace y6q {
namespace {

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

/// Splits rows cx, cy, w, h, 1, scores into boxes and the rest, which have different tolerances.
void expect_predictions(const std::vector<double>& got, const std::vector<float>& want, int64_t columns,
                        const std::string& label) {
  ASSERT_EQ(got.size(), want.size()) << label;
  std::vector<double> boxes[2], scores[2];
  for (size_t i = 0; i < want.size(); ++i) {
    const bool is_box = static_cast<int64_t>(i) % columns < 4;
    (is_box ? boxes : scores)[0].push_back(got[i]);
    (is_box ? boxes : scores)[1].push_back(static_cast<double>(want[i]));
  }
  golden::expect_close(boxes[0], boxes[1], kBoxes, label + " boxes");
  golden::expect_close(scores[0], scores[1], kScores, label + " scores");
}

std::vector<double> values(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().to(torch::kFloat64).contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
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
  expect_predictions(values(got[network.output_index("outputs")]), want.floats("eval_out").floats(),
                     5 + classes(), name());
  for (const char* level : {"0", "1", "2"}) {
    golden::expect_close(values(got[network.output_index(std::string("feat") + level)]),
                         want.floats(std::string("eval_feat") + level).floats(), kFeatures,
                         name() + " feat" + level);
  }
}

TEST_P(GoldenModel, EagerGivesTheRecordedTrainingOutputs) {
  const auto want = golden::tensors("model/" + name() + "_outputs");
  // The layout of the recording: batch statistics of 24 pixels amplify the last bits of other summation
  // orders.
  eager::Network network(golden_model(mode(), classes()), {.channels_last = false});
  const auto got = network.forward(image_tensor(), eager::Mode::train);
  std::vector<torch::Tensor> scores, distances;
  for (const char* level : {"0", "1", "2"}) {
    auto rows = [&](const char* output) {
      return got[network.output_index(std::string(output) + level)].flatten(2).transpose(1, 2);
    };
    scores.push_back(rows("cls").sigmoid());
    distances.push_back(rows("reg"));
    golden::expect_close(values(got[network.output_index(std::string("feat") + level)]),
                         want.floats(std::string("train_feat") + level).floats(), kFeatures,
                         name() + " feat" + level);
  }
  golden::expect_close(values(torch::cat(scores, 1)), want.floats("train_cls").floats(), kScores,
                       name() + " cls");
  golden::expect_close(values(torch::cat(distances, 1)), want.floats("train_reg").floats(), kFeatures,
                       name() + " reg");
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
  expect_predictions(got.at("outputs").data, want.floats("deploy_out").floats(), 5 + classes(), name());
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
