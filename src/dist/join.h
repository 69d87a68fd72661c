#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "dist/group.h"

namespace y6q::dist {

struct JoinOptions {
  /// Sums of gradients are added in the order of ranks: the same bits each time, for any network between the
  /// processes. Every process then receives all gradients instead of their sum.
  bool deterministic = false;
  std::chrono::seconds arrival{300};  ///< for all processes to have come
  std::chrono::seconds patience{30};  ///< with one that is not heard of
  /// Must end the process: its thread may wait for ever. Called from another thread with what happened.
  /// Absent: who is killed is named, who is only silent is not missed.
  std::function<void(const std::string&)> give_up = {};
};

/// Meets the other processes of the job in c10d's TCPStore at place.host and place.port and connects them by
/// Gloo (on the network interface GLOO_SOCKET_IFNAME where that is set). When the group is destroyed in good
/// order, it waits for the others. SIGPIPE is ignored from then on. Throws EnvironmentError when they do not
/// come, or the store cannot be opened or reached.
std::unique_ptr<Group> join(const Place& place, const JoinOptions& options);

}  // namespace y6q::dist
