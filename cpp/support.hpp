// The exact minimiser of a small quadratic with a separable penalty,
//     ½ bᵀSb - linearᵀb + Σ l1ⱼ|bⱼ| + ½ Σ l2ⱼ bⱼ²,
// by exchanging columns of its support.  On a support A with signs s it solves (S_AA + l2)x = linear - l1·s.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "factor.hpp"
#include "gap.hpp"

namespace lozenge {

enum class Settled : int { yes = 0, dependent = 1, no = 2 };

struct Quadratic {
    const double* S;  // (k, k), rows ``lead`` apart
    std::size_t lead, k;
    const double* linear;
    const double* l1;
    const double* l2;
};

// out += factor · S v, by the rows where v is not zero.
inline void multiply(const double* S, std::size_t lead, std::size_t k, const double* v, double factor, double* out) {
    const double* rows[4];
    double w[4];
    std::size_t held = 0;
    for (std::size_t j = 0; j < k; ++j) {
        if (v[j] == 0.0) continue;
        rows[held] = S + j * lead;
        w[held] = factor * v[j];
        if (++held == 4) {
            add4(out, rows[0], rows[1], rows[2], rows[3], w, k);
            held = 0;
        }
    }
    for (std::size_t c = 0; c < held; ++c) add(out, rows[c], w[c], k);
}

// The factor outlives a solve: the next α starts from the support of the last one.
class Support {
public:
    // Exchanges all infeasible columns at once while their number falls: weights of the wrong sign leave, pulls beyond
    // their price enter.  Where the gap that they cause is below a goal, they may stay as they are.  b and its pull,
    // linear - S b, are written where this settles; ``barred`` columns stay out.  Of columns that the support spans only
    // the objective can tell which ones come in: where nothing else is left, b is written and `walk` goes on from there.
    //
    // References
    // ----------
    // Kim, Park (2010), Fast active-set-type algorithms for L1-regularized linear regression, AISTATS, section 4.
    template <class Poll>
    Settled pivot(const Quadratic& q, double* b, const std::uint8_t* barred, double loss, double goal, double* pull,
                  const Poll& poll) {
        if (!start(q, b, barred, poll)) return Settled::dependent;
        std::size_t best = std::numeric_limits<std::size_t>::max();
        int tries = kTries;
        bool exact = false;
        std::vector<std::size_t> leaving, entering;
        while (true) {
            if (exact) refine(q, kExact, poll);
            else minimise(q, kRough, poll);
            // What is left of the equations passes on to the pulls; to that of a column that the support spans, whole.
            const double doubt = exact ? 0.0 : kPassedOn * left(q);
            leaving.clear();
            entering.clear();
            bool spanned = false;
            for (std::size_t j = 0; j < q.k; ++j) {
                if (sign_[j] != 0.0) {
                    if (x_[j] * sign_[j] < 0.0) leaving.push_back(j);
                } else if (!barred[j] && excess(q, j) > doubt) {
                    if (stuck_[j]) spanned = true;
                    else entering.push_back(j);
                }
            }
            const std::size_t wrong = leaving.size() + entering.size();
            if (goal > 0.0 && gap(q, barred, loss) <= goal) {
                turn(leaving, entering);  // what the next start goes on from
                break;
            }
            if (wrong == 0) {
                if (exact && spanned) {
                    std::copy(x_.begin(), x_.end(), b);
                    return Settled::dependent;
                }
                if (exact) break;
                exact = true;  // which may show what the rough answer hid
                continue;
            }
            if (wrong < best) {
                best = wrong;
                tries = kTries;
            } else if (--tries < 0) {
                return Settled::no;
            }
            exact = false;
            turn(leaving, entering);
            if (!admit(q, entering, poll)) return Settled::dependent;
        }
        std::copy(x_.begin(), x_.end(), b);
        std::copy(pull_.begin(), pull_.end(), pull);
        given_ = x_;
        return Settled::yes;
    }

