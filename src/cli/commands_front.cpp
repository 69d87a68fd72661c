#include "cli/command.h"

namespace y6q::cli {

Commands commands() {
  return {{"summarize", make_summarize_command},
          {"coco-eval", make_coco_eval_command},
          {"convert", make_convert_command},
          {"inspect", make_inspect_command},
          {"doctor", make_doctor_command}};
}

const char* next_program() { return "yolov6q-engine"; }

}  // namespace y6q::cli
