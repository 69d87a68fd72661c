#include "formats/pickle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "base/errors.h"
#include "formats/pickle_globals.h"
#include "formats/pickle_objects.h"

namespace y6q::formats::pickle {
namespace {

constexpr uint64_t kMaxSize = 64U << 20;  // checkpoints have below 1 MB: tensors are stored outside
constexpr uint64_t kMemory = 24U << 20;
constexpr size_t kMaxStack = 1U << 19;  // Python writes containers in parts of 1000
constexpr size_t kMaxLine = 1000;

/// Opcodes as in Python's pickletools, those of protocols 2 to 5 that describe data.
// clang-format off
enum Opcode : uint8_t {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2',
  kNone = 'N', kNewTrue = 0x88, kNewFalse = 0x89, kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M',
  kLong1 = 0x8a, kLong4 = 0x8b, kBinFloat = 'G',
  kBinString = 'T', kShortBinString = 'U', kBinUnicode = 'X', kShortBinUnicode = 0x8c, kBinUnicode8 = 0x8d,
  kBinBytes = 'B', kShortBinBytes = 'C', kBinBytes8 = 0x8e, kByteArray8 = 0x96,
  kEmptyList = ']', kAppend = 'a', kAppends = 'e', kList = 'l',
  kEmptyTuple = ')', kTuple = 't', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87,
  kEmptyDict = '}', kDict = 'd', kSetItem = 's', kSetItems = 'u',
  kEmptySet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91,
  kBinGet = 'h', kLongBinGet = 'j', kBinPut = 'q', kLongBinPut = 'r', kMemoize = 0x94,
  kGlobal = 'c', kStackGlobal = 0x93, kReduce = 'R', kNewObj = 0x81, kNewObjEx = 0x92, kBuild = 'b',
  kBinPersId = 'Q', kProto = 0x80, kFrame = 0x95
};
// clang-format on

class Machine {
 public:
  Machine(std::string_view data, Document& document) : data_(data), document_(document) {
    true_ = document_.add(true);
    false_ = document_.add(false);
  }
  /// Runs to the end of the pickle.
  void run();
  size_t position() const { return position_; }

 private:
  std::string_view take(uint64_t size);
  template <typename T>
  T number();
  std::string_view line();

  void push(Id id);
  Id pop();
  /// What stands above the last mark, which is removed with it.
  std::vector<Id> pop_to_mark();
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  // Each handles a group of opcodes; false: not one of the group.
  bool read_number(uint8_t op);
  bool read_text(uint8_t op);
  bool move_on_stack(uint8_t op);
  bool use_memo(uint8_t op);
  bool make_collection(uint8_t op);
  bool fill_collection(uint8_t op);
  bool make_object(uint8_t op);

  void make_tuple(size_t count);
  void append(Id collection, std::span<const Id> items);
  void set_items(Id dict, std::span<const Id> keys_and_values);
  void put(uint64_t index);
  void get(uint64_t index);
  void push_global(std::string_view module, std::string_view name);
  Id integer(std::string_view little_endian);

