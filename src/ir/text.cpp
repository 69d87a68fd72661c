#include "ir/text.h"

#include <charconv>
#include <type_traits>

#include "base/errors.h"

namespace y6q::ir {
namespace {

// One line an operator gives writer and reader: the attributes by name.
template <typename Op, typename F>
void visit_attributes(Op& op, F f) {
  using Plain = std::remove_const_t<Op>;
  if constexpr (std::is_same_v<Plain, Input>) {
    f("shape", op.shape);
  } else if constexpr (std::is_same_v<Plain, Parameter>) {
    f("shape", op.shape), f("trainable", op.trainable);
  } else if constexpr (std::is_same_v<Plain, Conv2d>) {
    f("stride", op.stride), f("pad", op.pad), f("groups", op.groups);
  } else if constexpr (std::is_same_v<Plain, ConvTranspose2d>) {
    f("stride", op.stride);
  } else if constexpr (std::is_same_v<Plain, BatchNorm>) {
    f("eps", op.eps), f("momentum", op.momentum);
  } else if constexpr (std::is_same_v<Plain, MaxPool2d> || std::is_same_v<Plain, AvgPool2d>) {
    f("kernel", op.kernel), f("stride", op.stride), f("pad", op.pad);
  } else if constexpr (std::is_same_v<Plain, Concat>) {
    f("axis", op.axis);
  } else if constexpr (std::is_same_v<Plain, FakeQuant>) {
    f("bits", op.bits), f("channel_axis", op.channel_axis), f("signed", op.is_signed);
    f("half_scale", op.half_scale);
  } else if constexpr (std::is_same_v<Plain, Decode>) {
    f("strides", op.strides);
  } else {
    static_assert(std::is_empty_v<Plain>, "list the operator's attributes here");
  }
}

std::string join(const std::vector<int64_t>& values, char separator) {
  std::string text;
  for (const int64_t value : values)
    text += (text.empty() ? "" : std::string(1, separator)) + std::to_string(value);
  return text;
}

std::string write_value(int64_t value) { return std::to_string(value); }
std::string write_value(double value) { return fmt::format("{}", value); }
std::string write_value(bool value) { return value ? "true" : "false"; }
std::string write_value(const Hw& value) { return fmt::format("{}x{}", value.h, value.w); }
std::string write_value(const std::vector<int64_t>& value) {
  return value.empty() ? "scalar" : join(value, 'x');
}

template <typename Op>
std::string write_attributes(const Op& op) {
  std::vector<std::string> defaults;
  const Op plain{};
  visit_attributes(plain, [&](const char*, const auto& value) { defaults.push_back(write_value(value)); });
  std::string text;
  size_t i = 0;
  visit_attributes(op, [&](const char* name, const auto& value) {
    const std::string written = write_value(value);
    if (written != defaults[i++]) text += fmt::format(" {}={}", name, written);
  });
  return text;
}

/// Reads one line from left to right; every failure names the line.
class LineReader {
 public:
  LineReader(std::string_view text, size_t line) : text_(text), line_(line) {}

  [[noreturn]] void fail(std::string_view what) const {
    throw InputError("graph text, line {}, column {}: {}", line_, column_ + 1, what);
  }
  bool at_end() const { return column_ >= text_.size(); }
  bool skip(std::string_view expected) {
    if (text_.substr(column_, expected.size()) != expected) return false;
    column_ += expected.size();
    return true;
  }
  void expect(std::string_view expected) {
    if (!skip(expected)) fail(fmt::format("'{}' is expected", expected));
  }
  /// Up to one of the stop characters or the line's end.
  std::string_view word(std::string_view stops) {
    const size_t end = std::min(text_.find_first_of(stops, column_), text_.size());
    const std::string_view found = text_.substr(column_, end - column_);
    column_ = end;
    return found;
  }

