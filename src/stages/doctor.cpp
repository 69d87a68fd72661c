#include "stages/doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/cpu_quota.h"
#include "base/threads.h"

namespace y6q::stages {
namespace {

/// The value of the first line "key : value" of a file of /proc; empty without one.
std::string proc_value(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return {};
}

/// Of /proc/meminfo, which counts in KiB.
int64_t memory_bytes(std::string_view key) {
  return std::strtoll(proc_value("/proc/meminfo", key).c_str(), nullptr, 10) * 1024;
}

fs::path found_on_path(const char* program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    fs::path file = fs::path(folder) / program;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

/// Of NVIDIA's driver.
std::vector<std::string> gpu_names() {
  std::vector<std::string> names;
  std::error_code none;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", none))
    folders.push_back(entry.path());
  std::ranges::sort(folders);
  for (const fs::path& folder : folders)
    names.push_back(proc_value((folder / "information").c_str(), "Model"));
  return names;
}

std::string gibibytes(int64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
}

bool has_bf16(const Isa& isa) { return isa.avx512_bf16 || isa.amx_bf16; }

int cores_of(const Machine& machine) { return cores_within(machine.affinity, machine.quota); }

std::string cores_text(const Machine& machine) {
  const int cores = cores_of(machine);
  std::string text = fmt::format("{} core{}", cores, cores == 1 ? "" : "s");
  if (cores < machine.affinity)
    text += fmt::format(" (a quota of {:g} of {})", *machine.quota, machine.affinity);
  return text;
}

std::string or_else(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

}  // namespace

Machine this_machine(const fs::path& folder) {
  Machine machine;
  machine.cpu = or_else(proc_value("/proc/cpuinfo", "model name"), "unknown CPU");
  machine.isa = kernel_isa();
  machine.affinity = affinity_count();
  machine.quota = cpu_quota();
  machine.memory = memory_bytes("MemTotal");
  machine.free_memory = memory_bytes("MemAvailable");
  machine.folder = folder;
  std::error_code unknown;
  const fs::space_info space = fs::space(folder, unknown);
  machine.free_disk = unknown ? 0 : static_cast<int64_t>(space.available);
  for (const engine::Kind kind : all_values<engine::Kind>())
    machine.engines[kind] = engine::facts_of(kind).version;
  machine.libtorch = Y6Q_LIBTORCH_VERSION;
  machine.video = Y6Q_HAS_VIDEO;
  machine.trtexec = found_on_path("trtexec");
  machine.nvidia_driver = fs::exists("/proc/driver/nvidia/version", unknown);
  machine.gpus = gpu_names();
  machine.cuda = fs::exists(Y6Q_LIBTORCH_CUDA, unknown);
  return machine;
}

std::vector<Arithmetic> arithmetics(const Isa& isa) {
  const bool bf16 = has_bf16(isa), sums_in_32_bits = isa.fast_int8();
  return {
      {"FP32", true, "the reference for speed and accuracy"},
      {"BF16", bf16,
       bf16 ? "faster than FP32; for training too"
            : "no instructions for it: training takes FP32, bench leaves it out"},
      {"INT8, 8-bit weights", sums_in_32_bits,
       sums_in_32_bits
           ? "the fastest"
           : "sums of products saturate at 16 bits in this CPU's integer kernels: right only in float, "
             "at FP32's speed"},
      {"INT8, 7-bit weights", true,
       sums_in_32_bits ? "as fast as 8-bit weights, which are finer: for other CPUs"
                       : "right, because nothing saturates, and faster than FP32: what to use here"},
  };
}

std::vector<Lack> lacks(const Machine& machine) {
  std::vector<Lack> all;
  if (!machine.isa.fast_int8()) {
    all.push_back({"32-bit sums of INT8 products (VNNI or AMX)",
                   "a CPU that has them runs 8-bit weights, and runs them faster; here use 7-bit weights"});
  }
  if (!has_bf16(machine.isa)) {
    all.push_back({"BF16 arithmetic (AVX512-BF16 or AMX)", "a CPU that has it; nothing else needs it"});
  }
  for (const auto& [kind, version] : machine.engines) {
    if (!version.empty()) continue;
    const engine::KindFacts& facts = engine::facts_of(kind);
    all.push_back({fmt::format("the {} engine (build, bench, detect, eval of ONNX files)", facts.title),
                   std::string(facts.remedy)});
  }
  if (machine.libtorch.empty()) {
    all.push_back(
        {"LibTorch (all that trains or simulates)", "configure with -DY6Q_TORCH=ON and build again"});
  }
  if (!machine.video) {
    all.push_back({"reading of video files and cameras (detect)",
                   "./run setup --video, configure with -DY6Q_VIDEO=ON and build again"});
  }
  if (machine.nvidia_driver && !machine.cuda) {
    all.push_back({"LibTorch's CUDA part (--device cuda)", "./run setup --cuda fetches it, 1.9 GB"});
  }
  if (machine.trtexec.empty()) {
    all.push_back(
        {"trtexec on PATH",
         "install NVIDIA TensorRT; only engines for NVIDIA GPUs are built with it, export needs none"});
  }
  return all;
}

std::vector<std::string> doctor_lines(const Machine& machine) {
  return {fmt::format("{}: {}, {}, {} of memory", machine.cpu, machine.isa.name(), cores_text(machine),
                      gibibytes(machine.memory)),
          fmt::format("INT8 {}; BF16 {}",
                      machine.isa.fast_int8() ? "with weights of 8 bits"
                                              : "with weights of 7 bits (8 bits saturate on this CPU)",
                      has_bf16(machine.isa) ? "natively" : "not on this CPU")};
}

std::string to_text(const Machine& machine) {
  std::string gpus;
  for (size_t i = 0; i < machine.gpus.size(); ++i) gpus += fmt::format(", cuda:{} {}", i, machine.gpus[i]);
  std::string engines;
  for (const auto& [kind, version] : machine.engines)
    engines += fmt::format("{} {}; ", engine::facts_of(kind).title, or_else(version, "not in this build"));
  std::string text = fmt::format(
      "CPU        {}\n           {}\ncores      {}\nmemory     {}, {} of it free\ndisk       {} free in {}\n"
      "LibTorch   {}\nengines    {}TensorRT's trtexec: {}\nvideo      {}\n"
      "devices    cpu{} (NVIDIA driver: {}; LibTorch's CUDA part: {})\n",
      machine.cpu, machine.isa.name(), cores_text(machine), gibibytes(machine.memory),
      gibibytes(machine.free_memory), gibibytes(machine.free_disk), machine.folder.string(),
      or_else(machine.libtorch, "not in this build"), engines,
      or_else(machine.trtexec.string(), "not on PATH"), machine.video ? "yes" : "not in this build", gpus,
      machine.nvidia_driver ? "there" : "none", machine.cuda ? "there" : "not installed");
  text += "\nWhat each precision brings on this CPU:\n";
  for (const Arithmetic& row : arithmetics(machine.isa)) {
    text += fmt::format("  {:<20} {:<4} {}\n", row.format, row.native ? "yes" : "no", row.remark);
  }
  text += "\nWhat is missing, and how to get it:\n";
  for (const Lack& lack : lacks(machine)) text += fmt::format("  {}\n      {}\n", lack.what, lack.remedy);
  return text;
}

nlohmann::json to_json(const Machine& machine) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::json() : nlohmann::json(text);
  };
  nlohmann::json precisions = nlohmann::json::array(), missing = nlohmann::json::array();
  for (const Arithmetic& row : arithmetics(machine.isa)) {
    precisions.push_back({{"format", row.format}, {"native", row.native}, {"remark", row.remark}});
  }
  for (const Lack& lack : lacks(machine)) missing.push_back({{"what", lack.what}, {"remedy", lack.remedy}});
  nlohmann::json document{{"cpu", machine.cpu},
                          {"isa", machine.isa.name()},
                          {"cores", cores_of(machine)},
                          {"affinity", machine.affinity},
                          {"quota", machine.quota ? nlohmann::json(*machine.quota) : nlohmann::json()},
                          {"memory_bytes", machine.memory},
                          {"free_memory_bytes", machine.free_memory},
                          {"folder", machine.folder.string()},
                          {"free_disk_bytes", machine.free_disk},
                          {"libtorch", or_null(machine.libtorch)},
                          {"trtexec", or_null(machine.trtexec.string())},
                          {"video", machine.video},
                          {"nvidia_driver", machine.nvidia_driver},
                          {"gpus", machine.gpus},
                          {"cuda", machine.cuda},
                          {"precisions", precisions},
                          {"missing", missing}};
  for (const auto& [kind, version] : machine.engines) document[std::string(name_of(kind))] = or_null(version);
  return document;
}

}  // namespace y6q::stages
