#include "formats/test_archive.h"
#include "hostile/checkpoint_files.h"

// Pickles that would run something, or eat memory and time, in a reader that believes them.
namespace y6q::hostile {
namespace {

using namespace std::string_literals;
using formats::test::archive;
using formats::test::dict;
using formats::test::global;
using formats::test::integer;
using formats::test::object;
using formats::test::put;
using formats::test::tensor;
using formats::test::text;

const std::string kStorage = "\x00\x3c\x00\x40\x00\x42\x00\x44"s;

std::string zipped(const std::string& value) {
  return archive({{"x/data.pkl", "\x80\x02" + value + "."}, {"x/data/0", kStorage}});
}
std::string older(const std::string& value) {
  return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s + "\x80\x02M\xe9\x03."s + "\x80\x02" +
         dict({{"little_endian", "\x88"}}) + "." + "\x80\x02" + value + ".\x80\x02].";
}
std::string called(const std::string& callee, const std::string& argument) {
  return callee + text(argument) + "\x85R";
}
std::string touch(const std::string& marker) { return "touch '" + marker + "'"; }

/// A model entry that calls module.name with the text that `argument` makes of the marker.
HostileFile call(const std::string& kind, const std::string& module, const std::string& name,
                 std::string (*argument)(const std::string&) = touch) {
  return {kind,
          [=](const std::string& marker) {
            return zipped(dict({{"model", called(global(module, name), argument(marker))}}));
          },
          name};
}
HostileFile value(const std::string& kind, const std::string& pickled, const std::string& message) {
  return {kind, [=](const std::string&) { return zipped(pickled); }, message};
}

std::string python(const std::string& marker) { return "open('" + marker + "', 'w')"; }
std::string plain(const std::string& marker) { return marker; }

std::vector<HostileFile> calls() {
  return {
      call("OsSystem", "os", "system"),
      call("PosixSystem", "posix", "system"),
      call("NtSystem", "nt", "system"),
      call("OsPopen", "os", "popen"),
      call("SubprocessPopen", "subprocess", "Popen"),
      call("SubprocessCheckOutput", "subprocess", "check_output"),
      call("PtySpawn", "pty", "spawn"),
      call("BuiltinsEval", "builtins", "eval", python),
      call("BuiltinsExec", "builtins", "exec", python),
      call("OldBuiltinsEval", "__builtin__", "eval", python),
      call("BuiltinsOpen", "builtins", "open", plain),
      call("BuiltinsImport", "builtins", "__import__", plain),
      call("BuiltinsGetattr", "builtins", "getattr", plain),
      call("ImportlibImportModule", "importlib", "import_module", plain),
      call("RunpyRunPath", "runpy", "run_path", plain),
      call("ShutilRmtree", "shutil", "rmtree", plain),
      call("CopyregReconstructor", "copyreg", "_reconstructor", plain),
      call("CopyregNewObject", "copy_reg", "__newobj__", plain),
      call("CopyregAddExtension", "copyreg", "add_extension", plain),
      call("FunctoolsPartial", "functools", "partial", plain),
      call("OperatorAttrgetter", "operator", "attrgetter", plain),
      call("MarshalLoads", "marshal", "loads", plain),
      call("TypesFunctionType", "types", "FunctionType", plain),
      call("PickleLoads", "pickle", "loads", plain),
      call("TorchLoadFromBytes", "torch.storage", "_load_from_bytes", plain),
      call("TorchHubLoad", "torch.hub", "load", plain),
      call("TorchUtilsCheckpoint", "torch.utils.checkpoint", "checkpoint", plain),
      call("NumpyLoad", "numpy", "load", plain),
      call("SparseTensor", "torch._utils", "_rebuild_sparse_tensor", plain),
      call("QuantizedTensor", "torch._utils", "_rebuild_qtensor", plain),
      call("DistributedTensor", "torch.distributed.tensor", "DTensor", plain),
      call("PathThroughAnAcceptedModule", "torch.nn.modules..os", "system"),
      call("PathThroughAnAcceptedName", "torch.nn.modules.linear", "os.system"),
      call("ModuleThatOnlyBeginsAsOurs", "yolov6evil", "load"),
      call("StorageThatIsCalled", "torch", "FloatStorage", plain),
      {"OlderContainerWithOsSystem",
       [](const std::string& marker) { return older(called(global("os", "system"), touch(marker))); },
       "system"},
  };
}

/// The same without a plain call.
std::vector<HostileFile> tricks() {
  const auto shell = [](const std::string& marker) { return called(global("os", "system"), touch(marker)); };
  const auto with = [](auto make) { return [=](const std::string& marker) { return zipped(make(marker)); }; };
  return {
      {"NestedReduce", with([=](auto& m) { return shell(m) + ")R" + ")R"; }), "system"},
      {"CallInsideATensor",
       with([=](auto& m) { return global("torch._utils", "_rebuild_tensor_v2") + "(" + shell(m) + "tR"; }),
       "system"},
      {"CallInsideAModulesState", with([=](auto& m) {
         return object("yolov6.models.yolo", "Model", dict({{"_modules", shell(m)}}));
       }),
       "system"},
      {"CallAsADictionaryKey", with([=](auto& m) { return "}" + shell(m) + "Ns"; }), "system"},
      {"NewObjectOfPopen",
       with([](auto& m) { return global("subprocess", "Popen") + text(touch(m)) + "\x85\x81"; }), "Popen"},
      {"NewObjectWithNamedArguments", with([](auto& m) {
         return global("subprocess", "Popen") + ")" + dict({{"args", text(m)}}) + "\x92";
       }),
       "Popen"},
      {"GlobalFromTheStack",
       with([](auto& m) { return text("os") + text("system") + "\x93" + text(touch(m)) + "\x85R"; }),
       "system"},
      {"InstOpcode", with([](auto& m) { return "(" + text(touch(m)) + "ios\nsystem\n"; }), "opcode 0x69"},
      {"ObjOpcode", with([](auto& m) { return "(" + global("torch", "Size") + text(m) + "o"; }),
       "opcode 0x6f"},
      {"ExtensionOpcode", with([](auto&) { return "\x82\x01)R"s; }), "opcode 0x82"},
      {"PersistentIdAsText", with([](auto&) { return "Pos.system\n"s; }), "opcode 0x50"},
      {"ResultThatIsCalled", with([](auto&) { return "]K\1\x85R"s; }), "what is called"},
      {"ClassThatIsGivenAState", with([](auto&) { return global("torch", "Tensor") + "}b"; }),
       "given a state"},
  };
}

/// state = {}; module.state = state; state["_modules"] = {"m": module}
std::string module_inside_itself() {
  return global("yolov6.a", "B") + ")\x81q\1}" + text("_modules") + "}" + text("m") + "h\1ssb";
}

/// 40 levels of two references each: 2^40 modules.
std::string module_tree() {
  std::string levels = object("yolov6.a", "B", dict({{"_modules", "}"}}));
  for (int level = 0; level < 40; ++level) {
    levels +=
        "q\1"
        "0" +
        object("yolov6.a", "B", "}" + text("_modules") + "}(" + text("l") + "h\1" + text("r") + "h\1us");
  }
  return levels;
}

/// A stack of far more blocks than any network has.
std::string thousands_of_blocks(const std::string& kernel) {
  std::vector<std::pair<std::string, std::string>> entries{{"backbone.stem.conv.weight", kernel}};
  for (int i = 0; i < 5000; ++i) {
    entries.emplace_back("backbone.ERBlock_2.1.block." + std::to_string(i) + ".conv.weight", kernel);
  }
  return dict(entries);
}

std::vector<HostileFile> bombs() {
  const std::string four = tensor("HalfStorage", "0", 4, 4);
  std::string numbers = "N";
  put<uint32_t>(numbers += "0Nr", 0x7fffffff);
  return {
      value("MemoEntryThatIsNotSet", "j\x10\0\0\0"s, "memo entry"),
      value("MemoEntryFarAway", numbers, "memo entry"),
      value("MemoGrowsWithoutEnd", "N" + repeated("\x94", 4'000'000), "objects"),
      value("TextOfFourGigabytes",
            "X\xff\xff\xff\xff"
            "abc",
            "before byte"),
      value("TextOfEightExabytes",
            "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"
            "abc",
            "before byte"),
      value("IntegerOfTwoGigabytes",
            "\x8b\xff\xff\xff\x7f"
            "abc",
            "before byte"),
      value("FrameBeyondTheEnd",
            "\x95\xff\xff\xff\xff\xff\xff\xff\xff"
            "N",
            "frame"),
      value("MillionsOfLists", repeated("]", 4'000'000), "objects"),
      value("ListsInsideLists", "]" + repeated("]", 300'000) + repeated("a", 300'000), "is a collection"),
      value("MillionsOfMarks", repeated("(", 3'000'000), "marks"),
      value("NothingOnTheStack", "0000", "before byte"),
      {"NoEnd",
       [](const std::string&) {
         return archive({{"x/data.pkl", "\x80\x02}"}});
       },
       "before byte"},
      value("ValuesLeftOver", "}}", "left over"),
      value("ModuleInsideItself", module_inside_itself(), "nested too deeply"),
      value("TreeOfOneMillionMillionModules", module_tree(), "more often"),
      value("TensorBeyondItsStorage", dict({{"w", tensor("HalfStorage", "0", 4, 5)}}), "reaches beyond"),
      value("TensorOfNegativeStride", dict({{"w", tensor("HalfStorage", "0", 4, 4, -1)}}), "strides"),
      value("TensorOfNegativeSize", dict({{"w", tensor("HalfStorage", "0", 4, -4)}}), "shape"),
      value("TensorOfTwoGigabytesFromEightBytes", dict({{"w", tensor("HalfStorage", "0", 4, INT32_MAX, 0)}}),
            "many times larger"),
      value("StorageLongerThanItsFile", dict({{"w", tensor("HalfStorage", "0", INT32_MAX, 4)}}),
            "are announced"),
      value("StorageOutsideTheArchive", dict({{"w", tensor("HalfStorage", "../../0", 4, 4)}}), "no entry"),
      value("NameOutsideTheFolder", dict({{"../../w", four}}), "tensor name"),
      value("NameThatStandsTwice", dict({{"w", four}, {"w", four}}), "stands twice"),
      value("NameWithATerminalEscape", dict({{"\x1b[2J", four}}), "tensor name"),
      value("NetworkOfAnotherKind", dict({{"features.0.weight", four}}), "stem of a YOLOv6 network"),
      value("NetworkWithoutAlmostEverything", dict({{"backbone.stem.conv.weight", four}}),
            "missing: detect.reg_preds.2.bias [4]"),
      value("NetworkOfFiveThousandBlocks", thousands_of_blocks(tensor("HalfStorage", "0", 4, 1)),
            "unexpected: backbone.ERBlock_2.1.block.4999.conv.weight [1]"),
      value("NumberInsteadOfANetwork", "K\1", "it holds an integer"),
  };
}

}  // namespace

std::vector<HostileFile> hostile_pickles() {
  std::vector<HostileFile> files = calls();
  for (auto& more : {tricks(), bombs()}) files.insert(files.end(), more.begin(), more.end());
  return files;
}

}  // namespace y6q::hostile
