#pragma once

/// One line a subcommand, shown by `yolov6q --help`.
namespace y6q::cli {

inline constexpr const char* kSynth = "Write a generated detection data set";
inline constexpr const char* kTrain = "Train a float network";
inline constexpr const char* kCalibrate = "PTQ: insert quantizers and find their ranges";
inline constexpr const char* kSensitivity = "Measure what each layer costs in INT8";
inline constexpr const char* kQat = "Quantization-aware training with distillation";
inline constexpr const char* kExport = "Write ONNX: float, or with Q/DQ pairs";
inline constexpr const char* kBuild = "Compile an ONNX file for this CPU and show what runs in integers";
inline constexpr const char* kBench = "Measure latency and throughput of ONNX files";
inline constexpr const char* kEval = "COCO mAP of a model file or an ONNX file";
inline constexpr const char* kDetect = "Find objects in images, folders, video";
inline constexpr const char* kPipeline = "All steps, resumable, from data set to table";
inline constexpr const char* kCocoEval = "COCO evaluation of ground-truth and detection JSON";
inline constexpr const char* kConvert = "Checkpoints of the reference (.pt) to model files and back";
inline constexpr const char* kInspect = "Show what is in a model file";

}  // namespace y6q::cli
