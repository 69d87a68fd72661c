#include "dist/join.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/errors.h"
#include "dist/watch.h"

namespace y6q::dist {
namespace {

using at::Tensor;
using Store = c10::intrusive_ptr<c10d::Store>;

/// Others may read their data or write their files for long; the watch tells who is gone.
constexpr std::chrono::hours kForever{24 * 30};

/// LibTorch's messages have its whole stack below the first line.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

Store open_store(const Place& place, const JoinOptions& options) {
  c10d::TCPStoreOptions settings;
  settings.port = static_cast<uint16_t>(place.port);
  settings.isServer = place.rank == 0 && !place.has_store;
  settings.numWorkers = static_cast<size_t>(place.size);
  settings.waitWorkers = false;
  settings.timeout = options.arrival;
  if (settings.isServer && place.listening_fd >= 0) {
    ::fcntl(place.listening_fd, F_SETFD, FD_CLOEXEC);
    settings.masterListenFd = place.listening_fd;
  }
  try {
    Store store = c10::make_intrusive<c10d::PrefixStore>(
        fmt::format("yolov6q/{}", place.restart), c10::make_intrusive<c10d::TCPStore>(place.host, settings));
    Watch::announce(place, *store);
    return store;
  } catch (const std::exception& error) {
    throw EnvironmentError(
        "rank {} of {}: the store of the job at {}:{} cannot be {}: {}; MASTER_ADDR and MASTER_PORT say "
        "where it is, and rank 0 must be there",
        place.rank, place.size, place.host, place.port, settings.isServer ? "opened" : "reached",
        first_line(error));
  }
}

/// Gloo's own wait ends with a message about one key; this one counts who has come.
void wait_for_all(const Place& place, c10d::Store& store, const JoinOptions& options) {
  const auto end = std::chrono::steady_clock::now() + options.arrival;
  for (int rank = 0; rank < place.size; ++rank) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    try {
      store.wait({Watch::sign_of(rank)}, std::max(left, std::chrono::milliseconds(1)));
    } catch (const std::exception&) {
      throw EnvironmentError(
          "rank {} of {}: rank {} has not come to {}:{} within {} s; are all processes started?", place.rank,
          place.size, rank, place.host, place.port, options.arrival.count());
    }
  }
}

c10::intrusive_ptr<c10d::ProcessGroupGloo> connect(const Place& place, const Store& store) {
  using Gloo = c10d::ProcessGroupGloo;
  auto options = Gloo::Options::create(kForever);
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");  // NOLINT(concurrency-mt-unsafe)
  try {
    if (interface != nullptr) {
      options->devices.push_back(Gloo::createDeviceForInterface(interface));
    } else if (place.local_size == place.size) {
      options->devices.push_back(Gloo::createDeviceForHostname("127.0.0.1"));
    } else {
      options->devices.push_back(Gloo::createDefaultDevice());
    }
    return c10::make_intrusive<Gloo>(store, place.rank, place.size, options);
  } catch (const std::exception& error) {
    throw EnvironmentError(
        "rank {} of {}: no connection to the other processes: {}; GLOO_SOCKET_IFNAME names the network "
        "interface to use",
        place.rank, place.size, first_line(error));
  }
}

/// A view of memory of ours. c10d takes tensors.
template <typename T>
Tensor view(std::span<T> values, at::ScalarType type) {
  return at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, type);
}

class GlooGroup : public Group {
 public:
  GlooGroup(const Place& place, const JoinOptions& options)
      : Group(place), deterministic_(options.deterministic), store_(open_store(place, options)) {
    wait_for_all(place, *store_, options);
    watch_ = std::make_unique<Watch>(place, store_->clone(), options.patience, options.give_up);
    gloo_ = connect(place, store_);
  }

  ~GlooGroup() override {
    // The store is rank 0's: it may go when nobody needs it. After an error nobody is waited for.
    if (std::uncaught_exceptions() == 0) {
      try {
        meet();
      } catch (const std::exception&) {
        // whoever is gone has said why
      }
    }
  }

  bool deterministic() const override { return deterministic_; }

