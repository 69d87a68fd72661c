#include "onnx/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <unordered_set>

#include "base/errors.h"
#include "base/files.h"
#include "onnx/arithmetic.h"
#include "onnx/attributes.h"
#include "onnx/import_decode.h"
#include "onnx/import_images.h"
#include "onnx/import_quantizers.h"
#include "onnx/import_suppressed.h"
#include "onnx/known_tensor.h"
#include "onnx/read_tensor.h"

namespace y6q::onnx {
namespace {

using ir::Value;
using ::onnx::NodeProto;

constexpr int kMostNodes = 100'000, kMostOutputs = 256;
constexpr int64_t kMostComputed = int64_t{1} << 22;  ///< elements of constants, beside those of the file

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type) != types.end();
}

/// The name of a tensor as one that a graph accepts.
std::string acceptable(const std::string& name) {
  constexpr size_t kLongest = 200;
  constexpr std::string_view kAccepted =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:-";
  std::string result = name.substr(0, kLongest);
  for (char& c : result) {
    if (kAccepted.find(c) == std::string_view::npos) c = '_';
  }
  return result.empty() ? "_" : result;
}

class Importer {
 public:
  Importer(const ::onnx::ModelProto& file, const ImportOptions& options) : graph_(file.graph()) {
    tensors_.folder = options.folder;
    if (graph_.node_size() > kMostNodes)
      throw InputError("onnx: {} nodes; {} are accepted", graph_.node_size(), kMostNodes);
    if (graph_.output_size() > kMostOutputs)
      throw InputError("onnx: {} outputs; {} are accepted", graph_.output_size(), kMostOutputs);
    for (const auto& property : file.metadata_props()) result_.metadata[property.key()] = property.value();
    for (const auto& tensor : graph_.initializer()) define(tensor.name(), &tensor);
    note_parameters();
    add_input(options);
  }

  Imported run() {
    for (int i = 0; i < graph_.node_size(); ++i) {
      const NodeProto& node = graph_.node(i);
      for (const std::string& output : node.output()) tensors_.maker[output] = i;
      read(node);
    }
    if (graph_.output_size() == 0) throw InputError("onnx: the graph has no outputs");
    for (const auto& output : graph_.output()) mark(output.name());
    ir::validate(result_.model);
    return std::move(result_);
  }

 private:
  using Names = std::vector<std::string>;

  void define(const std::string& name, KnownTensor tensor) {
    if (!tensors_.by_name.emplace(name, std::move(tensor)).second)
      throw InputError("onnx: tensor '{}': is made twice", name);
  }

  /// Initializers that layers read, in the order of the file: they become parameters in that order, so that
  /// what is written again has it, too.
  void note_parameters() {
    std::unordered_set<std::string> read;
    for (const NodeProto& node : graph_.node()) {
      const bool has_arrays = is_one_of(node.op_type(), {"Conv", "ConvTranspose", "BatchNormalization"});
      for (int i = 0; i < node.input_size(); ++i) {
        if (has_arrays ? i > 0 : i == 0 && node.op_type() == "QuantizeLinear") read.insert(node.input(i));
      }
    }
    for (int i = 0; i < graph_.initializer_size(); ++i) {
      const std::string& name = graph_.initializer(i).name();
      place_of_[name] = i;
      is_parameter_.push_back(read.contains(name));
    }
  }

  void add_input(const ImportOptions& options) {
    const ImageInput input = read_image_input(graph_, tensors_, options.image_size);
    result_.batch = input.batch;
    const Value image = graph().add(acceptable(input.name), ir::Input{input.shape}, {});
    define(input.name, input.is_of_bytes ? KnownTensor(Pixels{image}) : KnownTensor(image));
  }

  ir::Graph& graph() { return result_.model.graph; }

  void read(const NodeProto& node) {
    for (const std::string& input : node.input()) {
      if (!input.empty() && !tensors_.by_name.contains(input))
        refuse(node, "reads '{}', which no node before it makes", input);
      add_parameters_up_to(input);
    }
    if (node.output_size() == 0) refuse(node, "has no results");
    KnownTensor made = convert(node);
    for (int i = 1; i < node.output_size(); ++i) {
      if (!node.output(i).empty()) define(node.output(i), further_result(node, made, i));
    }
    define(node.output(0), std::move(made));
  }

  KnownTensor further_result(const NodeProto& node, const KnownTensor& first, int index) {
    if (std::holds_alternative<Folded>(first)) return fold(node, index);
    return Foreign{&node};
  }

