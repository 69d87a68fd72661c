#include "formats/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace y6q::formats::pickle {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kHead = "\x80\x02"s;

std::string u32(uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof(value)}; }
std::string text(const std::string& value) { return "X" + u32(static_cast<uint32_t>(value.size())) + value; }
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string repeated(const std::string& part, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += part;
  return result;
}

/// What would grow without bounds is refused by a count of objects or steps; without it a test would not end.
/// (tests/hostile measures processor time.)
void expect_refused(const std::string& data, const std::string& reason) {
  EXPECT_THAT([&] { read_pickle(data, "file.pt"); }, ThrowsMessage<InputError>(HasSubstr(reason)));
}

/// The root, which must be a T.
template <typename T>
T root_of(const std::string& data) {
  const Result result = read_pickle(data, "file.pt");
  return std::get<T>(result.document[result.document.root]);
}

/// Written by hand from the table of opcodes of Python's pickletools.
TEST(Pickle, Numbers) {
  EXPECT_EQ(root_of<int64_t>(kHead + "K\xff."), 255);
  EXPECT_EQ(root_of<int64_t>(kHead + "M\x01\x02."), 0x201);
  EXPECT_EQ(root_of<int64_t>(kHead + "J\xfe\xff\xff\xff."), -2);
  EXPECT_EQ(root_of<int64_t>(kHead + "\x8a\x00."s), 0);
  EXPECT_EQ(root_of<int64_t>(kHead + "\x8a\x02\x00\xff."s), -256);
  EXPECT_EQ(root_of<int64_t>(kHead + "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f."s), INT64_MAX);
  EXPECT_EQ(root_of<double>(kHead + "G\x3f\xf8\x00\x00\x00\x00\x00\x00."s), 1.5);
  EXPECT_EQ(root_of<bool>(kHead + "\x88."), true);
  EXPECT_EQ(root_of<Bytes>(kHead + "\x8a\x09"s + std::string(9, '\1') + ".").bytes, std::string(9, '\1'));
}

TEST(Pickle, CollectionsKeepOrderAndShareValues) {
  // {'b': [1, 2], 'a': the same list}
  const std::string data = kHead + "}(" + text("b") + "](K\1K\2eq\1" + text("a") + "h\1u.";
  const Result result = read_pickle(data, "file.pt");
  EXPECT_EQ(result.size, data.size());
  const auto& entries = std::get<Dict>(result.document[result.document.root]).entries;
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(std::get<Text>(result.document[entries[0].first]).text, "b");
  EXPECT_EQ(std::get<Text>(result.document[entries[1].first]).text, "a");
  EXPECT_EQ(entries[0].second, entries[1].second);
  EXPECT_EQ(std::get<Sequence>(result.document[entries[0].second]).items.size(), 2U);
}

TEST(Pickle, ListsMayHoldThemselves) {
  const Result result = read_pickle(kHead + "]q\0h\0a."s, "file.pt");
  EXPECT_EQ(std::get<Sequence>(result.document[result.document.root]).items.front(), result.document.root);
}

TEST(Pickle, Protocol4) {
  const std::string data =
      "\x80\x04\x95\x13\0\0\0\0\0\0\0\x8c\x05torch\x94\x8c\x07"s + "float16\x94\x93\x94.";
  EXPECT_EQ(root_of<Global>(data).name, "float16");
}

TEST(Pickle, ClassesBecomeAttributes) {
  const std::string data = kHead + global("yolov6.models.yolo", "Model") + ")\x81}" + text("nc") + "K\3sb.";
  const Result result = read_pickle(data, "file.pt");
  const auto& object = std::get<Object>(result.document[result.document.root]);
  EXPECT_EQ(object.name, "Model");
  EXPECT_EQ(std::get<Dict>(result.document[object.state]).entries.size(), 1U);
}

std::string numpy(const std::string& name) { return global("numpy.core.multiarray", name); }
std::string dtype(const std::string& code) {
  return global("numpy", "dtype") + text(code) + "\x89\x88\x87R(K\3" + text("<") + "NNNJ\xff\xff\xff\xffJ" +
         "\xff\xff\xff\xffK\0tb"s;
}