  template <typename Number>
  Number number(std::string_view text) const {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail(fmt::format("'{}' is not an acceptable number", text.substr(0, 40)));
    }
    return value;
  }
  void read_value(std::string_view text, int64_t& value) const { value = number<int64_t>(text); }
  void read_value(std::string_view text, double& value) const { value = number<double>(text); }
  void read_value(std::string_view text, bool& value) const {
    if (text != "true" && text != "false") fail("true or false is expected");
    value = text == "true";
  }
  void read_value(std::string_view text, Hw& value) const {
    std::vector<int64_t> both;
    read_value(text, both);
    if (both.size() != 2) fail("HxW is expected");
    value = {both[0], both[1]};
  }
  void read_value(std::string_view text, std::vector<int64_t>& values) const {
    values.clear();
    if (text == "scalar") return;
    while (true) {
      const size_t end = std::min(text.find('x'), text.size());
      values.push_back(number<int64_t>(text.substr(0, end)));
      if (values.size() > 16) fail("at most 16 numbers are accepted");
      if (end == text.size()) return;
      text.remove_prefix(end + 1);
    }
  }

 private:
  std::string_view text_;
  size_t line_, column_ = 0;
};

template <size_t kIndex = 0>
Op op_by_name(std::string_view name, const LineReader& line) {
  if constexpr (kIndex == std::variant_size_v<Op>) {
    line.fail(fmt::format("operator '{}' is not known", name.substr(0, 40)));
  } else {
    Op op = std::variant_alternative_t<kIndex, Op>{};
    return op_name(op) == name ? op : op_by_name<kIndex + 1>(name, line);
  }
}

void read_attributes(LineReader& line, Op& op) {
  while (!line.at_end() && line.skip(" ")) {
    if (line.skip("@")) return;
    const std::string_view name = line.word("=");
    line.expect("=");
    const std::string_view text = line.word(" ");
    bool known = false;
    std::visit(
        [&](auto& concrete) {
          visit_attributes(concrete, [&](const char* attribute, auto& value) {
            if (name == attribute) line.read_value(text, value), known = true;
          });
        },
        op);
    if (!known) line.fail(fmt::format("{} has no attribute '{}'", op_name(op), name.substr(0, 40)));
  }
}

Value find(const Graph& graph, std::string_view name, const LineReader& line) {
  const auto value = graph.find(name);
  if (!value) line.fail(fmt::format("'{}' is not defined before its use", name.substr(0, 80)));
  return *value;
}

void parse_node(LineReader& line, Graph& graph) {
  const std::string name(line.word(" "));
  line.expect(" [");
  const std::string stated(line.word("]"));
  line.expect("] = ");
  Op op = op_by_name(line.word("("), line);
  line.expect("(");
  std::vector<Value> inputs;
  constexpr size_t kMostOperands = 1000;
  while (!line.skip(")")) {
    if (!inputs.empty()) line.expect(", ");
    inputs.push_back(find(graph, line.word(",)"), line));
    if (inputs.size() > kMostOperands) line.fail("at most 1000 operands are accepted");
  }
  read_attributes(line, op);
  const std::string owner(line.word(" "));
  if (!line.at_end()) line.fail("the line's end is expected");
  try {
    const Value value = graph.add(name, std::move(op), std::move(inputs), owner);
    const std::string shape = to_text(graph.node(value).shape);
    if (shape != "[" + stated + "]")
      line.fail(fmt::format("states the shape [{}], the operands give {}", stated, shape));
  } catch (const InputError&) {
    throw;
  } catch (const ShapeError& error) {
    line.fail(error.what());
  }
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes()) {
    std::string operands;
    for (const Value input : node.inputs) operands += (operands.empty() ? "" : ", ") + graph.node(input).name;
    text += fmt::format("{} {} = {}({})", node.name, to_text(node.shape), op_name(node.op), operands);
    text += std::visit([](const auto& op) { return write_attributes(op); }, node.op);
    text += node.owner.empty() ? "\n" : " @" + node.owner + "\n";
  }
  for (const Output& output : graph.outputs()) {
    text += fmt::format("output {} = {}\n", output.name, graph.node(output.value).name);
  }
  return text;
}

Graph parse_graph(std::string_view text) {
  constexpr size_t kMostLines = 100000;
  Graph graph;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    LineReader line(text.substr(0, end), number);
    if (number > kMostLines) line.fail("at most 100000 lines are accepted");
    if (line.skip("output ")) {
      const std::string name(line.word(" "));
      line.expect(" = ");
      const std::string_view source = line.word(" ");
      graph.mark_output(name, find(graph, source, line));
      if (!line.at_end()) line.fail("the line's end is expected");
    } else {
      parse_node(line, graph);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return graph;
}

}  // namespace y6q::ir