  KnownTensor convert(const NodeProto& node) {
    const std::string& type = node.op_type();
    const bool is_standard = node.domain().empty() || node.domain() == "ai.onnx";
    if (is_standard && type == "Constant") return constant(node);
    if (!is_standard) return Foreign{&node};
    if (type == "QuantizeLinear") return quantize(node);
    if (type == "DequantizeLinear") return dequantize(node);
    const auto* pixels = node.input_size() > 0 && !node.input(0).empty()
                             ? std::get_if<Pixels>(&tensors_.by_name.at(node.input(0)))
                             : nullptr;
    if (pixels != nullptr) return step_to_images(node, *pixels, tensors_);
    if (is_constant(node)) return Arithmetic::knows(type) ? fold(node, 0) : KnownTensor(Foreign{&node});
    if (is_one_of(type, {"Conv", "ConvTranspose", "BatchNormalization"})) return with_arrays(node);
    return without_arrays(node);
  }

  bool is_constant(const NodeProto& node) const {
    return std::ranges::all_of(node.input(),
                               [&](const auto& i) { return i.empty() || tensors_.is_constant(i); });
  }

  static KnownTensor constant(const NodeProto& node) {
    if (const auto* value = attribute(node, "value")) return Stored{&value->t()};
    const auto numbers = [](const auto& values) {
      return Folded{{{std::ssize(values)}, {values.begin(), values.end()}}};
    };
    if (const auto* found = attribute(node, "value_float")) return Folded{{{}, {found->f()}}};
    if (const auto* found = attribute(node, "value_int"))
      return Folded{{{}, {static_cast<double>(found->i())}}};
    if (const auto* found = attribute(node, "value_floats")) return numbers(found->floats());
    if (const auto* found = attribute(node, "value_ints")) return numbers(found->ints());
    refuse(node, "a constant of another kind than numbers");
  }

  KnownTensor fold(const NodeProto& node, int index) {
    std::vector<ir::Tensor> operands;
    for (const std::string& input : node.input()) {
      constexpr int64_t kUses = 4;  // each a conversion, a transposition, …
      operands.push_back(input.empty() ? ir::Tensor{} : tensors_.tensor(input));
      if (tensors_.is_stored(input)) arithmetic_.allow(kUses * std::ssize(operands.back().data));
    }
    std::vector<const ir::Tensor*> pointers;
    for (size_t i = 0; i < operands.size(); ++i)
      pointers.push_back(node.input(static_cast<int>(i)).empty() ? nullptr : &operands[i]);
    const bool converts = node.op_type() == "Cast";
    const bool has_type = node.input_size() > 0 && !node.input(0).empty() && node.op_type() != "Shape";
    const int32_t type = converts   ? static_cast<int32_t>(int_attribute(node, "to", 0))
                         : has_type ? tensors_.type(node.input(0))
                                    : 0;
    return Folded{arithmetic_.run(node, pointers, index), type};
  }

  // Layers ------------------------------------------------------------------------------------------------

  /// Adds the initializers that come before this one, and itself, as far as layers read them.
  void add_parameters_up_to(const std::string& name) {
    const auto found = place_of_.find(name);
    if (found == place_of_.end()) return;
    for (; next_ <= found->second; ++next_) {
      if (is_parameter_[static_cast<size_t>(next_)]) parameter(graph_.initializer(next_).name());
    }
  }

  Value parameter(const std::string& name) {
    const auto found = parameters_.find(name);
    if (found != parameters_.end()) return found->second;
    ir::Array array = tensors_.array(name);
    if (!std::holds_alternative<std::vector<float>>(array.data))
      throw InputError("onnx: tensor '{}': is {}; floats are accepted", name, type_name(tensors_.type(name)));
    return parameters_[name] = result_.model.add_parameter(free_name(name), std::move(array), true);
  }

  std::string free_name(const std::string& wish) {
    const std::string base = acceptable(wish);
    std::string name = base;
    // Goes on where it stopped: a file may have any number of equal names.
    for (int& last = last_number_[base]; graph().find(name);) name = fmt::format("{}_{}", base, ++last);
    return name;
  }

  Value add(const NodeProto& node, ir::Op op, std::vector<Value> inputs) {
    try {
      return graph().add(free_name(node.output(0)), std::move(op), std::move(inputs));
    } catch (const ShapeError& error) {
      refuse(node, "{}", error.what());
    }
  }

