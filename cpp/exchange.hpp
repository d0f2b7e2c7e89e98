// The best subset of a quadratic by exchanges:
//     minimise over b:  ½ bᵀSb - linearᵀb + ½ Σ l2ⱼbⱼ² + Σ priceⱼ·1(bⱼ ≠ 0),  ‖b‖₀ ≤ size,  |bⱼ| ≤ boxⱼ.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "products.hpp"
#include "vector.hpp"

namespace lozenge {

struct Choice {
    const double* S;  // (p, p), rows ``lead`` apart
    std::size_t lead, p;
    const double* linear;
    const double* l2;
    const double* box;    // inf where there is none
    const double* price;         // inf where a column may not be chosen
    const Products* rows = nullptr;  // in place of S
    const double* row(std::size_t j) const { return rows ? rows->at(j) : S + j * lead; }
    double curvature(std::size_t j) const { return (rows ? rows->diagonal(j) : S[j * lead + j]) + l2[j]; }
};

constexpr double kSpanned = 1e-11;  // what is left of a column's curvature where the others span it

// A column is worth ½r²/d; where d is at or below its floor the support spans it, or it may not come in.
LOZENGE_WIDE inline void worth(const double* r, const double* d, const double* floor, const double* price,
                               std::size_t p, double* out) {
    for (std::size_t j = 0; j < p; ++j) {
        const double found = 0.5 * r[j] * r[j] / d[j] - price[j];
        out[j] = d[j] > floor[j] ? found : -1e300;
    }
}

// The same after a member has left: its row v of the tableau moves r by a·v and d by c·v².
LOZENGE_WIDE inline void worth_without(const double* r, const double* d, const double* v, double a, double c,
                                       const double* floor, const double* price, std::size_t p, double* out) {
    for (std::size_t j = 0; j < p; ++j) {
        const double rj = r[j] + a * v[j], dj = d[j] + c * v[j] * v[j];
        const double found = 0.5 * rj * rj / dj - price[j];
        out[j] = dj > floor[j] ? found : -1e300;
    }
}

// d += c·v².
LOZENGE_WIDE inline void add_square(double* d, const double* v, double c, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) d[i] += c * v[i] * v[i];
}

// The minimiser on given columns, by Cholesky; columns that those before them span get zero.  Where it leaves its box,
// descent inside the box from there.  Returns its objective without the prices.
template <class Poll>
double minimise_on(const Choice& q, const std::vector<std::size_t>& columns, std::vector<double>& b, const Poll& poll) {
    const std::size_t k = columns.size();
    poll(k * k * (k + 6) / 6 + k);
    std::vector<double> L(k * k);
    b.assign(k, 0.0);
    for (std::size_t a = 0; a < k; ++a) {
        const double* row = q.row(columns[a]);
        double* mine = L.data() + a * k;
        for (std::size_t c = 0; c <= a; ++c) {
            double x = row[columns[c]] + (a == c ? q.l2[columns[a]] : 0.0);
            const double* other = L.data() + c * k;
            for (std::size_t i = 0; i < c; ++i) x -= mine[i] * other[i];
            if (c < a) mine[c] = other[c] > 0.0 ? x / other[c] : 0.0;
            else mine[a] = x > kSpanned * q.curvature(columns[a]) ? std::sqrt(x) : 0.0;
        }
    }
    for (std::size_t a = 0; a < k; ++a) {
        double x = q.linear[columns[a]];
        for (std::size_t i = 0; i < a; ++i) x -= L[a * k + i] * b[i];
        b[a] = L[a * k + a] > 0.0 ? x / L[a * k + a] : 0.0;
    }
    double value = 0.0;
    for (const double x : b) value -= 0.5 * x * x;
    for (std::size_t a = k; a-- > 0;) {
        double x = b[a];
        for (std::size_t i = a + 1; i < k; ++i) x -= L[i * k + a] * b[i];
        b[a] = L[a * k + a] > 0.0 ? x / L[a * k + a] : 0.0;
    }
    bool outside = false;
    for (std::size_t a = 0; a < k; ++a) outside |= std::fabs(b[a]) > q.box[columns[a]];
    if (!outside) return value;

    std::vector<double> slope(k);
    for (std::size_t a = 0; a < k; ++a) b[a] = std::fmax(-q.box[columns[a]], std::fmin(q.box[columns[a]], b[a]));
    for (std::size_t a = 0; a < k; ++a) {
        slope[a] = q.l2[columns[a]] * b[a] - q.linear[columns[a]];
        for (std::size_t c = 0; c < k; ++c) slope[a] += q.row(columns[a])[columns[c]] * b[c];
    }
    constexpr std::size_t kSweeps = 100'000;
    const double goal = 1e-15 * std::sqrt(2.0 * std::fabs(value));
    for (std::size_t sweep = 0; sweep < kSweeps; ++sweep) {
        poll(k * k + k);
        double moved = 0.0;
        for (std::size_t a = 0; a < k; ++a) {
            const std::size_t j = columns[a];
            const double curvature = q.curvature(j);
            if (!(curvature > 0.0)) continue;
            const double to = std::fmax(-q.box[j], std::fmin(q.box[j], b[a] - slope[a] / curvature));
            const double change = to - b[a];
            if (change == 0.0) continue;
            b[a] = to;
            const double* row = q.row(j);
            for (std::size_t c = 0; c < k; ++c) slope[c] += change * row[columns[c]];
            slope[a] += change * q.l2[j];
            moved = std::fmax(moved, std::sqrt(curvature) * std::fabs(change));
        }
        if (!(moved > goal)) break;
    }
    value = 0.0;
    for (std::size_t a = 0; a < k; ++a) value += 0.5 * b[a] * (slope[a] - q.linear[columns[a]]);
    return value;
}

