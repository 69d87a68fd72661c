#include "dist/tensor_sum.h"

#include <vector>

#include "dist/nccl.h"

namespace y6q::dist {
namespace {

using at::Tensor;

template <typename T>
std::span<T> elements_of(const Tensor& tensor) {
  return {tensor.mutable_data_ptr<T>(), static_cast<size_t>(tensor.numel())};
}

class HostSum : public TensorSum {
 public:
  explicit HostSum(Group& group) : group_(group) {}

  ~HostSum() override {
    // Backward may have failed with sums under way, which write into the values.
    for (const Started& started : started_) {
      try {
        started.sum->wait();
      } catch (const std::exception&) {
        // the first failure is on its way already
      }
    }
  }

  void start(const Tensor& values) override {
    if (group_.is_alone()) return;
    const Tensor sent = values.cpu();  // on the CPU: the same tensor
    started_.push_back({values, sent, group_.start_sum(elements_of<float>(sent))});
  }

  void finish() override {
    for (const Started& started : started_) {
      started.sum->wait();
      if (!started.values.is_cpu()) started.values.copy_(started.sent);
    }
    started_.clear();
  }

  void add(const Tensor& values) override {
    if (group_.is_alone()) return;
    const Tensor sent = values.cpu();
    group_.sum(elements_of<double>(sent));
    if (!values.is_cpu()) values.copy_(sent);
  }

 private:
  struct Started {
    Tensor values, sent;
    std::unique_ptr<Pending> sum;
  };
  Group& group_;
  std::vector<Started> started_;
};

}  // namespace

std::unique_ptr<TensorSum> tensor_sum(Group& group, at::Device device) {
  if (device.is_cuda() && !group.is_alone() && !group.deterministic()) {
    if (auto sum = nccl_sum(group, device)) return sum;
  }
  return std::make_unique<HostSum>(group);
}

}  // namespace y6q::dist