  /// An operand that is a value of the network, or an array for one.
  Value operand(const NodeProto& node, int index) {
    if (index >= node.input_size() || node.input(index).empty())
      refuse(node, "has {} operands, {} are needed", node.input_size(), index + 1);
    const std::string& name = node.input(index);
    const KnownTensor& known = tensors_.by_name.at(name);
    if (const auto* value = std::get_if<Value>(&known)) return *value;
    if (tensors_.is_constant(name) && index > 0) return parameter(name);
    if (const auto* foreign = std::get_if<Foreign>(&known)) {
      refuse(node, "reads '{}', which node '{}' ({}) makes: the operator is not known, or not in this place",
             name, foreign->maker->output(0), foreign->maker->op_type());
    }
    refuse(node, "reads '{}', which is no result of a layer", name);
  }

  KnownTensor with_arrays(const NodeProto& node) {
    std::vector<Value> inputs;
    for (int i = 0; i < node.input_size(); ++i) {
      if (!node.input(i).empty()) inputs.push_back(operand(node, i));
    }
    if (node.op_type() == "BatchNormalization") {
      if (int_attribute(node, "training_mode", 0) != 0) refuse(node, "is in training mode");
      // The decimal that was meant by the float.
      const double eps = std::stod(fmt::format("{}", float_attribute(node, "epsilon", 1e-5F)));
      return add(node, ir::BatchNorm{.eps = eps}, std::move(inputs));
    }
    const ir::Shape weight = inputs.size() < 2 ? ir::Shape{} : graph().node(inputs[1]).shape;
    if (weight.size() != 4) refuse(node, "its weight is {}; four axes are accepted", ir::to_text(weight));
    require_all(node, "dilations", {1, 1});
    require_all(node, "kernel_shape", {weight[2], weight[3]});
    const ir::Hw stride = pair_of(node, "strides"), pad = pads_of(node);
    const int64_t groups = int_attribute(node, "group", 1);
    if (node.op_type() == "Conv") return add(node, ir::Conv2d{stride, pad, groups}, std::move(inputs));
    require_all(node, "output_padding", {0, 0});
    if (pad != ir::Hw{0, 0} || groups != 1 || attribute(node, "output_shape") != nullptr)
      refuse(node, "has pads, groups or an output shape; a plain one is accepted");
    return add(node, ir::ConvTranspose2d{stride}, std::move(inputs));
  }

  const KnownTensor& known(const NodeProto& node, int index) const {
    if (index >= node.input_size() || node.input(index).empty())
      refuse(node, "has {} operands, {} are needed", node.input_size(), index + 1);
    return tensors_.by_name.at(node.input(index));
  }

  /// Operators whose operands are values of the network; Foreign where there is none of ours for it.
  KnownTensor without_arrays(const NodeProto& node) {
    const std::string& type = node.op_type();
    const KnownTensor& first = known(node, 0);
    if (is_one_of(type, {"Identity", "Dropout", "Cast"})) return passed_on(node, first);
    if (type == "Mul" && node.input_size() == 2) {
      for (const int i : {0, 1}) {
        const auto* sigmoid = std::get_if<SigmoidOf>(&known(node, 1 - i));
        const auto* value = std::get_if<Value>(&known(node, i));
        if (sigmoid != nullptr && value != nullptr && sigmoid->value == *value)
          return add(node, ir::Silu{}, {*value});
      }
    }
    if (const auto scaled = channel_scale(node)) return *scaled;
    std::vector<Value> values;
    for (const std::string& input : node.input()) {
      const auto* value = input.empty() ? nullptr : std::get_if<Value>(&tensors_.by_name.at(input));
      if (value == nullptr) return foreign(node);
      values.push_back(*value);
    }
    if (type == "Relu") return add(node, ir::Relu{}, values);
    if (type == "Sigmoid") return SigmoidOf{values[0]};
    if (type == "Add" && values.size() == 2 && graph().node(values[0]).shape == graph().node(values[1]).shape)
      return add(node, ir::Add{}, values);
    if (type == "MaxPool") return add(node, pool<ir::MaxPool2d>(node), values);
    if (type == "AveragePool") return add(node, average_pool(node), values);
    if (type == "Concat") return concat(node, values);
    return Foreign{&node};
  }

  /// A node behind a foreign one is foreign because of that.
  Foreign foreign(const NodeProto& node) const {
    if (Arithmetic::knows(node.op_type())) {
      for (const std::string& input : node.input()) {
        const auto* found = input.empty() ? nullptr : std::get_if<Foreign>(&tensors_.by_name.at(input));
        if (found != nullptr) return *found;
      }
    }
    return {&node};
  }