// A support A and what every exchange would do to the objective.  With M = S_AA + l2, the rows V = M⁻¹S_A. , the
// residual r = linear - S b and what is left of each column's curvature, d = diag(S) + l2 - diag(S.A V):
//     a member i that leaves costs ½bᵢ²/(M⁻¹)ᵢᵢ and moves r by Vᵢ·bᵢ/(M⁻¹)ᵢᵢ, d by Vᵢ²/(M⁻¹)ᵢᵢ;
//     a column j that joins then gains ½rⱼ²/dⱼ.
// So all pairs are compared in O(|A|·p).  Columns join and leave by pivots, O(|A|·p) each.
//
// References
// ----------
// Zhu, Wen, Zhu, Zhang, Wang (2020), A polynomial algorithm for best-subset selection problem, PNAS 117 (splicing).
// Hazimeh, Mazumder (2020), Fast best subset selection, Operations Research 68 (local combinatorial search).
class Exchange {
public:
    explicit Exchange(const Choice& choice) : q_(choice) {
        for (auto* v : {&r_, &d_, &floor_, &gains_}) v->resize(q_.p);
        for (std::size_t j = 0; j < q_.p; ++j) boxed_ |= q_.box[j] < std::numeric_limits<double>::infinity();
        clear();
    }

    std::size_t width() const { return q_.p; }
    const std::vector<std::size_t>& members() const { return members_; }
    double objective() const { return objective_; }

    // Starts afresh from a support; columns that those before them span, or that have no finite price, are left out.
    template <class Poll>
    void set(const std::vector<std::size_t>& columns, const Poll& poll) {
        clear();
        for (const std::size_t j : columns)
            if (d_[j] > floor_[j]) join(j, poll);
        evaluate(poll);
    }

    // The column that gains most joins, whatever its price; false where none gains.
    template <class Poll>
    bool grow(const Poll& poll) {
        worth(r_.data(), d_.data(), floor_.data(), q_.price, q_.p, gains_.data());
        const std::size_t j = best();
        if (j == q_.p || !(0.5 * r_[j] * r_[j] / d_[j] > noise())) return false;
        join(j, poll);
        evaluate(poll);
        return true;
    }

    // The member whose loss costs least leaves.
    template <class Poll>
    bool shrink(const Poll& poll) {
        std::size_t out = members_.size();
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < members_.size(); ++i)
            if (rise(i) < least) {
                least = rise(i);
                out = i;
            }
        if (out == members_.size()) return false;
        leave(out, poll);
        evaluate(poll);
        return true;
    }

    // Exchanges up to ``depth`` (1 or 2) members for as many columns while the objective falls, never holding more
    // than ``size``.  What it ends with was compared with every such exchange on a factor made afresh.  Returns the
    // number of exchanges.
    template <class Poll>
    std::size_t search(std::size_t size, int depth, const Poll& poll) {
        std::size_t moves = 0;
        double settled = std::numeric_limits<double>::infinity();
        while (true) {
            Move found = compare_one(size, poll);
            if (!found.better && depth > 1 && left_ == 0) found = compare_two(size, poll);
            if (found.better) {
                apply(found, poll);
                ++moves;
                if (left_ <= 32 + 2 * members_.size()) continue;
            } else if (left_ == 0) {
                return moves;
            }
            refresh(poll);
            // A factor made afresh may take back what rounding promised: no round is begun that gained nothing.
            if (!found.better && !(objective_ < settled)) return moves;
            if (!found.better) settled = objective_;
        }
    }

