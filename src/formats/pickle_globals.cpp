#include "formats/pickle_globals.h"

#include <algorithm>

namespace y6q::formats::pickle {
namespace {

struct Known {
  std::string_view module, name;
  GlobalKind kind;
};

constexpr Known kKnown[] = {
    {"torch._utils", "_rebuild_tensor", GlobalKind::tensor_v1},
    {"torch._utils", "_rebuild_tensor_v2", GlobalKind::tensor_v2},
    {"torch._utils", "_rebuild_parameter", GlobalKind::parameter},
    {"torch._utils", "_rebuild_parameter_with_state", GlobalKind::parameter_with_state},
    {"torch._tensor", "_rebuild_from_type_v2", GlobalKind::tensor_from_type},
    {"torch", "Size", GlobalKind::sequence},
    {"torch", "device", GlobalKind::constant},
    {"torch", "Tensor", GlobalKind::constant},
    {"torch.nn.parameter", "Parameter", GlobalKind::constant},
    {"collections", "OrderedDict", GlobalKind::mapping},
    {"collections", "defaultdict", GlobalKind::default_mapping},
    {"_codecs", "encode", GlobalKind::encode},
    {"numpy", "dtype", GlobalKind::numpy_dtype},
    {"numpy", "ndarray", GlobalKind::constant},
    {"numpy.core.multiarray", "scalar", GlobalKind::numpy_scalar},
    {"numpy.core.multiarray", "_reconstruct", GlobalKind::numpy_array},
    {"numpy._core.multiarray", "scalar", GlobalKind::numpy_scalar},
    {"numpy._core.multiarray", "_reconstruct", GlobalKind::numpy_array},
};

/// Of Python 2 and 3 under their two names.
constexpr Known kBuiltins[] = {
    {"", "dict", GlobalKind::mapping},       {"", "set", GlobalKind::sequence},
    {"", "frozenset", GlobalKind::sequence}, {"", "list", GlobalKind::sequence},
    {"", "tuple", GlobalKind::sequence},     {"", "bytes", GlobalKind::bytes},
    {"", "int", GlobalKind::constant},       {"", "float", GlobalKind::constant},
    {"", "bool", GlobalKind::constant},      {"", "str", GlobalKind::constant},
};

/// Classes whose instances become attribute objects (spec/01 §6: class paths are opaque).
constexpr std::string_view kClassFolders[] = {"yolov6.", "torch.nn.modules.", "torch.optim.",
                                              "pytorch_quantization."};

constexpr std::string_view kTorchTypes[] = {"float64", "float32", "float16", "bfloat16", "int64",
                                            "int32",   "int16",   "int8",    "uint8",    "bool"};

struct TypeName {
  std::string_view torch, numpy;
  ElementType type;
};
constexpr TypeName kTypes[] = {
    {"DoubleStorage", "f8", ElementType::f64}, {"FloatStorage", "f4", ElementType::f32},
    {"HalfStorage", "f2", ElementType::f16},   {"BFloat16Storage", "", ElementType::bf16},
    {"LongStorage", "i8", ElementType::i64},   {"IntStorage", "i4", ElementType::i32},
    {"ShortStorage", "i2", ElementType::i16},  {"CharStorage", "i1", ElementType::i8},
    {"ByteStorage", "u1", ElementType::u8},    {"BoolStorage", "b1", ElementType::boolean},
};

/// "a.b.C": letters, digits and underscores between dots, so that no path into another object hides in it.
bool is_dotted_name(std::string_view text, bool dots) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (dots && c == '.');
  });
}

}  // namespace

GlobalKind recognise(std::string_view module, std::string_view name) {
  const auto listed = std::find_if(std::begin(kKnown), std::end(kKnown),
                                   [&](const Known& k) { return k.module == module && k.name == name; });
  if (listed != std::end(kKnown)) return listed->kind;
  if (module == "builtins" || module == "__builtin__") {
    for (const Known& known : kBuiltins) {
      if (known.name == name) return known.kind;
    }
  }
  if (module == "torch" && storage_type(name)) return GlobalKind::storage;
  if (module == "torch" && std::ranges::count(kTorchTypes, name) > 0) return GlobalKind::constant;
  const bool in_folder = std::any_of(std::begin(kClassFolders), std::end(kClassFolders),
                                     [&](std::string_view folder) { return module.starts_with(folder); });
  if (in_folder && is_dotted_name(module, true) && is_dotted_name(name, false)) {
    return GlobalKind::plain_object;
  }
  throw Refusal(
      "it asks for {:?} of {:?}; accepted are tensors, plain containers, numpy numbers and the classes of "
      "yolov6, torch.nn.modules, torch.optim and pytorch_quantization. Nothing was executed. A checkpoint "
      "that needs more can be saved again as a state dictionary",
      name.substr(0, 100), module.substr(0, 100));
}

std::optional<ElementType> storage_type(std::string_view name) {
  for (const TypeName& type : kTypes) {
    if (type.torch == name) return type.type;
  }
  return std::nullopt;
}

std::optional<ElementType> numpy_type(std::string_view code) {
  if (code.starts_with('<') || code.starts_with('|') || code.starts_with('=')) code.remove_prefix(1);
  for (const TypeName& type : kTypes) {
    if (!code.empty() && type.numpy == code) return type.type;
  }
  return std::nullopt;
}

}  // namespace y6q::formats::pickle
