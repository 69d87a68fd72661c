#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "formats/pt_container.h"
#include "formats/pt_tensor.h"

namespace y6q::formats {

/// Settings of a pickled quantizer; state dictionaries have ranges only.
struct PtQuantizer {
  int64_t bits = 8;
  bool is_unsigned = false, narrow_range = false;
  bool disabled = false;  ///< passes values on, whatever its range
};

/// A network of a checkpoint: a pickled module, or a state dictionary (which has tensors only).
struct PtNetwork {
  /// In the order of the state dictionary, names as in the file (formats/checkpoint_names.h).
  std::vector<std::pair<std::string, PtTensor>> tensors{};
  std::optional<int64_t> class_count{};             ///< attribute `nc`
  std::vector<std::string> class_names{};           ///< attribute `names`; class id = position; UTF-8
  std::vector<double> strides{};                    ///< attribute `stride`, pixels a level
  std::map<std::string, PtQuantizer> quantizers{};  ///< by module path
  /// Of a pickled module: does a block have the child `rbr_avg`, QARepVGG's average, which has no tensors?
  std::optional<bool> has_averages{};
};

struct PtOptimizer {
  std::map<int64_t, PtTensor> momentum{};  ///< by position in the optimizer's parameter order
  std::vector<std::vector<int64_t>> groups{};
};

/// The entries of spec/01 §6. Null entries are absent.
struct PtCheckpoint {
  std::optional<PtNetwork> model{}, ema{};
  std::optional<PtOptimizer> optimizer{};
  std::optional<int64_t> epoch{}, updates{};
  std::vector<double> results{};
  /// Of a file that holds a list of tensors or of tuples of tensors (RepOptimizer scales), nothing else.
  std::vector<std::vector<PtTensor>> tensor_groups{};
};

/// Reads a file of torch.save(), or a state dictionary in safetensors (entry `model`), without executing
/// anything: modules and optimizers of yolov6, torch and pytorch_quantization as attributes, state
/// dictionaries, lists of tensors. Tensors stay in the mapped file until array() is called. Memory is bounded
/// by twice the file's size and 64 MB, also for widening every tensor of one network. Throws InputError
/// naming path and place.
class PtReader {
 public:
  explicit PtReader(const fs::path& path);
  /// The same of a file in memory, which must outlive the reader; path: for messages.
  PtReader(std::span<const std::byte> bytes, const fs::path& path);

  const PtCheckpoint& checkpoint() const { return checkpoint_; }
  /// The network to infer with: `ema` if there is one, else `model`. Throws InputError when neither is.
  const PtNetwork& network() const;
  /// widen(); does not keep the tensor's part of the file in memory.
  ir::Array array(const PtTensor& tensor) const;

 private:
  void read(std::span<const std::byte> bytes);

  fs::path path_;
  std::optional<MappedFile> file_;
  PtContents contents_;
  PtCheckpoint checkpoint_;
};

}  // namespace y6q::formats