  void sum(std::span<double> values) override {
    const Tensor mine = view(values, at::kDouble);
    const std::vector<Tensor> all = all_of(mine);
    mine.copy_(all[0]);
    for (size_t rank = 1; rank < all.size(); ++rank) mine.add_(all[rank]);
  }

  std::unique_ptr<Pending> start_sum(std::span<float> values) override {
    const Tensor mine = view(values, at::kFloat);
    if (!deterministic_) {
      std::vector<Tensor> tensors{mine};
      auto work = checked([&] { return gloo_->allreduce(tensors); });
      return std::make_unique<Sum>(*this, std::move(work), mine, std::vector<Tensor>{});
    }
    std::vector<std::vector<Tensor>> all{room_for_all(mine)};
    std::vector<Tensor> tensors{mine};
    auto work = checked([&] { return gloo_->allgather(all, tensors); });
    return std::make_unique<Sum>(*this, std::move(work), mine, std::move(all[0]));
  }

  std::vector<std::string> gather(std::string_view mine) override {
    auto length = static_cast<int64_t>(mine.size());
    const std::vector<Tensor> lengths = all_of(view(std::span(&length, 1), at::kLong));
    int64_t longest = 1;
    for (const Tensor& tensor : lengths) longest = std::max(longest, *tensor.const_data_ptr<int64_t>());
    Tensor padded = at::empty({longest}, at::kByte);
    std::memcpy(padded.mutable_data_ptr(), mine.data(), mine.size());
    const std::vector<Tensor> bytes = all_of(padded);
    std::vector<std::string> texts;
    for (size_t rank = 0; rank < bytes.size(); ++rank) {
      texts.emplace_back(static_cast<const char*>(bytes[rank].const_data_ptr()),
                         static_cast<size_t>(*lengths[rank].const_data_ptr<int64_t>()));
    }
    return texts;
  }

  std::string from_first(std::string_view mine) override {
    auto length = static_cast<int64_t>(mine.size());
    broadcast(view(std::span(&length, 1), at::kLong));
    std::string text(static_cast<size_t>(length), '\0');
    if (is_first()) text = mine;
    if (length > 0) broadcast(view(std::span(text), at::kByte));
    return text;
  }

 private:
  using Work = c10::intrusive_ptr<c10d::Work>;

  class Sum : public Pending {
   public:
    Sum(GlooGroup& group, Work work, Tensor mine, std::vector<Tensor> all)
        : group_(group), work_(std::move(work)), mine_(std::move(mine)), all_(std::move(all)) {}
    void wait() override {
      group_.checked([&] { return work_->wait(); });
      if (all_.empty()) return;
      mine_.copy_(all_[0]);
      for (size_t rank = 1; rank < all_.size(); ++rank) mine_.add_(all_[rank]);
    }

   private:
    GlooGroup& group_;
    Work work_;
    Tensor mine_;
    std::vector<Tensor> all_;
  };

  std::vector<Tensor> room_for_all(const Tensor& mine) const {
    std::vector<Tensor> all;
    for (int rank = 0; rank < size(); ++rank) all.push_back(at::empty(mine.sizes(), mine.options()));
    return all;
  }

  std::vector<Tensor> all_of(const Tensor& mine) {
    std::vector<std::vector<Tensor>> all{room_for_all(mine)};
    std::vector<Tensor> tensors{mine};
    checked([&] { return gloo_->allgather(all, tensors)->wait(); });
    return std::move(all[0]);
  }

  void broadcast(const Tensor& tensor) {
    std::vector<Tensor> tensors{tensor};
    checked([&] { return gloo_->broadcast(tensors)->wait(); });
  }

  /// Runs what talks to the others; whoever is gone is named.
  template <typename Talk>
  auto checked(const Talk& talk) -> decltype(talk()) {
    try {
      return talk();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      const std::string gone = watch_->who_is_gone();
      if (gone.empty())
        throw EnvironmentError("the processes of the job have lost each other: {}", first_line(error));
      throw EnvironmentError("{}; the same command goes on from the last saved state", gone);
    }
  }

  const bool deterministic_;
  Store store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace

std::unique_ptr<Group> join(const Place& place, const JoinOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);  // Gloo writes to whoever has gone; its error says more than our end
  return std::make_unique<GlooGroup>(place, options);
}

}  // namespace y6q::dist
