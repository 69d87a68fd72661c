#include "cli/command.h"

namespace y6q::cli {

Commands commands() {
  return {{"synth", make_synth_command}, {"data", make_data_command},   {"export", make_export_command},
          {"build", make_build_command}, {"bench", make_bench_command}, {"detect", make_detect_command}};
}

const char* next_program() { return "yolov6q-torch"; }

}  // namespace y6q::cli
