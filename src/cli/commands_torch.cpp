#include "cli/command.h"
#include "cli/descriptions.h"

namespace y6q::cli {

std::vector<CommandEntry> commands() {
  return {{"train", kTrain, make_train_command},
          {"calibrate", kCalibrate, make_calibrate_command},
          {"sensitivity", kSensitivity, make_sensitivity_command},
          {"qat", kQat, make_qat_command},
          {"eval", kEval, make_eval_command},
          {"compare", kCompare, make_compare_command},
          {"quantize", kQuantize, make_quantize_command},
          {"search", kSearch, make_search_command},
          {"pipeline", kPipeline, make_pipeline_command}};
}

NextProgram next_program() { return {}; }

}  // namespace y6q::cli
