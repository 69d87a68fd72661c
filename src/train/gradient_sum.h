#pragma once

#include <vector>

#include "dist/tensor_sum.h"
#include "eager/network.h"

namespace y6q::train {

/// Sums the gradients of a network over the processes of a job, bucket by bucket while backward goes on: a
/// bucket is sent when the last of its gradients is there. Losses are divided by numbers of the whole batch
/// (spec/09 §3), so the sum is the whole batch's gradient. Where backward has collectives of its
/// own (SyncBN), a parameter gets a gradient in all processes or in none: all make their calls in one order.
class GradientSum {
 public:
  static constexpr int64_t kBucketBytes = 8 << 20;

  /// Takes the parameters that learn; their gradients live in the buckets from now on. Buckets are filled
  /// from the last parameter to the first, about the order in which backward reaches them.
  GradientSum(const std::vector<eager::NamedTensor>& tensors, dist::TensorSum& sum,
              int64_t bucket_bytes = kBucketBytes);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /// The next backward pass is the last one before a step.
  void begin();
  /// After it: sends what is left (parameters without gradient count as zeros); gradients are the sums from
  /// here on.
  void end();
  /// All gradients zero.
  void clear();

 private:
  struct Hook;
  struct Bucket {
    torch::Tensor values;  ///< [elements]
    size_t parameters = 0, missing = 0;
  };

  void arrived(size_t bucket);
  void send_ready();

  dist::TensorSum& sum_;
  std::vector<torch::Tensor> parameters_;
  std::vector<Bucket> buckets_;
  bool summing_ = false;
  size_t next_ = 0;  ///< all processes send in this order
};

}  // namespace y6q::train
