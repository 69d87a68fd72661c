#include "ir/ops.h"

namespace y6q::ir {

std::string_view op_name(const Op& op) {
  return std::visit(overloaded{
                        [](const Input&) { return std::string_view("Input"); },
                        [](const Parameter&) { return std::string_view("Parameter"); },
                        [](const Conv2d&) { return std::string_view("Conv2d"); },
                        [](const ConvTranspose2d&) { return std::string_view("ConvTranspose2d"); },
                        [](const BatchNorm&) { return std::string_view("BatchNorm"); },
                        [](const Relu&) { return std::string_view("Relu"); },
                        [](const Silu&) { return std::string_view("Silu"); },
                        [](const Add&) { return std::string_view("Add"); },
                        [](const ChannelScale&) { return std::string_view("ChannelScale"); },
                        [](const MaxPool2d&) { return std::string_view("MaxPool2d"); },
                        [](const AvgPool2d&) { return std::string_view("AvgPool2d"); },
                        [](const Concat&) { return std::string_view("Concat"); },
                        [](const FakeQuant&) { return std::string_view("FakeQuant"); },
                        [](const Decode&) { return std::string_view("Decode"); },
                    },
                    op);
}

}  // namespace y6q::ir
