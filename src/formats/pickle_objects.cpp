#include "formats/pickle_objects.h"

#include <cstring>

#include "base/half.h"
#include "formats/pickle_globals.h"

namespace y6q::formats::pickle {
namespace {

constexpr size_t kMaxRank = 8;

using Arguments = std::vector<Id>;

void expect_count(const Arguments& arguments, size_t least, size_t most, std::string_view what) {
  if (arguments.size() < least || arguments.size() > most) {
    throw Refusal("{} with {} arguments, {} to {} are accepted", what, arguments.size(), least, most);
  }
}

ir::Shape read_extents(Document& document, Id id, std::string_view what) {
  const auto& items = document.as<Sequence>(id, what).items;
  if (items.size() > kMaxRank)
    throw Refusal("{} has {} dimensions, at most {}", what, items.size(), kMaxRank);
  document.charge(items.size() * sizeof(int64_t));
  ir::Shape extents;
  for (const Id item : items) {
    extents.push_back(document.as<int64_t>(item, what));
    if (extents.back() < 0) throw Refusal("{} holds {}, numbers >= 0 are accepted", what, extents.back());
  }
  return extents;
}

/// Every element must lie inside the storage.
void check_extent(const Tensor& tensor, int64_t count) {
  if (tensor.sizes.size() != tensor.strides.size()) {
    throw Refusal("a tensor of {} sizes and {} strides", tensor.sizes.size(), tensor.strides.size());
  }
  int64_t last = tensor.offset, elements = 1;
  bool overflow = tensor.offset < 0, empty = false;
  for (size_t i = 0; i < tensor.sizes.size(); ++i) {
    int64_t reach = 0;
    empty |= tensor.sizes[i] == 0;
    overflow |= __builtin_mul_overflow(elements, std::max<int64_t>(tensor.sizes[i], 1), &elements);
    overflow |= __builtin_mul_overflow(std::max<int64_t>(tensor.sizes[i] - 1, 0), tensor.strides[i], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  if (overflow || (empty ? tensor.offset > count : last >= count)) {
    throw Refusal("a tensor of shape [{}] at offset {} reaches beyond its storage of {} elements",
                  fmt::join(tensor.sizes, ", "), tensor.offset, count);
  }
}

Id make_tensor(Document& document, const Arguments& arguments, GlobalKind kind) {
  if (kind == GlobalKind::tensor_v1) {
    expect_count(arguments, 4, 4, "a tensor");
  } else {
    expect_count(arguments, 6, 7, "a tensor");
  }
  const int64_t count = document.as<Storage>(arguments[0], "a tensor's storage").count;
  Tensor tensor{arguments[0], document.as<int64_t>(arguments[1], "a tensor's offset"),
                read_extents(document, arguments[2], "a tensor's shape"),
                read_extents(document, arguments[3], "a tensor's strides")};
  check_extent(tensor, count);
  return document.add(std::move(tensor));
}

Id make_parameter(const Document& document, const Arguments& arguments, size_t count) {
  expect_count(arguments, count, count, "a parameter");
  static_cast<void>(document.as<Tensor>(arguments[0], "a parameter's data"));
  return arguments[0];
}

/// Tensors that carry Python attributes; these are not read.
Id make_from_type(Document& document, const Arguments& arguments) {
  expect_count(arguments, 4, 4, "a tensor with attributes");
  const GlobalKind kind = document.as<Global>(arguments[0], "a tensor's rebuilder").kind;
  if (kind != GlobalKind::tensor_v1 && kind != GlobalKind::tensor_v2) {
    throw Refusal("a tensor with attributes inside another");
  }
  const Arguments& inner = document.as<Sequence>(arguments[2], "a tensor's arguments").items;
  return make_tensor(document, inner, kind);
}

Id make_mapping(Document& document, const Arguments& arguments) {
  expect_count(arguments, 0, 1, "a dictionary");
  Dict dict;
  if (!arguments.empty()) {
    const auto& pairs = document.as<Sequence>(arguments[0], "a dictionary's content").items;
    document.charge(2 * kItemCost * pairs.size());
    for (const Id pair : pairs) {
      const auto& items = document.as<Sequence>(pair, "a dictionary's entry").items;
      if (items.size() != 2) throw Refusal("a dictionary's entry of {} values", items.size());
      dict.entries.emplace_back(items[0], items[1]);
    }
  }
  return document.add(std::move(dict));
}

Id make_sequence(Document& document, const Arguments& arguments) {
  expect_count(arguments, 0, 1, "a collection");
  if (arguments.empty()) return document.add(Sequence{});
  static_cast<void>(document.as<Sequence>(arguments[0], "a collection's content"));
  return arguments[0];
}

/// Protocol 2 has no bytes: Python writes them as a text of characters 0 to 255 to be encoded as latin-1.
Id make_encoded(Document& document, const Arguments& arguments) {
  expect_count(arguments, 2, 2, "encode");
  const std::string_view text = document.as<Text>(arguments[0], "the text to encode").text;
  const std::string_view code = document.as<Text>(arguments[1], "the name of the encoding").text;
  if (code != "latin1") throw Refusal("encoding {:?}, latin1 is accepted", code.substr(0, 20));
  document.charge(text.size());
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<uint8_t>(text[i]);
    if (first < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    const auto next = i + 1 < text.size() ? static_cast<uint8_t>(text[i + 1]) : uint8_t{0};
    if ((first != 0xc2 && first != 0xc3) || (next & 0xc0) != 0x80)
      throw Refusal("bytes that are not latin-1");
    bytes.push_back(static_cast<char>((first & 3) << 6 | (next & 0x3f)));
    ++i;
  }
  return document.add(Bytes{document.own(std::move(bytes))});
}

Id make_numpy_type(Document& document, const Arguments& arguments) {
  expect_count(arguments, 1, 3, "a numpy type");
  const std::string_view code = document.as<Text>(arguments[0], "a numpy type's code").text;
  const auto type = numpy_type(code);
  if (!type) throw Refusal("numpy type {:?}; plain little-endian numbers are accepted", code.substr(0, 20));
  return document.add(NumpyType{*type});
}

template <typename T>
T load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

Id make_numpy_scalar(Document& document, const Arguments& arguments) {
  expect_count(arguments, 2, 2, "a numpy number");
  const ElementType type = document.as<NumpyType>(arguments[0], "a numpy number's type").type;
  const std::string_view bytes = document.as<Bytes>(arguments[1], "a numpy number's content").bytes;
  if (static_cast<int64_t>(bytes.size()) != size_of(type))
    throw Refusal("a numpy number of {} bytes", bytes.size());
  switch (type) {
    case ElementType::f64:
      return document.add(load<double>(bytes));
    case ElementType::f32:
      return document.add(double{load<float>(bytes)});
    case ElementType::f16:
      return document.add(double{widen_half(load<uint16_t>(bytes))});
    case ElementType::bf16:
      return document.add(double{widen_bfloat16(load<uint16_t>(bytes))});
    case ElementType::i64:
      return document.add(load<int64_t>(bytes));
    case ElementType::i32:
      return document.add(int64_t{load<int32_t>(bytes)});
    case ElementType::i16:
      return document.add(int64_t{load<int16_t>(bytes)});
    case ElementType::i8:
      return document.add(int64_t{load<int8_t>(bytes)});
    case ElementType::u8:
      return document.add(int64_t{load<uint8_t>(bytes)});
    case ElementType::boolean:
      break;
  }
  return document.add(load<uint8_t>(bytes) != 0);
}

/// (version, shape, type, is column-major, bytes)
Tensor numpy_tensor(Document& document, Id state) {
  const Arguments& items = document.as<Sequence>(state, "a numpy array's state").items;
  expect_count(items, 5, 5, "a numpy array");
  const ElementType type = document.as<NumpyType>(items[2], "a numpy array's type").type;
  const bool column_major = document.as<bool>(items[3], "a numpy array's order");
  const std::string_view bytes = document.as<Bytes>(items[4], "a numpy array's content").bytes;
  Tensor tensor{0, 0, read_extents(document, items[1], "a numpy array's shape"), {}};
  const size_t rank = tensor.sizes.size();
  tensor.strides.resize(rank);
  int64_t stride = 1;
  bool overflow = false;
  for (size_t i = 0; i < rank; ++i) {
    const size_t axis = column_major ? i : rank - 1 - i;
    tensor.strides[axis] = stride;
    overflow |= __builtin_mul_overflow(stride, tensor.sizes[axis], &stride);
  }
  const auto count = static_cast<int64_t>(bytes.size()) / size_of(type);
  if (overflow || stride != count) throw Refusal("a numpy array's content does not fill its shape");
  check_extent(tensor, count);
  tensor.storage = document.add(Storage{type, count, {}, bytes});
  return tensor;
}

}  // namespace

Id reduce(Document& document, Id callee, Id arguments_id) {
  const Global global = document.as<Global>(callee, "what is called");
  // Adding values keeps references into the document valid.
  const Arguments& arguments = document.as<Sequence>(arguments_id, "the arguments of a call").items;
  switch (global.kind) {
    case GlobalKind::tensor_v1:
    case GlobalKind::tensor_v2:
      return make_tensor(document, arguments, global.kind);
    case GlobalKind::parameter:
      return make_parameter(document, arguments, 3);
    case GlobalKind::parameter_with_state:
      return make_parameter(document, arguments, 4);
    case GlobalKind::tensor_from_type:
      return make_from_type(document, arguments);
    case GlobalKind::mapping:
      return make_mapping(document, arguments);
    case GlobalKind::default_mapping:
      return document.add(Dict{});
    case GlobalKind::sequence:
      return make_sequence(document, arguments);
    case GlobalKind::bytes:
      expect_count(arguments, 0, 0, "bytes");
      return document.add(Bytes{});
    case GlobalKind::encode:
      return make_encoded(document, arguments);
    case GlobalKind::numpy_array:
      return document.add(NumpyArray{});
    case GlobalKind::numpy_scalar:
      return make_numpy_scalar(document, arguments);
    case GlobalKind::numpy_dtype:
      return make_numpy_type(document, arguments);
    case GlobalKind::plain_object:
      return document.add(Object{global.module, global.name, Document::kNone});
    case GlobalKind::constant:
      if (global.name == "device") return callee;
      break;
    case GlobalKind::storage:
      break;
  }
  throw Refusal("it calls {}.{}, which is accepted as a name only", global.module, global.name);
}

void build(Document& document, Id target, Id state) {
  Value& value = document[target];
  if (auto* object = std::get_if<Object>(&value)) {
    // Objects with slots have a pair: attributes, slots.
    const auto* pair = std::get_if<Sequence>(&document[state]);
    if (pair != nullptr && pair->items.size() == 2) state = pair->items[0];
    if (!std::holds_alternative<None>(document[state])) {
      static_cast<void>(document.as<Dict>(state, "an object's state"));
    }
    object->state = state;
  } else if (std::holds_alternative<NumpyArray>(value)) {
    Tensor tensor = numpy_tensor(document, state);
    document[target] = std::move(tensor);
  } else if (std::holds_alternative<NumpyType>(value)) {
    const auto& items = document.as<Sequence>(state, "a numpy type's state").items;
    const std::string_view order =
        items.size() > 1 ? document.as<Text>(items[1], "a numpy type's byte order").text : "";
    if (order != "<" && order != "|" && order != "=") {
      throw Refusal("numpy byte order {:?}, little-endian is accepted", order.substr(0, 10));
    }
  } else if (!std::holds_alternative<Dict>(value)) {  // attributes of a dictionary are not read
    throw Refusal("{} is given a state", kind_name(value));
  }
}

Id persistent(Document& document, Id reference) {
  const Arguments& items = document.as<Sequence>(reference, "a persistent reference").items;
  expect_count(items, 4, 6, "a persistent reference");
  const std::string_view kind = document.as<Text>(items[0], "a persistent reference's kind").text;
  if (kind == "module" && items.size() == 4) {
    static_cast<void>(document.as<Global>(items[1], "a module's class"));
    return items[1];
  }
  if (kind != "storage" || items.size() == 4) {
    throw Refusal("a persistent reference to something other than a storage");
  }
  const Global global = document.as<Global>(items[1], "a storage's type");
  const auto type = storage_type(global.name);
  if (global.kind != GlobalKind::storage || !type) throw Refusal("storage type {}", global.name);
  const std::string_view key = document.as<Text>(items[2], "a storage's key").text;
  const auto count = document.as<int64_t>(items[4], "a storage's size");
  if (key.empty() || count < 0)
    throw Refusal("a storage of {} elements with key {:?}", count, key.substr(0, 40));
  if (items.size() == 6 && !std::holds_alternative<None>(document[items[5]])) {
    throw Refusal("a storage that is a part of another (PyTorch before 0.4)");
  }
  return document.add(Storage{*type, count, key, {}});
}

}  // namespace y6q::formats::pickle
