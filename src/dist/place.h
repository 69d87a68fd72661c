#pragma once

#include <optional>
#include <string>

namespace y6q::dist {

/// Where a process stands in a job of several, as the schedulers say it (spec/09 §3).
struct Place {
  int rank = 0, size = 1;              ///< of all processes; rank 0 writes the files
  int local_rank = 0, local_size = 1;  ///< of those on this machine
  std::string host = "127.0.0.1";      ///< where the store is that the processes meet at
  int port = 0;
  /// The store is somebody else's (torchrun's agent); else rank 0 opens it.
  bool has_store = false;
  int listening_fd = -1;  ///< of the process that opens the store: a socket that listens already (launch.h)
  int restart = 0;        ///< restarts_of_job(): each start meets under keys of its own

  bool operator==(const Place&) const = default;
};

/// Reads torchrun's variables (RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT and
/// TORCHELASTIC_…), else Slurm's (SLURM_PROCID, …), else Open MPI's (OMPI_COMM_WORLD_RANK, …). The latter two
/// need MASTER_ADDR and MASTER_PORT as well, except when all processes are on one machine: then port 29500
/// stands in. Nothing: the process is alone, or the only one of its job. Throws UsageError naming the
/// variable.
std::optional<Place> place_from_environment();

/// How many times torchrun (TORCHELASTIC_RESTART_COUNT) or Slurm (SLURM_RESTART_COUNT) has started this job
/// again after a failure; 0 without them. Throws UsageError naming the variable.
int restarts_of_job();

}  // namespace y6q::dist
