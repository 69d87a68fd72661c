#include "dist/watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

namespace y6q::dist {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kBeat{1};

std::string name_key(int rank) { return fmt::format("name/{}", rank); }

std::string own_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

std::string text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

struct Watch::State {
  struct Heard {
    std::string beat;
    Clock::time_point time = Clock::now();
  };

  Place place;
  c10::intrusive_ptr<c10d::Store> store;
  std::mutex mutex;
  std::condition_variable changed;
  bool stop = false;
  Clock::time_point answered = Clock::now();  ///< by the store
  std::map<int, Heard> heard;                 ///< by rank, of the others
  std::map<int, std::string> names;           ///< by rank

  void talk() {
    std::vector<std::string> keys;
    for (const auto& [rank, name] : names) keys.push_back(sign_of(rank));
    std::unique_lock lock(mutex);
    for (int64_t beat = 1; !changed.wait_for(lock, kBeat, [&] { return stop; }); ++beat) {
      lock.unlock();
      std::vector<std::vector<uint8_t>> beats;
      try {
        store->set(sign_of(place.rank), std::to_string(beat));
        beats = store->multiGet(keys);
      } catch (const std::exception&) {
        return;  // look() sees the silence
      }
      lock.lock();
      answered = Clock::now();
      size_t i = 0;
      for (auto& [rank, one] : heard) {
        std::string now = text(beats.at(i++));
        if (now != one.beat) one = {std::move(now), answered};
      }
    }
  }

  void look(seconds patience, const std::function<void(const std::string&)>& give_up) {
    std::unique_lock lock(mutex);
    Clock::time_point before = Clock::now();
    while (!changed.wait_for(lock, kBeat, [&] { return stop; })) {
      const auto now = Clock::now();
      // This process itself was asleep (a suspended job): everybody gets time to speak again.
      if (now - before > 4 * kBeat) {
        answered = now;
        for (auto& [rank, one] : heard) one.time = now;
      }
      before = now;
      const std::string silent = silent_for(patience);
      if (silent.empty()) continue;
      stop = true;
      lock.unlock();
      give_up(fmt::format("{} not been heard of for {} s", silent, patience.count()));
      return;
    }
  }

  /// "rank 1 (process 77 on host) of 4 has", or nothing. Needs the lock.
  std::string silent_for(seconds time) const {
    const auto now = Clock::now();
    if (now - answered > time) {
      return fmt::format("the store of the job at {}:{}{} has", place.host, place.port,
                         place.has_store ? "" : ", which is rank 0's,");
    }
    std::string silent;
    int count = 0;
    for (const auto& [rank, one] : heard) {
      if (now - one.time <= time) continue;
      silent += fmt::format("{}rank {} ({})", silent.empty() ? "" : ", ", rank, names.at(rank));
      ++count;
    }
    if (count == 0) return "";
    return fmt::format("{} of {} {}", silent, place.size, count == 1 ? "has" : "have");
  }
};

std::string Watch::sign_of(int rank) { return fmt::format("beat/{}", rank); }

void Watch::announce(const Place& place, c10d::Store& store) {
  store.set(name_key(place.rank), own_name());
  store.set(sign_of(place.rank), "0");
}

Watch::Watch(const Place& place, c10::intrusive_ptr<c10d::Store> store, seconds patience,
             std::function<void(const std::string&)> give_up)
    : state_(std::make_shared<State>()) {
  for (int rank = 0; rank < place.size; ++rank) {
    if (rank == place.rank) continue;
    state_->names[rank] = text(store->get(name_key(rank)));
    state_->heard[rank] = {};
  }
  state_->place = place;
  state_->store = std::move(store);
  talking_ = std::thread([state = state_] { state->talk(); });
  if (!give_up) return;
  looking_ =
      std::jthread([state = state_, patience, call = std::move(give_up)] { state->look(patience, call); });
}

Watch::~Watch() {
  bool hangs = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    hangs = Clock::now() - state_->answered > 3 * kBeat;
  }
  state_->changed.notify_all();
  if (looking_.joinable()) looking_.join();
  // A thread that waits for a store that is gone cannot be woken.
  if (hangs) {
    talking_.detach();
  } else {
    talking_.join();
  }
}

std::string Watch::who_is_gone() {
  constexpr seconds kLong = 4 * kBeat;
  const auto end = Clock::now() + 3 * kLong;
  std::unique_lock lock(state_->mutex);
  for (;;) {
    const std::string silent = state_->silent_for(kLong);
    if (!silent.empty()) return silent + " gone";
    if (Clock::now() > end) return "";
    state_->changed.wait_for(lock, kBeat / 4);
  }
}

}  // namespace y6q::dist
