#pragma once

#include "formats/pickle_value.h"

namespace y6q::formats::pickle {

/// The three operations of a pickle that make objects. All throw Refusal.

/// What calling the global `callee` with the tuple `arguments` describes.
Id reduce(Document& document, Id callee, Id arguments);

/// Gives `target` its state: attributes of objects, bytes of numpy arrays.
void build(Document& document, Id target, Id state);

/// The storage that a tuple ("storage", type, key, location, count[, None]) names; of ("module", class, file,
/// source), in which the older container keeps the text of programs, the class.
Id persistent(Document& document, Id reference);

}  // namespace y6q::formats::pickle
