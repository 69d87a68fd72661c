#include "formats/pt_walk.h"

#include <algorithm>
#include <set>

#include "base/utf8.h"

namespace y6q::formats {
namespace {

using pickle::Dict;
using pickle::Id;
using pickle::None;
using pickle::Object;
using pickle::Refusal;
using pickle::Sequence;
using pickle::Text;

// Values may be shared, so that a small pickle can describe a tree without end: every step is counted.
constexpr uint64_t kMaxSteps = 10'000'000;
constexpr int kDeepestModule = 64;
constexpr size_t kMaxTensors = 20'000;
constexpr size_t kMaxGroups = 100;      // of an optimizer
constexpr size_t kMaxNumbers = 10'000;  // of a list of results
constexpr size_t kMaxName = 300;
constexpr size_t kMaxClasses = 10'000;
constexpr size_t kMaxClassName = 200;
constexpr std::string_view kQuantizerClass = "TensorQuantizer";  // of pytorch_quantization
constexpr std::string_view kAverage = "rbr_avg";                 // of QARepVGG's second version

/// Names of tensors become names of files' entries and of graph nodes.
bool is_tensor_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

bool is_printable_utf8(std::string_view text) {
  return is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
}

class Walk {
 public:
  Walk(const PtContents& contents, uint64_t array_bytes)
      : contents_(contents), document_(contents.document), array_bytes_(array_bytes) {}
  PtCheckpoint checkpoint();

 private:
  void step(uint64_t count);
  const pickle::Value& at(Id id) const { return document_[id]; }
  bool is_none(Id id) const { return std::holds_alternative<None>(at(id)); }
  /// The value of a key; None when it is absent.
  Id find(const Dict& dict, std::string_view key);
  /// Of an object's attributes.
  Id attribute(const Object& object, std::string_view name);

  PtTensor tensor(Id id, std::string_view what);
  PtNetwork network(Id id, std::string_view what);
  void add(PtNetwork& network, std::string name, Id id);
  void add_state(PtNetwork& network, const Dict& state);
  void add_module(PtNetwork& network, const Object& module, const std::string& prefix, int depth);
  void add_members(PtNetwork& network, const Object& module, const std::string& prefix);
  PtQuantizer quantizer(const Object& module);
  void read_attributes(PtNetwork& network, const Object& module);
  std::vector<std::string> class_names(Id id);
  PtOptimizer optimizer(Id id);
  std::optional<int64_t> integer(const Dict& dict, std::string_view key);
  std::vector<double> numbers(Id id, std::string_view what);
  std::vector<std::vector<PtTensor>> tensor_groups(const Sequence& list);

