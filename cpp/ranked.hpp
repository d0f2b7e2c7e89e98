// Cyclic descent over clusters, the coordinates of one magnitude, on a small quadratic with a sorted L1 norm:
//     minimise over b:  gᵀ(b - b₀) + ½ (b - b₀)ᵀ S (b - b₀) + Σ priceⱼ |b|₍ⱼ₎,   |b|₍₁₎ ≥ |b|₍₂₎ ≥ …
//
// Larsson, Klopfenstein, Massias, Wallin (2023), Coordinate descent for SLOPE, AISTATS, section 3: where the others are
// held, the best magnitude of a cluster is found from piece to piece between their magnitudes.  Clusters are split by
// what tells that they are no optimum: sorted by their pulls less the prices of their ranks, those on top that rise
// together, and those at the bottom that sink, go on their own.  So do zeros; there is no other step, and where none of
// these moves the conditions of an optimum hold.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "descend.hpp"
#include "prox.hpp"
#include "support.hpp"
#include "vector.hpp"

namespace lozenge {

struct RankedQuadratic {
    const double* S;  // (k, k), rows ``lead`` apart
    std::size_t lead, k;
    const double* prices;  // (k,) by rank, none above the one before
};

template <class Patience>
class RankedDescent {
public:
    // `gradient` is that of the quadratic at b; both are kept up to date in place.
    RankedDescent(const RankedQuadratic& q, double* b, double* gradient, const Patience& patience)
        : q_(q), b_(b), gradient_(gradient), patience_(patience), total_(q.k + 1, 0.0) {
        for (std::size_t j = 0; j < q.k; ++j) {
            total_[j + 1] = total_[j] + q.prices[j];
            if (b[j] != 0.0) order_.push_back(j);
        }
        sort(order_.begin(), order_.end(), [b](std::size_t j) { return std::fabs(b[j]); });
        for (const std::size_t j : order_) {
            const double level = std::fabs(b[j]);
            if (clusters_.empty() || clusters_.back().level != level) clusters_.push_back({level, 0});
            ++clusters_.back().size;
        }
    }

    // Once over all clusters and the zeros; says whether anything moved.
    bool sweep() {
        moved_ = false;
        patience_(q_.k);
        std::size_t at = 0, begin = 0;
        // What sinks past others is met again: visits are counted so that this ends.
        for (std::size_t left = clusters_.size(); left > 0 && at < clusters_.size(); --left) visit(at, begin);
        open();
        return moved_;
    }

    const std::vector<std::size_t>& kept() const { return order_; }

private:
    struct Cluster {
        double level;
        std::size_t size;
    };
    struct Block {
        double force;
        std::size_t size;
    };
    // Where a block went: a cluster's number, and whether it is that cluster alone; for zero past the last one.
    struct Place {
        std::size_t at;
        bool alone;
    };

    const RankedQuadratic q_;
    double *b_, *gradient_;
    const Patience& patience_;
    std::vector<double> total_;         // (k + 1,) prices summed up
    std::vector<std::size_t> order_;    // the non-zeros, cluster after cluster
    std::vector<Cluster> clusters_;     // from large to small
    std::vector<std::size_t> members_;  // the block that moves, and its signs
    std::vector<double> signs_;
    std::vector<std::size_t> zeros_;
    std::vector<Block> blocks_;
    std::vector<Cluster> parts_;
    bool moved_ = false;

    // From large to small, then in order; what is no number counts as 0, for an order must be one.
    template <class Key>
    static void sort(std::vector<std::size_t>::iterator first, std::vector<std::size_t>::iterator last, const Key& key) {
        const auto known = [&key](std::size_t j) {
            const double value = key(j);
            return value == value ? value : 0.0;
        };
        std::sort(first, last, [&known](std::size_t i, std::size_t j) {
            const double left = known(i), right = known(j);
            return left > right || (left == right && i < j);
        });
    }

    double priced(std::size_t above, std::size_t size) const { return total_[above + size] - total_[above]; }

    double pull(std::size_t j) const {
        return b_[j] == 0.0 ? std::fabs(gradient_[j]) : b_[j] > 0.0 ? -gradient_[j] : gradient_[j];
    }

