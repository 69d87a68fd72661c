#pragma once

/// One line a subcommand, shown by `yolov6q --help`.
namespace y6q::cli {

inline constexpr const char* kSynth = "Write a generated detection data set";
inline constexpr const char* kData = "Check a data set, or convert it to another form";
inline constexpr const char* kTrain = "Train a float detector";
inline constexpr const char* kCalibrate =
    "Quantize a trained model (PTQ): insert quantizers and calibrate their ranges";
inline constexpr const char* kSensitivity = "Measure how much mAP each layer costs in INT8";
inline constexpr const char* kQat =
    "Fine-tune a calibrated model (quantization-aware training with distillation)";
inline constexpr const char* kExport =
    "Export ONNX: float, with Q/DQ pairs, or with a TensorRT calibration cache";
inline constexpr const char* kBuild =
    "Compile a network for OpenVINO or TensorRT and show which layers run in which precision";
inline constexpr const char* kBench = "Measure the latency and throughput of networks, and what INT8 brings";
inline constexpr const char* kEval = "Measure the COCO mAP of a model file, an ONNX file or an engine";
inline constexpr const char* kCompare =
    "Compare two networks, or a network and its engine: tensors, detections, mAP";
inline constexpr const char* kDetect = "Detect objects in images, folders and video";
inline constexpr const char* kQuantize =
    "Search for the cheapest way to quantize a trained model within bounds of accuracy and speed";
inline constexpr const char* kSearch =
    "Search for the most accurate network within a latency: sizes, modes and image sizes";
inline constexpr const char* kPipeline = "Run every step from the data set to the table; can be resumed";
inline constexpr const char* kSummarize = "Average the tables of several pipeline runs, for error bars";
inline constexpr const char* kCocoEval = "Evaluate detections against ground truth, both as COCO JSON";
inline constexpr const char* kConvert =
    "Convert PyTorch checkpoints (.pt) and ONNX files of YOLOv6 to model files, and model files to "
    "checkpoints";
inline constexpr const char* kDoctor =
    "Show what this machine offers, what each precision brings on it, and what is missing";
inline constexpr const char* kInspect =
    "Show what is in a model file, an ONNX file, a checkpoint or a scales file";

}  // namespace y6q::cli
