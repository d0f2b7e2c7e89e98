// The perspective relaxation of the best subset and a branch and bound on it.  With zⱼ in [0, 1] for 1(bⱼ ≠ 0):
//     minimise over b, z:  ½ bᵀSb - linearᵀb + Σ ½ l2ⱼ bⱼ²/zⱼ + Σ priceⱼ zⱼ,  Σ z ≤ size,  |bⱼ| ≤ boxⱼ zⱼ.
// As ½bᵀSb ≥ b̂ᵀSb - ½b̂ᵀSb̂, any b̂ gives the lower bound, with r = linear - S b̂,
//     -½ b̂ᵀSb̂ - max over z of Σ zⱼ (ψⱼ(rⱼ) - priceⱼ),      ψ(t) = max over |b| ≤ box of tb - ½ l2 b²,
// where the maximum is the sum of the ``size`` largest positive terms.
//
// References
// ----------
// Günlük, Linderoth (2010), Perspective reformulations of mixed integer nonlinear programs, Math. Programming 124.
// Xie, Deng (2020), Scalable algorithms for the sparse ridge regression, SIAM J. Optimization 30.
// Hazimeh, Mazumder, Saab (2022), Sparse regression at scale: branch-and-bound rooted in first-order optimization,
// Math. Programming 196.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "exchange.hpp"

namespace lozenge {

enum Fixed : std::uint8_t { kFree = 0, kIn = 1, kOut = 2 };

// The relaxation with some columns in and some out: descent on the columns that matter, with the price that the limit
// on Σz amounts to found by its sign, and the dual bound from what the descent left.
class Relaxation {
public:
    Relaxation(const Choice& q, std::size_t size)
        : q_(q), size_(size), r_(q.p), value_(q.p), root_(q.p), b_(q.p), error_(q.p) {
        for (std::size_t j = 0; j < q.p; ++j) {
            root_[j] = std::sqrt(std::fmax(q.S[j * q.lead + j], 0.0));
            largest_ = std::fmax(largest_, std::fabs(q.linear[j]));
        }
    }

    std::vector<double>& b() { return b_; }
    const std::vector<double>& value() const { return value_; }  // ψⱼ(rⱼ) - priceⱼ, at the last bound
    double multiplier = 0.0;
    double enters = 0.0, leaves = 0.0;  // the smallest value that is counted, the largest that is not; both >= 0

    // zⱼ of a free column at its weight.
    double z(std::size_t j) const {
        const double x = std::fabs(b_[j]);
        if (x == 0.0) return 0.0;
        const double price = q_.price[j] + multiplier, l2 = q_.l2[j];
        double share = x / q_.box[j];
        if (l2 > 0.0 && price > 0.0) share = std::fmax(share, x * std::sqrt(0.5 * l2 / price));
        else if (l2 > 0.0) share = 1.0;
        return std::fmin(share, 1.0);
    }

    // Lower bound of what the columns that are in and the free ones can reach.  Stops once it is at ``cutoff``, or once
    // another round adds less than ``patience`` of what is missing.
    template <class Poll>
    double bound(const std::vector<std::uint8_t>& fixed, double cutoff, double patience, const Poll& poll) {
        std::size_t in = 0, open = 0;
        for (const std::uint8_t f : fixed) {
            in += f == kIn;
            open += f == kFree;
        }
        const std::size_t room = std::min(size_ - std::min(size_, in), open);
        working_.clear();
        member_.assign(q_.p, 0);
        for (std::size_t j = 0; j < q_.p; ++j) {
            if (fixed[j] == kOut) b_[j] = 0.0;
            if (fixed[j] == kIn || b_[j] != 0.0) {
                working_.push_back(j);
                member_[j] = 1;
            }
        }
        double best = -std::numeric_limits<double>::infinity(), before = best, tol = 1e-3;
        std::vector<double> kept_b = b_, kept_value;
        double kept[3] = {multiplier, 0.0, 0.0};
        for (int round = 0; round < kRounds; ++round) {
            const double now = certify(fixed, room, poll);
            if (now > best || round == 0) {
                best = now;
                kept_b = b_;
                kept_value = value_;
                kept[0] = multiplier;
                kept[1] = enters;
                kept[2] = leaves;
            }
            if (best >= cutoff) break;
            const std::size_t joined = widen(fixed);
            const double missing = patience > 0.0 ? patience * (cutoff - best) : 1e-8 * std::fabs(best);
            if (round > 0 && best - before <= missing) {
                if (tol <= kTightest || (patience > 0.0 && joined == 0 && tol <= kTight)) break;
                tol = std::fmax(tol * 0.1, kTightest);
            }
            before = best;
            solve(fixed, room, tol, poll);
        }
        b_ = kept_b;
        value_ = kept_value;
        multiplier = kept[0];
        enters = kept[1];
        leaves = kept[2];
        return best;
    }

private:
    static constexpr int kRounds = 200;
    static constexpr double kTight = 1e-5, kTightest = 1e-9;
    static constexpr double kUnit = 1.2e-16;

