#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace y6q {

template <typename Item, typename Result>
struct OrderedWork {
  std::function<std::optional<Item>()> next;  ///< one call at a time; nothing: the end
  std::function<Result(Item, int)> work;      ///< on every thread at once; the number of the thread, from 0
  std::function<void(Result)> deliver;        ///< one call at a time, in the order of next
  int threads = 1;                            ///< >= 1
  int64_t window = 8;  ///< items between next and deliver, >= threads: slow delivery holds everything back
};

/// Each thread takes an item from next to its result, so that all steps of many items overlap and no core
/// waits for another; results are delivered in order. The first exception ends it and is rethrown.
template <typename Item, typename Result>
class OrderedWorkers {
 public:
  explicit OrderedWorkers(OrderedWork<Item, Result> task) : task_(std::move(task)) {}

  void run() {
    {
      std::vector<std::jthread> workers;
      for (int i = 1; i < task_.threads; ++i) workers.emplace_back([this, i] { loop(i); });
      loop(0);
    }
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void loop(int thread) {
    try {
      while (step(thread)) {
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
    changed_.notify_all();
  }

  /// Takes, works, delivers what is due; false at the end.
  bool step(int thread) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return error_ || at_end_ || (!taking_ && taken_ - delivered_ < task_.window); });
    if (error_ || at_end_) return false;
    taking_ = true;
    lock.unlock();
    std::optional<Item> item;
    try {
      item = task_.next();
    } catch (...) {
      fail(lock);
      throw;
    }
    lock.lock();
    taking_ = false;
    at_end_ = !item;
    const int64_t number = item ? taken_++ : taken_;
    changed_.notify_all();
    if (!item) return false;
    lock.unlock();
    Result result = task_.work(std::move(*item), thread);
    lock.lock();
    ready_.emplace(number, std::move(result));
    deliver_due(lock);
    return true;
  }

  void fail(std::unique_lock<std::mutex>& lock) {
    lock.lock();
    at_end_ = true;
    taking_ = false;
    lock.unlock();
  }

  /// The thread that completes the sequence delivers; the others go on meanwhile.
  void deliver_due(std::unique_lock<std::mutex>& lock) {
    if (delivering_) return;
    delivering_ = true;
    while (!error_ && !ready_.empty() && ready_.begin()->first == delivered_) {
      Result result = std::move(ready_.begin()->second);
      ready_.erase(ready_.begin());
      lock.unlock();
      task_.deliver(std::move(result));
      lock.lock();
      ++delivered_;
      changed_.notify_all();
    }
    delivering_ = false;
  }

  OrderedWork<Item, Result> task_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Result> ready_;
  std::exception_ptr error_;
  int64_t taken_ = 0, delivered_ = 0;
  bool taking_ = false, delivering_ = false, at_end_ = false;
};

}  // namespace y6q
