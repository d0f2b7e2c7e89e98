// Descent on the rows: a few columns of X held together, and the minimum over b of
//     Σᵢ (ρᵢtᵢ + ½vᵢtᵢ²) + Σ l1ⱼ|bⱼ| + ½ Σ l2ⱼ(bⱼ² - b₀ⱼ²),   t = a + Σⱼ (xⱼ - mⱼ)(bⱼ - b₀ⱼ),
// without the columns' Gram.  Where there is a constant, it is a itself that is free and mⱼ the mean under v, which
// eliminates it; else a = 0 and mⱼ is given.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

#include "data.hpp"
#include "descend.hpp"
#include "gap.hpp"
#include "stream.hpp"
#include "vector.hpp"

namespace lozenge {

// Columns that are contiguous: where they lie in X if they need no more than a power of two, else copied as they are read.
class DensePanel {
  public:
    explicit DensePanel(std::size_t n) : rows_(n) {}
    DensePanel(const DensePanel&) = delete;  // the columns point into it
    std::size_t rows() const { return rows_; }
    std::size_t size() const { return columns_.size(); }
    std::size_t entries(std::size_t) const { return rows_; }
    double shift(std::size_t) const { return 0.0; }  // what is still to be taken off an entry

    template <class T>
    void append(const Dense<T>& X, Affine affine, const std::int64_t* chosen, std::size_t count) {
        if constexpr (std::is_same_v<T, double>) {
            bool bare = X.by_column();
            for (std::size_t k = 0; k < count; ++k) bare = bare && affine.shift[chosen[k]] == 0.0;
            if (bare) {
                for (std::size_t k = 0; k < count; ++k) {
                    columns_.push_back(X.at(0, static_cast<std::size_t>(chosen[k])));
                    scales_.push_back(affine.scale[chosen[k]]);
                }
                return;
            }
        }
        blocks_.push_back(std::make_unique<Scratch>(rows_ * count));
        double* to = blocks_.back()->data();
        pack(X, affine, nullptr, chosen, count, 0, rows_, true, to);
        for (std::size_t k = 0; k < count; ++k) columns_.push_back(to + k * rows_);
        scales_.resize(columns_.size(), 1.0);
    }

    double dot(std::size_t j, const double* r) const { return scales_[j] * lozenge::dot(columns_[j], r, rows_); }
    // Σ v x and Σ v x².
    void moments(std::size_t j, const double* v, double& first, double& second) const {
        weighted_moments(columns_[j], v, rows_, &first, &second);
        first *= scales_[j];
        second *= scales_[j] * scales_[j];
    }
    // to += w · v∘x.
    void add(std::size_t j, double w, const double* v, double* to) const {
        add_product(to, columns_[j], v, w * scales_[j], rows_);
    }
    // to += w · x.
    void add(std::size_t j, double w, double* to) const { lozenge::add(to, columns_[j], w * scales_[j], rows_); }

  private:
    std::size_t rows_;
    std::vector<std::unique_ptr<Scratch>> blocks_;
    std::vector<const double*> columns_;
    std::vector<double> scales_;
};

class SparsePanel {
  public:
    explicit SparsePanel(std::size_t n) : rows_(n) {}
    std::size_t rows() const { return rows_; }
    std::size_t size() const { return starts_.size() - 1; }
    std::size_t entries(std::size_t j) const { return starts_[j + 1] - starts_[j]; }
    double shift(std::size_t j) const { return shifts_[j]; }

    template <class T, class I>
    void append(const Csc<T, I>& X, Affine affine, const std::int64_t* chosen, std::size_t count) {
        for (std::size_t k = 0; k < count; ++k) {
            const std::size_t j = static_cast<std::size_t>(chosen[k]);
            for (I e = X.pointers[j]; e < X.pointers[j + 1]; ++e) {
                values_.push_back(static_cast<double>(X.data[e]) * affine.scale[j]);
                places_.push_back(static_cast<std::uint32_t>(X.indices[e]));
            }
            starts_.push_back(values_.size());
            shifts_.push_back(affine.shift[j]);
        }
    }