    // Sorts coordinates of one magnitude by their pulls and pools these less the prices from `rank` on: blocks_.
    void pool(std::vector<std::size_t>::iterator first, std::vector<std::size_t>::iterator last, std::size_t rank) {
        patience_(kCost * static_cast<std::size_t>(last - first));
        sort(first, last, [this](std::size_t j) { return pull(j); });
        blocks_.clear();
        for (; first != last; ++first, ++rank) {
            Block block{pull(*first) - q_.prices[rank], 1};
            const double noise = kRounding * q_.prices[rank];  // by which a cluster must not come apart
            while (!blocks_.empty() && blocks_.back().force / static_cast<double>(blocks_.back().size) <=
                                           block.force / static_cast<double>(block.size) + noise) {
                block.force += blocks_.back().force;
                block.size += blocks_.back().size;
                blocks_.pop_back();
            }
            blocks_.push_back(block);
        }
    }

    // Sets out from the cluster `at`, of which `begin` coordinates lie before, and gives the same of the next one.
    void visit(std::size_t& at, std::size_t& begin) {
        const std::size_t size = clusters_[at].size;
        if (size > 1) {
            pool(order_.begin() + begin, order_.begin() + begin + size, begin);
            if (blocks_.size() > 1) {
                split(at, begin);
                return;
            }
        }
        const Place found = move(at, begin);
        const bool before = found.at < at || (found.alone && found.at == at);
        if (before) begin += size;
        if (before && found.alone) ++at;
    }

    // Lets the blocks go one by one: from the top those that rise, from the bottom the others.
    void split(std::size_t& at, std::size_t& begin) {
        const double level = clusters_[at].level, next = at + 1 < clusters_.size() ? clusters_[at + 1].level : 0.0;
        std::size_t rising = 0;
        parts_.clear();
        for (const Block& block : blocks_) {
            rising += block.force > 0.0;
            parts_.push_back({level, block.size});
        }
        clusters_.erase(clusters_.begin() + at);
        clusters_.insert(clusters_.begin() + at, parts_.begin(), parts_.end());
        for (; rising > 0; --rising) {
            const std::size_t size = clusters_[at].size;
            const Place found = move(at, begin);
            const bool before = found.at < at || (found.alone && found.at == at);
            if (before) begin += size;
            if (before && found.alone) ++at;
        }
        std::size_t end = at, after = begin;
        for (; end < clusters_.size() && clusters_[end].level == level; ++end) after += clusters_[end].size;
        while (end > at) {
            const std::size_t size = clusters_[--end].size;
            after -= size;
            const Place found = move(end, after);
            if (found.at < end) after += size;
            if (found.at < end && found.alone) {
                ++end;
                ++at;
            }
        }
        for (at = begin = 0; at < clusters_.size() && clusters_[at].level > next; ++at) begin += clusters_[at].size;
    }

    // The zeros that rise, likewise.
    void open() {
        if (q_.k == 0) return;
        zeros_.clear();
        for (std::size_t j = 0; j < q_.k; ++j)  // none below the last price is part of a block that rises
            if (b_[j] == 0.0 && std::fabs(gradient_[j]) > q_.prices[q_.k - 1]) zeros_.push_back(j);
        pool(zeros_.begin(), zeros_.end(), order_.size());
        auto first = zeros_.begin();
        for (const Block& block : blocks_) {
            if (!(block.force > 0.0)) break;
            members_.assign(first, first + block.size);
            signs_.clear();
            for (const std::size_t j : members_) signs_.push_back(gradient_[j] > 0.0 ? -1.0 : 1.0);
            place(0.0, clusters_.size(), order_.size());
            first += block.size;
        }
    }

    Place move(std::size_t at, std::size_t begin) {
        const Cluster cluster = clusters_[at];
        const auto first = order_.begin() + begin;
        members_.assign(first, first + cluster.size);
        signs_.clear();
        for (const std::size_t j : members_) signs_.push_back(b_[j] > 0.0 ? 1.0 : -1.0);
        order_.erase(first, first + cluster.size);
        clusters_.erase(clusters_.begin() + at);
        return place(cluster.level, at, begin);
    }

