#include "train/gradient_sum.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace y6q::train {

/// Called by autograd when a parameter's gradient of one backward pass is complete.
struct GradientSum::Hook : torch::autograd::PostAccumulateGradHook {
  Hook(GradientSum& owner, size_t bucket) : owner_(owner), bucket_(bucket) {}
  void operator()(const torch::autograd::Variable&) override { owner_.arrived(bucket_); }

 private:
  GradientSum& owner_;
  size_t bucket_;
};

GradientSum::GradientSum(const std::vector<eager::NamedTensor>& tensors, dist::TensorSum& sum,
                         int64_t bucket_bytes)
    : sum_(sum) {
  for (size_t i = tensors.size(); i-- > 0;) {
    if (eager::learns(tensors[i].kind) && tensors[i].tensor.requires_grad())
      parameters_.push_back(tensors[i].tensor);
  }
  const int64_t most = std::max<int64_t>(1, bucket_bytes / static_cast<int64_t>(sizeof(float)));
  for (size_t first = 0; first < parameters_.size();) {
    int64_t elements = 0;
    size_t last = first;
    while (last < parameters_.size() && (last == first || elements + parameters_[last].numel() <= most)) {
      elements += parameters_[last++].numel();
    }
    Bucket bucket{torch::zeros({elements}, parameters_[first].options().requires_grad(false)), last - first};
    for (int64_t offset = 0; first < last; offset += parameters_[first++].numel()) {
      torch::Tensor& parameter = parameters_[first];
      parameter.mutable_grad() = bucket.values.as_strided(parameter.sizes(), parameter.strides(), offset);
      torch::autograd::impl::set_post_acc_grad_hooks(parameter,
                                                     std::make_unique<Hook>(*this, buckets_.size()));
    }
    buckets_.push_back(std::move(bucket));
  }
}

GradientSum::~GradientSum() {
  for (torch::Tensor& parameter : parameters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
    parameter.mutable_grad() = torch::Tensor();
  }
}

void GradientSum::begin() {
  for (Bucket& bucket : buckets_) bucket.missing = bucket.parameters;
  next_ = 0;
  summing_ = true;
}

void GradientSum::arrived(size_t bucket) {
  if (!summing_) return;
  --buckets_[bucket].missing;
  send_ready();
}

void GradientSum::send_ready() {
  for (; next_ < buckets_.size() && buckets_[next_].missing == 0; ++next_) sum_.start(buckets_[next_].values);
}

void GradientSum::end() {
  for (Bucket& bucket : buckets_) bucket.missing = 0;
  send_ready();
  sum_.finish();
  summing_ = false;
}

void GradientSum::clear() {
  for (Bucket& bucket : buckets_) bucket.values.zero_();
}

}  // namespace y6q::train
