#include "base/library_function.h"

#include <dlfcn.h>

#include "base/errors.h"

namespace y6q {

void* library_symbol(std::span<const char* const> libraries, const char* name) {
  void* library = nullptr;
  for (const char* candidate : libraries) {
    library = ::dlopen(candidate, RTLD_NOW);
    if (library != nullptr) break;
  }
  if (library == nullptr) {
    throw EnvironmentError("CUDA: {} cannot be loaded; ./run setup --cuda fetches what is missing",
                           libraries.front());
  }
  void* const symbol = ::dlsym(library, name);
  if (symbol == nullptr) throw EnvironmentError("CUDA: {} has no function {}", libraries.front(), name);
  return symbol;
}

}  // namespace y6q
