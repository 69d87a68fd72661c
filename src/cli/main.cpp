#include "base/memory.h"
#include "cli/command.h"

int main(int argc, char** argv) {
  y6q::keep_freed_memory();
  return y6q::cli::run(argc, argv);
}
