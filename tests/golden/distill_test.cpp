#include <gtest/gtest.h>

#include "golden/golden.h"
#include "train/arrays.h"
#include "train/detection_loss.h"
#include "train/distillation.h"

namespace y6q::train {
namespace {

using torch::Tensor;

constexpr int64_t kStrides[] = {8, 16, 32};

Tensor tensor_named(const formats::SafetensorsReader& file, const std::string& name) {
  return to_tensor(file.floats(name));
}

std::vector<Tensor> levels_named(const formats::SafetensorsReader& file, const std::string& prefix) {
  std::vector<Tensor> levels;
  for (const char* level : {"0", "1", "2"})
    levels.push_back(tensor_named(file, prefix + level).requires_grad_());
  return levels;
}

void expect_gradient(const Tensor& of, const formats::SafetensorsReader& file, const std::string& name,
                     golden::Tolerance tolerance) {
  golden::expect_close(to_array(of.grad()).floats(), file.floats(name).floats(), tolerance, name);
}

TEST(GoldenDistill, ChannelwiseLossAndGradientsAgree) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("distill/channelwise");
  const auto recorded = golden::json("distill/channelwise");
  for (const int temperature : {1, 4}) {
    const std::string suffix = "_temperature_" + std::to_string(temperature);
    const auto student = levels_named(file, "student"), teacher = levels_named(file, "teacher");
    const Tensor loss = channelwise_distillation(student, teacher, student[0].size(0), temperature);
    const double want = recorded["loss" + suffix];
    EXPECT_NEAR(loss.item<double>(), want, 1e-4 * want);
    loss.backward();
    for (size_t level = 0; level < 3; ++level) {
      expect_gradient(student[level], file, "grad" + std::to_string(level) + suffix,
                      {.rtol = 1e-4, .atol = 1e-7});
    }
  }
}

class RecordedDistillation : public testing::TestWithParam<const char*> {};

TEST_P(RecordedDistillation, LossesAndGradientsAgree) {
  Y6Q_NEED_GOLDEN();
  const auto inputs = golden::tensors("distill/inputs");
  const auto file = golden::tensors(std::string("distill/") + GetParam());
  const auto recorded = golden::json(std::string("distill/") + GetParam());
  const auto& parts = recorded["unweighted_before_decay"];
  const std::string form = recorded["use_dfl"].get<bool>() ? "dfl" : "nodfl";
  const double temperature = recorded["temperature"];

  std::vector<data::Target> targets;
  const auto rows = inputs.floats("targets").floats();
  for (auto row = rows.begin(); row != rows.end(); row += 6)
    targets.push_back(
        {static_cast<int64_t>(row[0]), static_cast<int64_t>(row[1]), row[2], row[3], row[4], row[5]});
  const Predictions student{tensor_named(inputs, "student_logits_" + form).requires_grad_(),
                            tensor_named(inputs, "student_dist_" + form).requires_grad_()};
  const Predictions teacher{tensor_named(inputs, "teacher_logits_" + form),
                            tensor_named(inputs, "teacher_dist_" + form)};
  const auto features = levels_named(inputs, "student_feat"), wanted = levels_named(inputs, "teacher_feat");

  DetectionLoss detection({.class_count = 5,
                           .reg_max = recorded["reg_max"],
                           .iou = from_name<IouType>(recorded["iou_type"].get<std::string>()),
                           .atss_warmup_epochs = recorded["warmup_epoch"]});
  const DetectionLossResult loss =
      detection(student, targets, levels_of(128, 160, kStrides), recorded["epoch"]);
  const double norm = loss.normaliser.item<double>();
  const LossTerms terms = loss.terms().wait();
  ASSERT_GT(norm, 1);
  EXPECT_NEAR(terms.classes * norm, parts["class_sum"].get<double>(),
              1e-4 * parts["class_sum"].get<double>());
  EXPECT_NEAR(terms.iou / 2.5, parts["iou"].get<double>(), 1e-4 * parts["iou"].get<double>());
  EXPECT_NEAR(terms.dfl / 0.5, parts["dfl"].get<double>(), 1e-4 * parts["dfl"].get<double>());

  const Tensor classes = class_distillation(student.logits, teacher.logits, temperature);
  const Tensor channels = channelwise_distillation(features, wanted, features[0].size(0));
  const Tensor sides =
      recorded["use_dfl"].get<bool>()
          ? dfl_distillation(student.distances, teacher.distances, loss.assignments, temperature) / norm
          : torch::zeros({});
  // The recorded value loses digits in float32 (golden/README).
  EXPECT_NEAR(classes.item<double>(), parts["class_distill"].get<double>(),
              2e-3 * parts["class_distill"].get<double>());
  EXPECT_NEAR(channels.item<double>(), parts["channelwise_distill"].get<double>(), 2e-4);
  EXPECT_NEAR(sides.item<double>(), parts["dfl_distill"].get<double>(),
              1e-4 * parts["dfl_distill"].get<double>());

  const double decay = distill_decay(recorded["epoch"], recorded["max_epoch"]);
  EXPECT_NEAR(decay, recorded["decay_factor"].get<double>(), 1e-12);
  // As recorded: class distillation a plain sum. The product divides it by the normaliser.
  const Tensor total = loss.total + decay * (classes + 0.5 * sides + 10 * channels);
  EXPECT_NEAR(total.item<double>(), recorded["total"].get<double>(), 1e-3 * recorded["total"].get<double>());
  total.backward();
  const golden::Tolerance tolerance{.rtol = 1e-3, .atol = 1e-6};
  expect_gradient(student.logits, file, "grad_logits", tolerance);
  expect_gradient(student.distances, file, "grad_dist", tolerance);
  for (size_t level = 0; level < 3; ++level)
    expect_gradient(features[level], file, "grad_feat" + std::to_string(level), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Recorded, RecordedDistillation,
                         testing::Values("base_giou_nodfl", "base_siou_nodfl", "base_giou_nodfl_atss",
                                         "base_giou_dfl16"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace y6q::train
