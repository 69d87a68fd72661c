#include <benchmark/benchmark.h>

#include "base/memory.h"

// As the programs begin.
int main(int argc, char** argv) {
  y6q::keep_freed_memory();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
