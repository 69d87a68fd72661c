#include "eager/cuda_program.h"

#include <ATen/DeviceAccelerator.h>

#include <vector>

#include "base/errors.h"
#include "base/library_function.h"

namespace y6q::eager {
namespace {

// Libraries of NVIDIA's, whose C interfaces have been the same since CUDA 11. LibTorch's own version of CUDA
// decides which compiler is there.
constexpr std::array kCudaDriver{"libcuda.so.1"};
constexpr std::array kCompiler{"libnvrtc.so.13", "libnvrtc.so.12"};

constexpr const char* kPrelude = R"cuda(
struct Bf16 { unsigned short bits; };
__device__ float to_float(float x) { return x; }
__device__ float to_float(Bf16 x) { return __uint_as_float((unsigned)x.bits << 16); }
__device__ void assign(float& to, float value) { to = value; }
__device__ void assign(Bf16& to, float value) {
  const unsigned bits = __float_as_uint(value);
  to.bits = value != value ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}
)cuda";

template <typename Signature>
Signature* driver(const char* name) {
  return library_function<Signature>(kCudaDriver, name);
}

template <typename Signature>
Signature* compiler(const char* name) {
  return library_function<Signature>(kCompiler, name);
}

void check(int status, const char* what) {
  if (status != 0) throw EnvironmentError("CUDA: {} failed with code {}", what, status);
}

std::string architecture_of(at::Device device) {
  constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…
  const auto attribute = driver<int(int*, int, int)>("cuDeviceGetAttribute");
  int major = 0, minor = 0;
  check(attribute(&major, kMajor, device.index()), "cuDeviceGetAttribute");
  check(attribute(&minor, kMinor, device.index()), "cuDeviceGetAttribute");
  return "--gpu-architecture=sm_" + std::to_string(10 * major + minor);
}

std::vector<char> machine_code_of(const std::string& source, const std::string& architecture) {
  using Program = void*;
  using Create = int(Program*, const char*, const char*, int, const char* const*, const char* const*);
  const auto size_of = [](Program program, const char* what) {
    size_t size = 0;
    check(compiler<int(Program, size_t*)>(what)(program, &size), what);
    return size;
  };
  const auto take = [](Program program, const char* what, char* to) {
    check(compiler<int(Program, char*)>(what)(program, to), what);
  };
  Program program = nullptr;
  check(compiler<Create>("nvrtcCreateProgram")(&program, source.c_str(), "kernels", 0, nullptr, nullptr),
        "nvrtcCreateProgram");
  const std::array options{architecture.c_str(), "--fmad=false"};
  const auto compile = compiler<int(Program, int, const char* const*)>("nvrtcCompileProgram");
  if (compile(program, static_cast<int>(options.size()), options.data()) != 0) {
    std::string log(size_of(program, "nvrtcGetProgramLogSize"), '\0');
    take(program, "nvrtcGetProgramLog", log.data());
    throw EnvironmentError("CUDA: kernels cannot be compiled for {}: {}", architecture, log.c_str());
  }
  std::vector<char> code(size_of(program, "nvrtcGetCUBINSize"));
  take(program, "nvrtcGetCUBIN", code.data());
  check(compiler<int(Program*)>("nvrtcDestroyProgram")(&program), "nvrtcDestroyProgram");
  return code;
}

}  // namespace

CudaProgram::CudaProgram(const std::string& source) : source_(kPrelude + source) {}

void* CudaProgram::function_on(at::Device device, const char* function) const {
  const std::lock_guard lock(mutex_);
  void*& found = functions_[{device.index(), function}];
  if (found != nullptr) return found;
  void*& module = modules_[device.index()];  // lives as long as the process
  if (module == nullptr) {
    const std::vector<char> code = machine_code_of(source_, architecture_of(device));
    check(driver<int(void**, const void*)>("cuModuleLoadData")(&module, code.data()), "cuModuleLoadData");
  }
  check(driver<int(void**, void*, const char*)>("cuModuleGetFunction")(&found, module, function), function);
  return found;
}

void CudaProgram::launch_with(const char* function, at::Device device, int64_t blocks,
                              std::span<void*> arguments) const {
  using Launch =
      int(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
  static Launch* const start = driver<Launch>("cuLaunchKernel");
  const c10::DeviceGuard guard(device);
  void* const stream = at::accelerator::getCurrentStream(device.index()).native_handle();
  check(start(function_on(device, function), static_cast<unsigned>(blocks), 1, 1,
              static_cast<unsigned>(kThreads), 1, 1, 0, stream, arguments.data(), nullptr),
        function);
}

}  // namespace y6q::eager
