// The Gram of variables that several coordinates follow.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace lozenge {

// out[s, t] = Σ signᵢ signⱼ S[rowsᵢ, rowsⱼ] over i tied to s and j tied to t, both triangles.  ``tied`` does not fall.
inline void fold(const double* S, std::size_t lead, const std::int64_t* rows, const std::int64_t* tied,
                 const double* signs, std::size_t count, double* out, std::size_t size) {
    std::fill(out, out + size * size, 0.0);
    for (std::size_t i = 0; i < count; ++i) {
        const double* from = S + static_cast<std::size_t>(rows[i]) * lead;
        double* to = out + static_cast<std::size_t>(tied[i]) * size;
        for (std::size_t j = 0; j < i; ++j) {
            const double twice = tied[i] == tied[j] ? 2.0 : 1.0;
            to[tied[j]] += twice * signs[i] * signs[j] * from[rows[j]];
        }
        to[tied[i]] += from[rows[i]];
    }
    for (std::size_t s = 0; s < size; ++s)
        for (std::size_t t = 0; t < s; ++t) out[t * size + s] = out[s * size + t];
}

}  // namespace lozenge
