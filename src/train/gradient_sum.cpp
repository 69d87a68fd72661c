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

GradientSum::GradientSum(const std::vector<eager::NamedTensor>& tensors, dist::Group& group,
                         int64_t bucket_bytes)
    : group_(group) {
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
    Bucket bucket{torch::zeros({elements}, parameters_[first].options().requires_grad(false)),
                  {},
                  last - first,
                  0,
                  nullptr};
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
  // Backward may have failed with sums under way, which write into the buckets.
  for (const Bucket& bucket : buckets_) {
    if (!summing_ || !bucket.sum) continue;
    try {
      bucket.sum->wait();
    } catch (const std::exception&) {
      // the first failure is on its way already
    }
  }
  for (torch::Tensor& parameter : parameters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
    parameter.mutable_grad() = torch::Tensor();
  }
}

void GradientSum::begin() {
  for (Bucket& bucket : buckets_) {
    bucket.missing = bucket.parameters;
    bucket.sum.reset();
  }
  next_ = 0;
  summing_ = true;
}

void GradientSum::arrived(size_t bucket) {
  if (!summing_) return;
  --buckets_[bucket].missing;
  send_ready();
}

void GradientSum::send_ready() {
  for (; next_ < buckets_.size() && buckets_[next_].missing == 0; ++next_) {
    Bucket& bucket = buckets_[next_];
    bucket.sent = bucket.values.cpu();  // on the CPU: the same tensor
    bucket.sum =
        group_.start_sum({bucket.sent.mutable_data_ptr<float>(), static_cast<size_t>(bucket.sent.numel())});
  }
}

void GradientSum::end() {
  for (Bucket& bucket : buckets_) bucket.missing = 0;
  send_ready();
  for (Bucket& bucket : buckets_) {
    bucket.sum->wait();
    if (!bucket.values.device().is_cpu()) bucket.values.copy_(bucket.sent);
  }
  summing_ = false;
}

void GradientSum::clear() {
  for (Bucket& bucket : buckets_) bucket.values.zero_();
}

}  // namespace y6q::train
