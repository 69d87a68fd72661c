#pragma once

#include <string>
#include <string_view>

#include "formats/pickle_value.h"

namespace y6q::formats::pickle {

struct Result {
  Document document;
  size_t size = 0;  ///< bytes that the pickle takes from the start of the data
};

/// Reads one pickle of protocols 2 to 5 without executing anything: opcodes and globals outside of an
/// allow-list are refused, globals by their name. Work grows linearly with the size; memory for values is
/// at most 24 MB and half of the size. `data` must outlive the document; what follows the pickle is ignored.
/// Throws InputError naming `place` and byte.
Result read_pickle(std::string_view data, const std::string& place);

}  // namespace y6q::formats::pickle