TEST(Pickle, NumpyScalarOfProtocol2) {
  // 1.5 = 3f f8 00…: bytes are a latin-1 text, of which 0xf8 takes two
  const std::string value =
      global("_codecs", "encode") + text("\0\0\0\0\0\0\xc3\xb8?"s) + text("latin1") + "\x86R";
  EXPECT_EQ(root_of<double>(kHead + numpy("scalar") + dtype("f8") + value + "\x86R."), 1.5);
  const std::string direct = "\x80\x03" + numpy("scalar") + dtype("i4") + "C\4\xfe\xff\xff\xff\x86R.";
  EXPECT_EQ(root_of<int64_t>(direct), -2);
}

TEST(Pickle, NumpyArray) {
  const std::string array = numpy("_reconstruct") + global("numpy", "ndarray") + "K\0\x85"s + "C\1b\x87R";
  const std::string state = "(K\1K\2K\1\x86" + dtype("u1") + "\x89" + "C\2\7\x09tb.";
  const std::string data = "\x80\x03" + array + state;
  const Result result = read_pickle(data, "file.pt");
  const auto& tensor = std::get<Tensor>(result.document[result.document.root]);
  EXPECT_EQ(tensor.sizes, (ir::Shape{2, 1}));
  EXPECT_EQ(std::get<Storage>(result.document[tensor.storage]).bytes, "\7\x09");
  expect_refused("\x80\x03" + array + "(K\1K\3K\1\x86" + dtype("u1") + "\x89" + "C\2\7\x09tb.",
                 "does not fill");
  expect_refused("\x80\x03" + array + "(K\1K\2K\1\x86" + dtype("O8") + "\x89" + "C\2\7\x09tb.", "numpy type");
}

class RefusedGlobal : public testing::TestWithParam<std::pair<const char*, const char*>> {};

/// Named, in every way a pickle can ask for it, and never executed.
TEST_P(RefusedGlobal, IsNamed) {
  const auto [module, name] = GetParam();
  const std::string quoted = fmt::format("{:?} of {:?}", name, module);
  const std::string argument = text("touch executed");
  expect_refused(kHead + global(module, name) + argument + "\x85R.", quoted);
  expect_refused(kHead + global(module, name) + argument + "\x85\x81.", quoted);
  expect_refused("\x80\x04" + text(module) + text(name) + "\x93" + argument + "\x85R.", quoted);
}

INSTANTIATE_TEST_SUITE_P(
    Pickle, RefusedGlobal,
    testing::Values(std::pair{"os", "system"}, std::pair{"posix", "system"}, std::pair{"nt", "system"},
                    std::pair{"subprocess", "Popen"}, std::pair{"subprocess", "check_output"},
                    std::pair{"builtins", "eval"}, std::pair{"builtins", "exec"},
                    std::pair{"__builtin__", "eval"}, std::pair{"builtins", "getattr"},
                    std::pair{"builtins", "__import__"}, std::pair{"builtins", "open"},
                    std::pair{"importlib", "import_module"}, std::pair{"copyreg", "_reconstructor"},
                    std::pair{"copy_reg", "_reconstructor"}, std::pair{"copyreg", "add_extension"},
                    std::pair{"pickle", "loads"}, std::pair{"_pickle", "loads"}, std::pair{"sys", "exit"},
                    std::pair{"runpy", "run_path"}, std::pair{"torch", "load"},
                    std::pair{"torch.hub", "load"}, std::pair{"torch._utils", "_import_dotted_name"},
                    std::pair{"operator", "attrgetter"}, std::pair{"functools", "partial"},
                    std::pair{"types", "CodeType"}, std::pair{"argparse", "Namespace"},
                    std::pair{"yolov6evil", "Model"}, std::pair{"yolov6.models", "yolo.os.system"},
                    std::pair{"yolov6..models", "Model"}, std::pair{"torch.nn.modules.os\xff", "system"}));

