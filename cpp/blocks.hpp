// Cyclic descent over blocks of coordinates on a small quadratic:
//     minimise over b:  gᵀ(b - b₀) + ½ (b - b₀)ᵀ S (b - b₀) + Σ l1ⱼ|bⱼ| + Σ_g price_g ‖b_g‖₂
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "descend.hpp"
#include "vector.hpp"

namespace lozenge {

constexpr int kInner = 50;         // proximal steps within a block, which cost its size squared each
constexpr double kSettled = 1e-3;  // of the first step within a block: the last one

struct BlockQuadratic {
    const double* S;  // (k, k), rows ``lead`` apart
    std::size_t lead, k;
    const double* l1;
    const double* price;         // (groups,)
    const std::int64_t* order;   // (k,) coordinates, block after block
    const std::int64_t* edges;   // (groups + 1,) where the blocks begin in that order
    std::size_t groups;
};

class BlockDescent {
public:
    explicit BlockDescent(const BlockQuadratic& q) : q_(q), steep_(q.groups) {
        for (std::size_t g = 0; g < q.groups; ++g) steep_[g] = steepness(g);
    }

    // `gradient` is that of the quadratic at b, kept up to date in place.  Says whether it was interrupted.
    template <class Poll>
    bool run(double* b, double* gradient, std::size_t sweeps, const Poll& poll) {
        std::size_t work = 0;
        for (std::size_t sweep = 0; sweep < sweeps; ++sweep) {
            bool moved = false;
            for (std::size_t g = 0; g < q_.groups; ++g) {
                const std::size_t size = minimise(g, b, gradient);
                moved = moved || size > 0;
                work += 1 + size * q_.k;
                if (work > 20'000'000) {
                    work = 0;
                    if (poll()) return true;
                }
            }
            if (!moved) break;
        }
        return false;
    }

private:
    const BlockQuadratic& q_;
    std::vector<double> steep_;  // a bound on the largest eigenvalue of each block
    std::vector<double> own_, next_, slope_;

    double steepness(std::size_t g) const {
        double trace = 0.0, widest = 0.0;
        for (auto i = q_.edges[g]; i < q_.edges[g + 1]; ++i) {
            const double* row = q_.S + q_.order[i] * q_.lead;
            double sum = 0.0;
            for (auto j = q_.edges[g]; j < q_.edges[g + 1]; ++j) sum += std::fabs(row[q_.order[j]]);
            widest = std::max(widest, sum);
            trace += row[q_.order[i]];
        }
        return std::min(widest, trace);
    }

    // Proximal gradient steps on one block, the others held; returns how many of its coordinates moved.
    std::size_t minimise(std::size_t g, double* b, double* gradient) {
        if (!(steep_[g] > 0.0)) return 0;
        const std::int64_t* rows = q_.order + q_.edges[g];
        const std::size_t m = static_cast<std::size_t>(q_.edges[g + 1] - q_.edges[g]);
        own_.resize(m);
        next_.resize(m);
        slope_.resize(m);
        for (std::size_t i = 0; i < m; ++i) {
            own_[i] = b[rows[i]];
            slope_[i] = gradient[rows[i]];
        }
        double first = 0.0;
        for (int inner = 0; inner < kInner; ++inner) {
            const double change = step(g, rows, m);
            if (inner == 0) first = change;
            if (!(change > kSettled * first)) break;
        }
        std::size_t moved = 0;
        for (std::size_t i = 0; i < m; ++i) {
            const double change = own_[i] - b[rows[i]];
            if (change == 0.0) continue;
            b[rows[i]] = own_[i];
            add(gradient, q_.S + rows[i] * q_.lead, change, q_.k);
            ++moved;
        }
        return moved;
    }

    // One proximal step on own_, whose gradient slope_ is kept up to date; the largest change.
    double step(std::size_t g, const std::int64_t* rows, std::size_t m) {
        const double over = 1.0 / steep_[g];
        double norm = 0.0;
        for (std::size_t i = 0; i < m; ++i) {
            next_[i] = soft(own_[i] - over * slope_[i], over * q_.l1[rows[i]]);
            norm += next_[i] * next_[i];
        }
        norm = std::sqrt(norm);
        const double price = over * q_.price[g];
        // A copy of a block in the model pulls with exactly its price: it must not enter by rounding.
        const double left = norm > price * (1.0 + kRounding) ? 1.0 - price / norm : 0.0;
        double largest = 0.0;
        for (std::size_t i = 0; i < m; ++i) {
            const double change = left * next_[i] - own_[i];
            if (change == 0.0) continue;
            largest = std::max(largest, std::fabs(change));
            own_[i] = left * next_[i];
            const double* row = q_.S + rows[i] * q_.lead;
            for (std::size_t j = 0; j < m; ++j) slope_[j] += change * row[rows[j]];
        }
        return largest;
    }
};

}  // namespace lozenge
