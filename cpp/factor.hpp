// A Cholesky factor that columns enter and leave, one row at a time.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "vector.hpp"

namespace lozenge {

// A pivot below this share of its diagonal is a column that the ones before it already span.
constexpr double kDependent = 1e-12;

// L D Lᵀ = [S_AA + l2  E; Eᵀ  0] with D = ±1.  A column that leaves is pinned at zero by a unit vector in E, so that
// leaving costs one row as entering does.  l2 is read when a column enters; where later solves want another one, the
// factor preconditions.
//
// References
// ----------
// Gill, Murray, Saunders, Wright (1990), A Schur-complement method for sparse quadratic programming, in Reliable
// Numerical Computation, Oxford.  Vanderbei (1995), Symmetric quasidefinite matrices, SIAM J. Optim. 5.
class Factor {
public:
    // The first k columns of S may enter from now on.
    void widen(std::size_t k) { place_.resize(k, kNone); }
    void clear() {
        items_.clear();
        packed_.clear();
        std::fill(place_.begin(), place_.end(), kNone);
        pins_ = 0;
    }
    std::size_t rows() const { return items_.size(); }
    std::size_t pins() const { return pins_; }
    bool has(std::size_t j) const { return place_[j] != kNone; }
    double ridge(std::size_t j) const { return items_[place_[j]].ridge; }

    // Columns of the support in the order they entered.
    std::vector<std::size_t> support() const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < items_.size(); ++i)
            if (current(i)) found.push_back(items_[i].column);
        return found;
    }

    // Takes columns of S, whose rows are ``lead`` apart, out and in.  False where one that enters is spanned by the
    // support, or where the factor is too near singular for a pin: then the support is what has been reached.
    template <class Poll>
    bool exchange(const double* S, std::size_t lead, const double* l2, const std::vector<std::size_t>& leaving,
                  const std::vector<std::size_t>& entering, const Poll& poll) {
        std::vector<Item> rows;
        for (auto j = leaving.rbegin(); j != leaving.rend(); ++j) {
            if (place_[*j] + 1 == items_.size()) {
                items_.pop_back();
                packed_.resize(items_.size() * (items_.size() + 1) / 2);
                place_[*j] = kNone;
            } else {
                rows.push_back(Item{*j, 0.0, true});
            }
        }
        for (const std::size_t j : entering) rows.push_back(Item{j, l2[j], false});
        for (std::size_t start = 0; start < rows.size(); start += kBatch) {
            const std::size_t width = std::min(kBatch, rows.size() - start), base = items_.size();
            poll(width * base * base / 2);
            for (std::size_t c = 0; c < kBatch; ++c) {
                work_[c].assign(base + kBatch, 0.0);
                if (c >= width) continue;
                const Item& item = rows[start + c];
                if (item.pin) work_[c][place_[item.column]] = 1.0;
                else
                    for (std::size_t i = 0; i < base; ++i)
                        work_[c][i] = items_[i].pin ? 0.0 : S[item.column * lead + items_[i].column];
            }
            forward_batch(base, width);
            for (std::size_t c = 0; c < width; ++c) {
                const Item& item = rows[start + c];
                const std::size_t j = item.column;
                double* u = work_[c].data();
                for (std::size_t i = base; i < base + c; ++i) {
                    const bool joined = !item.pin && !items_[i].pin;
                    u[i] = ((joined ? S[j * lead + items_[i].column] : 0.0) - dot(row(i), u, i)) / row(i)[i];
                }
                if (!push(u, S[j * lead + j] + l2[j], item)) return false;
                place_[j] = item.pin ? kNone : base + c;
                pins_ += item.pin;
            }
        }
        return true;
    }

    // x with (S_AA + l2)x = rhs on the support, 0 elsewhere; both over all columns.
    void solve(const double* rhs, double* x) {
        const std::size_t n = items_.size();
        work_[0].assign(n, 0.0);
        double* z = work_[0].data();
        for (std::size_t i = 0; i < n; ++i)
            if (current(i)) z[i] = rhs[items_[i].column];
        forward(z);
        for (std::size_t i = 0; i < n; ++i) z[i] *= items_[i].sign;
        backward(z);
        std::fill(x, x + place_.size(), 0.0);
        for (std::size_t i = 0; i < n; ++i)
            if (current(i)) x[items_[i].column] = z[i];
    }

