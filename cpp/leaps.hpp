// Branch and bound over at most 64 columns without a ridge or a box to help: the bound of a node is the minimum on all
// the columns that it may still use, and what the first one to leave costs.
//
// References
// ----------
// Furnival, Wilson (1974), Regressions by leaps and bounds, Technometrics 16.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "branch.hpp"
#include "exchange.hpp"

namespace lozenge {

class Leaps {
public:
    Leaps(const Choice& q, std::size_t size, double slack) : q_(q), size_(std::min(size, q.p)), slack_(slack) {
        Node root{-std::numeric_limits<double>::infinity(), 0, 0};
        for (std::size_t j = 0; j < q.p; ++j)
            if (q.price[j] < std::numeric_limits<double>::infinity()) root.open |= bit(j);
        open_.push(root);
    }

    std::size_t width() const { return q_.p; }

    template <class Poll>
    double offer(const std::vector<std::size_t>& columns, const Poll& poll) {
        std::vector<double> b;
        double value = minimise_on(q_, columns, b, poll);
        for (const std::size_t j : columns) value += q_.price[j];
        if (value < objective_) {
            objective_ = value;
            best_ = columns;
        }
        return value;
    }

    template <class Poll, class Stop>
    void advance(const Poll& poll, const Stop& stop) {
        while (!open_.empty()) {
            const Node node = open_.top();
            open_.pop();
            if (node.bound >= cutoff()) discard(node.bound);
            else expand(node, poll);
            if (stop()) break;
        }
    }

    Progress progress() const {
        double bound = std::min(discarded_, objective_);
        if (!open_.empty()) bound = std::min(bound, open_.top().bound);
        return {looked_, open_.size(), objective_, bound, open_.empty()};
    }
    const std::vector<std::size_t>& best() const { return best_; }

private:
    static constexpr double kLoose = 1e-9;

    struct Node {
        double bound;
        std::uint64_t in, open;
        bool operator<(const Node& other) const { return bound > other.bound; }  // the lowest bound goes first
    };
    struct Least {
        double value = 0.0, slack = 0.0;
        std::vector<double> cost;  // what a column's leaving costs
    };

    Choice q_;
    std::size_t size_;
    double slack_;
    double objective_ = std::numeric_limits<double>::infinity();
    double discarded_ = std::numeric_limits<double>::infinity();
    std::size_t looked_ = 0;
    std::vector<std::size_t> best_;
    std::priority_queue<Node> open_;

    static std::uint64_t bit(std::size_t j) { return std::uint64_t{1} << j; }
    double cutoff() const { return objective_ - slack_; }
    void discard(double bound) { discarded_ = std::min(discarded_, bound); }