    // Gives the block its best magnitude, all else held, and puts it into the order; `at` and `begin` are of the
    // cluster below it.  Along the magnitude z > 0 the derivative is bend z - pull and the prices of the block's ranks,
    // which jump up where it passes another cluster.
    Place place(double level, std::size_t at, std::size_t begin) {
        const std::size_t size = members_.size();
        double slope = 0.0, bend = 0.0, trace = 0.0;
        for (std::size_t i = 0; i < size; ++i) {
            const double* row = q_.S + members_[i] * q_.lead;
            double sum = 0.0;
            for (std::size_t j = 0; j < i; ++j) sum += signs_[j] * row[members_[j]];
            bend += row[members_[i]] + 2.0 * signs_[i] * sum;
            trace += row[members_[i]];
            slope += signs_[i] * gradient_[members_[i]];
        }
        patience_(size * size + size * q_.k + order_.size());
        double found = level, sign = 1.0, pull = bend * level - slope;
        bool alone = true;
        if (bend > kRounding * trace) {
            if (pull < 0.0) {  // the best place is on the other side of zero
                pull = -pull;
                sign = -1.0;
                at = clusters_.size();
                begin = order_.size();
            }
            // A copy of a column in the model pulls with exactly its price: it must not enter by rounding.
            const double price = level == 0.0 ? priced(begin, size) * (1.0 + kRounding) : 0.0;
            found = 0.0;
            while (pull > price) {
                found = (pull - priced(begin, size)) / bend;
                if (at > 0 && found >= clusters_[at - 1].level) {
                    const Cluster& above = clusters_[at - 1];
                    if ((pull - priced(begin - above.size, size)) / bend <= above.level) {
                        found = above.level;
                        alone = false;
                        --at;
                        break;
                    }
                    begin -= above.size;
                    --at;
                } else if (at < clusters_.size() && found <= clusters_[at].level) {
                    const Cluster& below = clusters_[at];
                    if ((pull - priced(begin + below.size, size)) / bend >= below.level) {
                        found = below.level;
                        alone = false;
                        break;
                    }
                    begin += below.size;
                    ++at;
                } else {
                    found = std::max(found, 0.0);
                    break;
                }
            }
        }
        turn(sign * found);
        if (found == 0.0) return {clusters_.size(), false};
        if (alone) clusters_.insert(clusters_.begin() + at, {found, size});
        else clusters_[at].size += size;
        order_.insert(order_.begin() + begin, members_.begin(), members_.end());
        return {at, alone};
    }

    // Sets the block to a magnitude, and the gradient after it.
    void turn(double magnitude) {
        const double* rows[4];
        double w[4];
        std::size_t held = 0;
        for (std::size_t i = 0; i < members_.size(); ++i) {
            const std::size_t j = members_[i];
            const double change = signs_[i] * magnitude - b_[j];
            if (change == 0.0) continue;
            b_[j] = magnitude == 0.0 ? 0.0 : signs_[i] * magnitude;
            moved_ = true;
            rows[held] = q_.S + j * q_.lead;
            w[held] = change;
            if (++held == 4) {
                add4(gradient_, rows[0], rows[1], rows[2], rows[3], w, q_.k);
                held = 0;
            }
        }
        for (std::size_t c = 0; c < held; ++c) add(gradient_, rows[c], w[c], q_.k);
    }
};

// Sweeps over all coordinates, each followed by ``again`` more over the weights that it left, on a copy of their rows and
// columns where that is small: it lies together, and the gradient of the zeros is not needed there.  `gradient` is that
// of the quadratic at b, kept up to date in place.
template <class Patience>
void descend_ranked(const RankedQuadratic& q, double* b, double* gradient, std::size_t sweeps, std::size_t again,
                    const Patience& patience) {
    std::vector<double> within, weights, slopes, change;
    for (; sweeps > 0; --sweeps) {
        RankedDescent<Patience> whole(q, b, gradient, patience);
        if (!whole.sweep()) break;
        std::vector<std::size_t> kept = whole.kept();
        const std::size_t m = kept.size();
        if (again == 0 || 2 * m > q.k) {
            for (std::size_t i = 0; i < again; ++i)
                if (!whole.sweep()) break;
            continue;
        }
        std::sort(kept.begin(), kept.end());
        within.resize(m * m);
        weights.resize(m);
        slopes.resize(m);
        for (std::size_t i = 0; i < m; ++i) {
            const double* row = q.S + kept[i] * q.lead;
            for (std::size_t j = 0; j < m; ++j) within[i * m + j] = row[kept[j]];
            weights[i] = b[kept[i]];
            slopes[i] = gradient[kept[i]];
        }
        patience(kCost * m * m);
        RankedDescent<Patience> part({within.data(), m, m, q.prices}, weights.data(), slopes.data(), patience);
        for (std::size_t i = 0; i < again; ++i)
            if (!part.sweep()) break;
        change.assign(q.k, 0.0);
        for (std::size_t i = 0; i < m; ++i) {
            change[kept[i]] = weights[i] - b[kept[i]];
            b[kept[i]] = weights[i];
        }
        multiply(q.S, q.lead, q.k, change.data(), 1.0, gradient);
        patience(m * q.k);
    }
}

}  // namespace lozenge
