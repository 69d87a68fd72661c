#include <map>
#include <vector>

#include "golden/golden.h"
#include "quant/fake_quant.h"

namespace y6q::quant {
namespace {

using golden::json;

struct Case {
  std::string name;
  nlohmann::json settings;
  std::vector<float> x, upstream, amax;  ///< one amax, or one a channel of axis 0
};

/// Settings in the JSON name the tensors: tensor_<range>, channel, ties, edge (golden/README, fakequant).
Case read_case(const formats::SafetensorsReader& file, const nlohmann::json& all, const std::string& name) {
  const auto floats = [&](const std::string& tensor) { return file.floats(tensor).floats(); };
  Case result{.name = name, .settings = all["cases"][name], .x = {}, .upstream = {}, .amax = {}};
  const std::string kind = name.substr(0, name.find('_'));
  if (kind == "ties") {
    result.x = floats("ties" + std::to_string(result.settings["bits"].get<int>()));
  } else {
    result.x = floats(kind == "edge" ? "edge" : "x");
  }
  const bool ones = kind == "ties" || kind == "edge";
  result.upstream = ones ? std::vector<float>(result.x.size(), 1.0F) : floats("upstream");
  if (kind == "channel") {
    result.amax = floats("amax_channel");
  } else if (kind == "tensor") {
    const std::string range = name.substr(7, name.find('_', 7) - 7);
    result.amax = {all["amax_tensor"][range].get<float>()};
  } else {
    result.amax = {result.settings["amax"].get<float>()};
  }
  return result;
}

TEST(GoldenFakeQuant, ValuesAndGradientsAreEqualBitForBit) {
  Y6Q_NEED_GOLDEN();
  const auto file = golden::tensors("fakequant/fakequant");
  const auto all = json("fakequant/fakequant");
  ASSERT_GE(all["cases"].size(), 28U);
  for (const auto& [name, settings] : all["cases"].items()) {
    const Case it = read_case(file, all, name);
    const IntegerRange range = integer_range(settings["bits"], true, settings["narrow_range"]);
    EXPECT_EQ(range, (IntegerRange{settings["q_min"], settings["q_max"]})) << name;
    std::vector<float> y(it.x.size()), gradient(it.x.size());
    const size_t slice = it.x.size() / it.amax.size();
    for (size_t channel = 0; channel < it.amax.size(); ++channel) {
      const auto part = [&](auto& values) { return std::span(values).subspan(channel * slice, slice); };
      fake_quantize(part(it.x), it.amax[channel], range, part(y));
      fake_quantize_gradient(part(it.x), part(it.upstream), it.amax[channel], range, part(gradient));
    }
    golden::expect_close(y, file.floats(name + "/y").floats(), {}, name + "/y");
    golden::expect_close(gradient, file.floats(name + "/grad").floats(), {}, name + "/grad");
  }
}

}  // namespace
}  // namespace y6q::quant
