#pragma once

#include "quant/fake_quant.h"

/// Ranges whose step is a number of FP16 (IEEE binary16). Strongly typed TensorRT takes FP16 scales beside an
/// FP16 remainder (spec/08 §2); rounding a step when the file is written would change the codes of weights,
/// so ranges are chosen for it, and simulation, FP32 file and FP16 file share their steps.
namespace y6q::quant {

/// The smallest range >= amax whose step_size is an FP16 number: upwards, so that nothing new is clipped. At
/// most 1/2048 larger where the step is a normal FP16 number, 2^-14 and more; below that steps are multiples
/// of 2^-24, at least one. Ranges of zero (kZeroRange) stay. range.high has at most 8 bits. Throws InputError
/// for a step beyond 65504.
float range_of_half_step(float amax, IntegerRange range);

/// The range is zero, or its step an FP16 number.
bool has_half_step(float amax, IntegerRange range);

}  // namespace y6q::quant
