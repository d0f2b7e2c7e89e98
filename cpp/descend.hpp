// Cyclic coordinate descent on a small quadratic with a separable penalty:
//     minimise over b:  gᵀ(b - b₀) + ½ (b - b₀)ᵀ H (b - b₀) + Σ l1ⱼ|bⱼ| + ½ Σ l2ⱼ bⱼ²,  low ≤ b ≤ high
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace lozenge {

constexpr double kRounding = 1e-13;

struct Descent {
    std::size_t sweeps = 0;   // full and active sweeps together
    double moved = 0.0;       // largest √(Hⱼⱼ + l2ⱼ)·|Δbⱼ| of the last full sweep
    bool interrupted = false;
};

inline double soft(double z, double threshold) {
    if (z > threshold) return z - threshold;
    if (z < -threshold) return z + threshold;
    return 0.0;
}

// `gradient` is that of the quadratic at b, kept up to date in place.  Stops when a full sweep moves no coordinate by
// more than `tol` in the metric above, or after max_sweeps.  `poll` is asked about every 10 ms of work and says
// whether to give up.  The rows of H are ``lead`` apart; without bounds ``low`` and ``high`` are null.
template <class Poll>
Descent descend(const double* H, std::size_t lead, std::size_t k, const double* l1, const double* l2,
                const double* low, const double* high, double* b, double* gradient, double tol,
                std::size_t max_sweeps, const Poll& poll) {
    Descent result;
    std::vector<std::size_t> active;
    active.reserve(k);
    std::size_t work = 0;
    const auto step = [&](std::size_t j) {
        const double h = H[j * lead + j];
        const double curvature = h + l2[j];
        if (!(curvature > 0.0)) return 0.0;
        const double old = b[j];
        // A copy of a column in the model pulls with exactly its price: it must not enter by rounding.
        if (old == 0.0 && std::fabs(gradient[j]) <= l1[j] * (1.0 + kRounding)) return 0.0;
        double updated = soft(h * old - gradient[j], l1[j]) / curvature;
        if (low) updated = std::clamp(updated, low[j], high[j]);
        const double change = updated - old;
        if (change == 0.0) return 0.0;
        b[j] = updated;
        const double* column = H + j * lead;
        for (std::size_t i = 0; i < k; ++i) gradient[i] += change * column[i];
        work += k;
        return std::sqrt(curvature) * std::fabs(change);
    };
    while (result.sweeps < max_sweeps) {
        active.clear();
        double moved = 0.0;
        for (std::size_t j = 0; j < k; ++j) {
            moved = std::fmax(moved, step(j));
            if (b[j] != 0.0) active.push_back(j);
        }
        work += k;
        ++result.sweeps;
        result.moved = moved;
        if (!(moved > tol)) break;
        // Cycle over the non-zeros alone while that still moves them by a tenth of what the full sweep did.
        double inner = moved;
        while (inner > std::fmax(tol, 0.1 * moved) && result.sweeps < max_sweeps) {
            inner = 0.0;
            for (const std::size_t j : active) inner = std::fmax(inner, step(j));
            work += active.size();
            ++result.sweeps;
            if (work > 20'000'000) {
                work = 0;
                if (poll()) {
                    result.interrupted = true;
                    return result;
                }
            }
        }
        if (work > 20'000'000) {
            work = 0;
            if (poll()) {
                result.interrupted = true;
                return result;
            }
        }
    }
    return result;
}

}  // namespace lozenge
