// The instruction sets of this binary, and which of them this processor runs.
#pragma once

#include "types.hpp"

namespace backlit {

// plain: what every processor of the platform has, SSE2 or NEON.
namespace plain { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }

// The kernels that run here, best first, ended by null.
const Kernels* const* kernels_here();

} // namespace backlit