    Choice q_;
    std::size_t size_;
    double largest_ = 0.0;
    std::vector<double> r_, value_, root_, b_, error_, gram_, gradient_, sorted_;
    std::vector<std::size_t> working_, violators_;
    std::vector<std::uint8_t> member_;

    double psi(std::size_t j, double t) const {
        const double l2 = q_.l2[j], box = q_.box[j];
        t = std::fabs(t);
        if (l2 > 0.0 && t <= l2 * box) return 0.5 * t * t / l2;
        return std::isinf(box) ? (t > 0.0 ? box : 0.0) : box * t - 0.5 * l2 * box * box;
    }

    // The dual value at b_, from a fresh residual, less what rounding may have added to it.
    template <class Poll>
    double certify(const std::vector<std::uint8_t>& fixed, std::size_t room, const Poll& poll) {
        const std::size_t p = q_.p;
        std::copy(q_.linear, q_.linear + p, r_.begin());
        double weight = 0.0;
        std::size_t held = 0;
        for (std::size_t j = 0; j < p; ++j) {
            if (b_[j] == 0.0) continue;
            add(r_.data(), q_.row(j), -b_[j], p);
            weight += root_[j] * std::fabs(b_[j]);
            ++held;
        }
        poll((held + 8) * p);
        const double unit = kUnit * static_cast<double>(held + 8);
        double quadratic = 0.0, sum = 0.0, size = 0.0;
        sorted_.clear();
        for (std::size_t j = 0; j < p; ++j) {
            const double error = unit * (std::fabs(q_.linear[j]) + root_[j] * weight);
            if (b_[j] != 0.0) {
                quadratic += b_[j] * (q_.linear[j] - r_[j]);
                size += std::fabs(b_[j]) * (std::fabs(q_.linear[j]) + std::fabs(r_[j]));
                sum += 2.0 * std::fabs(b_[j]) * error;
            }
            if (fixed[j] == kOut) {
                value_[j] = -std::numeric_limits<double>::infinity();
                continue;
            }
            value_[j] = psi(j, std::fabs(r_[j]) + error) - q_.price[j];
            if (fixed[j] == kIn) {
                sum += value_[j];
                size += std::fabs(value_[j]) + 2.0 * q_.price[j];
            } else if (value_[j] > 0.0) {
                sorted_.push_back(value_[j]);
            }
        }
        enters = leaves = 0.0;
        if (sorted_.size() > room) {
            const auto at = sorted_.begin() + static_cast<std::ptrdiff_t>(room);
            std::nth_element(sorted_.begin(), at, sorted_.end(), std::greater<double>());
            leaves = *at;
        }
        const std::size_t counted = std::min(room, sorted_.size());
        for (std::size_t i = 0; i < counted; ++i) {
            sum += sorted_[i];
            size += sorted_[i];
        }
        if (counted == room && room > 0)
            enters = *std::min_element(sorted_.begin(), sorted_.begin() + static_cast<std::ptrdiff_t>(room));
        const double found = -0.5 * quadratic - sum - kUnit * static_cast<double>(held + counted + 16) * 2.0 * size;
        return std::isnan(found) ? -std::numeric_limits<double>::infinity() : found;
    }