private:
    static constexpr std::size_t kBatch = 12;  // rows that share a walk over L
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    struct Item {
        std::size_t column;
        double ridge;
        bool pin;
        double sign = 1.0;
    };
    std::vector<Item> items_;
    std::vector<double> packed_;  // L by rows
    std::vector<std::size_t> place_;
    std::size_t pins_ = 0;
    std::vector<double> work_[kBatch];

    bool current(std::size_t i) const { return !items_[i].pin && place_[items_[i].column] == i; }
    const double* row(std::size_t i) const { return packed_.data() + i * (i + 1) / 2; }

    // With u = D·(the new row of L): L u = the new row of the matrix.
    bool push(const double* u, double diagonal, Item item) {
        const std::size_t n = items_.size();
        const std::size_t size = (n + 1) * (n + 2) / 2;
        if (size > packed_.capacity()) packed_.reserve(size + size / 4);  // not twice as much
        packed_.resize(size);
        double* l = packed_.data() + n * (n + 1) / 2;
        for (std::size_t t = 0; t < n; ++t) l[t] = u[t] * items_[t].sign;
        const double corner = (item.pin ? 0.0 : diagonal) - dot(u, l, n);
        // The inverse's diagonal is at least 1/diagonal.
        const bool sound = item.pin ? -corner * diagonal > 0.5 : corner > kDependent * diagonal;
        if (!sound) {
            packed_.resize(n * (n + 1) / 2);
            return false;
        }
        l[n] = std::sqrt(std::fabs(corner));
        item.sign = item.pin ? -1.0 : 1.0;
        items_.push_back(item);
        return true;
    }

    // L z = z in place.
    void forward(double* z) const {
        std::size_t i = 0;
        for (; i + 4 <= items_.size(); i += 4) {
            double sums[4];
            dot4(z, row(i), row(i + 1), row(i + 2), row(i + 3), i, sums);
            for (std::size_t c = 0; c < 4; ++c) {
                const double* l = row(i + c);
                double sum = z[i + c] - sums[c];
                for (std::size_t e = 0; e < c; ++e) sum -= l[i + e] * z[i + e];
                z[i + c] = sum / l[i + c];
            }
        }
        for (; i < items_.size(); ++i) z[i] = (z[i] - dot(z, row(i), i)) / row(i)[i];
    }

    // The same for work vectors together: each row of L is read once.
    void forward_batch(std::size_t n, std::size_t width) {
        std::size_t i = 0;
        for (; i + 4 <= n; i += 4) {
            const double* l[4] = {row(i), row(i + 1), row(i + 2), row(i + 3)};
            for (std::size_t c = 0; c < width; c += 3) {
                double* z[3] = {work_[c].data(), work_[c + 1].data(), work_[c + 2].data()};
                double sums[12];
                dot4x3(l, z, i, sums);
                for (std::size_t e = 0; e < 3; ++e)
                    for (std::size_t r = 0; r < 4; ++r) {
                        double sum = z[e][i + r] - sums[4 * e + r];
                        for (std::size_t d = 0; d < r; ++d) sum -= l[r][i + d] * z[e][i + d];
                        z[e][i + r] = sum / l[r][i + r];
                    }
            }
        }
        for (; i < n; ++i)
            for (std::size_t c = 0; c < width; ++c)
                work_[c][i] = (work_[c][i] - dot(row(i), work_[c].data(), i)) / row(i)[i];
    }

    // Lᵀ z = z in place.
    void backward(double* z) const {
        std::size_t i = items_.size();
        for (; i % 4 != 0; --i) {
            z[i - 1] /= row(i - 1)[i - 1];
            add(z, row(i - 1), -z[i - 1], i - 1);
        }
        for (; i > 0; i -= 4) {
            double w[4];
            const std::size_t top = i - 4;
            for (std::size_t c = 4; c-- > 0;) {
                double sum = z[top + c];
                for (std::size_t e = c + 1; e < 4; ++e) sum += row(top + e)[top + c] * w[e];
                z[top + c] = sum / row(top + c)[top + c];
                w[c] = -z[top + c];
            }
            add4(z, row(top), row(top + 1), row(top + 2), row(top + 3), w, top);
        }
    }
};

}  // namespace lozenge
