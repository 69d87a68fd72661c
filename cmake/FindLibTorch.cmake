# LibTorch on the CPU out of the CUDA wheel, without a CUDA toolkit: torch_cpu and c10 only.
# Y6Q_LIBTORCH may name any folder with include/ and lib/ (a LibTorch archive, or site-packages/torch).
set(Y6Q_LIBTORCH "${Y6Q_DEPS}/torch" CACHE PATH "LibTorch: a folder with include/ and lib/")
find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/torch.h PATHS "${Y6Q_LIBTORCH}/include" NO_DEFAULT_PATH)
find_library(LibTorch_torch_cpu torch_cpu PATHS "${Y6Q_LIBTORCH}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_c10 c10 PATHS "${Y6Q_LIBTORCH}/lib" NO_DEFAULT_PATH)
if(LibTorch_INCLUDE_DIR)
  file(STRINGS "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h" version REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX MATCHALL "[0-9]+" version "${version}")
  list(JOIN version "." LibTorch_VERSION)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch_cpu LibTorch_c10 LibTorch_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run ./run setup, or set Y6Q_LIBTORCH")
# Its OpenMP: with the compiler's own there would be two, each with its threads.
file(GLOB LibTorch_openmp "${Y6Q_LIBTORCH}/lib/libgomp*")
set(cuda_runtime "${Y6Q_LIBTORCH}/../nvidia/cu13/lib")
if(NOT TARGET LibTorch::torch)
  add_library(LibTorch::torch INTERFACE IMPORTED)
  # -idirafter: torch bundles headers of fmt and protobuf that must not hide Debian's.
  target_compile_options(LibTorch::torch INTERFACE
    "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include" "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}")
  # Functions of tensors one by one: without it every header of an operator brings all two thousand.
  target_compile_definitions(LibTorch::torch INTERFACE AT_PER_OPERATOR_HEADERS)
  # A target with the property Y6Q_WITHOUT_LIBTORCH uses nothing of it, although libraries that it links do: what it would
  # need does not link.
  set(wanted "$<NOT:$<BOOL:$<TARGET_PROPERTY:Y6Q_WITHOUT_LIBTORCH>>>")
  target_link_libraries(LibTorch::torch INTERFACE "$<${wanted}:${LibTorch_torch_cpu}>" "$<${wanted}:${LibTorch_c10}>")
  target_link_options(LibTorch::torch INTERFACE "-Wl,-rpath-link,${cuda_runtime}")
  # For sources with at::parallel_for, a template over OpenMP: without the option it silently runs on one thread.
  add_library(LibTorch::openmp INTERFACE IMPORTED)
  target_compile_options(LibTorch::openmp INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fopenmp>)
  target_link_libraries(LibTorch::openmp INTERFACE "$<${wanted}:${LibTorch_openmp}>")
endif()