    // Moves one step at a time and never uphill: a weight that would change sign stops at zero and leaves, and the pull
    // farthest beyond its price enters; where its column is spanned by the support, another one makes room.
    //
    // References
    // ----------
    // Lee, Battle, Raina, Ng (2006), Efficient sparse coding algorithms, NIPS 19 (feature-sign search).
    template <class Poll>
    Settled walk(const Quadratic& q, double* b, std::uint8_t* barred, std::size_t changes, const Poll& poll) {
        resize(q.k);
        for (std::size_t j = 0; j < q.k; ++j) sign_[j] = b[j] > 0.0 ? 1.0 : b[j] < 0.0 ? -1.0 : 0.0;
        if (!sync(q, poll)) return Settled::dependent;
        for (; changes > 0; --changes) {
            minimise(q, kExact, poll);
            double step = 1.0;
            for (std::size_t j = 0; j < q.k; ++j)
                if (x_[j] * sign_[j] < 0.0) step = std::min(step, b[j] / (b[j] - x_[j]));
            bool crossed = false;
            for (std::size_t j = 0; j < q.k; ++j) {
                if (sign_[j] == 0.0) continue;
                const bool out = x_[j] * sign_[j] < 0.0 && b[j] / (b[j] - x_[j]) <= step;
                crossed |= out;
                if (out) b[j] = sign_[j] = 0.0;
                else b[j] += step * (x_[j] - b[j]);
            }
            if (crossed) {
                if (!sync(q, poll)) return Settled::dependent;
                continue;
            }
            std::copy(x_.begin(), x_.end(), b);
            std::size_t entering = q.k;
            double farthest = 0.0;
            for (std::size_t j = 0; j < q.k; ++j)
                if (sign_[j] == 0.0 && !barred[j] && excess(q, j) > farthest) {
                    farthest = excess(q, j);
                    entering = j;
                }
            if (entering == q.k) return Settled::yes;
            sign_[entering] = pull_[entering] > 0.0 ? 1.0 : -1.0;
            if (factor_.exchange(q.S, q.lead, q.l2, {}, {entering}, poll)) continue;
            const Settled room = make_room(q, b, barred, entering, poll);
            if (room != Settled::yes) return room;
        }
        return Settled::no;
    }

private:
    static constexpr int kTries = 4;         // exchanges that do not lower the number of infeasible columns
    // Columns to enter at once that the support spans: more than a few of them, and it is next to all that the rows
    // can tell apart, where exchanging many at a time goes round and one at a time does not.
    static constexpr std::size_t kSpanned = 4;
    static constexpr double kNoise = 1e-13;  // rounding of a pull, relative to its terms
    static constexpr int kRefinements = 40;
    static constexpr std::size_t kPins = 16;
    static constexpr double kRough = 1e-6, kExact = 1e-15;  // residual of a solve, over the largest of ``linear``
    static constexpr double kPassedOn = 8.0;                // of a residual, to the pull of a column outside

    std::vector<std::uint8_t> stuck_;  // spanned by the support when they were to enter

    Factor factor_;
    std::vector<double> sign_, x_, pull_, residual_, toward_, along_, product_, rhs_, given_;

    double excess(const Quadratic& q, std::size_t j) const {
        const double size = std::fabs(pull_[j]);
        return size - q.l1[j] - kNoise * (std::fabs(q.linear[j]) + size + q.l1[j]);
    }

    double gap(const Quadratic& q, const std::uint8_t* barred, double loss) const {
        Gap found(loss);
        for (std::size_t j = 0; j < q.k; ++j)
            if (!barred[j]) found.add(x_[j], pull_[j], q.l1[j], q.l2[j], q.S[j * q.lead + j]);
        return found.total();
    }

    void resize(std::size_t k) {
        given_.clear();
        for (auto* v : {&sign_, &x_, &pull_, &residual_, &toward_, &along_, &product_, &rhs_}) v->resize(k);
        factor_.widen(k);
    }

    void turn(const std::vector<std::size_t>& leaving, const std::vector<std::size_t>& entering) {
        for (const std::size_t j : leaving) sign_[j] = 0.0;
        for (const std::size_t j : entering) sign_[j] = pull_[j] > 0.0 ? 1.0 : -1.0;
    }

