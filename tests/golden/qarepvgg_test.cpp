// networks/qarepvgg_n: QARepVGG blocks in the network that they were recorded in.
#include <array>
#include <numeric>
#include <sstream>

#include "eager/network.h"
#include "golden/predictions.h"
#include "ir/interpret.h"
#include "models/blocks.h"
#include "models/yolov6.h"
#include "passes/append_decode.h"
#include "passes/deploy.h"
#include "passes/merge_rep_branches.h"

namespace y6q {
namespace {

using golden::Tolerance;
using golden::values;
using ir::Value;
using models::Builder;
using models::Mode;

constexpr Tolerance kBoxes{.rtol = 1e-4, .atol = 1e-2}, kFeatures{.rtol = 1e-3, .atol = 1e-3},
    kDistances{.atol = 5e-4}, kMerged{.rtol = 1e-4, .atol = 1e-5};

/// The network of releases 0.3 and 0.4 (spec/07 §2, §3) around the blocks of the builder's mode. Outputs are
/// those of models::yolov6, and back2 to back5 of the backbone.
class Version3 {
 public:
  Version3(Builder& b, const models::Layout& layout) : b_(b), c_(layout.channels), n_(layout.repeats) {}

  void build(std::array<int64_t, 2> image_size, int64_t class_count) {
    Value x = b_.model.graph.add("images", ir::Input{{1, 3, image_size[0], image_size[1]}}, {});
    x = models::rep_conv(b_, "backbone.stem", x, {.out_channels = c_[0], .stride = 2});
    for (size_t k = 2; k <= 5; ++k) {
      const std::string stage = "backbone.ERBlock_" + std::to_string(k);
      x = models::rep_conv(b_, stage + ".0", x, {.out_channels = c_[k - 1], .stride = 2});
      x = models::rep_stack(b_, stage + ".1", x, c_[k - 1], n_[k - 1]);
      if (k == 5) x = cspsppf(stage + ".2.cspsppf", x);
      b_.model.graph.mark_output("back" + std::to_string(k), back_[k] = x);
    }
    const Value f0 = unit("neck.reduce_layer0", back_[5], c_[5], 1);
    const Value p4 = models::rep_stack(
        b_, "neck.Rep_p4", bifusion("neck.Bifusion0", {f0, back_[4], back_[3]}, c_[5]), c_[5], n_[5]);
    const Value f1 = unit("neck.reduce_layer1", p4, c_[6], 1);
    const Value n3 = models::rep_stack(
        b_, "neck.Rep_p3", bifusion("neck.Bifusion1", {f1, back_[3], back_[2]}, c_[6]), c_[6], n_[6]);
    const Value d3 = unit("neck.downsample2", n3, c_[7], 3, 2);
    const Value n4 = models::rep_stack(b_, "neck.Rep_n3", concat("n4", {d3, f1}), c_[8], n_[7]);
    const Value d4 = unit("neck.downsample1", n4, c_[9], 3, 2);
    const Value n5 = models::rep_stack(b_, "neck.Rep_n4", concat("n5", {d4, f0}), c_[10], n_[8]);
    head({n3, n4, n5}, class_count);
  }

 private:
  Value unit(const std::string& path, Value x, int64_t channels, int64_t kernel, int64_t stride = 1) {
    return models::conv_unit(b_, path, x, {.out_channels = channels, .kernel = kernel, .stride = stride});
  }
  Value concat(const std::string& name, std::vector<Value> parts) {
    return b_.model.graph.add("concat_" + name, ir::Concat{}, std::move(parts));
  }

  Value cspsppf(const std::string& path, Value x) {
    const int64_t out = b_.channels(x), c = out / 2;
    const Value x1 = unit(path + ".cv4", unit(path + ".cv3", unit(path + ".cv1", x, c, 1), c, 3), c, 1);
    std::vector<Value> parts{x1};
    for (int i = 0; i < 3; ++i) {
      parts.push_back(b_.model.graph.add(path + ".m." + std::to_string(i), ir::MaxPool2d{}, {parts.back()}));
    }
    const Value deep = unit(path + ".cv6", unit(path + ".cv5", concat("pools", parts), c, 1), c, 3);
    return unit(path + ".cv7", concat("csp", {unit(path + ".cv2", x, c, 1), deep}), out, 1);
  }

  /// top, middle, low: the coarse map first.
  Value bifusion(const std::string& path, std::array<Value, 3> in, int64_t c) {
    const Value up = models::upsample(b_, path + ".upsample", in[0]);
    const Value middle = unit(path + ".cv1", in[1], c, 1);
    const Value low = unit(path + ".downsample", unit(path + ".cv2", in[2], c, 1), c, 3, 2);
    return unit(path + ".cv3", concat(path, {up, middle, low}), c, 1);
  }

