#pragma once

namespace y6q::cli {

struct Subcommand {
  const char* name;
  const char* description;  ///< a line of `yolov6q --help`
};

/// All of them, in whichever program they live, in the order of the pipeline.
inline constexpr Subcommand kSubcommands[] = {
    {"synth", "Write a generated detection data set"},
    {"data", "Check a data set, or convert it to another form"},
    {"train", "Train a float detector"},
    {"calibrate", "Quantize a trained model (PTQ): insert quantizers and calibrate their ranges"},
    {"sensitivity", "Measure how much mAP each layer costs in INT8"},
    {"qat", "Fine-tune a calibrated model (quantization-aware training with distillation)"},
    {"export", "Export ONNX: float, with Q/DQ pairs, or with a TensorRT calibration cache"},
    {"build", "Compile a network for OpenVINO or TensorRT and show which layers run in which precision"},
    {"bench", "Measure the latency and throughput of networks, and what INT8 brings"},
    {"eval", "Measure the COCO mAP of a model file, an ONNX file or an engine"},
    {"compare", "Compare two networks, or a network and its engine: tensors, detections, mAP"},
    {"detect", "Detect objects in images, folders and video"},
    {"quantize",
     "Search for the cheapest way to quantize a trained model within bounds of accuracy and speed"},
    {"search", "Search for the most accurate network within a latency: sizes, modes and image sizes"},
    {"pipeline", "Run every step from the data set to the table; can be resumed"},
    {"summarize", "Average the tables of several pipeline runs, for error bars"},
    {"coco-eval", "Evaluate detections against ground truth, both as COCO JSON"},
    {"convert",
     "Convert PyTorch checkpoints (.pt) and ONNX files of YOLOv6 to model files, and model files to "
     "checkpoints"},
    {"inspect", "Show what is in a model file, an ONNX file, a checkpoint or a scales file"},
    {"doctor", "Show what this machine offers, what each precision brings on it, and what is missing"},
};

}  // namespace y6q::cli
