#include "dist/nccl.h"

#include <c10/core/DeviceGuard.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <set>
#include <string>

#include "base/errors.h"
#include "base/library_function.h"

namespace y6q::dist {
namespace {

// The C interface of NCCL 2, whose numbers and signatures have been the same since 2017.
using Communicator = void*;
struct UniqueId {
  std::array<char, 128> bytes;
};
constexpr int kSum = 0, kFloat32 = 7, kFloat64 = 8;

constexpr std::array kNccl{"libnccl.so.2"}, kDriver{"libcuda.so.1"};

template <typename Signature>
Signature* nccl(const char* name) {
  return library_function<Signature>(kNccl, name);
}

void check(int status, const char* what) {
  if (status == 0) return;
  throw EnvironmentError("NCCL: {} failed: {}; NCCL_DEBUG=INFO says more", what,
                         nccl<const char*(int)>("ncclGetErrorString")(status));
}

/// Sixteen bytes that no two GPUs share.
std::string identity_of(at::Device device) {
  std::string uuid(16, '\0');
  const auto ask = library_function<int(char*, int)>(kDriver, "cuDeviceGetUuid");
  if (ask(uuid.data(), device.index()) != 0) throw EnvironmentError("CUDA: {} has no UUID", device.str());
  return uuid;
}

bool share_a_gpu(const std::vector<std::string>& identities) {
  return std::set(identities.begin(), identities.end()).size() < identities.size();
}

class NcclSum : public TensorSum {
 public:
  NcclSum(Group& group, at::Device device)
      : device_(device), guards_(device.type()), stream_(guards_.getStreamFromGlobalPool(device)) {
    UniqueId id{};
    if (group.is_first()) check(nccl<int(UniqueId*)>("ncclGetUniqueId")(&id), "ncclGetUniqueId");
    const std::string shared = group.from_first({id.bytes.data(), id.bytes.size()});
    std::ranges::copy(shared, id.bytes.begin());
    const c10::DeviceGuard guard(device);
    const auto join = nccl<int(Communicator*, int, UniqueId, int)>("ncclCommInitRank");
    check(join(&communicator_, group.size(), id, group.rank()), "ncclCommInitRank");
  }

  /// After an error kernels may wait for a process that is gone: they are ended.
  ~NcclSum() override {
    const bool in_order = std::uncaught_exceptions() == 0;
    nccl<int(Communicator)>(in_order ? "ncclCommDestroy" : "ncclCommAbort")(communicator_);
  }

  void start(const at::Tensor& values) override { send(values, kFloat32); }
  void finish() override { wait_for(stream_, guards_.getStream(device_)); }
  void add(const at::Tensor& values) override {
    send(values, kFloat64);
    finish();
  }

 private:
  void send(const at::Tensor& values, int type) {
    using Reduce = int(const void*, void*, size_t, int, int, Communicator, void*);
    static Reduce* const reduce = nccl<Reduce>("ncclAllReduce");
    wait_for(guards_.getStream(device_), stream_);
    const c10::DeviceGuard guard(device_);
    void* const data = values.mutable_data_ptr();
    check(reduce(data, data, static_cast<size_t>(values.numel()), type, kSum, communicator_,
                 stream_.native_handle()),
          "ncclAllReduce");
  }

  /// What is queued on `second` from here on comes after what is on `first` now.
  void wait_for(const c10::Stream& first, const c10::Stream& second) {
    c10::Event event(device_.type());
    event.record(first);
    event.block(second);
  }

  at::Device device_;
  c10::impl::VirtualGuardImpl guards_;
  c10::Stream stream_;
  Communicator communicator_ = nullptr;
};

}  // namespace

std::unique_ptr<TensorSum> nccl_sum(Group& group, at::Device device) {
  if (share_a_gpu(group.gather(identity_of(device)))) return nullptr;
  return std::make_unique<NcclSum>(group, device);
}

}  // namespace y6q::dist