    // The minimum on columns without their box.  A column that others of them span costs nothing to leave out, and
    // neither do those that span it.
    template <class Poll>
    Least least(const std::vector<std::size_t>& columns, const Poll& poll) const {
        const std::size_t k = columns.size();
        poll(k * k * k);
        std::vector<std::size_t> basis, spanned;
        std::vector<std::vector<double>> L;
        std::vector<double> half, row;
        double narrow = 1.0;
        for (const std::size_t j : columns) {
            row.assign(basis.size() + 1, 0.0);
            double left = q_.curvature(j), y = q_.linear[j];
            for (std::size_t a = 0; a < basis.size(); ++a) {
                double x = q_.row(j)[basis[a]];
                for (std::size_t i = 0; i < a; ++i) x -= row[i] * L[a][i];
                row[a] = x / L[a][a];
                left -= row[a] * row[a];
                y -= row[a] * half[a];
            }
            const double share = q_.curvature(j) > 0.0 ? left / q_.curvature(j) : 0.0;
            if (!(share > kSpanned)) {
                spanned.push_back(j);
                continue;
            }
            narrow = std::min(narrow, share);
            row.back() = std::sqrt(left);
            half.push_back(y / row.back());
            basis.push_back(j);
            L.push_back(row);
        }
        Least found;
        found.cost.assign(q_.p, 0.0);
        const std::size_t r = basis.size();
        double size = 0.0;
        for (const double x : half) {
            found.value -= 0.5 * x * x;
            size += x * x;
        }
        found.slack = 4e-16 * static_cast<double>(r + 4) * size / narrow;
        // Where columns depend on one another, others of them may be worse conditioned than those that came first.
        if (!spanned.empty()) found.slack = std::max(found.slack, kLoose * size);
        // Rows of L⁻¹, column by column: (M⁻¹)ᵢᵢ is the squared length of column i, and b = L⁻ᵀ half.
        std::vector<std::vector<double>> inverse(r);
        std::vector<double> b(r);
        for (std::size_t c = 0; c < r; ++c) {
            std::vector<double>& x = inverse[c];
            x.assign(r, 0.0);
            double length = 0.0;
            for (std::size_t i = c; i < r; ++i) {
                double sum = i == c ? 1.0 : 0.0;
                for (std::size_t a = c; a < i; ++a) sum -= L[i][a] * x[a];
                x[i] = sum / L[i][i];
                length += x[i] * x[i];
                b[c] += x[i] * half[i];
            }
            found.cost[basis[c]] = 0.5 * b[c] * b[c] / length;
        }
        for (const std::size_t j : spanned) {
            std::vector<double> forward(r);  // L⁻¹ S_Bj, then L⁻ᵀ of it
            for (std::size_t i = 0; i < r; ++i) {
                double sum = q_.row(j)[basis[i]];
                for (std::size_t a = 0; a < i; ++a) sum -= L[i][a] * forward[a];
                forward[i] = sum / L[i][i];
            }
            for (std::size_t c = 0; c < r; ++c) {
                double share = 0.0;
                for (std::size_t i = c; i < r; ++i) share += inverse[c][i] * forward[i];
                if (share * share * q_.curvature(basis[c]) > 1e-16 * q_.curvature(j)) found.cost[basis[c]] = 0.0;
            }
        }
        return found;
    }

    template <class Poll>
    void expand(const Node& node, const Poll& poll) {
        ++looked_;
        std::vector<std::size_t> in, open, all;
        double paid = 0.0;
        for (std::size_t j = 0; j < q_.p; ++j) {
            if (node.in & bit(j)) {
                in.push_back(j);
                paid += q_.price[j];
            } else if (node.open & bit(j)) {
                open.push_back(j);
            }
        }
        all = in;
        all.insert(all.end(), open.begin(), open.end());
        const Least found = least(all, poll);
        const double base = found.value - found.slack + paid;
        const std::size_t room = size_ - in.size();
        const double bound = std::max(node.bound, base + rest(open, room, found.cost));
        std::sort(open.begin(), open.end(), [&](std::size_t a, std::size_t c) {
            return found.cost[a] != found.cost[c] ? found.cost[a] > found.cost[c] : a < c;
        });
        // Either the column that costs most is out, or it is in and the next one is out, and so on.
        Node child{bound, node.in, node.open};
        std::vector<std::size_t> chosen = in;
        for (std::size_t i = 0; i < std::min(room, open.size()); ++i) {
            const std::size_t j = open[i];
            child.open &= ~bit(j);
            child.bound = std::max(bound, base + found.cost[j]);
            if (child.bound >= cutoff()) discard(child.bound);
            else open_.push(child);
            child.in |= bit(j);
            chosen.push_back(j);
            if (q_.price[j] > 0.0) offer(chosen, poll);
        }
        const double value = offer(chosen, poll);
        discard(value - least(chosen, poll).slack);
    }

    // At least so much more: q of the open columns stay at their prices, and the dearest of the others has left.
    double rest(const std::vector<std::size_t>& open, std::size_t room, const std::vector<double>& cost) const {
        std::vector<double> prices, costs;
        for (const std::size_t j : open) {
            prices.push_back(q_.price[j]);
            costs.push_back(cost[j]);
        }
        std::sort(prices.begin(), prices.end());
        std::sort(costs.begin(), costs.end());
        double least_more = std::numeric_limits<double>::infinity(), sum = 0.0;
        for (std::size_t kept = 0; kept <= std::min(room, open.size()); ++kept) {
            if (kept > 0) sum += prices[kept - 1];
            const std::size_t leaving = open.size() - kept;
            least_more = std::min(least_more, sum + (leaving > 0 ? costs[leaving - 1] : 0.0));
        }
        return least_more;
    }
};

}  // namespace lozenge
