#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <stop_token>
#include <thread>
#include <type_traits>

namespace y6q {

/// A thread that lives as long as this object and does one job after the other. Jobs that were started are
/// done before it ends.
class Worker {
 public:
  /// The future has what the job returns or throws.
  template <typename Job>
  std::future<std::invoke_result_t<Job&>> start(Job job) {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Job&>()>>(std::move(job));
    auto result = task->get_future();
    {
      const std::lock_guard lock(mutex_);
      jobs_.emplace([task = std::move(task)] { (*task)(); });
    }
    changed_.notify_one();
    return result;
  }

 private:
  void work(const std::stop_token& stop) {
    while (true) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
        job = std::move(jobs_.front());
        jobs_.pop();
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::queue<std::function<void()>> jobs_;
  std::jthread thread_{[this](const std::stop_token& stop) { work(stop); }};
};

}  // namespace y6q
