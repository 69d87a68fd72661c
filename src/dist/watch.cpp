#include "dist/watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace y6q::dist {
namespace {

using std::chrono::seconds;

constexpr seconds kBeat{1};

std::string beat_key(int rank) { return fmt::format("beat/{}", rank); }
std::string name_key(int rank) { return fmt::format("name/{}", rank); }

std::string own_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

std::string text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

void Watch::announce(const Place& place, c10d::Store& store) {
  store.set(name_key(place.rank), own_name());
  store.set(beat_key(place.rank), "0");
}

Watch::Watch(Place place, c10::intrusive_ptr<c10d::Store> store, seconds patience,
             std::function<void(const std::string&)> give_up)
    : place_(std::move(place)), store_(std::move(store)), patience_(patience), give_up_(std::move(give_up)) {
  for (int rank = 0; rank < place_.size; ++rank) {
    if (rank == place_.rank) continue;
    names_[rank] = text(store_->get(name_key(rank)));
    heard_[rank] = {};
  }
  talking_ = std::thread([this] { talk(); });
  looking_ = std::jthread([this] { look(); });
}

Watch::~Watch() {
  bool hangs = false;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    hangs = Clock::now() - answered_ > 3 * kBeat;
  }
  changed_.notify_all();
  looking_.join();
  // A thread that waits for a store that is gone cannot be woken; the process is about to end.
  if (hangs) {
    talking_.detach();
  } else {
    talking_.join();
  }
}

void Watch::talk() {
  std::vector<std::string> keys;
  for (const auto& [rank, name] : names_) keys.push_back(beat_key(rank));
  std::unique_lock lock(mutex_);
  for (int64_t beat = 1; !changed_.wait_for(lock, kBeat, [&] { return stop_; }); ++beat) {
    lock.unlock();
    std::vector<std::vector<uint8_t>> beats;
    try {
      store_->set(beat_key(place_.rank), std::to_string(beat));
      beats = store_->multiGet(keys);
    } catch (const std::exception&) {
      return;  // look() sees the silence
    }
    lock.lock();
    answered_ = Clock::now();
    size_t i = 0;
    for (auto& [rank, heard] : heard_) {
      std::string now = text(beats.at(i++));
      if (now != heard.beat) heard = {std::move(now), answered_};
    }
  }
}

void Watch::look() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kBeat, [&] { return stop_; })) {
    const std::string silent = silent_for(patience_);
    if (silent.empty()) continue;
    stop_ = true;
    lock.unlock();
    give_up_(fmt::format("{} not been heard of for {} s", silent, patience_.count()));
    return;
  }
}

/// "rank 1 of 4 (process 77 on host) has", or nothing. Needs the lock.
std::string Watch::silent_for(seconds time) const {
  const auto now = Clock::now();
  if (now - answered_ > time) {
    return fmt::format("the store of the job at {}:{}{} has", place_.host, place_.port,
                       place_.has_store ? "" : ", which is rank 0's,");
  }
  std::string silent;
  int count = 0;
  for (const auto& [rank, heard] : heard_) {
    if (now - heard.time <= time) continue;
    silent += fmt::format("{}rank {} ({})", silent.empty() ? "" : ", ", rank, names_.at(rank));
    ++count;
  }
  if (count == 0) return "";
  return fmt::format("{} of {} {}", silent, place_.size, count == 1 ? "has" : "have");
}

std::string Watch::who_is_gone() {
  constexpr seconds kLong = 4 * kBeat;
  const auto end = Clock::now() + 3 * kLong;
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::string silent = silent_for(kLong);
    if (!silent.empty()) return silent + " gone";
    if (Clock::now() > end) return "another process of the job has left it";
    changed_.wait_for(lock, kBeat / 4);
  }
}

}  // namespace y6q::dist