private:
    static constexpr double kNoise = 1e-11;  // an exchange counts where it gains more than this share of the objective
    static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

    struct Move {
        std::size_t out[2] = {kNone, kNone};  // positions among the members
        std::size_t in[2] = {kNone, kNone};   // columns
        double gain = 0.0;
        bool better = false;
    };

    Choice q_;
    bool boxed_ = false;
    std::size_t left_ = 0;  // members that left since the factor was made: it is as good as new where none did
    std::vector<std::size_t> members_;
    std::vector<std::vector<double>> V_, inverse_;  // a row of each per member
    std::vector<double> b_, r_, d_, floor_, gains_, scratch_;
    double free_ = 0.0, objective_ = 0.0;  // without and with the box, prices included

    bool has(std::size_t j) const { return floor_[j] == std::numeric_limits<double>::infinity(); }

    void clear() {
        members_.clear();
        V_.clear();
        inverse_.clear();
        b_.clear();
        std::copy(q_.linear, q_.linear + q_.p, r_.begin());
        for (std::size_t j = 0; j < q_.p; ++j) {
            d_[j] = q_.curvature(j);
            close(j, false);
        }
        free_ = objective_ = 0.0;
        left_ = 0;
    }

    void close(std::size_t j, bool member) {
        const bool barred = member || !(q_.price[j] < std::numeric_limits<double>::infinity());
        floor_[j] = barred ? std::numeric_limits<double>::infinity() : kSpanned * q_.curvature(j);
    }

    double noise() const {
        double size = 0.0;
        for (std::size_t i = 0; i < members_.size(); ++i)
            size += 0.5 * std::fabs(q_.linear[members_[i]] * b_[i]) + q_.price[members_[i]];
        return kNoise * size + std::numeric_limits<double>::min();
    }

    double rise(std::size_t i) const {
        return 0.5 * b_[i] * b_[i] / inverse_[i][i] - q_.price[members_[i]];
    }

    std::size_t best() const {
        const auto top = std::max_element(gains_.begin(), gains_.end());
        return top == gains_.end() || !(*top > -1e300) ? q_.p : static_cast<std::size_t>(top - gains_.begin());
    }

    template <class Poll>
    void evaluate(const Poll& poll) {
        free_ = 0.0;
        double prices = 0.0;
        bool outside = false;
        for (std::size_t i = 0; i < members_.size(); ++i) {
            free_ -= 0.5 * q_.linear[members_[i]] * b_[i];
            prices += q_.price[members_[i]];
            outside |= std::fabs(b_[i]) > q_.box[members_[i]];
        }
        objective_ = outside ? minimise_on(q_, members_, scratch_, poll) + prices : free_ + prices;
        free_ += prices;
    }

    template <class Poll>
    void refresh(const Poll& poll) {
        const std::vector<std::size_t> columns = members_;
        set(columns, poll);
    }

    template <class Poll>
    void join(std::size_t j, const Poll& poll) {
        const std::size_t k = members_.size(), p = q_.p;
        poll(2 * k * p + 4 * p);
        std::vector<double> w(q_.row(j), q_.row(j) + p), v(k);
        for (std::size_t a = 0; a < k; ++a) {
            v[a] = V_[a][j];
            add(w.data(), q_.row(members_[a]), -v[a], p);
        }
        const double s = d_[j], step = r_[j] / s;
        for (std::size_t c = 0; c < p; ++c) w[c] /= s;
        for (std::size_t a = 0; a < k; ++a) {
            add(V_[a].data(), w.data(), -v[a], p);
            b_[a] -= step * v[a];
            for (std::size_t c = 0; c < k; ++c) inverse_[a][c] += v[a] * v[c] / s;
            inverse_[a].push_back(-v[a] / s);
        }
        std::vector<double> last(k + 1, 1.0 / s);
        for (std::size_t a = 0; a < k; ++a) last[a] = -v[a] / s;
        inverse_.push_back(std::move(last));
        add(r_.data(), w.data(), -s * step, p);
        add_square(d_.data(), w.data(), -s, p);
        V_.push_back(std::move(w));
        b_.push_back(step);
        members_.push_back(j);
        close(j, true);
    }

    template <class Poll>
    void leave(std::size_t i, const Poll& poll) {
        const std::size_t k = members_.size(), p = q_.p;
        poll(k * p + 4 * p);
        ++left_;
        const double pivot = inverse_[i][i], step = b_[i] / pivot;
        add(r_.data(), V_[i].data(), step, p);
        add_square(d_.data(), V_[i].data(), 1.0 / pivot, p);
        const std::vector<double> row = inverse_[i];
        for (std::size_t a = 0; a < k; ++a) {
            if (a == i) continue;
            add(V_[a].data(), V_[i].data(), -row[a] / pivot, p);
            b_[a] -= row[a] * step;
            for (std::size_t c = 0; c < k; ++c) inverse_[a][c] -= row[a] * row[c] / pivot;
        }
        const auto at = static_cast<std::ptrdiff_t>(i);
        for (auto& line : inverse_) line.erase(line.begin() + at);
        inverse_.erase(inverse_.begin() + at);
        V_.erase(V_.begin() + at);
        b_.erase(b_.begin() + at);
        close(members_[i], false);
        members_.erase(members_.begin() + at);
    }

    // What a move does.  The objective without a box is a lower bound of that with one, so only a move that would win
    // without it is solved with it.
    template <class Poll>
    void offer(Move& best_move, const Move& tried, double unboxed, const Poll& poll) {
        const double threshold = best_move.better ? best_move.gain : noise();
        double gain = objective_ - unboxed;
        if (!(gain > threshold)) return;
        if (boxed_) {
            std::vector<std::size_t> columns;
            double prices = 0.0;
            for (std::size_t i = 0; i < members_.size(); ++i)
                if (i != tried.out[0] && i != tried.out[1]) columns.push_back(members_[i]);
            for (const std::size_t j : tried.in)
                if (j != kNone) columns.push_back(j);
            for (const std::size_t j : columns) prices += q_.price[j];
            gain = objective_ - (minimise_on(q_, columns, scratch_, poll) + prices);
            if (!(gain > threshold)) return;
        }
        best_move = tried;
        best_move.gain = gain;
        best_move.better = true;
    }

    // The best of ``gains_`` for a set of members that leaves; with a box, each of them that may win.
    template <class Poll>
    void offer_all(Move& best_move, Move tried, double without, const Poll& poll) {
        if (!boxed_) {
            const std::size_t j = best();
            if (j == q_.p) return;
            tried.in[0] = j;
            offer(best_move, tried, without - gains_[j], poll);
            return;
        }
        for (std::size_t j = 0; j < q_.p; ++j)
            if (gains_[j] > -1e300) {
                tried.in[0] = j;
                offer(best_move, tried, without - gains_[j], poll);
            }
    }

    template <class Poll>
    Move compare_one(std::size_t size, const Poll& poll) {
        Move found;
        const std::size_t k = members_.size();
        poll(4 * (k + 1) * q_.p);
        if (k < size) {
            worth(r_.data(), d_.data(), floor_.data(), q_.price, q_.p, gains_.data());
            offer_all(found, Move{}, free_, poll);
        }
        for (std::size_t i = 0; i < k; ++i) {
            Move tried;
            tried.out[0] = i;
            const double without = free_ + rise(i), pivot = inverse_[i][i];
            offer(found, tried, without, poll);
            if (k > size) continue;
            worth_without(r_.data(), d_.data(), V_[i].data(), b_[i] / pivot, 1.0 / pivot, floor_.data(), q_.price,
                          q_.p, gains_.data());
            offer_all(found, tried, without, poll);
        }
        return found;
    }

    // What leaves with one or two members (or none), as two rows: e_jl, what is left of S_jl, grows by Σ u_j u_l.
    struct Leaving {
        std::size_t out[2];
        double without;
        std::vector<double> r, d, u[2];
    };

    // Every exchange of at most two members for at most two columns of which at least one side has two.
    template <class Poll>
    Move compare_two(std::size_t size, const Poll& poll) {
        const std::size_t k = members_.size(), p = q_.p;
        std::vector<Leaving> sets;
        Move found;
        const auto enter = [&](std::size_t first, std::size_t second) {
            poll(8 * p);
            Leaving s{{first, second}, free_, r_, d_, {}};
            if (first != kNone) {
                const double pivot = inverse_[first][first];
                s.without += rise(first);
                s.u[0] = V_[first];
                for (double& x : s.u[0]) x /= std::sqrt(pivot);
                add(s.r.data(), s.u[0].data(), b_[first] / std::sqrt(pivot), p);
                add_square(s.d.data(), s.u[0].data(), 1.0, p);
                if (second != kNone) {
                    const double shared = inverse_[first][second];
                    const double rest = inverse_[second][second] - shared * shared / pivot;
                    const double left = b_[second] - b_[first] * shared / pivot;
                    s.without += 0.5 * left * left / rest - q_.price[members_[second]];
                    s.u[1] = V_[second];
                    add(s.u[1].data(), V_[first].data(), -shared / pivot, p);
                    for (double& x : s.u[1]) x /= std::sqrt(rest);
                    add(s.r.data(), s.u[1].data(), left / std::sqrt(rest), p);
                    add_square(s.d.data(), s.u[1].data(), 1.0, p);
                    Move tried;
                    tried.out[0] = first;
                    tried.out[1] = second;
                    offer(found, tried, s.without, poll);
                    worth(s.r.data(), s.d.data(), floor_.data(), q_.price, p, gains_.data());
                    offer_all(found, tried, s.without, poll);
                }
            }
            const std::size_t left = k - (first != kNone) - (second != kNone);
            if (left + 2 <= size) sets.push_back(std::move(s));
        };
        enter(kNone, kNone);
        for (std::size_t i = 0; i < k; ++i) enter(i, kNone);
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t c = i + 1; c < k; ++c) enter(i, c);
        std::vector<double> e(p), pairs(p);
        for (std::size_t j = 0; j < p && !sets.empty(); ++j) {
            if (has(j)) continue;
            poll((k + 12 * sets.size()) * (p - j));
            std::copy(q_.row(j), q_.row(j) + p, e.begin());
            for (std::size_t a = 0; a < k; ++a) add(e.data(), V_[a].data(), -q_.row(members_[a])[j], p);
            for (const Leaving& s : sets) {
                if (!(s.d[j] > floor_[j])) continue;
                pair_gains(s, j, e.data(), pairs.data());
                Move tried;
                tried.out[0] = s.out[0];
                tried.out[1] = s.out[1];
                tried.in[0] = j;
                const double threshold = objective_ - s.without;
                for (std::size_t l = j + 1; l < p; ++l) {
                    if (!(threshold + pairs[l] > found.gain)) continue;
                    tried.in[1] = l;
                    offer(found, tried, s.without - pairs[l], poll);
                }
            }
        }
        return found;
    }

    void pair_gains(const Leaving& s, std::size_t j, const double* e, double* out) const {
        const double* u = s.u[0].empty() ? nullptr : s.u[0].data();
        const double* v = s.u[1].empty() ? nullptr : s.u[1].data();
        const double uj = u ? u[j] : 0.0, vj = v ? v[j] : 0.0, rj = s.r[j], dj = s.d[j], pj = q_.price[j];
        for (std::size_t l = j + 1; l < q_.p; ++l) {
            double shared = e[l];
            if (u) shared += uj * u[l];
            if (v) shared += vj * v[l];
            const double ratio = shared / dj, dl = s.d[l] - ratio * shared, rl = s.r[l] - ratio * rj;
            const double gain = 0.5 * (rj * rj / dj + rl * rl / dl) - pj - q_.price[l];
            out[l] = dl > floor_[l] ? gain : -1e300;
        }
    }

    template <class Poll>
    void apply(const Move& move, const Poll& poll) {
        std::size_t out[2] = {move.out[0], move.out[1]};
        if (out[1] != kNone && out[1] > out[0]) std::swap(out[0], out[1]);
        for (const std::size_t i : out)
            if (i != kNone) leave(i, poll);
        bool drifted = false;
        for (const std::size_t j : move.in) {
            if (j == kNone) continue;
            if (d_[j] > floor_[j]) join(j, poll);
            else drifted = true;
        }
        evaluate(poll);
        if (drifted) refresh(poll);
    }
};

}  // namespace lozenge
