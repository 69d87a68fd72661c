#include "formats/pt_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/errors.h"
#include "formats/pt_writer.h"
#include "formats/test_archive.h"
#include "support/folder.h"

namespace y6q::formats {
namespace {

using namespace std::string_literals;
using test::dict;
using test::integer;
using test::object;
using test::tensor;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kFour = "\x00\x3c\x00\x40\x00\x42\x00\x44"s;  // 1, 2, 3, 4 as binary16

#ifdef __SANITIZE_ADDRESS__
constexpr bool kMemoryIsOurs = false;  // freed memory is kept for a while
#else
constexpr bool kMemoryIsOurs = true;
#endif

/// Of this process in bytes: "VmHWM" (peak) or "VmRSS".
uint64_t memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    uint64_t kilobytes = 0;
    if (word == field + ":" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

class PtReaderTest : public testing::Test {
 protected:
  support::Folder folder_;
  fs::path path_ = folder_ / "file.pt";

  const fs::path& file_of(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return path_;
  }
  /// An archive with this root value and the storage "0".
  const fs::path& saved(const std::string& value, const std::string& storage = kFour) {
    return file_of(test::archive({{"x/data.pkl", "\x80\x02" + value + "."}, {"x/data/0", storage}}));
  }
  /// Memory beside what the process had is bounded. Time is by counts of steps, whose refusal `reason` names
  /// (tests/hostile measures processor time).
  void expect_refused(const fs::path& path, const std::string& reason) {
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew
    const uint64_t before = memory("VmRSS");
    EXPECT_THAT([&] { PtReader reader(path); }, ThrowsMessage<InputError>(HasSubstr(reason)));
    if (kMemoryIsOurs) {
      EXPECT_LT(memory("VmHWM"), before + 2 * fs::file_size(path) + (64U << 20)) << reason;
    }
  }
};

std::string module_of(const std::string& parameters, const std::string& buffers = "}",
                      const std::string& modules = "}", const std::string& attributes = "") {
  return object("yolov6.models.yolo", "Model",
                "}(" + text("_parameters") + parameters + text("_buffers") + buffers + text("_modules") +
                    modules + attributes + "u");
}

const std::string kHalf4 = tensor("HalfStorage", "0", 4, 4);

TEST_F(PtReaderTest, WalksModulesInOrder) {
  const std::string inner = module_of(dict({{"weight", kHalf4}, {"bias", "N"}}), dict({{"mean", kHalf4}}));
  const std::string unsaved = text("_non_persistent_buffers_set") + test::global("__builtin__", "set") +
                              "](" + text("grid") + "e\x85R";
  const std::string outer =
      module_of(dict({{"scale", kHalf4}}), dict({{"grid", kHalf4}, {"step", kHalf4}}),
                dict({{"z", inner}, {"none", "N"}, {"a", inner}}),
                text("nc") + integer(2) + text("names") + "](" + text("cat") + text("\xc3\xa9t\xc3\xa9") +
                    "e" + text("stride") + "]K\x08"s + "a" + unsaved);
  const PtReader reader(saved(dict({{"model", outer}, {"ema", "N"}, {"epoch", integer(-1)}})));
  std::vector<std::string> names;
  for (const auto& [name, unused] : reader.network().tensors) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("scale", "step", "z.weight", "z.mean", "a.weight", "a.mean"));
  EXPECT_EQ(reader.array(reader.network().tensors[0].second).floats(), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(reader.network().class_count, 2);
  EXPECT_THAT(reader.network().class_names, ElementsAre("cat", "\xc3\xa9t\xc3\xa9"));
  EXPECT_THAT(reader.network().strides, ElementsAre(8));
  EXPECT_EQ(reader.checkpoint().epoch, -1);
}

TEST_F(PtReaderTest, ReadsTheSettingsOfQuantizers) {
  const std::string settings = text("_num_bits") + integer(4) + text("_disabled") + "\x88" +
                               text("_unsigned") + "\x89" + text("_narrow_range") + "\x88";
  const std::string quantizer = object("pytorch_quantization.nn", "TensorQuantizer",
                                       "}(" + text("_buffers") + dict({{"_amax", kHalf4}}) + settings + "u");
  const PtReader reader(saved(module_of("}", "}", dict({{"q", quantizer}}))));
  const auto& quantizers = reader.network().quantizers;
  ASSERT_EQ(quantizers.size(), 1U);
  const PtQuantizer& found = quantizers.at("q");
  EXPECT_EQ(found.bits, 4);
  EXPECT_TRUE(found.disabled && found.narrow_range && !found.is_unsigned);
  EXPECT_EQ(reader.network().tensors[0].first, "q._amax");
}

TEST_F(PtReaderTest, PrefersEma) {
  const std::string half = tensor("HalfStorage", "0", 4, 2);
  const PtReader reader(
      saved(dict({{"model", module_of(dict({{"w", kHalf4}}))}, {"ema", module_of(dict({{"w", half}}))}})));
  EXPECT_EQ(reader.network().tensors[0].second.shape, (ir::Shape{2}));
}

TEST_F(PtReaderTest, PlainStateDictionaries) {
  for (const std::string& value :
       {dict({{"w", kHalf4}}), dict({{"state_dict", dict({{"w", kHalf4}})}}),
        dict({{"model", dict({{"w", kHalf4}})}}), module_of(dict({{"w", kHalf4}}))}) {
    const PtReader reader(saved(value));
    ASSERT_EQ(reader.network().tensors.size(), 1U);
    EXPECT_EQ(reader.network().tensors[0].first, "w");
  }
}

TEST_F(PtReaderTest, ListsOfScales) {
  const PtReader reader(saved("](" + kHalf4 + kHalf4 + "\x86" + kHalf4 + "e"));
  ASSERT_EQ(reader.checkpoint().tensor_groups.size(), 2U);
  EXPECT_EQ(reader.checkpoint().tensor_groups[0].size(), 2U);
  EXPECT_EQ(reader.checkpoint().tensor_groups[1].size(), 1U);
  EXPECT_THAT([&] { reader.network(); }, ThrowsMessage<InputError>(HasSubstr("no network")));
}

std::string legacy(const std::string& value, const std::string& keys, const std::string& storages) {
  return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s + "\x80\x02M\xe9\x03."s + "\x80\x02" +
         dict({{"protocol_version", integer(1001)}, {"little_endian", "\x88"}}) + "." + "\x80\x02" + value +
         "." + "\x80\x02" + keys + "." + storages;
}
std::string counted(int64_t count, const std::string& bytes) {
  std::string out;
  test::put(out, count);
  return out + bytes;
}

TEST_F(PtReaderTest, OlderContainer) {
  const std::string value = dict({{"w", kHalf4}}), keys = "]" + text("0") + "a";
  const PtReader reader(file_of(legacy(value, keys, counted(4, kFour))));
  EXPECT_EQ(reader.array(reader.network().tensors[0].second).floats(), (std::vector<float>{1, 2, 3, 4}));
  expect_refused(file_of(legacy(value, keys, counted(3, kFour))), "4 elements of 2 bytes are announced");
  expect_refused(file_of(legacy(value, keys, counted(5, kFour))), "8 bytes are left");
  expect_refused(file_of(legacy(value, keys, counted(-1, kFour))), "damaged or cut");
  expect_refused(file_of(legacy(value, keys, "")), "the file is cut");
  expect_refused(file_of(legacy(value, "]", "")), "is missing");
  expect_refused(file_of(legacy(value, "]" + text("7") + "a", "")), "no tensor uses");
  expect_refused(
      file_of(legacy(value, "](" + text("0") + text("0") + "e", counted(4, kFour) + counted(4, kFour))),
      "stands twice");
  expect_refused(file_of("\x80\x02K\1."), "magic number");
  expect_refused(file_of(legacy(test::global("os", "system") + ")R", keys, "")), R"("system" of "os")");
}

TEST_F(PtReaderTest, RefusesOtherFiles) {
  expect_refused(file_of(""), "neither a zip archive nor a pickle");
  expect_refused(file_of("hello"), "neither a zip archive nor a pickle");
  expect_refused(file_of(test::archive({{"x/model.json", "{}"}})), "without data.pkl");
  expect_refused(file_of(test::archive({{"x/data.pkl", "\x80\x02N."}, {"x/constants.pkl", ""}})),
                 "TorchScript");
  expect_refused(file_of(test::archive({{"x/byteorder", "big"}, {"x/data.pkl", "\x80\x02N."}})),
                 "big-endian");
  expect_refused(saved("K\1"), "it holds an integer");
  expect_refused(saved(dict({{"model", "K\1"}, {"ema", module_of("}")}})), "entry model is an integer");
  expect_refused(saved(dict({{"w", text("x")}})), "w is a text");
  EXPECT_THROW(PtReader(path_.string() + ".absent"), InputError);
}

TEST_F(PtReaderTest, RefusesCode) {
  const std::string call = test::global("os", "system") + text("touch executed") + "\x85R";
  expect_refused(saved(dict({{"model", call}})), R"("system" of "os")");
  expect_refused(saved(dict({{"model", module_of(dict({{"w", call}}))}})), R"("system" of "os")");
  expect_refused(saved(object("builtins", "eval", text("1"))), R"("eval" of "builtins")");
  expect_refused(saved(dict({{"w", test::global("torch._utils", "_rebuild_tensor_v2") + call + "\x85R"}})),
                 "os");
}

TEST_F(PtReaderTest, StoragesAreAsLongAsAnnounced) {
  expect_refused(saved(dict({{"w", kHalf4}}), kFour + "x"), "it has 9 bytes");
  expect_refused(saved(dict({{"w", kHalf4}}), kFour.substr(2)), "it has 6 bytes");
  expect_refused(saved(dict({{"w", tensor("HalfStorage", "0", INT32_MAX, 4)}})), "2147483647 elements");
  expect_refused(saved(dict({{"w", tensor("HalfStorage", "1", 4, 4)}})), "no entry 'x/data/1'");
  expect_refused(saved(dict({{"w", tensor("HalfStorage", "../data.pkl", 4, 4)}})), "no entry");
}

/// A stride of 0 makes any size of a few bytes; many tensors can share one storage.
TEST_F(PtReaderTest, WidenedTensorsAreBounded) {
  expect_refused(saved(dict({{"w", tensor("HalfStorage", "0", 4, INT32_MAX, 0)}})), "many times larger");
  const std::string storage(6'000'000, '\0');
  const std::string shared = tensor("HalfStorage", "0", 3'000'000, 3'000'000);
  EXPECT_NO_THROW(PtReader(saved(dict({{"a", shared}}), storage)));
  expect_refused(saved(dict({{"a", shared}, {"b", shared}, {"c", shared}}), storage), "many times larger");
}

TEST_F(PtReaderTest, NamesAreChecked) {
  for (const std::string& name : {""s, "../w"s, "a b"s, "a\nb"s, "\xff"s, std::string(301, 'a')}) {
    expect_refused(saved(dict({{name, kHalf4}})), "tensor name");
  }
  expect_refused(saved(dict({{"w", kHalf4}, {"w", kHalf4}})), "stands twice");
  expect_refused(saved(module_of(dict({{"w", kHalf4}}), dict({{"w", kHalf4}}))), "stands twice");
  const auto named = [](const std::string& names) { return module_of("}", "}", "}", text("names") + names); };
  expect_refused(saved(named("]" + text("\xff") + "a")), "class name");
  expect_refused(saved(named("]" + text("a\nb") + "a")), "class name");
  expect_refused(saved(named("}K\5" + text("a") + "s")), "class ids");
  expect_refused(saved(named("}J\xff\xff\xff\xff" + text("a") + "s")), "class ids");
}

TEST_F(PtReaderTest, ModulesInsideThemselves) {
  // state = {}; module.state = state; state["_modules"] = {"m": module}
  const std::string cycle =
      test::global("yolov6.a", "B") + ")\x81q\1}" + text("_modules") + "}" + text("m") + "h\1ssb";
  expect_refused(saved(cycle), "nested too deeply");
  // 40 levels of two references each: 2^40 modules without a tensor
  std::string wide = module_of("}");
  for (int level = 0; level < 40; ++level) {
    wide +=
        "q\1"
        "0" +
        module_of("}", "}", "}(" + text("l") + "h\1" + text("r") + "h\1u");
  }
  expect_refused(saved(wide), "more often");
}

TEST_F(PtReaderTest, MemoryBombs) {
  expect_refused(saved(std::string(3'000'000, ']')), "more objects");
  std::string lists;
  for (int i = 0; i < 2'000'000; ++i) lists += "]0";
  expect_refused(saved(lists + "N"), "more objects");
  std::string memo = "N";
  for (uint32_t i = 0; i < 1'000'000; ++i) memo += "\x94";
  expect_refused(saved(memo + "Nr\xff\xff\xff\x7f"), "memo");
}

TEST_F(PtReaderTest, DamagedFilesAreReadOrRefused) {
  const ir::Array weight{{2}, std::vector<float>{1, 2}}, count{{}, std::vector<int64_t>{3}};
  write_pt(path_, {{"w", &weight}, {"n", &count}});
  const std::string bytes = read_file(path_);
  ASSERT_NO_THROW(PtReader{path_});
  for (size_t i = 0; i < bytes.size(); i += 5) {  // files cost time; the readers' own tests leave out nothing
    EXPECT_THROW(PtReader(file_of(bytes.substr(0, i))), InputError);
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 8));
    try {
      const PtReader reader(file_of(flipped));
      for (const auto& [name, tensor] : reader.network().tensors) reader.array(tensor);
    } catch (const InputError&) {
    }
  }
}

TEST_F(PtReaderTest, WriterIsDeterministicAndAligned) {
  const ir::Array weight{{2}, std::vector<float>{1, 2}};
  write_pt(path_, {{"w", &weight}});
  const std::string first = read_file(path_);
  write_pt(path_, {{"w", &weight}});
  EXPECT_EQ(read_file(path_), first);
  EXPECT_EQ(first.find("\0\0\x80\x3f\0\0\0\x40"s) % 64, 0U);
  EXPECT_THROW(write_pt(path_, {{"w", &weight}, {"w", &weight}}), InternalError);
}

}  // namespace
}  // namespace y6q::formats
