#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dist/group.h"

namespace y6q::support {

/// A job whose "processes" are threads of the test: exact, and quick to start. Sums are added in the order of
/// ranks.
class ThreadJob {
 public:
  explicit ThreadJob(int size) : size_(size), texts_(static_cast<size_t>(size)) {}

  /// Runs `work` once for each rank. Rethrows what was thrown first.
  void run(const std::function<void(dist::Group&)>& work) {
    std::exception_ptr first;
    {
      std::vector<std::jthread> threads;
      for (int rank = 0; rank < size_; ++rank) {
        threads.emplace_back([&, rank] {
          Member member(*this, rank);
          try {
            work(member);
          } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!broken_) first = std::current_exception();
            broken_ = true;
            changed_.notify_all();
          }
        });
      }
    }
    if (first) std::rethrow_exception(first);
  }

 private:
  class Done : public dist::Pending {
   public:
    void wait() override {}
  };

  class Member : public dist::Group {
   public:
    Member(ThreadJob& job, int rank)
        : Group({.rank = rank, .size = job.size_, .local_rank = rank, .local_size = job.size_}), job_(job) {}
    void sum(std::span<double> values) override { add(values); }
    std::unique_ptr<dist::Pending> start_sum(std::span<float> values) override {
      add(values);
      return std::make_unique<Done>();
    }
    std::vector<std::string> gather(std::string_view mine) override { return job_.exchange(rank(), mine); }
    std::string from_first(std::string_view mine) override { return job_.exchange(rank(), mine)[0]; }

   private:
    template <typename T>
    void add(std::span<T> values) {
      const auto all =
          job_.exchange(rank(), {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
      std::vector<T> sums(values.size());
      for (const std::string& text : all) {
        if (text.size() != values.size_bytes()) throw std::logic_error("sums of different lengths");
        const T* theirs = reinterpret_cast<const T*>(text.data());
        for (size_t i = 0; i < sums.size(); ++i)
          sums[i] = &text == all.data() ? theirs[i] : sums[i] + theirs[i];
      }
      std::copy(sums.begin(), sums.end(), values.begin());
    }
    ThreadJob& job_;
  };

  std::vector<std::string> exchange(int rank, std::string_view mine) {
    std::unique_lock lock(mutex_);
    const auto wait_until = [&](const auto& done) {
      changed_.wait(lock, [&] { return broken_ || done(); });
      if (broken_) throw std::runtime_error("another rank has failed");
    };
    wait_until([&] { return !leaving_; });
    texts_[static_cast<size_t>(rank)] = mine;
    if (++inside_ == size_) {
      leaving_ = true;
      changed_.notify_all();
    }
    wait_until([&] { return leaving_; });
    std::vector<std::string> all = texts_;
    if (--inside_ == 0) {
      leaving_ = false;
      changed_.notify_all();
    }
    return all;
  }

  const int size_;
  std::vector<std::string> texts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool leaving_ = false, broken_ = false;
};

}  // namespace y6q::support
