#include "formats/test_archive.h"
#include "hostile/checkpoint_files.h"

// Zip archives and the older container, damaged or put together to deceive.
namespace y6q::hostile {
namespace {

using namespace std::string_literals;
using formats::test::archive;
using formats::test::ArchiveEntry;
using formats::test::dict;
using formats::test::end_record;
using formats::test::put;
using formats::test::tensor;

const std::string kStorage = "\x00\x3c\x00\x40\x00\x42\x00\x44"s;
const std::string kPickle = "\x80\x02" + dict({{"w", tensor("HalfStorage", "0", 4, 4)}}) + ".";

std::string good() { return archive({{"x/data.pkl", kPickle}, {"x/data/0", kStorage}}); }

HostileFile file(const std::string& kind, const std::string& bytes, const std::string& message) {
  return {kind, [=](const std::string&) { return bytes; }, message};
}
HostileFile with(const std::string& kind, const ArchiveEntry& entry, const std::string& message) {
  return file(kind, archive({{"x/data.pkl", kPickle}, {"x/data/0", kStorage}, entry}), message);
}

std::string flipped(std::string bytes, const std::string& at) {
  const size_t place = bytes.find(at);
  bytes[place] = static_cast<char>(bytes[place] ^ 0x10);
  return bytes;
}

/// The end record of a zip64 archive that is found at `place`.
std::string zip64_end(uint64_t place) {
  std::string bytes = "PK\3\4" + std::string(60, '\0') + "PK\6\7" + std::string(4, '\0');
  put(bytes, place);
  put<uint32_t>(bytes, 1);
  return bytes + end_record(0xffff, 0xffffffff, 0xffffffff);
}

std::string older(const std::string& keys, int64_t count, const std::string& storage) {
  std::string bytes = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s + "\x80\x02M\xe9\x03."s +
                      "\x80\x02" + dict({{"little_endian", "\x88"}}) + "." + kPickle + "\x80\x02" + keys +
                      ".";
  put(bytes, count);
  return bytes + storage;
}
const std::string kKeys = "]" + formats::test::text("0") + "a";

}  // namespace

std::vector<HostileFile> hostile_archives() {
  const auto place_of_storage = static_cast<int64_t>(30 + 10 + kPickle.size());
  return {
      file("EmptyFile", "", "is an empty file"),
      file("OnlyTheFirstLetters", "PK", "no end of a zip archive"),
      file("CutInHalf", good().substr(0, good().size() / 2), "no end of a zip archive"),
      file("WithoutItsLastByte", good().substr(0, good().size() - 1), "no end of a zip archive"),
      file("BitOfAWeightFlipped", flipped(good(), kStorage), "checksum"),
      file("BitOfThePickleFlipped", flipped(good(), "torch._utils"), "checksum"),
      file("BitOfAnEntrysHeaderFlipped", flipped(good(), "x/data/0"), "another name"),
      with("CompressedBomb", {"x/data/1", "abc", 8, 0, 0xfffffffe, 3}, "compressed"),
      with("CompressedToTheSameSize", {"x/data/1", "abc", 8}, "compressed"),
      with("EncryptedEntry", {"x/data/1", "abc", 0, 1}, "encrypted"),
      with("EntryThatReachesBeyondTheArchive", {"x/data/1", "abc", 0, 0, 0x7fffffff, 0x7fffffff}, "beyond"),
      with("OverlappingEntries", {"x/data/0", kStorage, 0, 0, -1, -1, place_of_storage}, "twice"),
      with("EntryInsideAnother", {"x/data/1", "", 0, 0, -1, -1, place_of_storage, "x/data/0"},
           "another name"),
      with("PathUpwards", {"x/../../../etc/cron.d/y", "abc"}, "relative paths"),
      with("AbsolutePath", {"/etc/cron.d/y", "abc"}, "relative paths"),
      with("PathOfWindows", {"C:\\y", "abc"}, "relative paths"),
      with("EntryThatStandsTwice", {"x/data.pkl", kPickle}, "stands twice"),
      with("TorchScriptProgram", {"x/constants.pkl", ""}, "TorchScript"),
      with("WrittenOnABigEndianMachine", {"x/byteorder", "big"}, "big-endian"),
      file("ArchiveWithoutAPickle", archive({{"x/readme.txt", "hello"}}), "without data.pkl"),
      file("IndexBeyondTheEnd", "PK\3\4" + std::string(40, '\0') + end_record(1, 46, 0x7fffffff), "beyond"),
      file("SixtyThousandEntriesInNoIndex", "PK\3\4" + std::string(40, '\0') + end_record(0xfff0, 0, 0),
           "entries"),
      file("ArchiveInParts", "PK\3\4" + std::string(40, '\0') + "PK\5\6\1\0\1\0"s + std::string(14, '\0'),
           "part"),
      file("Zip64RecordBeyondTheEnd", zip64_end(0x7fffffffffffffff), "beyond"),
      file("Zip64RecordThatIsNone", zip64_end(0), "no zip64 end record"),
      file("OlderContainerCut", older(kKeys, 4, kStorage.substr(2)), "damaged or cut"),
      file("OlderContainerWithAHugeStorage", older(kKeys, INT64_MAX, kStorage), "damaged or cut"),
      file("OlderContainerWithANegativeStorage", older(kKeys, -1, kStorage), "damaged or cut"),
      file("OlderContainerWithoutItsStorages", older("]", 4, kStorage), "is missing"),
      file("PickleOfNoCheckpoint", "\x80\x02}.", "magic number"),
  };
}

}  // namespace y6q::hostile