    double dot(std::size_t j, const double* r) const {
        double s[2] = {};
        std::size_t e = starts_[j];
        const std::size_t end = starts_[j + 1];
        for (; e + 2 <= end; e += 2) {
            s[0] += values_[e] * r[places_[e]];
            s[1] += values_[e + 1] * r[places_[e + 1]];
        }
        if (e < end) s[0] += values_[e] * r[places_[e]];
        return s[0] + s[1];
    }
    void moments(std::size_t j, const double* v, double& first, double& second) const {
        first = second = 0.0;
        for (std::size_t e = starts_[j]; e < starts_[j + 1]; ++e) {
            const double part = values_[e] * v[places_[e]];
            first += part;
            second += part * values_[e];
        }
    }
    void add(std::size_t j, double w, const double* v, double* to) const {
        for (std::size_t e = starts_[j]; e < starts_[j + 1]; ++e) to[places_[e]] += w * values_[e] * v[places_[e]];
    }
    void add(std::size_t j, double w, double* to) const {
        for (std::size_t e = starts_[j]; e < starts_[j + 1]; ++e) to[places_[e]] += w * values_[e];
    }

  private:
    std::size_t rows_;
    std::vector<double> values_, shifts_;
    std::vector<std::uint32_t> places_;
    std::vector<std::size_t> starts_{0};
};

struct Rows {  // what the smooth part is at b₀
    const double* v;
    double* rho;             // in: ρ; out: ρ + v∘t
    const double* centre;    // (k,), read where there is no constant
    bool constant;
};

// Most columns of a panel stay at zero, far from their price: only those near it are descended on, and read, until a look
// at all of them finds more.
template <class Panel, class Poll>
class RowDescent {
  public:
    RowDescent(const Panel& x, Rows rows, const double* l1, const double* l2, double* b, double* pull, const Poll& poll)
        : x_(x), n_(x.rows()), k_(x.size()), rows_(rows), l1_(l1), l2_(l2), b_(b), pull_(pull), poll_(poll), q_(k_),
          h_(k_), m_(k_), known_(k_), near_(k_) {
        even_ = std::all_of(rows_.v, rows_.v + n_, [&](double v) { return v == rows_.v[0]; });
        V_ = 0.0;
        for (std::size_t i = 0; i < n_; ++i) V_ += rows_.v[i];
        settle_rows();
        if (rows_.constant && V_ > 0.0) {
            level_ = shift_ = -S_ / V_;
            settle_rows();
        }
    }

    // Returns the gap that is left: over all columns, or over those that `pull` had near their price at the start.
    double run(double loss, double goal, bool whole) {
        look();
        for (;;) {
            const double left = rounds(loss, goal);
            if (!whole || looked_.size() == k_) return left;
            for (std::size_t j = 0; j < k_; ++j)
                if (!near_[j]) measure(j);
            if (!look()) return left;
        }
    }

    double level() const { return level_; }

  private:
    static constexpr int kRounds = 2000, kSweeps = 4, kIdle = 12, kProducts = 40, kHalvings = 3;
    static constexpr double kNear = 0.9;  // of its price

    const Panel& x_;
    std::size_t n_, k_;
    Rows rows_;
    const double *l1_, *l2_;
    double *b_, *pull_;  // pull: minus the gradient; in: about that at b₀
    const Poll& poll_;
    std::vector<double> q_, h_, m_;  // Σvx, curvature, what is taken off x
    std::vector<char> known_, near_;  // whether the three are known, and whether a column is descended on
    std::vector<std::size_t> looked_, active_;  // those descended on, and those of them that are not zero
    bool even_;  // all v are the same
    double V_, S_ = 0.0, shift_ = 0.0, level_ = 0.0;  // Σv, Σρ; v·shift is still to be added to ρ

    void work(std::size_t multiplications) const { poll_(multiplications); }

