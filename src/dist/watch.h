#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "dist/place.h"

namespace y6q::dist {

/// Tells processes that live from those that do not: each says in the job's store that it is there, once a
/// second. A process that was killed closes its connections and is noticed by whoever waits for it; one that
/// was stopped, or whose cable was pulled, is noticed here alone.
class Watch {
 public:
  using Clock = std::chrono::steady_clock;

  /// store: a connection of its own, whose keys exist for all processes (see announce). give_up is called
  /// once, from another thread, when a process or the store has been silent for `patience`: the caller's
  /// thread waits for a message that never comes, so it has to end the process.
  Watch(Place place, c10::intrusive_ptr<c10d::Store> store, std::chrono::seconds patience,
        std::function<void(const std::string&)> give_up);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Makes the process known; all of them do so before anyone watches.
  static void announce(const Place& place, c10d::Store& store);

  /// After a message failed: which processes are gone, in words. Takes some seconds to be sure.
  std::string who_is_gone();

 private:
  void talk();
  void look();
  std::string silent_for(std::chrono::seconds time) const;

  const Place place_;
  const c10::intrusive_ptr<c10d::Store> store_;
  const std::chrono::seconds patience_;
  const std::function<void(const std::string&)> give_up_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  Clock::time_point answered_ = Clock::now();  ///< by the store
  struct Heard {
    std::string beat;
    Clock::time_point time = Clock::now();
  };
  std::map<int, Heard> heard_;        ///< by rank, of the others
  std::map<int, std::string> names_;  ///< by rank
  std::thread talking_;               ///< may hang in the store: is left behind then
  std::jthread looking_;
};

}  // namespace y6q::dist
