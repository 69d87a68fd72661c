#include "formats/pickle_value.h"

#include <array>

namespace y6q::formats::pickle {

int64_t size_of(ElementType type) {
  switch (type) {
    case ElementType::f64:
    case ElementType::i64:
      return 8;
    case ElementType::f32:
    case ElementType::i32:
      return 4;
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::i16:
      return 2;
    case ElementType::i8:
    case ElementType::u8:
    case ElementType::boolean:
      break;
  }
  return 1;
}

std::string_view kind_name(const Value& value) {
  static constexpr std::array<std::string_view, std::variant_size_v<Value>> kNames = {
      "none",      "a truth value", "an integer",   "a number",     "a text",
      "bytes",     "a class name",  "a collection", "a dictionary", "an object",
      "a storage", "a tensor",      "a numpy type", "a numpy array"};
  return kNames[value.index()];
}

Id Document::add(Value value) {
  charge(sizeof(Value));
  values_.push_back(std::move(value));
  return size() - 1;
}

std::string_view Document::own(std::string text) {
  charge(text.capacity() + sizeof(std::string));
  return owned_.emplace_back(std::move(text));
}

void Document::charge(uint64_t bytes) {
  if (bytes > memory_) throw Refusal("it describes more objects than a checkpoint of its size has");
  memory_ -= bytes;
}

}  // namespace y6q::formats::pickle