  const PtContents& contents_;
  const pickle::Document& document_;
  uint64_t array_bytes_, steps_ = 0, left_ = 0;  // left_: of array_bytes_ for the network at hand
  size_t tensors_ = 0;
  std::set<std::string> names_;
};

void Walk::step(uint64_t count) {
  steps_ += count;
  if (steps_ > kMaxSteps) throw Refusal("its objects refer to each other more often than a checkpoint's do");
}

Id Walk::find(const Dict& dict, std::string_view key) {
  step(dict.entries.size() + 1);
  const auto found = std::find_if(dict.entries.rbegin(), dict.entries.rend(), [&](const auto& entry) {
    const auto* text = std::get_if<Text>(&at(entry.first));
    return text != nullptr && text->text == key;
  });
  return found == dict.entries.rend() ? pickle::Document::kNone : found->second;
}

Id Walk::attribute(const Object& object, std::string_view name) {
  return is_none(object.state) ? object.state
                               : find(document_.as<Dict>(object.state, "an object's state"), name);
}

PtTensor Walk::tensor(Id id, std::string_view what) {
  step(1);
  const auto& found = document_.as<pickle::Tensor>(id, what);
  const auto& storage = document_.as<pickle::Storage>(found.storage, "a tensor's storage");
  PtTensor result{storage.type, found.sizes, found.strides, found.offset, {}};
  result.storage = storage.key.empty() ? std::as_bytes(std::span(storage.bytes))
                                       : contents_.storages.find(storage.key)->second;
  const auto bytes = static_cast<uint64_t>(result.elements()) * (result.is_float() ? 4 : 8);
  if (++tensors_ > kMaxTensors || bytes > left_) {
    throw Refusal("{}: its tensors are many times larger than the file", what);
  }
  left_ -= bytes;
  return result;
}

void Walk::add(PtNetwork& network, std::string name, Id id) {
  if (!is_tensor_name(name)) {
    throw Refusal("tensor name {:?}; accepted are at most {} letters, digits, '_', '-' and '.'",
                  std::string_view(name).substr(0, 100), kMaxName);
  }
  if (!names_.insert(name).second) throw Refusal("tensor '{}' stands twice", name);
  PtTensor found = tensor(id, name);
  network.tensors.emplace_back(std::move(name), std::move(found));
}

void Walk::add_state(PtNetwork& network, const Dict& state) {
  step(state.entries.size());
  for (const auto& [key, value] : state.entries) {
    if (!is_none(value)) add(network, std::string(document_.as<Text>(key, "a tensor's name").text), value);
  }
}

/// Parameters, then buffers without those that are not saved: the order of state_dict().
void Walk::add_members(PtNetwork& network, const Object& module, const std::string& prefix) {
  const Id unsaved = attribute(module, "_non_persistent_buffers_set");
  const auto is_saved = [&](std::string_view name) {
    const auto* list = std::get_if<Sequence>(&at(unsaved));
    if (list == nullptr) return true;
    step(list->items.size());
    return std::none_of(list->items.begin(), list->items.end(), [&](Id item) {
      const auto* text = std::get_if<Text>(&at(item));
      return text != nullptr && text->text == name;
    });
  };
  for (const std::string_view kind : {"_parameters", "_buffers"}) {
    const Id members = attribute(module, kind);
    if (is_none(members)) continue;
    const Dict& dict = document_.as<Dict>(members, kind);
    step(dict.entries.size());
    for (const auto& [key, value] : dict.entries) {
      const std::string_view name = document_.as<Text>(key, "a tensor's name").text;
      if (is_none(value) || (kind == "_buffers" && !is_saved(name))) continue;
      add(network, prefix + std::string(name.substr(0, kMaxName + 1)), value);
    }
  }
}

void Walk::add_module(PtNetwork& network, const Object& module, const std::string& prefix, int depth) {
  if (depth > kDeepestModule || prefix.size() > kMaxName) throw Refusal("its modules are nested too deeply");
  add_members(network, module, prefix);
  if (module.name == kQuantizerClass && !prefix.empty()) {
    network.quantizers.emplace(prefix.substr(0, prefix.size() - 1), quantizer(module));
  }
  const Id modules = attribute(module, "_modules");
  if (is_none(modules)) return;
  const Dict& dict = document_.as<Dict>(modules, "_modules");
  step(dict.entries.size());
  for (const auto& [key, value] : dict.entries) {
    if (is_none(value)) continue;
    const std::string_view name = document_.as<Text>(key, "a module's name").text;
    if (name == kAverage) network.has_averages = true;
    add_module(network, document_.as<Object>(value, "a module"),
               prefix + std::string(name.substr(0, kMaxName)) + ".", depth + 1);
  }
}

PtQuantizer Walk::quantizer(const Object& module) {
  const auto is_set = [&](std::string_view name) {
    const auto* truth = std::get_if<bool>(&at(attribute(module, name)));
    return truth != nullptr && *truth;
  };
  PtQuantizer result{.is_unsigned = is_set("_unsigned"),
                     .narrow_range = is_set("_narrow_range"),
                     .disabled = is_set("_disabled")};
  if (const Id bits = attribute(module, "_num_bits"); !is_none(bits)) {
    result.bits = document_.as<int64_t>(bits, "a quantizer's number of bits");
  }
  return result;
}

std::vector<double> Walk::numbers(Id id, std::string_view what) {
  if (is_none(id)) return {};
  if (std::holds_alternative<pickle::Tensor>(at(id))) {
    const PtTensor found = tensor(id, what);
    if (found.elements() > static_cast<int64_t>(kMaxNumbers)) {
      throw Refusal("{} of {} numbers", what, found.elements());
    }
    return std::visit([](const auto& data) { return std::vector<double>(data.begin(), data.end()); },
                      widen(found).data);
  }
  const auto& items = document_.as<Sequence>(id, what).items;
  if (items.size() > kMaxNumbers) throw Refusal("{} of {} numbers", what, items.size());
  std::vector<double> result;
  for (const Id item : items) {
    const auto* whole = std::get_if<int64_t>(&at(item));
    result.push_back(whole != nullptr ? static_cast<double>(*whole) : document_.as<double>(item, what));
  }
  return result;
}

std::optional<int64_t> Walk::integer(const Dict& dict, std::string_view key) {
  const Id id = find(dict, key);
  if (is_none(id)) return std::nullopt;
  return document_.as<int64_t>(id, key);
}

/// A list, or a dictionary from class id to name.
std::vector<std::string> Walk::class_names(Id id) {
  std::vector<Id> items;
  if (const auto* dict = std::get_if<Dict>(&at(id))) {
    if (dict->entries.size() > kMaxClasses) throw Refusal("{} class names", dict->entries.size());
    items.resize(dict->entries.size(), pickle::Document::kNone);
    for (const auto& [key, value] : dict->entries) {
      const auto position = static_cast<uint64_t>(document_.as<int64_t>(key, "a class id"));
      if (position >= items.size()) throw Refusal("class ids are not 0 to {}", items.size());
      items[position] = value;
    }
  } else if (!is_none(id)) {
    items = document_.as<Sequence>(id, "the list of class names").items;
  }
  if (items.size() > kMaxClasses) throw Refusal("{} class names", items.size());
  std::vector<std::string> names;
  for (const Id item : items) {
    const std::string_view name = document_.as<Text>(item, "a class name").text;
    if (name.size() > kMaxClassName || !is_printable_utf8(name)) {
      throw Refusal("class name {:?}; accepted are at most {} bytes of printable UTF-8", name.substr(0, 100),
                    kMaxClassName);
    }
    names.emplace_back(name);
  }
  return names;
}

/// The number of classes and the strides are attributes of the network or of its head.
void Walk::read_attributes(PtNetwork& network, const Object& module) {
  const auto* head = [&]() -> const Object* {
    const auto* modules = std::get_if<Dict>(&at(attribute(module, "_modules")));
    return modules == nullptr ? nullptr : std::get_if<Object>(&at(find(*modules, "detect")));
  }();
  const auto look_up = [&](std::string_view name) {
    const Id own = attribute(module, name);
    return is_none(own) && head != nullptr ? attribute(*head, name) : own;
  };
  if (const Id count = look_up("nc"); !is_none(count)) {
    network.class_count = document_.as<int64_t>(count, "attribute nc");
  }
  network.class_names = class_names(look_up("names"));
  network.strides = numbers(look_up("stride"), "attribute stride");
}

PtNetwork Walk::network(Id id, std::string_view what) {
  left_ = array_bytes_;
  names_.clear();
  PtNetwork network;
  if (const auto* module = std::get_if<Object>(&at(id))) {
    network.has_averages = false;
    add_module(network, *module, "", 0);
    read_attributes(network, *module);
  } else {
    add_state(network, document_.as<Dict>(id, what));
  }
  return network;
}

/// As state_dict() of an optimizer: {"state": {position: {"momentum_buffer": …}}, "param_groups": [{"params":
/// …}]}.
PtOptimizer Walk::optimizer(Id id) {
  left_ = array_bytes_;
  PtOptimizer optimizer;
  const auto* dict = std::get_if<Dict>(&at(id));
  if (dict == nullptr) return optimizer;  // a pickled optimizer names its parameters by themselves
  if (const Id state = find(*dict, "state"); !is_none(state)) {
    const auto& entries = document_.as<Dict>(state, "the optimizer's state").entries;
    step(entries.size());
    for (const auto& [key, value] : entries) {
      const auto position = document_.as<int64_t>(key, "a parameter's position");
      const Id momentum = find(document_.as<Dict>(value, "a parameter's state"), "momentum_buffer");
      if (!is_none(momentum)) optimizer.momentum[position] = tensor(momentum, "momentum_buffer");
    }
  }
  if (const Id groups = find(*dict, "param_groups"); !is_none(groups)) {
    const auto& items = document_.as<Sequence>(groups, "param_groups").items;
    if (items.size() > kMaxGroups) throw Refusal("{} parameter groups", items.size());
    for (const Id group : items) {
      const Id params = find(document_.as<Dict>(group, "a parameter group"), "params");
      auto& positions = optimizer.groups.emplace_back();
      const auto& list = document_.as<Sequence>(params, "params").items;
      if (list.size() > kMaxTensors) throw Refusal("a group of {} parameters", list.size());
      for (const Id item : list) positions.push_back(document_.as<int64_t>(item, "a parameter's position"));
    }
  }
  return optimizer;
}

std::vector<std::vector<PtTensor>> Walk::tensor_groups(const Sequence& list) {
  left_ = array_bytes_;
  if (list.items.size() > kMaxTensors) throw Refusal("a list of {} items", list.items.size());
  std::vector<std::vector<PtTensor>> groups;
  for (const Id item : list.items) {
    auto& group = groups.emplace_back();
    const auto* tuple = std::get_if<Sequence>(&at(item));
    if (tuple == nullptr) {
      group.push_back(tensor(item, "an item of the list"));
      continue;
    }
    for (const Id part : tuple->items) group.push_back(tensor(part, "an item of a tuple"));
  }
  return groups;
}

PtCheckpoint Walk::checkpoint() {
  PtCheckpoint result;
  const pickle::Value& root = at(document_.root);
  if (const auto* list = std::get_if<Sequence>(&root)) {
    result.tensor_groups = tensor_groups(*list);
    return result;
  }
  const auto* dict = std::get_if<Dict>(&root);
  if (dict == nullptr && !std::holds_alternative<Object>(root)) {
    throw Refusal("it holds {}; accepted are checkpoints, modules, state dictionaries and lists of tensors",
                  kind_name(root));
  }
  const auto is_network = [&](Id id) {
    return std::holds_alternative<Object>(at(id)) || std::holds_alternative<Dict>(at(id));
  };
  const Id ema = dict == nullptr ? pickle::Document::kNone : find(*dict, "ema");
  Id model = dict == nullptr ? document_.root : find(*dict, "model");
  if (dict != nullptr && is_none(model)) model = find(*dict, "state_dict");
  if (dict != nullptr && !is_network(model) && !is_network(ema)) {
    result.model = network(document_.root, "the file");
    return result;
  }
  if (!is_none(model)) result.model = network(model, "entry model");
  if (!is_none(ema)) result.ema = network(ema, "entry ema");
  if (dict == nullptr) return result;
  if (const Id id = find(*dict, "optimizer"); !is_none(id)) result.optimizer = optimizer(id);
  result.epoch = integer(*dict, "epoch");
  result.updates = integer(*dict, "updates");
  result.results = numbers(find(*dict, "results"), "entry results");
  return result;
}

}  // namespace

PtCheckpoint walk_checkpoint(const PtContents& contents, uint64_t array_bytes) {
  return Walk(contents, array_bytes).checkpoint();
}

}  // namespace y6q::formats
