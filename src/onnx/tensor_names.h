#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/model.h"
#include "onnx/write.h"

namespace y6q::onnx {

/// Which results of a model are written, and what their tensors are called in the file. The same for both
/// forms, so that a calibration cache's names are those of the plain file.
class TensorNames {
 public:
  /// Throws UsageError (unknown output), InputError (not one Input; an output called `images`).
  TensorNames(const ir::Graph& graph, const OnnxOptions& options);

  struct Output {
    std::string name;
    ir::Value value;
    bool is_copy;  ///< value has another name already (an input, a weight, an output given before), or
                   ///< another type than outputs have: copied to this one
  };

  bool is_written(ir::Value value) const { return written_[value.id]; }
  const std::string& operator[](ir::Value value) const { return names_[value.id]; }
  const std::vector<Output>& outputs() const { return outputs_; }
  ir::Value input() const { return input_; }
  const std::vector<std::string>& all() const { return names_; }

 private:
  void find_input(const ir::Graph& graph);
  void choose_outputs(const ir::Graph& graph, const OnnxOptions& options);
  void mark_written(const ir::Graph& graph);
  void name_tensors(const ir::Graph& graph);

  std::vector<bool> written_;
  std::vector<std::string> names_;
  std::vector<Output> outputs_;
  ir::Value input_;
};

}  // namespace y6q::onnx
