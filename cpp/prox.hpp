// Proximal maps that need loops.  Linear in the length, and safe whatever the numbers: a nan goes in, a nan comes out.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace lozenge {

constexpr std::size_t kStride = 1u << 14, kCost = 32;  // entries between two reports of work; multiplications an entry

// out = argmin over x, non-increasing within each run, of ½ Σ weightᵢ (xᵢ - totalᵢ/weightᵢ)²: pool adjacent violators,
// Barlow, Bartholomew, Bremner, Brunk (1972), section 1.2.  Run r is starts[r] … starts[r + 1] - 1, the last ends at k.
// An entry without weight adds its total to what lies before it.
template <class Patience>
void pool(const double* total, const double* weight, std::size_t k, const std::int64_t* starts, std::size_t runs,
          double* out, const Patience& patience) {
    struct Block {
        double total, weight, level;
        std::size_t end;
    };
    const auto level = [](double sum, double mass) {
        return mass > 0.0 ? sum / mass : std::numeric_limits<double>::infinity();
    };
    std::vector<Block> blocks;
    for (std::size_t r = 0; r < runs; ++r) {
        const auto begin = static_cast<std::size_t>(starts[r]);
        const std::size_t end = r + 1 < runs ? static_cast<std::size_t>(starts[r + 1]) : k;
        blocks.clear();
        for (std::size_t i = begin; i < end; ++i) {
            if (i % kStride == 0) patience(kStride * kCost);
            Block last{total[i], weight[i], level(total[i], weight[i]), i + 1};
            while (!blocks.empty() && blocks.back().level <= last.level) {
                last.total += blocks.back().total;
                last.weight += blocks.back().weight;
                last.level = level(last.total, last.weight);
                blocks.pop_back();
            }
            blocks.push_back(last);
        }
        std::size_t i = begin;
        for (const Block& block : blocks)
            for (; i < block.end; ++i) out[i] = block.level;
    }
}

// out = argmin over x of ½ Σ (xᵢ - zᵢ)² + Σ lamᵢ |xᵢ₊₁ - xᵢ|, by dynamic programming: Johnson (2013), A dynamic
// programming algorithm for the fused lasso and L0-segmentation, JCGS 22, section 3.
//
// cost_i(x) is the least cost of entries 0 … i where xᵢ = x.  Its derivative is increasing and piecewise linear, and
//     cost'_{i+1}(x) = x - zᵢ₊₁ + clip(cost'_i(x), -lamᵢ, lamᵢ):
// two knots come in per entry, where the clipping begins and ends, and those beyond them go for good.
template <class Patience>
class TotalVariation {
public:
    TotalVariation(std::size_t k, const Patience& patience) : low_(k), high_(k), knots_(2 * k), patience_(patience) {}

    // Entries begin … end - 1, whose lam are all positive.
    void solve(const double* z, const double* lam, std::size_t begin, std::size_t end, double* out) {
        const std::size_t n = end - begin;
        patience_(kCost);
        first_ = n;
        last_ = n;  // knots_[first_] … knots_[last_ - 1]
        double clipped = 0.0;
        for (std::size_t i = 0; i + 1 < n; ++i) {
            if (i % kStride == kStride - 1) patience_(kStride * kCost);
            const double price = lam[begin + i];
            Line left{1.0, -clipped - z[begin + i]}, right{1.0, clipped - z[begin + i]};
            low_[i] = from_left(left, -price);
            while (last_ > first_ && right.slope * knots_[last_ - 1].at + right.level > price) {
                --last_;
                right.slope -= knots_[last_].slope;
                right.level -= knots_[last_].level;
            }
            high_[i] = std::max((price - right.level) / right.slope, low_[i]);
            // Left of its first knot the clipped derivative is -price, right of its last +price.
            knots_[--first_] = {low_[i], left.slope, left.level + price};
            knots_[last_++] = {high_[i], -right.slope, price - right.level};
            clipped = price;
        }
        Line left{1.0, -clipped - z[end - 1]};
        out[end - 1] = from_left(left, 0.0);
        for (std::size_t i = n - 1; i-- > 0;)
            out[begin + i] = std::min(std::max(out[begin + i + 1], low_[i]), high_[i]);
        refine(z, lam, begin, end, out);
    }

private:
    struct Line {
        double slope, level;
    };
    struct Knot {
        double at, slope, level;  // what the line gains there, from left to right
    };

    // Where the derivative is `goal`, met from the left; `line` becomes the piece that meets it.
    double from_left(Line& line, double goal) {
        while (first_ < last_ && line.slope * knots_[first_].at + line.level < goal) {
            line.slope += knots_[first_].slope;
            line.level += knots_[first_].level;
            ++first_;
        }
        return (goal - line.level) / line.slope;
    }

    // The derivative's levels are running sums; each run's own mean, corrected by what its two ends pull, is free of
    // their rounding.
    void refine(const double* z, const double* lam, std::size_t begin, std::size_t end, double* out) {
        double pull = 0.0;  // of the run before on this one
        for (std::size_t i = begin; i < end;) {
            const double level = out[i];
            std::size_t j = i;
            double rest = 0.0;
            for (; j < end && out[j] == level; ++j) rest += z[j] - level;
            if (j == i) return;  // nan
            const double next = j == end ? 0.0 : out[j] > level ? lam[j - 1] : -lam[j - 1];
            const double refined = level + (rest + pull + next) / static_cast<double>(j - i);
            std::fill(out + i, out + j, refined);
            pull = -next;
            i = j;
        }
    }

    std::vector<double> low_, high_;
    std::vector<Knot> knots_;
    std::size_t first_ = 0, last_ = 0;
    const Patience& patience_;
};

// The same with lamᵢ ≥ 0; where it is zero the entries before and after do not know of each other.
template <class Patience>
void tv_prox(const double* z, const double* lam, std::size_t k, double* out, const Patience& patience) {
    TotalVariation<Patience> problem(k, patience);
    for (std::size_t begin = 0; begin < k;) {
        std::size_t end = begin + 1;
        while (end < k && lam[end - 1] > 0.0) ++end;
        problem.solve(z, lam, begin, end, out);
        begin = end;
    }
}

}  // namespace lozenge