    void know(std::size_t j) {
        if (known_[j]) return;
        known_[j] = 1;
        double second;
        x_.moments(j, rows_.v, q_[j], second);
        m_[j] = rows_.constant ? (V_ > 0.0 ? q_[j] / V_ : 0.0) : rows_.centre[j] + x_.shift(j);
        h_[j] = std::fmax(second - 2.0 * m_[j] * q_[j] + m_[j] * m_[j] * V_, 0.0);
        // What is left of a column that its mean explains is rounding.
        if (h_[j] <= 1e-14 * second) h_[j] = 0.0;
        work(2 * x_.entries(j));
    }

    void measure(std::size_t j) {
        know(j);
        pull_[j] = -gradient(j);
        work(x_.entries(j));
    }

    // Take in the columns that are near their price, or not zero; whether one of the new ones has to move.
    bool look() {
        bool more = false;
        for (std::size_t j = 0; j < k_; ++j) {
            if (near_[j] || (b_[j] == 0.0 && std::fabs(pull_[j]) < kNear * l1_[j])) continue;
            near_[j] = 1;
            more = more || std::fabs(pull_[j]) > l1_[j];
            know(j);
        }
        looked_.clear();  // in the order of the panel, in which they lie
        for (std::size_t j = 0; j < k_; ++j)
            if (near_[j]) looked_.push_back(j);
        return more;
    }

    double rounds(double loss, double goal) {
        double left = std::numeric_limits<double>::infinity();
        int idle = 0;
        for (int round = 0; round < kRounds; ++round) {
            const double before = left;
            left = gap(loss);
            if (left <= goal) break;
            // Rounding, or a goal below it: what a round of both kinds does not lower will not be lowered.
            idle = left > 0.5 * before ? idle + 1 : 0;
            if (idle >= kIdle) break;
            const double moved = sweep(looked_);
            active_.clear();
            for (const std::size_t j : looked_)
                if (b_[j] != 0.0) active_.push_back(j);
            double inner = moved;
            for (int s = 0; s < kSweeps && inner > 0.1 * moved; ++s) inner = sweep(active_);
            settle_rows();
            if (round > 0) subspace(goal);
        }
        return left;
    }

    double gradient(std::size_t j) const {
        return x_.dot(j, rows_.rho) + shift_ * q_[j] - m_[j] * (S_ + shift_ * V_);
    }

    void move(std::size_t j, double change) {
        if (even_) x_.add(j, change * rows_.v[0], rows_.rho);
        else x_.add(j, change, rows_.v, rows_.rho);
        S_ += change * q_[j];
        shift_ -= change * m_[j];
        level_ -= change * (m_[j] - x_.shift(j));
    }

    // ρ and its sum as they are, without what was put off.
    void settle_rows() {
        if (shift_ != 0.0)
            for (std::size_t i = 0; i < n_; ++i) rows_.rho[i] += shift_ * rows_.v[i];
        shift_ = 0.0;
        S_ = 0.0;
        for (std::size_t i = 0; i < n_; ++i) S_ += rows_.rho[i];
    }

    double step(std::size_t j) {
        const double curvature = h_[j] + l2_[j];
        if (!(h_[j] > 0.0)) return 0.0;
        const double old = b_[j], slope = gradient(j);
        // A copy of a column in the model pulls with exactly its price: it must not enter by rounding.
        if (old == 0.0 && std::fabs(slope) <= l1_[j] * (1.0 + kRounding)) return 0.0;
        const double updated = soft(h_[j] * old - slope, l1_[j]) / curvature, change = updated - old;
        if (change == 0.0) return 0.0;
        b_[j] = updated;
        move(j, change);
        return std::sqrt(curvature) * std::fabs(change);
    }

    double sweep(const std::vector<std::size_t>& columns) {
        double moved = 0.0;
        std::size_t done = 0;
        for (const std::size_t j : columns) {
            moved = std::fmax(moved, step(j));
            done += 2 * x_.entries(j);
            if (done > 1'000'000) {
                work(done);
                done = 0;
            }
        }
        work(done);
        return moved;
    }