  KnownTensor passed_on(const NodeProto& node, const KnownTensor& source) const {
    const bool is_value = std::holds_alternative<Value>(source);
    if (node.op_type() == "Cast" && is_value) {
      const int64_t to = int_attribute(node, "to", 0);
      if (to != ::onnx::TensorProto::FLOAT && to != ::onnx::TensorProto::FLOAT16)
        refuse(node, "converts to {}; FLOAT and FLOAT16 are accepted", type_name(static_cast<int32_t>(to)));
    }
    return is_value ? source : KnownTensor(foreign(node));
  }

  /// A multiplication by one number a channel.
  std::optional<KnownTensor> channel_scale(const NodeProto& node) {
    if (node.op_type() != "Mul" || node.input_size() != 2) return std::nullopt;
    for (const int i : {0, 1}) {
      const auto* value = std::get_if<Value>(&known(node, i));
      if (value == nullptr || !tensors_.is_constant(node.input(1 - i))) continue;
      ir::Array factor = tensors_.array(node.input(1 - i));
      const ir::Shape& shape = graph().node(*value).shape;
      const bool is_float = std::holds_alternative<std::vector<float>>(factor.data);
      const size_t rank = factor.shape.size();
      if (!is_float || rank < 3 || rank > 4 || shape.size() != 4 || factor.shape[rank - 3] != shape[1] ||
          ir::element_count(factor.shape) != shape[1])
        continue;
      factor.shape = {shape[1]};
      const Value scale = result_.model.add_parameter(free_name(node.input(1 - i)), std::move(factor), true);
      return add(node, ir::ChannelScale{}, {*value, scale});
    }
    return std::nullopt;
  }

  /// Borders count as zeros, as in ours: without a border there is no difference.
  static ir::AvgPool2d average_pool(const NodeProto& node) {
    const auto average = pool<ir::AvgPool2d>(node);
    const bool has_border = average.pad.h > 0 || average.pad.w > 0;
    if (has_border && int_attribute(node, "count_include_pad", 0) == 0)
      refuse(node, "leaves its border out of the mean");
    return average;
  }

  template <typename Pool>
  static Pool pool(const NodeProto& node) {
    require_all(node, "dilations", {1, 1});
    if (int_attribute(node, "ceil_mode", 0) != 0) refuse(node, "rounds its size up");
    if (attribute(node, "kernel_shape") == nullptr) refuse(node, "has no kernel_shape");
    return {pair_of(node, "kernel_shape"), pair_of(node, "strides"), pads_of(node)};
  }

  KnownTensor concat(const NodeProto& node, const std::vector<Value>& values) {
    int64_t axis = int_attribute(node, "axis", 1);
    if (axis < 0) axis += std::ssize(graph().node(values[0]).shape);
    return add(node, ir::Concat{axis}, values);
  }

  // Quantizers --------------------------------------------------------------------------------------------

  KnownTensor quantize(const NodeProto& node) {
    Steps steps = read_steps(node, tensors_);
    const KnownTensor& source = known(node, 0);
    if (const auto* value = std::get_if<Value>(&source)) {
      if (steps.scales.size() != 1)
        refuse(node, "its scale '{}' has one number a channel; weights alone have them", node.input(1));
      steps.axis = -1;
      steps.shape.clear();
      return Codes{*value, std::move(steps)};
    }
    if (tensors_.is_constant(node.input(0))) {
      const Value weight = parameter(node.input(0));
      require_channels(node, steps, graph().node(weight).shape);
      return Codes{weight, std::move(steps)};
    }
    return foreign(node);
  }

  static void require_channels(const NodeProto& node, Steps& steps, const ir::Shape& shape) {
    if (steps.axis < 0 && steps.shape.empty()) return;
    if (steps.axis < 0) steps.axis += std::ssize(shape);
    if (steps.axis < 0 || steps.axis >= std::ssize(shape) ||
        shape[static_cast<size_t>(steps.axis)] != std::ssize(steps.scales))
      refuse(node, "its scale '{}' has {} numbers for axis {} of {}", node.input(1), steps.scales.size(),
             steps.axis, ir::to_text(shape));
  }

