#include "cpu.hpp"

namespace backlit {

namespace {
constexpr int MOST = 4;

struct Here {
    const Kernels* list[MOST] = {};
    int count = 0;
    Here() {
#if defined(BACKLIT_X86_KERNELS)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("fma"))
            list[count++] = &avx512::kernels;
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) list[count++] = &avx2::kernels;
#endif
        list[count++] = &plain::kernels;
    }
};
} // namespace

const Kernels* const* kernels_here() {
    static const Here here;
    return here.list;
}

} // namespace backlit
