#pragma once

#include <span>

#include "eager/torch.h"
#include "train/assignment.h"
#include "train/predictions.h"

// Knowledge distillation from a teacher with the same outputs (spec/04 §7). All terms are scalars,
// differentiable by the student; the teacher's tensors carry no gradient.
namespace y6q::train {

/// Factor of all distillation terms in epoch e of E: 1 falling to 0.01 along a cosine.
double distill_decay(int64_t epoch, int64_t epochs);

/// Channel-wise distillation (arXiv 2011.13256): softmax over the positions of each image and channel; sum
/// over the levels of T^2 / (N C) sum t (ln t - ln s). Maps [n, C, H, W], level by level of equal shapes;
/// images: N, n or those of the whole batch that these n are a share of.
torch::Tensor channelwise_distillation(std::span<const torch::Tensor> student,
                                       std::span<const torch::Tensor> teacher, int64_t images,
                                       double temperature = 1);

/// T^2 sum over images, anchors and classes of t ln(t / s) with t, s = softmax over the classes of the
/// sigmoid scores / T. A plain sum: divide it by max(sum of the target scores, 1) like the class loss. Logits
/// [B, A, classes].
torch::Tensor class_distillation(const torch::Tensor& student, const torch::Tensor& teacher,
                                 double temperature);

/// T^2 times the mean over all sides of all positive anchors of KL(t || s) over the bins, times the sum of
/// the positives' scores: divide by the normaliser. Distances [B, A, 4 bins]; zero without positives.
torch::Tensor dfl_distillation(const torch::Tensor& student, const torch::Tensor& teacher,
                               std::span<const Assignment> assignments, double temperature);

}  // namespace y6q::train
