#pragma once

#include <span>

namespace y6q {

/// Address of a C function of the first of these shared libraries that is installed; loads it, and keeps it
/// for the life of the process. Throws EnvironmentError that names the library or the function; the libraries
/// are NVIDIA's, which `./run setup --cuda` and the driver bring.
void* library_symbol(std::span<const char* const> libraries, const char* name);

template <typename Signature>
Signature* library_function(std::span<const char* const> libraries, const char* name) {
  return reinterpret_cast<Signature*>(library_symbol(libraries, name));
}

}  // namespace y6q
