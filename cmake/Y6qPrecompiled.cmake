# Headers compiled once and shared by many targets. Sources include what they use all the same: preset tidy builds
# without these.
function(y6q_precompiled_headers name)
  cmake_parse_arguments(A "" "" "LINKS;HEADERS" ${ARGN})
  set(target y6q_headers_${name})
  add_library(${target} STATIC "${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp")
  target_link_libraries(${target} PRIVATE y6q_flags ${A_LINKS})
  target_precompile_headers(${target} PRIVATE ${A_HEADERS})
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)  # ccache needs it
endfunction()

function(y6q_use_precompiled_headers target name)
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_precompile_headers(${target} REUSE_FROM y6q_headers_${name})
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  endif()
endfunction()

set(common <algorithm> <array> <cmath> <filesystem> <fstream> <functional> <map> <memory> <optional> <set> <span>
    <string> <variant> <vector> <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>)
y6q_precompiled_headers(common LINKS fmt::fmt nlohmann_json::nlohmann_json HEADERS ${common})
y6q_precompiled_headers(cli LINKS y6q_unoptimised fmt::fmt nlohmann_json::nlohmann_json CLI11::CLI11 HEADERS ${common} <CLI/CLI.hpp>)
if(Y6Q_TESTS)
  y6q_precompiled_headers(test LINKS y6q_unoptimised fmt::fmt nlohmann_json::nlohmann_json GTest::gmock
                          HEADERS ${common} <gmock/gmock.h>)
endif()
if(Y6Q_TORCH)
  y6q_precompiled_headers(torch LINKS fmt::fmt nlohmann_json::nlohmann_json LibTorch::torch LibTorch::openmp
                          HEADERS ${common} "${CMAKE_SOURCE_DIR}/src/eager/torch.h")
endif()
