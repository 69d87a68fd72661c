#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/isa.h"
#include "engine/kind.h"

namespace y6q::stages {

/// What a machine has, and what this program was built with.
struct Machine {
  std::string cpu;                              ///< name of the model
  Isa isa;                                      ///< what its kernels use (ONEDNN_MAX_CPU_ISA restricts them)
  int affinity = 1;                             ///< cores that the program may run on
  std::optional<double> quota;                  ///< a container's limit of processor time, in cores
  int64_t memory = 0, free_memory = 0;          ///< bytes; free: without taking from other programs
  fs::path folder;                              ///< where results would be written …
  int64_t free_disk = 0;                        ///< … and the bytes it has room for
  std::map<engine::Kind, std::string> engines;  ///< versions; empty: built without
  std::string libtorch;                         ///< the same
  bool video = false;                           ///< built with it
  fs::path trtexec;                             ///< TensorRT's builder; empty: not on PATH
  bool nvidia_driver = false;
  std::vector<std::string> gpus;  ///< names that the driver gives, in its order
  bool cuda = false;              ///< LibTorch's CUDA part is installed (./run setup --cuda)
};

/// Looks at this machine; reads a few files of /proc and loads nothing.
Machine this_machine(const fs::path& folder);

/// What a number format brings on a CPU.
struct Arithmetic {
  std::string format;  ///< e.g. "INT8, 8-bit weights"
  bool native;         ///< the CPU's own instructions compute it, with the numbers of the simulation
  std::string remark;  ///< what that means for speed and accuracy
};
std::vector<Arithmetic> arithmetics(const Isa& isa);

/// What a machine or this build lacks, and the way to get it. None of it is an error.
struct Lack {
  std::string what, remedy;
};
std::vector<Lack> lacks(const Machine& machine);

/// The machine in two lines, to stand above a table that was measured on it.
std::vector<std::string> doctor_lines(const Machine& machine);

/// All of it.
std::string to_text(const Machine& machine);
nlohmann::json to_json(const Machine& machine);

}  // namespace y6q::stages
