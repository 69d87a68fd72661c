#include "dist/place.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "base/errors.h"

namespace y6q::dist {
namespace {

constexpr int kMostProcesses = 1 << 16, kMostPorts = 65535, kPort = 29500;  // torchrun's own

std::optional<std::string> text_of(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread starts
  if (value == nullptr || *value == '\0') return {};
  return value;
}

struct Bounds {
  int low = 0, high = kMostProcesses;
};

std::optional<int> number_of(const char* name, const Bounds& bounds = {}) {
  const auto text = text_of(name);
  if (!text) return {};
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= bounds.low &&
      value <= bounds.high)
    return value;
  throw UsageError(
      "{}={}: a whole number from {} to {} is accepted; it comes from the program that started the "
      "processes (torchrun, srun, mpirun)",
      name, *text, bounds.low, bounds.high);
}

/// Names of the variables of one scheduler.
struct Names {
  const char *rank, *size, *local_rank, *local_size;
};

constexpr Names kSchedulers[] = {
    {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"}};

/// Where it is not said: all are on this machine, or, with a meeting point, each has a machine of its own (as
/// jobs of Kubernetes). Of Slurm's list for several machines ("4(x2),3") the first number is taken: it tells
/// one machine from several, which is what it is for.
int local_size_of(const Names& names, const Place& place) {
  const int size = place.size;
  const auto text = text_of(names.local_size);
  if (!text) return text_of("MASTER_ADDR") ? 1 : size;
  if (text->find_first_of("(,") != std::string::npos) {
    int value = 1;
    std::from_chars(text->data(), text->data() + text->size(), value);
    return std::clamp(value, place.local_rank + 1, size);
  }
  return number_of(names.local_size, {1, kMostProcesses}).value_or(size);
}

void read_meeting_point(Place& place) {
  const auto host = text_of("MASTER_ADDR");
  const auto port = number_of("MASTER_PORT", {1, kMostPorts});
  const bool one_machine = place.local_size == place.size;
  if ((!host || !port) && !one_machine) {
    throw UsageError(
        "{} processes on several machines: set MASTER_ADDR to the name of the machine of rank 0 and "
        "MASTER_PORT to a "
        "free port there, the same for all of them (docs/guide/distributed.md)",
        place.size);
  }
  place.host = host.value_or(place.host);
  place.port = port.value_or(kPort);
  place.has_store = text_of("TORCHELASTIC_USE_AGENT_STORE") == "True";
  place.listening_fd = number_of("Y6Q_STORE_FD").value_or(-1);
  place.restart = restarts_of_job();
}

}  // namespace

std::optional<Place> place_from_environment() {
  for (const Names& names : kSchedulers) {
    const auto rank = number_of(names.rank), size = number_of(names.size, {1, kMostProcesses});
    if (!rank || !size) continue;
    if (*size == 1) return {};
    Place place{.rank = *rank, .size = *size, .local_rank = number_of(names.local_rank).value_or(0)};
    place.local_size = local_size_of(names, place);
    if (place.rank >= place.size || place.local_rank >= place.local_size || place.local_size > place.size) {
      throw UsageError("{}={} of {}={}, {}={}: ranks count from 0 and stay below the number of processes",
                       names.rank, place.rank, names.size, place.size, names.local_rank, place.local_rank);
    }
    read_meeting_point(place);
    return place;
  }
  return {};
}

int restarts_of_job() {
  for (const char* name : {"TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT"}) {
    if (const auto count = number_of(name, {0, std::numeric_limits<int>::max()})) return *count;
  }
  return 0;
}

}  // namespace y6q::dist