    // Where the penalty of a free column turns from |b| to b², and its slope before that.
    struct Shape {
        double slope, knee;
    };
    Shape shape(std::size_t j) const {
        const double price = std::fmax(q_.price[j] + multiplier, 0.0), l2 = q_.l2[j], box = q_.box[j];
        if (l2 > 0.0) {
            const double knee = std::sqrt(2.0 * price / l2);
            if (knee <= box) return {std::sqrt(2.0 * price * l2), knee};
        }
        return {std::fmax(0.5 * l2 * box + price / box, 0.0), box};
    }

    // Columns whose residual is beyond their slope come in, the farthest first.
    std::size_t widen(const std::vector<std::uint8_t>& fixed) {
        violators_.clear();
        for (std::size_t j = 0; j < q_.p; ++j) {
            if (fixed[j] != kFree || member_[j]) continue;
            value_scratch(j);
            if (error_[j] > 0.0) violators_.push_back(j);
        }
        const std::size_t most = std::max<std::size_t>(32, working_.size() / 2);
        if (violators_.size() > most) {
            std::nth_element(violators_.begin(), violators_.begin() + static_cast<std::ptrdiff_t>(most),
                             violators_.end(), [&](std::size_t a, std::size_t c) { return error_[a] > error_[c]; });
            violators_.resize(most);
        }
        for (const std::size_t j : violators_) {
            working_.push_back(j);
            member_[j] = 1;
        }
        return violators_.size();
    }

    void value_scratch(std::size_t j) { error_[j] = std::fabs(r_[j]) - shape(j).slope * (1.0 + 1e-9); }

    template <class Poll>
    void solve(const std::vector<std::uint8_t>& fixed, std::size_t room, double tol, const Poll& poll) {
        const std::size_t w = working_.size();
        gram_.resize(w * w);
        gradient_.resize(w);
        for (std::size_t a = 0; a < w; ++a) {
            const double* row = q_.row(working_[a]);
            for (std::size_t c = 0; c < w; ++c) gram_[a * w + c] = row[working_[c]];
            gradient_[a] = r_[working_[a]];
        }
        poll(w * w);
        const double goal = static_cast<double>(room);
        double low = 0.0, high = std::numeric_limits<double>::infinity();
        double z_low = 0.0, z_high = 0.0;
        for (int step = 0; step < 40; ++step) {
            descend_working(fixed, tol, poll);
            double used = 0.0;
            for (const std::size_t j : working_)
                if (fixed[j] == kFree) used += z(j);
            const double miss = used - goal;
            if (std::fabs(miss) <= kMiss * std::fmax(goal, 1.0) * std::fmax(tol, 1e-6)) return;
            if (miss < 0.0) {
                if (multiplier == 0.0) return;
                high = multiplier;
                z_high = used;
            } else {
                low = multiplier;
                z_low = used;
            }
            if (std::isinf(high)) {
                double top = 0.0;
                for (const std::size_t j : working_)
                    if (fixed[j] == kFree) top = std::fmax(top, psi(j, r_[j]) - q_.price[j]);
                if (multiplier == 0.0) multiplier = std::isfinite(top) && top > 0.0 ? 1e-3 * top : 1e-12 + largest_;
                else multiplier *= 2.0;
                continue;
            }
            if (high - low <= 1e-3 * tol * high) return;
            if (low == 0.0 && z_low == 0.0) {
                if (multiplier < 1e-14 * largest_ * largest_) multiplier = 0.0;
                else multiplier *= 0.5;
                continue;
            }
            // Between the ends by the secant of Σz, kept away from them so that both move.
            double share = (z_low - goal) / (z_low - z_high);
            if (!(share > 0.1)) share = 0.1;
            if (share > 0.9) share = 0.9;
            multiplier = low + share * (high - low);
        }
    }

