#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "base/files.h"

namespace y6q {

/// What a file is.
enum class FileKind {
  model,             ///< ours: tensors and the graph they belong to
  training_state,    ///< ours: what `--resume` goes on from
  state_dictionary,  ///< safetensors without a graph: tensors by name
  checkpoint,        ///< of torch.save(), in either container
  onnx,
  openvino_ir,        ///< the .xml; its .bin lies beside it
  calibration_cache,  ///< TensorRT's
  json,
  xml,
  image,
  video,
  text,  ///< YAML among others
  empty,
  unknown
};

/// By the first bytes; names count for nothing, since people rename files. A sound file may be `unknown`, and
/// a damaged one is what it begins as. Throws as throw_unreadable, and InputError for what is no regular
/// file.
FileKind kind_of(const fs::path& path);
FileKind kind_of(std::span<const std::byte> bytes);

/// "an ONNX file", "a PyTorch checkpoint".
std::string_view described(FileKind kind);

/// Kinds a command can make sense of. Throws InputError for a file that is recognised as another: says what
/// it is, what is accepted, and which command takes it or makes what is accepted of it. An unknown file
/// passes: whoever reads it knows better what is wrong. Returns its kind.
FileKind require_kind(const fs::path& path, std::initializer_list<FileKind> accepted);

}  // namespace y6q