TEST(Pickle, WhatIsKnownIsNotCalledOtherwise) {
  expect_refused(kHead + global("torch", "float16") + ")R.", "accepted as a name only");
  expect_refused(kHead + global("torch", "FloatStorage") + ")R.", "accepted as a name only");
  expect_refused(kHead + text("os.system") + ")R.", "what is called is a text");
  // The result of a call is called: no object is callable.
  expect_refused(kHead + global("yolov6.a", "B") + ")R)R.", "what is called is an object");
  expect_refused(kHead + global("collections", "OrderedDict") + ")R)R.", "what is called is a dictionary");
  expect_refused(kHead + global("_codecs", "encode") + text("x") + text("rot13") + "\x86R.", "rot13");
  const std::string from_type = global("torch._tensor", "_rebuild_from_type_v2");
  expect_refused(kHead + from_type + "(" + from_type + global("torch", "Tensor") + ")}tR.", "inside another");
  expect_refused(kHead + "N}b.", "none is given a state");
  expect_refused(kHead + global("yolov6.a", "B") + ")\x81K\1b.", "an object's state is an integer");
}

std::string storage(const std::string& type, uint32_t count) {
  return "(" + text("storage") + global("torch", type) + text("0") + text("cpu") + "J" + u32(count) + "tQ";
}
std::string tensor(uint32_t count, const std::string& offset, const std::string& sizes,
                   const std::string& strides) {
  return kHead + global("torch._utils", "_rebuild_tensor_v2") + "(" + storage("FloatStorage", count) +
         offset + sizes + strides + "\x89}tR.";
}

TEST(Pickle, TensorsStayInTheirStorage) {
  EXPECT_EQ(root_of<Tensor>(tensor(6, "K\0"s, "K\2K\3\x86", "K\3K\1\x86")).sizes, (ir::Shape{2, 3}));
  EXPECT_EQ(root_of<Tensor>(tensor(0, "K\0"s, "K\0K\3\x86"s, "K\3K\1\x86")).sizes, (ir::Shape{0, 3}));
  const std::string beyond = "reaches beyond its storage";
  expect_refused(tensor(5, "K\0"s, "K\2K\3\x86", "K\3K\1\x86"), beyond);
  expect_refused(tensor(6, "K\1", "K\2K\3\x86", "K\3K\1\x86"), beyond);
  expect_refused(tensor(6, "J\xff\xff\xff\xff", "K\2K\3\x86", "K\3K\1\x86"), beyond);
  expect_refused(tensor(6, "K\0"s, "K\2K\3\x86", "J\xff\xff\xff\xffK\1\x86"), "numbers >= 0");
  expect_refused(tensor(6, "K\0"s, "K\2K\3\x86", "K\1\x85"), "2 sizes and 1 strides");
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  expect_refused(tensor(6, "K\0"s, huge + huge + "\x86", "K\0K\0\x86"s), beyond);
  expect_refused(tensor(6, huge, huge + "\x85", huge + "\x85"), beyond);
  expect_refused(tensor(1, "K\0"s, "(" + repeated("K\1", 9) + "t", "(" + repeated("K\1", 9) + "t"),
                 "9 dimensions");
  expect_refused(kHead + storage("FloatStorage", 0xffffffff) + ".", "-1 elements");
  expect_refused(kHead + "(" + text("module") + "NNNNtQ.", "other than a storage");
  expect_refused(kHead + "(" + text("storage") + "NNNtQ.", "other than a storage");
  expect_refused(kHead + "(" + text("module") + "NNNtQ.", "a module's class is none");
  expect_refused(kHead + "(" + text("module") + global("os", "system") + "NNtQ.", R"("system" of "os")");
}

TEST(Pickle, LengthsAreCheckedAgainstTheFile) {
  for (const std::string op : {"X", "T", "B"})
    expect_refused(kHead + op + u32(0xffffffff) + "ab.", "are left");
  for (const std::string op : {"\x8d", "\x8e", "\x96"}) {
    expect_refused("\x80\x05" + op + std::string(8, '\xff') + "ab.", "are left");
  }
  expect_refused(kHead + "\x8b" + u32(0x7fffffff) + "ab.", "are left");
  expect_refused("\x80\x04\x95" + std::string(8, '\x7f') + "N.", "frame");
  expect_refused(kHead + "c" + std::string(5000, 'a') + "\nb\n.", "a name without an end");
}

