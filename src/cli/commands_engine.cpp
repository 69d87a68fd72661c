#include "cli/command.h"
#include "cli/descriptions.h"

namespace y6q::cli {

std::vector<CommandEntry> commands() {
  return {{"synth", kSynth, make_synth_command},
          {"data", kData, make_data_command},
          {"train", kTrain, nullptr},
          {"calibrate", kCalibrate, nullptr},
          {"sensitivity", kSensitivity, nullptr},
          {"qat", kQat, nullptr},
          {"export", kExport, make_export_command},
          {"build", kBuild, make_build_command},
          {"bench", kBench, make_bench_command},
          {"eval", kEval, nullptr},
          {"compare", kCompare, nullptr},
          {"detect", kDetect, make_detect_command},
          {"quantize", kQuantize, nullptr},
          {"search", kSearch, nullptr},
          {"pipeline", kPipeline, nullptr},
          {"summarize", kSummarize, make_summarize_command},
          {"coco-eval", kCocoEval, make_coco_eval_command},
          {"convert", kConvert, make_convert_command},
          {"inspect", kInspect, make_inspect_command},
          {"doctor", kDoctor, make_doctor_command}};
}

NextProgram next_program() { return {"yolov6q-torch"}; }

}  // namespace y6q::cli