  void head(const std::array<Value, 3>& levels, int64_t class_count) {
    constexpr auto kSilu = models::Activation::silu;
    for (size_t i = 0; i < 3; ++i) {
      const std::string level = std::to_string(i);
      const int64_t c = b_.channels(levels[i]);
      const Value stem = models::conv_unit(b_, "detect.stems." + level, levels[i],
                                           {.out_channels = c, .kernel = 1, .activation = kSilu});
      const auto branch = [&](const std::string& kind, int64_t channels) {
        const Value y = models::conv_unit(b_, "detect." + kind + "_convs." + level, stem,
                                          {.out_channels = c, .activation = kSilu});
        b_.model.graph.mark_output(
            kind + level, models::prediction(b_, "detect." + kind + "_preds." + level, y, channels, 0));
      };
      branch("cls", class_count);
      branch("reg", 4);
      b_.model.graph.mark_output("feat" + level, levels[i]);
    }
  }

  Builder& b_;
  std::array<int64_t, 11> c_;
  std::array<int64_t, 9> n_;
  std::array<Value, 6> back_{};
};

/// Width 0.0625, 3 classes, with the recorded weights.
ir::Model narrow(Mode mode) {
  Builder b{{}, mode, Random(1)};
  const models::Layout layout{{8, 8, 16, 32, 64, 16, 8, 8, 16, 16, 32}, {1, 2, 4, 6, 2, 4, 4, 4, 4}};
  Version3(b, layout).build({96, 128}, 3);
  const auto state = golden::tensors("networks/qarepvgg_n_state");
  for (auto& [name, array] : b.model.weights) array = state.floats(name);
  ir::validate(b.model);
  return passes::append_decode(b.model);
}

ir::Array images() {
  const auto bytes = golden::tensors("networks/input").integers("images");
  ir::Array array = ir::Array::zeros(bytes.shape);
  const auto& pixels = std::get<std::vector<int64_t>>(bytes.data);
  for (size_t i = 0; i < pixels.size(); ++i) array.floats()[i] = static_cast<float>(pixels[i]) / 255;
  return array;
}

torch::Tensor image_tensor() {
  const ir::Array array = images();
  return torch::tensor(array.floats()).view(array.shape);
}

class GoldenQaRepVgg : public testing::Test {
 protected:
  void SetUp() override { Y6Q_NEED_GOLDEN(); }
};

TEST_F(GoldenQaRepVgg, EvaluationGivesTheRecordedOutputs) {
  const auto want = golden::tensors("networks/qarepvgg_n_outputs");
  eager::Network network(narrow(Mode::qarepvgg));
  const auto got = network.forward(image_tensor(), eager::Mode::evaluate);
  golden::expect_predictions(values(got[network.output_index("outputs")]), want.floats("eval_out"), kBoxes,
                             "eval_out");
  for (const std::string output : {"back2", "back3", "back4", "back5", "feat0", "feat1", "feat2"}) {
    golden::expect_close(values(got[network.output_index(output)]), want.floats("eval_" + output).floats(),
                         kFeatures, output);
  }
}

TEST_F(GoldenQaRepVgg, TheFirstVersionHasTheSameParametersAndNoAverage) {
  const auto want = golden::tensors("networks/qarepvgg_n_merge");
  eager::Network network(narrow(Mode::qarepvgg_v1));
  const auto got = network.forward(image_tensor(), eager::Mode::evaluate);
  golden::expect_predictions(values(got[network.output_index("outputs")]),
                             want.floats("first_version_eval_out"), kBoxes, "first version");
}

TEST_F(GoldenQaRepVgg, TrainingGivesTheRecordedOutputsStatisticsAndGradients) {
  const auto want = golden::tensors("networks/qarepvgg_n_outputs");
  eager::Network network(narrow(Mode::qarepvgg));
  const auto got = network.forward(image_tensor(), eager::Mode::train);
  const auto rows = [&](const std::string& kind) {
    std::vector<torch::Tensor> levels;
    for (const char* level : {"0", "1", "2"})
      levels.push_back(got[network.output_index(kind + level)].flatten(2).transpose(1, 2));
    return torch::cat(levels, 1);
  };
  const torch::Tensor cls = rows("cls").sigmoid(), reg = rows("reg");
  golden::expect_close(values(cls), want.floats("train_cls").floats(), {.atol = 1e-4}, "train_cls");
  golden::expect_close(values(reg), want.floats("train_reg").floats(), kDistances, "train_reg");
  const torch::Tensor loss = cls.square().mean() + 0.01 * reg.square().mean();
  const double recorded = golden::json("networks/qarepvgg_n_outputs").at("loss");
  EXPECT_NEAR(loss.item<double>(), recorded, 1e-5 * recorded);
  loss.backward();
  const ir::Model after = network.snapshot();
  size_t statistics = 0, gradients = 0;
  for (const auto& [key, raw] : want.tensors()) {
    if (!key.starts_with("after_train/")) continue;
    golden::expect_close(after.weights.at(key.substr(12)).floats(), want.floats(key).floats(), {1e-4, 1e-5},
                         key);
    ++statistics;
  }
  for (const eager::NamedTensor& entry : network.tensors()) {
    if (!want.tensors().contains("grad/" + entry.name)) continue;
    const auto gradient = want.floats("grad/" + entry.name).floats();
    const double squares = std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0);
    golden::expect_close(values(entry.tensor.grad()), gradient,
                         {.atol = 2e-3 * std::sqrt(squares / static_cast<double>(gradient.size()))},
                         entry.name);
    ++gradients;
  }
  EXPECT_EQ(statistics, 10U);
  EXPECT_EQ(gradients, 4U);
}

TEST_F(GoldenQaRepVgg, BlocksMergeAsRecorded) {
  const auto want = golden::tensors("networks/qarepvgg_n_merge");
  const ir::Model model = narrow(Mode::qarepvgg);
  const ir::Model merged = passes::merge_rep_branches(model), deployed = passes::deploy(model);
  for (const std::string block : {"backbone.stem", "backbone.ERBlock_2.1.conv1", "neck.Rep_n3.conv1"}) {
    for (const std::string part : {".weight", ".bias"}) {
      const std::string name = block + ".rbr_reparam" + part;
      golden::expect_close(merged.weights.at(name).floats(),
                           want.floats(block + "/rbr_reparam" + part).floats(), kMerged, name);
      golden::expect_close(deployed.weights.at(name).floats(), want.floats(block + "/folded" + part).floats(),
                           kMerged, name + " folded");
    }
  }
  const ir::Array input = images();
  const auto got = ir::interpret(deployed, {input.shape, {input.floats().begin(), input.floats().end()}});
  golden::expect_predictions(got.at("outputs").data,
                             golden::tensors("networks/qarepvgg_n_outputs").floats("deploy_out"), kBoxes,
                             "deploy_out");
}

TEST_F(GoldenQaRepVgg, ABlockAveragesWithZerosOutside) {
  const auto want = golden::tensors("networks/qarepvgg_n_merge");
  const auto state = golden::tensors("networks/qarepvgg_n_state");
  const ir::Array input = want.floats("block/input");
  Builder b{{}, Mode::qarepvgg, Random(1)};
  const Value x = b.model.graph.add("images", ir::Input{input.shape}, {});
  b.model.graph.mark_output("out", models::rep_conv(b, "backbone.ERBlock_2.1.conv1", x, {.out_channels = 8}));
  for (auto& [name, array] : b.model.weights) array = state.floats(name);
  const auto got = ir::interpret_all(b.model, {input.shape, {input.floats().begin(), input.floats().end()}});
  golden::expect_close(got.at("backbone.ERBlock_2.1.conv1.rbr_avg").data,
                       want.floats("block/average").floats(), kFeatures, "average");
  golden::expect_close(got.at("backbone.ERBlock_2.1.conv1.relu").data, want.floats("block/output").floats(),
                       kFeatures, "output");
}

// Lines "name type shape parameter" and, for a normalisation, "name.* bn channels".
TEST_F(GoldenQaRepVgg, NamesAndCountsOfTheWholeSizeAreTheRecordedOnes) {
  Builder b{{}, Mode::qarepvgg, Random(1), false, true};
  Version3(b, models::layout_of("yolov6n")).build({64, 64}, 80);
  std::map<std::string, std::string> ours, recorded;
  int64_t parameters = 0;
  for (const ir::Node& node : b.model.graph.nodes()) {
    const auto* parameter = std::get_if<ir::Parameter>(&node.op);
    if (parameter == nullptr) continue;
    if (parameter->trainable) parameters += ir::element_count(node.shape);
    std::string shape;
    for (const int64_t extent : node.shape) shape += (shape.empty() ? "" : "x") + std::to_string(extent);
    const size_t norm = node.name.rfind(".bn.");
    norm == std::string::npos ? ours[node.name] = shape : ours[node.name.substr(0, norm) + ".bn.*"] = shape;
  }
  constexpr int64_t kProjection = 34;  // entries of detect.proj that no network here has
  EXPECT_EQ(parameters + kProjection, 5'052'766);
  std::istringstream lines(read_file(golden::folder() / "networks" / "names.txt"));
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("[")) inside = line.starts_with("[qarepvgg_n]");
    std::istringstream words(line);
    std::string name, type, shape;
    if (!inside || line.starts_with("[") || !(words >> name >> type >> shape)) continue;
    if (!name.starts_with("detect.proj")) recorded[name] = shape;
  }
  EXPECT_EQ(ours, recorded);
}

}  // namespace
}  // namespace y6q