TEST(Pickle, MemoIsBounded) {
  expect_refused(kHead + "Nr" + u32(0xfffffffe) + ".", "memo entry 4294967294");
  expect_refused(kHead + "j" + u32(7) + ".", "memo entry 7 is not set");
  expect_refused(kHead + "q\1.", "a value is missing");
}

TEST(Pickle, StackIsBounded) {
  expect_refused(kHead + std::string(3'000'000, 'N') + ".", "open at once");
  expect_refused(kHead + std::string(3'000'000, '(') + ".", "open at once");
  expect_refused(kHead + "N" + std::string(3'000'000, '2') + ".", "open at once");
  expect_refused(kHead + "0.", "a value is missing");
  expect_refused(kHead + "N(0" + "0" + "0.", "a value is missing");
  expect_refused(kHead + "N(a.", "a value is missing");
  expect_refused(kHead + "e.", "a mark is missing");
  expect_refused(kHead + "(K\1\x86.", "a value is missing");
  expect_refused(kHead + "NN.", "left over");
  expect_refused(kHead + "}(K\1u.", "a key without a value");
}

/// One byte each, in a tree as deep as the file is long: nothing recurses.
TEST(Pickle, DeepNestingIsReadOrRefusedWithoutRecursion) {
  EXPECT_EQ(root_of<Sequence>(kHead + ")" + std::string(100'000, '\x85') + ".").items.size(), 1U);
  expect_refused(kHead + ")" + std::string(10'000'000, '\x85') + ".", "more objects");
  expect_refused(kHead + repeated("]0", 5'000'000) + "N.", "more objects");
  const std::string pairs = ")" + repeated("2\x86", 50'000);  // 2^50000 leaves, shared
  EXPECT_EQ(root_of<Sequence>(kHead + pairs + ".").items.size(), 2U);
}

TEST(Pickle, OneSharedArgumentIsNotCopied) {
  const std::string tuple = "(" + std::string(400'000, 'N') + "tq\1" + "0";
  expect_refused(kHead + tuple + repeated(global("torch", "Size") + "h\1R0", 100'000) + "N.", "arguments");
  expect_refused(kHead + tuple + repeated("h\1Q0", 100'000) + "N.", "arguments");
}

TEST(Pickle, OtherOpcodesAreRefused) {
  for (const char op :
       {'i', 'o', 'P', 'I', 'L', 'F', 'S', 'V', 'g', 'p', '\x82', '\x83', '\x84', '\x97', '\x98', '\0'}) {
    expect_refused(kHead + "(N" + std::string(1, op) + "os\nsystem\n.", "no checkpoint needs");
  }
}

TEST(Pickle, NotAPickle) {
  expect_refused("", "are left");
  expect_refused("hello", "does not start as a pickle");
  expect_refused("\x80\x01N.", "protocol 1");
  expect_refused("\x80\x06N.", "protocol 6");
  expect_refused(kHead + "N", "are left");
}

/// Every cut and every flipped bit of a small checkpoint: read or refused, nothing else.
TEST(Pickle, DamagedOnesAreReadOrRefused) {
  const std::string whole = kHead + "}(" + text("state") +
                            tensor(6, "K\0"s, "K\2K\3\x86", "K\3K\1\x86").substr(2, std::string::npos);
  const std::string data =
      whole.substr(0, whole.size() - 1) + text("n") + numpy("scalar") + dtype("i4") + "C\4\1\2\3\4\x86Ru.";
  ASSERT_NO_THROW(read_pickle(data, "file.pt"));
  for (size_t i = 0; i < data.size(); ++i) {
    EXPECT_THROW(read_pickle(data.substr(0, i), "file.pt"), InputError);
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = data;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      try {
        read_pickle(flipped, "file.pt");
      } catch (const InputError&) {
      }
    }
  }
}

}  // namespace
}  // namespace y6q::formats::pickle
