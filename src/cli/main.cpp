#include "cli/command.h"

int main(int argc, char** argv) { return y6q::cli::run(argc, argv); }
