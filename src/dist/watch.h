#pragma once

#include <chrono>
#include <functional>
#include <memory>
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
  /// store: a connection of its own, whose keys exist for all processes (see announce). give_up is called
  /// once, from another thread, when a process or the store has been silent for `patience`: the caller's
  /// thread waits for a message that never comes, so it has to end the process. Absent: nobody is missed.
  Watch(const Place& place, c10::intrusive_ptr<c10d::Store> store, std::chrono::seconds patience,
        std::function<void(const std::string&)> give_up);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Makes the process known; all of them do so before anyone watches.
  static void announce(const Place& place, c10d::Store& store);
  /// The key in the store that is there once this rank has been announced.
  static std::string sign_of(int rank);

  /// After a message failed: which processes are gone, in words. Takes some seconds to be sure.
  std::string who_is_gone();

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< shared with a thread that may be left behind, waiting for a dead store
  std::thread talking_;
  std::jthread looking_;
};

}  // namespace y6q::dist
