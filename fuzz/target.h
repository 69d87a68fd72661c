#pragma once

#include <cstddef>
#include <cstdint>

/// What libFuzzer and the replay call with each input. Returns 0; a finding is a crash, an abort or a report of
/// a sanitizer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
