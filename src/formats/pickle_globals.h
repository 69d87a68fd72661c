#pragma once

#include <optional>
#include <string_view>

#include "formats/pickle_value.h"

namespace y6q::formats::pickle {

/// The allow-list: what the global `module`.`name` stands for. Throws Refusal naming every other global.
GlobalKind recognise(std::string_view module, std::string_view name);

/// Of "FloatStorage", …; nothing for other names.
std::optional<ElementType> storage_type(std::string_view name);

/// Of "f4", "<f4", …; nothing for other codes and for big-endian ones.
std::optional<ElementType> numpy_type(std::string_view code);

}  // namespace y6q::formats::pickle
