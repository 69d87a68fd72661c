#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ir/graph.h"

/// What a pickle describes, as plain values in an arena. Values name each other by position, so shared and
/// cyclic ones cost nothing, and nothing is destroyed recursively.
namespace y6q::formats::pickle {

/// Position in the document that made it.
using Id = uint32_t;
/// Memory of an entry of a growing vector, which holds its old and new memory at once.
inline constexpr uint64_t kItemCost = 3 * sizeof(Id);

enum class ElementType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };
/// Bytes of one element.
int64_t size_of(ElementType type);

/// What a name from a pickle stands for. Nothing is ever imported or called.
enum class GlobalKind {
  tensor_v1,             // torch._utils._rebuild_tensor: storage, offset, sizes, strides
  tensor_v2,             // torch._utils._rebuild_tensor_v2: … requires_grad, hooks
  parameter,             // torch._utils._rebuild_parameter: tensor, requires_grad, hooks
  parameter_with_state,  // … and attributes, which are not read
  tensor_from_type,      // torch._tensor._rebuild_from_type_v2: rebuilder, class, arguments, attributes
  mapping,               // collections.OrderedDict and others that take a list of pairs
  default_mapping,       // collections.defaultdict: its first argument makes missing values
  sequence,              // torch.Size, set, list, …: takes one list
  bytes,                 // bytes()
  encode,                // _codecs.encode: bytes written as latin-1 text by protocol 2
  storage,               // torch.FloatStorage, …
  numpy_array,           // numpy.core.multiarray._reconstruct, completed by its state
  numpy_scalar,          // numpy.core.multiarray.scalar
  numpy_dtype,
  constant,      // torch.float16, torch.device, numpy.ndarray, …: named, not used
  plain_object,  // module, optimizer and calibrator classes: attribute objects
};

struct None {};
struct Text {
  std::string_view text;
};
struct Bytes {
  std::string_view bytes;  ///< also integers beyond 64 bits, little-endian
};
struct Global {
  GlobalKind kind;
  std::string_view module, name;
};
/// List, tuple, set or torch.Size.
struct Sequence {
  std::vector<Id> items{};
};
struct Dict {
  std::vector<std::pair<Id, Id>> entries{};  ///< in the order of the file; of equal keys the last counts
};
/// An instance of a class that is known by name only.
struct Object {
  std::string_view module, name;
  Id state;  ///< a Dict of attributes, or None
};
struct Storage {
  ElementType type;
  int64_t count;           ///< elements
  std::string_view key;    ///< names the content in the container; empty: the content is `bytes`
  std::string_view bytes;  ///< of numpy arrays
};
/// Sizes and strides in elements; all elements lie inside the storage's count.
struct Tensor {
  Id storage;
  int64_t offset;
  ir::Shape sizes, strides;
};
struct NumpyType {
  ElementType type;
};
/// A numpy array whose state has not come yet.
struct NumpyArray {};

using Value = std::variant<None, bool, int64_t, double, Text, Bytes, Global, Sequence, Dict, Object, Storage,
                           Tensor, NumpyType, NumpyArray>;

/// "a dictionary", "a text", …: for messages.
std::string_view kind_name(const Value& value);

/// The reason for refusing a pickle; read_pickle() adds the place and throws InputError.
struct Refusal : std::runtime_error {
  template <typename... Args>
  explicit Refusal(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

/// The values of one pickle. Texts are views into the pickle, which must outlive the document.
class Document {
 public:
  /// At most `memory` bytes are spent on values.
  explicit Document(uint64_t memory) : memory_(memory) { add(None{}); }
  /// Holds nothing but kNone.
  Document() : Document(sizeof(Value)) {}
  static constexpr Id kNone = 0;

  const Value& operator[](Id id) const { return values_[id]; }
  Value& operator[](Id id) { return values_[id]; }
  Id size() const { return static_cast<Id>(values_.size()); }
  Id root = kNone;

  /// Throws Refusal when memory runs out, as everything below. References to other values stay valid.
  Id add(Value value);
  /// Keeps a text that does not stand in the pickle.
  std::string_view own(std::string text);
  /// Counts memory before it is taken.
  void charge(uint64_t bytes);

  /// The value as a T. Throws Refusal saying that `what` is of another kind.
  template <typename T>
  const T& as(Id id, std::string_view what) const {
    const T* value = std::get_if<T>(&values_[id]);
    if (value == nullptr) throw Refusal("{} is {}", what, kind_name(values_[id]));
    return *value;
  }

 private:
  uint64_t memory_;
  std::deque<Value> values_;
  std::deque<std::string> owned_;
};

}  // namespace y6q::formats::pickle
