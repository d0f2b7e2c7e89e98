// Cyclic coordinate descent on a small quadratic with a separable penalty:
//     minimise over b:  gᵀ(b - b₀) + ½ (b - b₀)ᵀ H (b - b₀) + Σ ωⱼ(bⱼ)
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace lozenge {

constexpr double kRounding = 1e-13;

struct Descent {
    std::size_t sweeps = 0;   // full and active sweeps together
    double moved = 0.0;       // largest √curvature·|Δbⱼ| of the last full sweep
    bool interrupted = false;
};

inline double soft(double z, double threshold) {
    if (z > threshold) return z - threshold;
    if (z < -threshold) return z + threshold;
    return 0.0;
}

// ω = l1|b| + ½ l2 b² where low ≤ b ≤ high; without bounds ``low`` and ``high`` are null.
struct Threshold {
    const double *l1, *l2, *low, *high;

    double curvature(std::size_t j, double h) const { return h + l2[j]; }
    double price(std::size_t j) const { return l1[j]; }
    // The best place for a coordinate that the quadratic alone would have at z / h.
    double best(std::size_t j, double h, double z) const {
        const double found = soft(z, l1[j]) / (h + l2[j]);
        return low ? std::clamp(found, low[j], high[j]) : found;
    }
};

// ω' = l1 up to |b| = knee, then falls on a line to 0 at `end`, and is 0 beyond.
struct Folded {
    const double *l1, *knee, *end;

    double curvature(std::size_t, double h) const { return h; }
    // Where the fall bends more than the quadratic, zero may be left at less than l1.
    double price(std::size_t j) const { return l1[j]; }
    double best(std::size_t j, double h, double z) const {
        const double size = std::fabs(z), fall = l1[j] / (end[j] - knee[j]);
        const double flat = std::clamp((size - l1[j]) / h, 0.0, knee[j]), beyond = std::fmax(size / h, end[j]);
        double found = flat;
        if (h > fall) {  // one minimum, on the first piece that has it
            if (size > l1[j] + h * knee[j]) {
                const double falling = (size - fall * end[j]) / (h - fall);
                found = falling < end[j] ? falling : beyond;
            }
        } else if (cost(j, h, size, beyond) < cost(j, h, size, flat)) {  // concave between the outer pieces
            found = beyond;
        }
        return std::copysign(found, z);
    }

  private:
    double cost(std::size_t j, double h, double size, double t) const {
        const double fall = l1[j] / (end[j] - knee[j]), width = end[j] - knee[j], rest = std::fmax(end[j] - t, 0.0);
        const double price = t <= knee[j] ? l1[j] * t : l1[j] * knee[j] + 0.5 * fall * (width * width - rest * rest);
        return t * (0.5 * h * t - size) + price;
    }
};

// `gradient` is that of the quadratic at b, kept up to date in place.  Stops when a full sweep moves no coordinate by
// more than `tol` in the metric above, or after max_sweeps.  `poll` is asked about every 10 ms of work and says
// whether to give up.  The rows of H are ``lead`` apart.
template <class Penalty, class Poll>
Descent descend(const double* H, std::size_t lead, std::size_t k, const Penalty& penalty, double* b, double* gradient,
                double tol, std::size_t max_sweeps, const Poll& poll) {
    Descent result;
    std::vector<std::size_t> active;
    active.reserve(k);
    std::size_t work = 0;
    const auto step = [&](std::size_t j) {
        const double h = H[j * lead + j];
        const double curvature = penalty.curvature(j, h);
        if (!(curvature > 0.0)) return 0.0;
        const double old = b[j];
        // A copy of a column in the model pulls with exactly its price: it must not enter by rounding.
        if (old == 0.0 && std::fabs(gradient[j]) <= penalty.price(j) * (1.0 + kRounding)) return 0.0;
        const double updated = penalty.best(j, h, h * old - gradient[j]);
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