    static constexpr double kMiss = 20.0;  // of Σz, relative to the descent's tolerance

    template <class Poll>
    void descend_working(const std::vector<std::uint8_t>& fixed, double tol, const Poll& poll) {
        const std::size_t w = working_.size();
        double first = 0.0;
        for (int sweep = 0; sweep < 200; ++sweep) {
            double moved = 0.0;
            std::size_t steps = 1;
            for (std::size_t a = 0; a < w; ++a) {
                const std::size_t j = working_[a];
                const double curvature = std::fmax(gram_[a * w + a], 0.0), old = b_[j];
                const double g = gradient_[a] + curvature * old, size = std::fabs(g), box = q_.box[j];
                const double l2 = q_.l2[j];
                double to;
                if (fixed[j] == kIn) {
                    to = std::fmin(size / (curvature + l2), box);
                } else {
                    const Shape s = shape(j);
                    to = 0.0;
                    if (size > s.slope) {
                        to = (size - s.slope) / curvature;
                        if (to > s.knee) to = s.knee < box ? std::fmin(std::fmax(size / (curvature + l2), s.knee), box) : box;
                    }
                }
                if (!(to >= 0.0)) to = 0.0;
                if (g < 0.0) to = -to;
                const double change = to - old;
                if (change == 0.0) continue;
                b_[j] = to;
                add(gradient_.data(), gram_.data() + a * w, -change, w);
                ++steps;
                moved = std::fmax(moved, root_[j] * std::fabs(change));
            }
            poll(steps * w);
            first = std::fmax(first, moved);
            if (moved <= tol * first || moved <= 1e-13 * largest_) break;
        }
    }
};

struct Progress {
    std::size_t nodes = 0, open = 0;
    double objective = 0.0, bound = 0.0;
    bool done = false;
};

// Best-first branch and bound.  What is cut off leaves its bound behind, so that the bound is always that of everything
// that was not looked at.
class Tree {
public:
    Tree(const Choice& q, std::size_t size, double slack)
        : q_(q), size_(size), slack_(slack), relaxation_(q, size) {}

    std::size_t width() const { return q_.p; }

    // A candidate from elsewhere.
    template <class Poll>
    void offer(const std::vector<std::size_t>& columns, const Poll& poll) {
        std::vector<double> b;
        double value = minimise_on(q_, columns, b, poll);
        for (const std::size_t j : columns) value += q_.price[j];
        if (value < objective_) {
            objective_ = value;
            best_ = columns;
        }
    }

    // The root's relaxation, solved closely; what it leaves free is where the search starts.
    template <class Poll>
    double root(const Poll& poll) {
        Node node;
        node.bound = -std::numeric_limits<double>::infinity();
        node.fixed.assign(q_.p, kFree);
        for (std::size_t j = 0; j < q_.p; ++j)
            if (!(q_.price[j] < std::numeric_limits<double>::infinity())) node.fixed[j] = kOut;
        std::fill(relaxation_.b().begin(), relaxation_.b().end(), 0.0);
        relaxation_.multiplier = 0.0;
        expand(node, 0.0, poll);
        return root_bound_;
    }

    // Looks at nodes until ``stop`` says so or none is left.
    template <class Poll, class Stop>
    void advance(const Poll& poll, const Stop& stop) {
        while (!open_.empty()) {
            const bool many = open_.size() > kMany;
            const auto at = many ? deep_.begin()->second : open_.begin()->second;
            Node node = std::move(nodes_[at]);
            open_.erase({node.bound, at});
            deep_.erase({-node.depth, at});
            vacant_.push_back(at);
            if (node.bound >= cutoff()) {
                discard(node.bound);
            } else {
                std::fill(relaxation_.b().begin(), relaxation_.b().end(), 0.0);
                for (const auto& entry : node.warm) relaxation_.b()[entry.first] = entry.second;
                relaxation_.multiplier = node.multiplier;
                expand(node, kPatience, poll);
            }
            if (stop()) break;
        }
    }

