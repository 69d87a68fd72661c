#include "cli/command.h"

namespace y6q::cli {

Commands commands() {
  return {{"train", make_train_command},
          {"calibrate", make_calibrate_command},
          {"sensitivity", make_sensitivity_command},
          {"qat", make_qat_command},
          {"eval", make_eval_command},
          {"compare", make_compare_command},
          {"quantize", make_quantize_command},
          {"search", make_search_command},
          {"pipeline", make_pipeline_command}};
}

const char* next_program() { return nullptr; }

}  // namespace y6q::cli