  KnownTensor dequantize(const NodeProto& node) {
    Steps steps = read_steps(node, tensors_);
    const KnownTensor& source = known(node, 0);
    if (const auto* codes = std::get_if<Codes>(&source)) {
      if (steps.scales != codes->steps.scales || steps.is_signed != codes->steps.is_signed)
        refuse(node, "its scale '{}' or zero point is another than that of '{}'", node.input(1),
               node.input(0));
      return fake_quant(node, codes->source, codes->steps);
    }
    if (!tensors_.is_constant(node.input(0))) return foreign(node);
    const ir::Tensor stored = tensors_.tensor(node.input(0));
    require_channels(node, steps, stored.shape);
    const int32_t type = tensors_.type(node.input(0));
    if (type != ::onnx::TensorProto::INT8 && type != ::onnx::TensorProto::INT32)
      refuse(node, "'{}' is {}; weights are INT8", node.input(0), type_name(type));
    std::vector<int64_t> codes;
    for (const double value : stored.data) {  // what a Cast in the file has made may be anything
      if (!(std::fabs(value) <= 0x1p31))
        refuse(node, "'{}' holds {}; that is no INT32", node.input(0), value);
      codes.push_back(static_cast<int64_t>(value));
    }
    ir::Array numbers{stored.shape, numbers_of(codes, stored.shape, steps)};
    // Biases of other programs: integers of 32 bits, which round nothing away.
    if (type == ::onnx::TensorProto::INT32)
      return Folded{{numbers.shape, {numbers.floats().begin(), numbers.floats().end()}},
                    ::onnx::TensorProto::FLOAT};
    const std::string name = without_quant(node.output(0), "");
    return fake_quant(node, result_.model.add_parameter(free_name(name), std::move(numbers), true), steps);
  }

  /// "x" of "x.quant"; other names get a suffix.
  static std::string without_quant(const std::string& name, const char* suffix) {
    constexpr std::string_view kQuant = ".quant";
    const bool is_ours = name.ends_with(kQuant) && name.size() > kQuant.size();
    return is_ours ? name.substr(0, name.size() - kQuant.size()) + suffix : name + ".source" + suffix;
  }

  Value fake_quant(const NodeProto& node, Value source, const Steps& steps) {
    int64_t largest_code = 0;
    if (std::holds_alternative<ir::Parameter>(graph().node(source).op)) {
      for (const int64_t code : codes_of(result_.model.weight(source), steps))
        largest_code = std::max(largest_code, std::abs(code));
    }
    Quantizer quantizer = quantizer_of(steps, largest_code);
    const std::string name = free_name(without_quant(node.output(0), ".amax"));
    const Value amax = result_.model.add_parameter(name, std::move(quantizer.amax), false);
    return add(node, quantizer.op, {source, amax});
  }

  // Outputs -----------------------------------------------------------------------------------------------

  void mark(const std::string& name) {
    const auto found = tensors_.by_name.find(name);
    if (found == tensors_.by_name.end()) throw InputError("onnx: output '{}': no node makes it", name);
    const bool is_computed =
        std::holds_alternative<Foreign>(found->second) || std::holds_alternative<SigmoidOf>(found->second);
    const auto* value = std::get_if<Value>(&found->second);
    if (!is_computed && value == nullptr)
      throw InputError("onnx: output '{}': is no result of a layer", name);
    Value result = value == nullptr ? Value{} : *value;
    if (is_computed) {
      Decoding decoding = import_decode(graph_, name, std::max(result_.batch, int64_t{1}), tensors_, graph());
      result = graph().add(free_name(name), ir::Decode{decoding.strides}, std::move(decoding.maps));
    }
    graph().mark_output(acceptable(name), result);
  }

  const ::onnx::GraphProto& graph_;
  Imported result_;
  KnownTensors tensors_;
  Arithmetic arithmetic_{kMostComputed};           ///< of constants
  std::unordered_map<std::string, int> place_of_;  ///< of initializers in the file
  std::vector<bool> is_parameter_;
  int next_ = 0;  ///< initializer to add
  std::unordered_map<std::string, Value> parameters_;
  std::unordered_map<std::string, int> last_number_;  ///< behind a name that was taken
};

}  // namespace

Imported import_model(::onnx::ModelProto file, const ImportOptions& options) {
  drop_suppression(*file.mutable_graph());
  return Importer(file, options).run();
}

Imported read_onnx(const fs::path& path, const ImportOptions& options) {
  constexpr uint64_t kLargestFile = (uint64_t{1} << 31) - 1;
  const std::string bytes = read_file(path, kLargestFile);
  ::onnx::ModelProto file;
  if (!file.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !file.has_graph())
    throw InputError("onnx: {}: is no ONNX file, or was cut", path.string());
  ImportOptions with_folder = options;
  with_folder.folder = folder_of(path);
  try {
    return import_model(std::move(file), with_folder);
  } catch (const ShapeError& error) {
    throw InputError("{}: {}", path.string(), error.what());
  } catch (const InputError& error) {
    throw InputError("{}: {}", path.string(), error.what());
  }
}

}  // namespace y6q::onnx
