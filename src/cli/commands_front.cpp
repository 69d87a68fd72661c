#include "cli/command.h"
#include "cli/descriptions.h"

namespace y6q::cli {

std::vector<CommandEntry> commands() {
  return {{"summarize", kSummarize, make_summarize_command},
          {"coco-eval", kCocoEval, make_coco_eval_command},
          {"convert", kConvert, make_convert_command},
          {"inspect", kInspect, make_inspect_command},
          {"doctor", kDoctor, make_doctor_command}};
}

NextProgram next_program() { return {"yolov6q-engine", true}; }

}  // namespace y6q::cli