    // From the signs that the last answer left where b is that answer; else from those of b where the pull goes the
    // same way, and of the pulls beyond their price.
    template <class Poll>
    bool start(const Quadratic& q, const double* b, const std::uint8_t* barred, const Poll& poll) {
        bool same = !given_.empty() && given_.size() <= q.k && std::equal(given_.begin(), given_.end(), b);
        for (std::size_t j = given_.size(); same && j < q.k; ++j) same = b[j] == 0.0;
        resize(q.k);
        stuck_.assign(q.k, 0);
        std::vector<std::size_t> entering;
        if (!same) {
            std::copy(b, b + q.k, x_.begin());
            pull(q);
            for (std::size_t j = 0; j < q.k; ++j) {
                const bool kept = b[j] * pull_[j] > 0.0, enters = b[j] == 0.0 && !barred[j] && excess(q, j) > 0.0;
                sign_[j] = !kept && !enters ? 0.0 : pull_[j] > 0.0 ? 1.0 : -1.0;
                if (enters) entering.push_back(j);
            }
        }
        return admit(q, entering, poll);
    }

    // Brings the factor to the support of the signs, without those of the entering that the rest spans.
    template <class Poll>
    bool admit(const Quadratic& q, std::vector<std::size_t> entering, const Poll& poll) {
        if (sync(q, poll)) return true;
        std::vector<std::size_t> rest;
        for (const std::size_t j : entering)
            if (!factor_.has(j)) rest.push_back(j);
        std::vector<std::uint8_t> asked(q.k, 0);
        for (const std::size_t j : entering) asked[j] = 1;
        for (std::size_t j = 0; j < q.k; ++j)
            if (sign_[j] != 0.0 && !asked[j] && !factor_.has(j)) return false;
        std::size_t spanned = 0;
        while (!rest.empty()) {  // the factor stopped at the first of them
            if (++spanned > kSpanned) return false;
            sign_[rest.front()] = 0.0;
            stuck_[rest.front()] = 1;
            rest.erase(rest.begin());
            if (factor_.exchange(q.S, q.lead, q.l2, {}, rest, poll)) break;
            rest.erase(std::remove_if(rest.begin(), rest.end(), [this](std::size_t j) { return factor_.has(j); }),
                       rest.end());
        }
        return true;
    }

    // Brings the factor to the support of the signs; false if its columns are dependent.
    template <class Poll>
    bool sync(const Quadratic& q, const Poll& poll) {
        std::vector<std::size_t> kept, leaving, entering;
        bool drifted = false;
        for (const std::size_t j : factor_.support()) {
            (sign_[j] != 0.0 ? kept : leaving).push_back(j);
            const double then = factor_.ridge(j), now = q.l2[j];
            drifted |= now < 0.5 * then || then < 0.5 * now;
        }
        for (std::size_t j = 0; j < q.k; ++j)
            if (sign_[j] != 0.0 && !factor_.has(j)) entering.push_back(j);
        if (!drifted && factor_.pins() + leaving.size() <= kPins + kept.size() / 8 &&
            factor_.exchange(q.S, q.lead, q.l2, leaving, entering, poll))
            return true;
        // Afresh: too many pins, another ridge, or columns that seem dependent.
        std::vector<std::size_t> all;
        for (const std::size_t j : factor_.support())
            if (sign_[j] != 0.0) all.push_back(j);
        for (const std::size_t j : entering)
            if (!factor_.has(j)) all.push_back(j);
        factor_.clear();
        return factor_.exchange(q.S, q.lead, q.l2, {}, all, poll);
    }

    // pull = linear - S x.
    void pull(const Quadratic& q) {
        std::copy(q.linear, q.linear + q.k, pull_.begin());
        multiply(q.S, q.lead, q.k, x_.data(), -1.0, pull_.data());
    }

    // x and pull on the present support, by one solve on the factor and as many refinements as the goal needs.
    template <class Poll>
    void minimise(const Quadratic& q, double goal, const Poll& poll) {
        poll(factor_.rows() * factor_.rows() + q.k * factor_.rows());
        for (std::size_t j = 0; j < q.k; ++j) rhs_[j] = sign_[j] == 0.0 ? 0.0 : q.linear[j] - q.l1[j] * sign_[j];
        factor_.solve(rhs_.data(), x_.data());
        pull(q);
        refine(q, goal, poll);
    }

