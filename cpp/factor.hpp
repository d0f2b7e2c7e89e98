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

    // Adds columns of S, whose rows are ``lead`` apart; gives how many were taken before one is spanned by those before it.
    template <class Poll>
    std::size_t enter(const double* S, std::size_t lead, const double* l2, const std::vector<std::size_t>& columns,
                      const Poll& poll) {
        for (std::size_t start = 0; start < columns.size(); start += 4) {
            poll(4 * items_.size() * items_.size());
            const std::size_t width = std::min<std::size_t>(4, columns.size() - start), base = items_.size();
            for (std::size_t c = 0; c < 4; ++c) {
                work_[c].assign(base + 4, 0.0);
                if (c >= width) continue;
                const double* s = S + columns[start + c] * lead;
                for (std::size_t i = 0; i < base; ++i) work_[c][i] = items_[i].pin ? 0.0 : s[items_[i].column];
            }
            forward4(base);
            for (std::size_t c = 0; c < width; ++c) {
                const std::size_t j = columns[start + c];
                double* u = work_[c].data();
                for (std::size_t e = 0; e < c; ++e) {
                    const std::size_t i = base + e;
                    u[i] = (S[j * lead + columns[start + e]] - dot(row(i), u, i)) / row(i)[i];
                }
                if (!push(u, S[j * lead + j] + l2[j], Item{j, l2[j], false})) return start + c;
                place_[j] = base + c;
            }
        }
        return columns.size();
    }

    // Takes a column out; false where the factor is too near singular for its pin.
    bool leave(std::size_t j, double diagonal) {
        const std::size_t at = place_[j];
        place_[j] = kNone;
        if (at + 1 == items_.size()) {
            items_.pop_back();
            packed_.resize(items_.size() * (items_.size() + 1) / 2);
            return true;
        }
        std::vector<double>& u = work_[0];
        u.assign(items_.size(), 0.0);
        u[at] = 1.0;
        forward(u.data(), at);
        if (!push(u.data(), diagonal, Item{j, 0.0, true})) return false;
        ++pins_;
        return true;
    }

    // x with (S_AA + l2)x = rhs on the support, 0 elsewhere; both over all columns.
    void solve(const double* rhs, double* x) {
        const std::size_t n = items_.size();
        work_[0].assign(n, 0.0);
        double* z = work_[0].data();
        for (std::size_t i = 0; i < n; ++i)
            if (current(i)) z[i] = rhs[items_[i].column];
        forward(z, 0);
        for (std::size_t i = 0; i < n; ++i) z[i] *= items_[i].sign;
        backward(z);
        std::fill(x, x + place_.size(), 0.0);
        for (std::size_t i = 0; i < n; ++i)
            if (current(i)) x[items_[i].column] = z[i];
    }

private:
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
    std::vector<double> work_[4];

    bool current(std::size_t i) const { return !items_[i].pin && place_[items_[i].column] == i; }
    const double* row(std::size_t i) const { return packed_.data() + i * (i + 1) / 2; }

    // With u = D·(the new row of L): L u = the new row of the matrix.
    bool push(const double* u, double diagonal, Item item) {
        const std::size_t n = items_.size();
        packed_.resize((n + 1) * (n + 2) / 2);
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

    // L z = z in place, where z is 0 before ``first``.
    void forward(double* z, std::size_t first) const {
        std::size_t i = first;
        for (; i + 4 <= items_.size(); i += 4) {
            double sums[4];
            dot4(z + first, row(i) + first, row(i + 1) + first, row(i + 2) + first, row(i + 3) + first, i - first, sums);
            for (std::size_t c = 0; c < 4; ++c) {
                const double* l = row(i + c);
                double sum = z[i + c] - sums[c];
                for (std::size_t e = 0; e < c; ++e) sum -= l[i + e] * z[i + e];
                z[i + c] = sum / l[i + c];
            }
        }
        for (; i < items_.size(); ++i) z[i] = (z[i] - dot(z + first, row(i) + first, i - first)) / row(i)[i];
    }

    // The same for the four work vectors at once: L is read once.
    void forward4(std::size_t n) {
        double *a = work_[0].data(), *b = work_[1].data(), *c = work_[2].data(), *d = work_[3].data();
        for (std::size_t i = 0; i < n; ++i) {
            double sums[4];
            const double* l = row(i);
            dot4(l, a, b, c, d, i, sums);
            a[i] = (a[i] - sums[0]) / l[i];
            b[i] = (b[i] - sums[1]) / l[i];
            c[i] = (c[i] - sums[2]) / l[i];
            d[i] = (d[i] - sums[3]) / l[i];
        }
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