    Progress progress() const {
        double bound = std::min(discarded_, objective_);
        if (!open_.empty()) bound = std::min(bound, open_.begin()->first);
        return {looked_, open_.size(), objective_, bound, open_.empty()};
    }
    const std::vector<std::size_t>& best() const { return best_; }
    // Columns that the root settled, as Fixed.
    const std::vector<std::uint8_t>& settled() const { return settled_; }
    const std::vector<double>& relaxed() const { return relaxed_; }

private:
    static constexpr double kPatience = 0.02;
    static constexpr std::size_t kMany = 200'000;  // open nodes, after which the deepest goes first
    static constexpr double kWhole = 1e-6;         // of a z that counts as 0 or 1

    struct Node {
        double bound = 0.0, multiplier = 0.0;
        int depth = 0;
        std::vector<std::uint8_t> fixed;
        std::vector<std::pair<std::uint32_t, float>> warm;
    };

    Choice q_;
    std::size_t size_;
    double slack_;
    Relaxation relaxation_;
    double objective_ = std::numeric_limits<double>::infinity();
    double discarded_ = std::numeric_limits<double>::infinity();
    double root_bound_ = -std::numeric_limits<double>::infinity();
    std::size_t looked_ = 0;
    std::vector<std::size_t> best_, vacant_;
    std::vector<std::uint8_t> settled_;
    std::vector<double> relaxed_;
    std::vector<Node> nodes_;
    std::set<std::pair<double, std::size_t>> open_;
    std::set<std::pair<int, std::size_t>> deep_;

    double cutoff() const { return objective_ - slack_; }
    void discard(double bound) { discarded_ = std::min(discarded_, bound); }

    void push(Node node) {
        if (node.bound >= cutoff()) {
            discard(node.bound);
            return;
        }
        std::size_t at = nodes_.size();
        if (vacant_.empty()) {
            nodes_.emplace_back();
        } else {
            at = vacant_.back();
            vacant_.pop_back();
        }
        open_.insert({node.bound, at});
        deep_.insert({-node.depth, at});
        nodes_[at] = std::move(node);
    }

    template <class Poll>
    void expand(Node& node, double patience, const Poll& poll) {
        ++looked_;
        const bool is_root = settled_.empty();
        std::vector<std::size_t> in, open;
        for (std::size_t j = 0; j < q_.p; ++j) {
            if (node.fixed[j] == kIn) in.push_back(j);
            if (node.fixed[j] == kFree) open.push_back(j);
        }
        if (in.size() > size_) return;  // each of them was to be in: what leaves one out was discarded
        if (in.size() == size_ || open.empty()) {
            leaf(in, poll);
            if (is_root) {
                settled_ = node.fixed;
                relaxed_.assign(q_.p, 0.0);
                root_bound_ = discarded_;
            }
            return;
        }
        // A relaxation that is whole but not closely solved is solved closely.
        while (true) {
            const double found = relaxation_.bound(node.fixed, cutoff(), patience, poll);
            node.bound = std::max(node.bound, found);
            if (is_root) {
                settled_ = node.fixed;
                relaxed_ = relaxation_.b();
                root_bound_ = node.bound;
            }
            round_up(in, open, poll);
            if (node.bound >= cutoff()) {
                discard(node.bound);
                return;
            }
            fix(node, found);
            if (is_root) settled_ = node.fixed;
            const std::size_t j = fractional(node);
            if (j < q_.p || patience == 0.0) {
                branch(node, j < q_.p ? j : heaviest(node), found, poll);
                return;
            }
            patience = 0.0;
        }
    }

    template <class Poll>
    void leaf(const std::vector<std::size_t>& columns, const Poll& poll) {
        std::vector<double> b;
        double value = minimise_on(q_, columns, b, poll), prices = 0.0;
        for (const std::size_t j : columns) prices += q_.price[j];
        discard(value + prices - 1e-12 * (std::fabs(value) + prices));
        if (value + prices < objective_) {
            objective_ = value + prices;
            best_ = columns;
        }
    }