    // Conjugate gradients on the residual with the factor as preconditioner, while they halve it.  Where l2 is that of
    // the factor, one step is iterative refinement.
    template <class Poll>
    void refine(const Quadratic& q, double goal, const Poll& poll) {
        double scale = 0.0;
        for (std::size_t j = 0; j < q.k; ++j) scale = std::max(scale, std::fabs(q.linear[j]));
        double worst = left(q), best = std::numeric_limits<double>::infinity(), size = 0.0;
        for (int step = 0; step < kRefinements && worst > goal * scale && worst < 0.5 * best; ++step) {
            best = worst;
            poll(factor_.rows() * factor_.rows() + q.k * factor_.rows());
            factor_.solve(residual_.data(), toward_.data());
            const double next = dot(residual_.data(), toward_.data(), q.k);
            const double share = step == 0 ? 0.0 : next / size;
            size = next;
            for (std::size_t j = 0; j < q.k; ++j) along_[j] = toward_[j] + share * along_[j];
            std::fill(product_.begin(), product_.end(), 0.0);
            multiply(q.S, q.lead, q.k, along_.data(), 1.0, product_.data());
            double bend = 0.0;
            for (std::size_t j = 0; j < q.k; ++j) bend += along_[j] * (product_[j] + q.l2[j] * along_[j]);
            if (!(bend > 0.0)) break;
            const double length = size / bend;
            for (std::size_t j = 0; j < q.k; ++j) {
                x_[j] += length * along_[j];
                pull_[j] -= length * product_[j];
            }
            worst = left(q);
        }
    }

    // residual = what is left of the equations on the support; its largest entry.
    double left(const Quadratic& q) {
        double worst = 0.0;
        for (std::size_t j = 0; j < q.k; ++j) {
            residual_[j] = sign_[j] == 0.0 ? 0.0 : pull_[j] - q.l1[j] * sign_[j] - q.l2[j] * x_[j];
            worst = std::max(worst, std::fabs(residual_[j]));
        }
        return worst;
    }

    // ``entering`` is spanned by the support.  Along n, with n = 1 there and S n = 0, the objective is linear with slope
    // Σ (l1·sign - linear)n: go the way it falls until a weight reaches zero, and drop that one.
    template <class Poll>
    Settled make_room(const Quadratic& q, double* b, std::uint8_t* barred, std::size_t entering, const Poll& poll) {
        std::vector<double>&n = along_, &column = rhs_;
        for (std::size_t j = 0; j < q.k; ++j) column[j] = q.S[entering * q.lead + j];
        factor_.solve(column.data(), n.data());
        double slope = 0.0, size = 0.0;
        for (std::size_t j = 0; j < q.k; ++j) {
            n[j] = j == entering ? 1.0 : std::fabs(n[j]) < 1e-9 ? 0.0 : -n[j];
            if (n[j] == 0.0) continue;
            const double force = (q.l1[j] * sign_[j] - q.linear[j]) * n[j];
            slope += force;
            size += std::fabs(force);
        }
        if (std::fabs(slope) <= 1e-10 * size) {  // level: coming in would only go round
            sign_[entering] = 0.0;
            barred[entering] = 1;
            return Settled::yes;
        }
        const double way = slope > 0.0 ? -1.0 : 1.0;
        double step = std::numeric_limits<double>::infinity();
        std::size_t out = q.k;
        for (std::size_t j = 0; j < q.k; ++j) {
            if (!(b[j] * way * n[j] < 0.0)) continue;
            const double reach = -b[j] / (way * n[j]);
            if (reach <= step * (1.0 + 1e-12)) {  // of ties the last
                out = j;
                step = std::min(step, reach);
            }
        }
        if (out == q.k) return Settled::no;
        for (std::size_t j = 0; j < q.k; ++j) b[j] += step * way * n[j];
        b[out] = sign_[out] = 0.0;
        return sync(q, poll) ? Settled::yes : Settled::dependent;
    }
};

}  // namespace lozenge
