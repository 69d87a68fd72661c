#include "formats/pt_container.h"

#include <cstring>

#include "base/errors.h"
#include "formats/pickle.h"
#include "formats/zip_reader.h"

namespace y6q::formats {
namespace {

using Bytes = std::span<const std::byte>;
using pickle::Id;

constexpr int64_t kLegacyProtocol = 1001;
/// 0x1950a86a20f9469cfc6c, little-endian: starts the older container.
constexpr std::string_view kLegacyMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

template <typename... Args>
[[noreturn]] void fail_container(const fs::path& path, fmt::format_string<Args...> format, Args&&... args) {
  throw InputError("pt: {}: {}", path.string(), fmt::format(format, std::forward<Args>(args)...));
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Calls visit(storage) for each storage that the pickle names.
template <typename Visit>
void for_each_storage(const pickle::Document& document, Visit visit) {
  for (Id id = 0; id < document.size(); ++id) {
    const auto* storage = std::get_if<pickle::Storage>(&document[id]);
    if (storage != nullptr && !storage->key.empty()) visit(*storage);
  }
}

/// Counts are compared as numbers of elements: count * size could overflow.
void check_size(const fs::path& path, const pickle::Storage& storage, Bytes bytes) {
  const auto element = static_cast<uint64_t>(pickle::size_of(storage.type));
  if (bytes.size() % element != 0 || bytes.size() / element != static_cast<uint64_t>(storage.count)) {
    fail_container(
        path, "storage {:?}: {} elements of {} bytes are announced, it has {} bytes; the file is damaged",
        storage.key.substr(0, 40), storage.count, element, bytes.size());
  }
}

std::string find_root(const fs::path& path, const ZipReader& zip) {
  constexpr std::string_view kPickle = "/data.pkl";
  for (const auto& [name, entry] : zip.entries()) {
    const auto slash = name.find('/');
    if (slash == std::string::npos || name.substr(slash) != kPickle) continue;
    const std::string root = name.substr(0, slash + 1);
    if (zip.entries().contains(root + "constants.pkl")) {
      fail_container(path, "it is a TorchScript program; accepted are files of torch.save()");
    }
    return root;
  }
  fail_container(path, "a zip archive without data.pkl; accepted are files of torch.save()");
}

PtContents read_zip(Bytes file, const fs::path& path, const MappedFile* mapped) {
  const ZipReader zip(file, path.string());
  const std::string root = find_root(path, zip);
  if (zip.entries().contains(root + "byteorder") && text_of(zip.read(root + "byteorder")) != "little") {
    fail_container(path, "it was written on a big-endian machine; little-endian is accepted");
  }
  auto [document, size] = pickle::read_pickle(text_of(zip.read(root + "data.pkl")), path.string());
  PtContents contents{std::move(document), {}};
  for_each_storage(contents.document, [&](const pickle::Storage& storage) {
    const auto [place, is_new] = contents.storages.try_emplace(std::string(storage.key));
    if (is_new) {
      place->second = zip.read(fmt::format("{}data/{}", root, storage.key));
      if (mapped != nullptr) mapped->release(place->second);
    }
    check_size(path, storage, place->second);
  });
  return contents;
}

/// What is left of the older container: pickles, then storages, one after another.
struct Sequential {
  const fs::path& path;
  std::string_view left;

  pickle::Document next_pickle() {
    auto [document, size] = pickle::read_pickle(left, path.string());
    left.remove_prefix(size);
    return std::move(document);
  }
  std::string_view take(uint64_t size) {
    if (size > left.size()) {
      fail_container(path, "{} bytes are needed at byte {} from the end; the file is cut", size, left.size());
    }
    const std::string_view part = left.substr(0, size);
    left.remove_prefix(size);
    return part;
  }
};

/// Three pickles before the object: magic number, protocol, facts about the machine that wrote.
void read_legacy_head(Sequential& file) {
  const pickle::Document magic = file.next_pickle();
  const auto* number = std::get_if<pickle::Bytes>(&magic[magic.root]);
  if (number == nullptr || number->bytes != kLegacyMagic) {
    fail_container(file.path, "a pickle without PyTorch's magic number; accepted are files of torch.save()");
  }
  const pickle::Document protocol = file.next_pickle();
  if (const auto* version = std::get_if<int64_t>(&protocol[protocol.root]);
      version == nullptr || *version != kLegacyProtocol) {
    fail_container(file.path, "another version of the container, {} is accepted", kLegacyProtocol);
  }
  const pickle::Document system = file.next_pickle();
  const auto* facts = std::get_if<pickle::Dict>(&system[system.root]);
  if (facts == nullptr) fail_container(file.path, "no description of the machine that wrote it");
  for (const auto& [key, value] : facts->entries) {
    const auto* name = std::get_if<pickle::Text>(&system[key]);
    const auto* truth = std::get_if<bool>(&system[value]);
    if (name != nullptr && name->text == "little_endian" && (truth == nullptr || !*truth)) {
      fail_container(file.path, "it was written on a big-endian machine; little-endian is accepted");
    }
  }
}

/// After the object: a list of keys, then for each its count of elements and its content.
PtContents read_legacy(Bytes file, const fs::path& path) {
  Sequential rest{path, text_of(file)};
  read_legacy_head(rest);
  PtContents contents{rest.next_pickle(), {}};
  const pickle::Document keys = rest.next_pickle();
  std::map<std::string_view, int64_t> element_sizes;
  for_each_storage(contents.document, [&](const pickle::Storage& storage) {
    element_sizes[storage.key] = pickle::size_of(storage.type);
  });
  const auto* list = std::get_if<pickle::Sequence>(&keys[keys.root]);
  if (list == nullptr) fail_container(path, "no list of storages");
  for (const Id id : list->items) {
    const auto* key = std::get_if<pickle::Text>(&keys[id]);
    const auto known = key == nullptr ? element_sizes.end() : element_sizes.find(key->text);
    if (known == element_sizes.end())
      fail_container(path, "its list of storages names one that no tensor uses");
    uint64_t count = 0;
    std::memcpy(&count, rest.take(sizeof(count)).data(), sizeof(count));
    const auto element = static_cast<uint64_t>(known->second);
    if (count > rest.left.size() / element) {
      fail_container(path, "storage {:?}: {} elements, {} bytes are left; the file is damaged or cut",
                     key->text.substr(0, 40), count, rest.left.size());
    }
    const Bytes bytes = std::as_bytes(std::span(rest.take(count * element)));
    if (!contents.storages.emplace(key->text, bytes).second) fail_container(path, "a storage stands twice");
  }
  for_each_storage(contents.document, [&](const pickle::Storage& storage) {
    const auto found = contents.storages.find(storage.key);
    if (found == contents.storages.end())
      fail_container(path, "storage {:?} is missing", storage.key.substr(0, 40));
    check_size(path, storage, found->second);
  });
  return contents;
}

}  // namespace

PtContents read_pt_container(Bytes file, const fs::path& path, const MappedFile* mapped) {
  const std::string_view text = text_of(file);
  if (text.starts_with("PK")) return read_zip(file, path, mapped);
  if (text.starts_with('\x80')) return read_legacy(file, path);
  fail_container(path, "neither a zip archive nor a pickle; accepted are files of torch.save()");
}

}  // namespace y6q::formats
