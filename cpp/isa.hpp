// The instruction set the hot loops run on.  `loops.hpp` is compiled once for each; every one adds the same numbers in
// the same order, and nothing is contracted, so the choice changes the time and no bit.
#pragma once
#include <cstdlib>
#include <cstring>

#if defined(__GNUC__) && defined(__x86_64__)
#define LOZENGE_X86 1
#else
#define LOZENGE_X86 0
#endif

namespace lozenge {

enum class Isa { baseline, avx2, avx512 };

inline Isa widest() {
#if LOZENGE_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return Isa::avx512;
    if (__builtin_cpu_supports("avx2")) return Isa::avx2;
#endif
    return Isa::baseline;
}

// The widest one that is here, or a narrower one that LOZENGE_ISA names: tests compare them.
inline Isa isa() {
    static const Isa found = [] {
        const Isa here = widest();
        const char* asked = std::getenv("LOZENGE_ISA");
        if (!asked) return here;
        const Isa wanted = std::strcmp(asked, "baseline") == 0 ? Isa::baseline
                           : std::strcmp(asked, "avx2") == 0   ? Isa::avx2
                                                               : Isa::avx512;
        return wanted < here ? wanted : here;
    }();
    return found;
}

inline const char* isa_name() {
    return isa() == Isa::avx512 ? "avx512" : isa() == Isa::avx2 ? "avx2" : "baseline";
}

}  // namespace lozenge