    // The columns that are in and the free ones with the largest z, as a candidate.
    template <class Poll>
    void round_up(const std::vector<std::size_t>& in, const std::vector<std::size_t>& open, const Poll& poll) {
        std::vector<std::pair<double, std::size_t>> order;
        for (const std::size_t j : open) {
            const double z = relaxation_.z(j);
            if (z > 0.0) order.push_back({-z - 1e-3 * std::fabs(relaxation_.b()[j]), j});
        }
        std::sort(order.begin(), order.end());
        std::vector<std::size_t> columns = in;
        for (const auto& entry : order) {
            if (columns.size() >= size_) break;
            if (-entry.first < 0.5 && size_ >= q_.p) break;
            columns.push_back(entry.second);
        }
        offer(columns, poll);
    }

    // Reduced costs: what taking in a column that is not counted, or leaving out one that is, adds to the bound.
    void fix(Node& node, double bound) {
        for (std::size_t j = 0; j < q_.p; ++j) {
            if (node.fixed[j] != kFree) continue;
            const double in = bound_in(j, bound), out = bound_out(j, bound);
            if (in >= cutoff()) {
                discard(in);
                node.fixed[j] = kOut;
            } else if (out >= cutoff()) {
                discard(out);
                node.fixed[j] = kIn;
            }
        }
    }
    double rounding(double bound) const { return 1e-13 * std::fabs(bound); }
    double bound_in(std::size_t j, double bound) const {
        const double value = relaxation_.value()[j];
        return value >= relaxation_.enters && value > 0.0 ? bound : bound + (relaxation_.enters - value) - rounding(bound);
    }
    double bound_out(std::size_t j, double bound) const {
        const double value = relaxation_.value()[j];
        return value >= relaxation_.enters && value > relaxation_.leaves
                   ? bound + (value - relaxation_.leaves) - rounding(bound)
                   : bound;
    }

    // The free column whose leaving moves the relaxation most, among those that are neither in nor out of it.
    std::size_t fractional(const Node& node) {
        std::size_t found = q_.p;
        double most = 0.0;
        for (std::size_t j = 0; j < q_.p; ++j) {
            if (node.fixed[j] != kFree) continue;
            const double z = relaxation_.z(j);
            if (z < kWhole || z > 1.0 - kWhole) continue;
            const double b = relaxation_.b()[j], score = b * b * q_.curvature(j);
            if (score > most) {
                most = score;
                found = j;
            }
        }
        return found;
    }

    std::size_t heaviest(const Node& node) {
        std::size_t found = q_.p;
        double most = -1.0;
        for (std::size_t j = 0; j < q_.p; ++j) {
            if (node.fixed[j] != kFree) continue;
            const double b = relaxation_.b()[j], score = b * b * q_.curvature(j);
            if (score > most) {
                most = score;
                found = j;
            }
        }
        return found;
    }

    template <class Poll>
    void branch(Node& node, std::size_t j, double found, const Poll& poll) {
        if (j >= q_.p) {  // everything was settled by its reduced cost
            std::vector<std::size_t> in;
            for (std::size_t c = 0; c < q_.p; ++c)
                if (node.fixed[c] == kIn) in.push_back(c);
            if (in.size() <= size_) leaf(in, poll);
            return;
        }
        node.warm.clear();
        for (std::size_t c = 0; c < q_.p; ++c)
            if (relaxation_.b()[c] != 0.0 && node.fixed[c] != kOut)
                node.warm.push_back({static_cast<std::uint32_t>(c), static_cast<float>(relaxation_.b()[c])});
        node.multiplier = relaxation_.multiplier;
        ++node.depth;
        Node without = node;
        const double parent = node.bound;
        node.bound = std::max(parent, bound_in(j, found));
        node.fixed[j] = kIn;
        without.bound = std::max(parent, bound_out(j, found));
        without.fixed[j] = kOut;
        push(std::move(without));
        push(std::move(node));
    }
};

}  // namespace lozenge
