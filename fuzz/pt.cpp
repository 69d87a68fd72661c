#include "base/errors.h"
#include "formats/pt_reader.h"
#include "fuzz/target.h"

// Bytes are a checkpoint or an error of the input, never anything else. Every tensor of what was accepted
// lies inside the bytes: all are widened.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace y6q::formats;
  try {
    const PtReader reader(std::as_bytes(std::span(data, size)), "fuzz");
    const PtCheckpoint& checkpoint = reader.checkpoint();
    for (const auto& network : {checkpoint.model, checkpoint.ema}) {
      if (!network) continue;
      for (const auto& [name, tensor] : network->tensors) reader.array(tensor);
    }
    if (checkpoint.optimizer) {
      for (const auto& [position, tensor] : checkpoint.optimizer->momentum) reader.array(tensor);
    }
    for (const auto& group : checkpoint.tensor_groups) {
      for (const PtTensor& tensor : group) reader.array(tensor);
    }
  } catch (const y6q::InputError&) {
  }
  return 0;
}
