#include "data/image_index.h"

#include <cstdlib>

#include "fuzz/target.h"

// The lines of an index of images, under a first line and a digest that are right, are images or nothing.
// What was accepted comes back from its own text.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q;
  const std::string empty = data::image_index_text({});
  std::string text = empty.substr(0, empty.find('\n') + 1);
  text.append(reinterpret_cast<const char*>(data), size);
  const data::FoundImages images = data::parse_image_index(text + "sha256 " + sha256_hex(text) + "\n");
  if (data::parse_image_index(data::image_index_text(images)) != images) std::abort();
  return 0;
}
