# Language, warnings and build type: the same for every target of ours; imported ones are SYSTEM.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
string(APPEND CMAKE_CXX_FLAGS " -fPIC")  # not the property: -fPIE programs could not share the precompiled header
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)  # target all_verify_interface_header_sets: each header compiles alone
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # asserts stay in

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # With a precompiled header ccache needs the sloppiness, and the compiler -fpch-preprocess.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

# Tests and the command line's own sources: compiled more often than they run, with short loops; without optimisation they
# take a third to half less time to compile. Linked after y6q_flags.
add_library(y6q_unoptimised INTERFACE)
target_compile_options(y6q_unoptimised INTERFACE -O0)

# Sources of a folder are compiled eight at a time: each then reads its headers, LibTorch's above all, once, which saves
# about half of the time of a build from nothing, and so are its tests. Names in a folder's anonymous namespaces must then differ; builds that leave
# it off (dev, clang-tidy) show what each source forgot to include.
option(Y6Q_UNITY "Compile the sources of a folder together" OFF)
function(y6q_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${Y6Q_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  if(Y6Q_UNITY)  # an anonymous namespace is each source's own here, too
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# y6q_compile_group(NAME source …): sources of a SEPARATE library that go together into every program.
function(y6q_compile_group name)
  set_source_files_properties(${ARGN} PROPERTIES UNITY_GROUP ${name})
endfunction()

add_library(y6q_flags INTERFACE)
target_compile_options(y6q_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror)
if(Y6Q_SANITIZE)
  target_compile_options(y6q_flags INTERFACE -fsanitize=${Y6Q_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1 -g1)
  target_link_options(y6q_flags INTERFACE -fsanitize=${Y6Q_SANITIZE})
endif()