  std::string_view data_;
  Document& document_;
  size_t position_ = 0;
  Id true_ = 0, false_ = 0;
  std::vector<Id> stack_, memo_;
  std::vector<size_t> marks_;
};

std::string_view Machine::take(uint64_t size) {
  if (size > data_.size() - position_) {
    throw Refusal("{} bytes are announced, {} are left; the file is damaged or cut", size,
                  data_.size() - position_);
  }
  const std::string_view part = data_.substr(position_, size);
  position_ += size;
  return part;
}

template <typename T>
T Machine::number() {
  T value;
  std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
  return value;
}

std::string_view Machine::line() {
  const size_t end = data_.substr(position_, kMaxLine).find('\n');
  if (end == std::string_view::npos) throw Refusal("a name without an end");
  const std::string_view text = take(end);
  take(1);
  return text;
}

void Machine::push(Id id) {
  if (stack_.size() >= kMaxStack) throw Refusal("more than {} values are open at once", kMaxStack);
  stack_.push_back(id);
}

Id Machine::pop() {
  if (stack_.size() <= floor()) throw Refusal("a value is missing");
  const Id id = stack_.back();
  stack_.pop_back();
  return id;
}

std::vector<Id> Machine::pop_to_mark() {
  if (marks_.empty()) throw Refusal("a mark is missing");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<Id> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

/// Two's complement. Beyond 64 bits (magic numbers, states of random generators) the bytes are kept.
Id Machine::integer(std::string_view little_endian) {
  if (little_endian.size() > sizeof(int64_t)) return document_.add(Bytes{little_endian});
  const bool negative = !little_endian.empty() && (little_endian.back() & 0x80) != 0;
  int64_t value = negative ? -1 : 0;
  std::memcpy(&value, little_endian.data(), little_endian.size());
  return document_.add(value);
}

bool Machine::read_number(uint8_t op) {
  switch (op) {
    case kNone:
      push(Document::kNone);
      return true;
    case kNewTrue:
      push(true_);
      return true;
    case kNewFalse:
      push(false_);
      return true;
    case kBinInt:
      push(document_.add(int64_t{number<int32_t>()}));
      return true;
    case kBinInt1:
      push(document_.add(int64_t{number<uint8_t>()}));
      return true;
    case kBinInt2:
      push(document_.add(int64_t{number<uint16_t>()}));
      return true;
    case kLong1:
      push(integer(take(number<uint8_t>())));
      return true;
    case kLong4:
      push(integer(take(number<uint32_t>())));
      return true;
    case kBinFloat:
      push(document_.add(std::bit_cast<double>(__builtin_bswap64(number<uint64_t>()))));
      return true;
    default:
      return false;
  }
}

bool Machine::read_text(uint8_t op) {
  switch (op) {
    case kShortBinString:
    case kShortBinUnicode:
      push(document_.add(Text{take(number<uint8_t>())}));
      return true;
    case kBinString:
    case kBinUnicode:
      push(document_.add(Text{take(number<uint32_t>())}));
      return true;
    case kBinUnicode8:
      push(document_.add(Text{take(number<uint64_t>())}));
      return true;
    case kShortBinBytes:
      push(document_.add(Bytes{take(number<uint8_t>())}));
      return true;
    case kBinBytes:
      push(document_.add(Bytes{take(number<uint32_t>())}));
      return true;
    case kBinBytes8:
    case kByteArray8:
      push(document_.add(Bytes{take(number<uint64_t>())}));
      return true;
    default:
      return false;
  }
}

bool Machine::move_on_stack(uint8_t op) {
  switch (op) {
    case kMark:
      if (marks_.size() >= kMaxStack) throw Refusal("more than {} marks are open at once", kMaxStack);
      marks_.push_back(stack_.size());
      return true;
    case kPop:
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        pop();
      }
      return true;
    case kPopMark:
      pop_to_mark();
      return true;
    case kDup: {
      const Id top = pop();
      push(top);
      push(top);
      return true;
    }
    default:
      return false;
  }
}

/// Python numbers memo entries one by one: a number beyond the bytes read so far is no pickle of Python's.
void Machine::put(uint64_t index) {
  if (index > position_) throw Refusal("memo entry {}", index);
  const Id top = pop();
  push(top);
  if (index >= memo_.size()) {
    document_.charge((index + 1 - memo_.size()) * kItemCost);
    memo_.resize(index + 1, Document::kNone);
  }
  memo_[index] = top;
}

void Machine::get(uint64_t index) {
  if (index >= memo_.size()) throw Refusal("memo entry {} is not set", index);
  push(memo_[index]);
}

bool Machine::use_memo(uint8_t op) {
  switch (op) {
    case kBinPut:
      put(number<uint8_t>());
      return true;
    case kLongBinPut:
      put(number<uint32_t>());
      return true;
    case kMemoize:
      put(memo_.size());
      return true;
    case kBinGet:
      get(number<uint8_t>());
      return true;
    case kLongBinGet:
      get(number<uint32_t>());
      return true;
    default:
      return false;
  }
}

void Machine::make_tuple(size_t count) {
  if (stack_.size() - floor() < count) throw Refusal("a value is missing");
  document_.charge(count * kItemCost);
  std::vector<Id> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  push(document_.add(Sequence{std::move(items)}));
}

bool Machine::make_collection(uint8_t op) {
  switch (op) {
    case kEmptyList:
    case kEmptySet:
      push(document_.add(Sequence{}));
      return true;
    case kEmptyTuple:
      make_tuple(0);
      return true;
    case kTuple1:
      make_tuple(1);
      return true;
    case kTuple2:
      make_tuple(2);
      return true;
    case kTuple3:
      make_tuple(3);
      return true;
    case kTuple:
    case kList:
    case kFrozenSet: {
      std::vector<Id> items = pop_to_mark();
      document_.charge(items.size() * kItemCost);
      push(document_.add(Sequence{std::move(items)}));
      return true;
    }
    case kEmptyDict:
      push(document_.add(Dict{}));
      return true;
    case kDict: {
      const std::vector<Id> items = pop_to_mark();
      const Id dict = document_.add(Dict{});
      set_items(dict, items);
      push(dict);
      return true;
    }
    default:
      return false;
  }
}

void Machine::append(Id collection, std::span<const Id> items) {
  document_.charge(items.size() * kItemCost);
  static_cast<void>(document_.as<Sequence>(collection, "what takes items"));
  auto& target = std::get<Sequence>(document_[collection]).items;
  target.insert(target.end(), items.begin(), items.end());
}

void Machine::set_items(Id dict, std::span<const Id> keys_and_values) {
  if (keys_and_values.size() % 2 != 0) throw Refusal("a key without a value");
  document_.charge(keys_and_values.size() * kItemCost);
  static_cast<void>(document_.as<Dict>(dict, "what takes keys and values"));
  auto& entries = std::get<Dict>(document_[dict]).entries;
  for (size_t i = 0; i < keys_and_values.size(); i += 2) {
    entries.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
  }
}

bool Machine::fill_collection(uint8_t op) {
  const auto top = [&] {
    const Id id = pop();
    push(id);
    return id;
  };
  switch (op) {
    case kAppend: {
      const Id item = pop();
      append(top(), std::span(&item, 1));
      return true;
    }
    case kAppends:
    case kAddItems: {
      const auto items = pop_to_mark();
      append(top(), items);
      return true;
    }
    case kSetItem: {
      const Id value = pop(), key = pop();
      const Id entry[] = {key, value};
      set_items(top(), entry);
      return true;
    }
    case kSetItems: {
      const auto items = pop_to_mark();
      set_items(top(), items);
      return true;
    }
    default:
      return false;
  }
}

void Machine::push_global(std::string_view module, std::string_view name) {
  push(document_.add(Global{recognise(module, name), module, name}));
}

bool Machine::make_object(uint8_t op) {
  switch (op) {
    case kGlobal: {
      const std::string_view module = line(), name = line();
      push_global(module, name);
      return true;
    }
    case kStackGlobal: {
      const std::string_view name = document_.as<Text>(pop(), "a global's name").text;
      const std::string_view module = document_.as<Text>(pop(), "a global's module").text;
      push_global(module, name);
      return true;
    }
    case kNewObjEx:  // class, arguments, named arguments: these are not read
      static_cast<void>(document_.as<Dict>(pop(), "named arguments"));
      [[fallthrough]];
    case kReduce:
    case kNewObj: {
      const Id arguments = pop(), callee = pop();
      push(reduce(document_, callee, arguments));
      return true;
    }
    case kBuild: {
      const Id state = pop(), target = pop();
      build(document_, target, state);
      push(target);
      return true;
    }
    case kBinPersId:
      push(persistent(document_, pop()));
      return true;
    default:
      return false;
  }
}

void Machine::run() {
  if (number<uint8_t>() != kProto) throw Refusal("it does not start as a pickle of protocols 2 to 5");
  if (const auto protocol = number<uint8_t>(); protocol < 2 || protocol > 5) {
    throw Refusal("protocol {}, 2 to 5 are accepted", protocol);
  }
  for (;;) {
    const auto op = number<uint8_t>();
    if (op == kStop) break;
    if (op == kFrame) {  // frames only help readers of streams
      if (number<uint64_t>() > data_.size() - position_) throw Refusal("a frame reaches beyond the end");
      continue;
    }
    if (!use_memo(op) && !read_number(op) && !make_collection(op) && !make_object(op) && !read_text(op) &&
        !fill_collection(op) && !move_on_stack(op)) {
      throw Refusal("opcode 0x{:02x}, which no checkpoint needs", op);
    }
  }
  document_.root = pop();
  if (!stack_.empty() || !marks_.empty()) throw Refusal("values are left over at its end");
}

}  // namespace

Result read_pickle(std::string_view data, const std::string& place) {
  const std::string_view part = data.substr(0, kMaxSize);
  Result result{Document(kMemory + part.size() / 2), 0};
  Machine machine(part, result.document);
  try {
    machine.run();
  } catch (const Refusal& refusal) {
    throw InputError("pickle: {}, before byte {}: {}", place, machine.position(), refusal.what());
  }
  result.size = machine.position();
  return result;
}

}  // namespace y6q::formats::pickle