    double gap(double loss) {
        settle_rows();
        Gap found(loss);
        for (const std::size_t j : looked_) {
            measure(j);
            found.add(b_[j], pull_[j], l1_[j], l2_[j], h_[j]);
        }
        return found.total();
    }

    // to = v∘(Σ dⱼ(xⱼ - mⱼ)) over the support.
    void predict(const std::vector<double>& d, std::vector<double>& to) const {
        std::fill(to.begin(), to.end(), 0.0);
        double base = 0.0;
        for (std::size_t c = 0; c < active_.size(); ++c) {
            if (d[c] == 0.0) continue;
            x_.add(active_[c], d[c], to.data());
            base -= d[c] * m_[active_[c]];
            work(x_.entries(active_[c]));
        }
        for (std::size_t i = 0; i < n_; ++i) to[i] = rows_.v[i] * (to[i] + base);
    }

    // Newton's step on the support with its signs held, by conjugate gradients with the diagonal as preconditioner.
    // What would change its sign stops at zero; a step that does not pay is halved, and left out after a few halvings.
    void subspace(double goal) {
        active_.clear();
        for (const std::size_t j : looked_)
            if (b_[j] != 0.0 && h_[j] > 0.0) active_.push_back(j);
        const std::size_t a = active_.size();
        if (a == 0) return;
        std::vector<double> d(a, 0.0), r(a), p(a), z(a), eta(n_);
        double size = 0.0;
        for (std::size_t c = 0; c < a; ++c) {
            const std::size_t j = active_[c];
            r[c] = -gradient(j) - (b_[j] > 0.0 ? l1_[j] : -l1_[j]) - l2_[j] * b_[j];
            z[c] = r[c] / (h_[j] + l2_[j]);
            p[c] = z[c];
            size += r[c] * z[c];
            work(x_.entries(j));
        }
        const double enough = std::fmin(1e-3 * size, 0.01 * goal);
        for (int s = 0; s < kProducts && size > enough; ++s) {
            predict(p, eta);
            double total = 0.0, bend = 0.0;
            for (std::size_t i = 0; i < n_; ++i) total += eta[i];
            for (std::size_t c = 0; c < a; ++c) {
                const std::size_t j = active_[c];
                z[c] = x_.dot(j, eta.data()) - m_[j] * total + l2_[j] * p[c];
                bend += p[c] * z[c];
                work(x_.entries(j));
            }
            if (!(bend > 0.0)) break;
            const double length = size / bend;
            double next = 0.0;
            for (std::size_t c = 0; c < a; ++c) {
                const std::size_t j = active_[c];
                d[c] += length * p[c];
                r[c] -= length * z[c];
                z[c] = r[c] / (h_[j] + l2_[j]);
                next += r[c] * z[c];
            }
            const double share = next / size;
            size = next;
            for (std::size_t c = 0; c < a; ++c) p[c] = z[c] + share * p[c];
        }
        double length = 1.0;
        for (int s = 0; s < kHalvings; ++s, length *= 0.5) {
            double change = 0.0;
            for (std::size_t c = 0; c < a; ++c) {
                const std::size_t j = active_[c];
                const double to = b_[j] + length * d[c];
                p[c] = (l1_[j] > 0.0 && to * b_[j] <= 0.0 ? 0.0 : to) - b_[j];
                change += l1_[j] * (std::fabs(b_[j] + p[c]) - std::fabs(b_[j])) + l2_[j] * p[c] * (b_[j] + 0.5 * p[c]);
            }
            predict(p, eta);
            for (std::size_t i = 0; i < n_; ++i)
                if (rows_.v[i] > 0.0) change += eta[i] / rows_.v[i] * (rows_.rho[i] + 0.5 * eta[i]);
            if (!(change < 0.0)) continue;
            for (std::size_t c = 0; c < a; ++c) {
                b_[active_[c]] += p[c];
                level_ -= p[c] * (m_[active_[c]] - x_.shift(active_[c]));
            }
            for (std::size_t i = 0; i < n_; ++i) rows_.rho[i] += eta[i];
            settle_rows();
            return;
        }
    }
};

}  // namespace lozenge
