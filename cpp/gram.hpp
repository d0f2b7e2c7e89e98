// X̃_Lᵀ diag(w) X̃_R of CSC columns: Σ over rows of (entries of L) x (entries of R), by Gustavson's rule.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "stream.hpp"

namespace lozenge {

constexpr std::size_t kEntries = 1 << 17;  // entries of R that are turned to rows at a time: 1.5 MB

// Where the entries of the chosen columns stand as the rows go by; a column's indices ascend.
template <class T, class I>
class Front {
    const Csc<T, I>& X;
    Chosen chosen;
    std::vector<std::size_t> at, past;

  public:
    Front(const Csc<T, I>& data, Chosen columns, std::size_t count) : X(data), chosen(columns), at(count), past(count) {
        for (std::size_t k = 0; k < count; ++k) past[k] = static_cast<std::size_t>(X.pointers[chosen[k]]);
    }
    void advance(std::size_t bottom) {
        for (std::size_t k = 0; k < at.size(); ++k) {
            at[k] = past[k];
            const I* end = X.indices + X.pointers[chosen[k] + 1];
            const I* found = bottom < X.rows ? std::lower_bound(X.indices + at[k], end, static_cast<I>(bottom)) : end;
            past[k] = static_cast<std::size_t>(found - X.indices);
        }
    }
    std::size_t size() const { return at.size(); }
    std::size_t begin(std::size_t k) const { return at[k]; }
    std::size_t end(std::size_t k) const { return past[k]; }
};

// How the stored entries of a chosen column are read.  A column that has implicit zeros and a shift, which never comes
// from the door, is read without it, and `shift` says what is to be taken away afterwards.
struct Reading {
    std::vector<double> scale, less, shift;
    bool shifted = false;

    template <class T, class I>
    Reading(const Csc<T, I>& X, Affine affine, Chosen chosen, std::size_t count)
        : scale(count), less(count, 0.0), shift(count, 0.0) {
        for (std::size_t k = 0; k < count; ++k) {
            const std::size_t j = chosen[k];
            scale[k] = affine.scale[j];
            const bool full = static_cast<std::size_t>(X.pointers[j + 1] - X.pointers[j]) == X.rows;
            (full ? less : shift)[k] = affine.shift[j];
            shifted = shifted || shift[k] != 0.0;
        }
    }
};

// Σ w x per column, as the entries are read.
template <class T, class I>
std::vector<double> weighted_totals(const Csc<T, I>& X, const double* w, Chosen chosen, const Reading& reading) {
    std::vector<double> found(reading.scale.size(), 0.0);
    for (std::size_t k = 0; k < found.size(); ++k)
        for (auto e = X.pointers[chosen[k]]; e < X.pointers[chosen[k] + 1]; ++e)
            found[k] += w[X.indices[e]] * read(static_cast<double>(X.data[e]), reading.scale[k], reading.less[k]);
    return found;
}

// out (l, r), C order.  With `same` the two sets are one: what lies on and above the diagonal is summed, and mirrored.
template <class T, class I>
void gram(const Csc<T, I>& X, Affine affine, const double* w, Chosen left, std::size_t l, Chosen right, std::size_t r,
          bool same, double* out) {
    const Reading ours(X, affine, left, l), theirs(X, affine, right, r);
    std::vector<std::size_t> held(X.rows, 0);  // entries of R in each row
    for (std::size_t k = 0; k < r; ++k)
        for (auto e = X.pointers[right[k]]; e < X.pointers[right[k] + 1]; ++e) ++held[static_cast<std::size_t>(X.indices[e])];
    double cost = static_cast<double>(l) * static_cast<double>(r) / 8.0;
    for (std::size_t k = 0; k < l; ++k)
        for (auto e = X.pointers[left[k]]; e < X.pointers[left[k] + 1]; ++e)
            cost += static_cast<double>(held[static_cast<std::size_t>(X.indices[e])]);
    const std::size_t threads = threads_for(cost), strip = threads == 1 ? std::max<std::size_t>(l, 1) : 16;

    std::fill(out, out + l * r, 0.0);
    Front<T, I> from(X, left, l), to(X, right, r);
    std::vector<std::size_t> next(X.rows), end(X.rows);
    std::vector<std::uint32_t> place, slot;
    std::vector<std::size_t> slots(r);
    std::vector<double> value;
    for (std::size_t top = 0, bottom = 0; top < X.rows; top = bottom) {
        std::size_t entries = 0;
        for (; bottom < X.rows && (bottom == top || entries + held[bottom] <= kEntries); ++bottom) {
            next[bottom] = entries;
            end[bottom] = entries += held[bottom];
        }
        from.advance(bottom);
        to.advance(bottom);
        place.resize(std::max(place.size(), entries));
        value.resize(std::max(value.size(), entries));
        if (same) slot.resize(std::max(slot.size(), entries));
        for (std::size_t k = 0, count = 0; k < r; ++k) {
            slots[k] = count;
            for (std::size_t e = to.begin(k); e < to.end(k); ++e, ++count) {
                const std::size_t here = next[static_cast<std::size_t>(X.indices[e])]++;
                place[here] = static_cast<std::uint32_t>(k);
                value[here] = read(static_cast<double>(X.data[e]), theirs.scale[k], theirs.less[k]);
                if (same) slot[count] = static_cast<std::uint32_t>(here);
            }
        }
        Pool::each((l + strip - 1) / strip, threads, [&](std::size_t task) {
            for (std::size_t k = task * strip; k < std::min(l, (task + 1) * strip); ++k) {
                double* sums = out + k * r;
                for (std::size_t e = from.begin(k); e < from.end(k); ++e) {
                    const std::size_t i = static_cast<std::size_t>(X.indices[e]);
                    const double x = w[i] * read(static_cast<double>(X.data[e]), ours.scale[k], ours.less[k]);
                    if (x == 0.0) continue;
                    const std::size_t start = same ? slot[slots[k] + (e - from.begin(k))] : end[i] - held[i];
                    for (std::size_t t = start; t < end[i]; ++t) sums[place[t]] += x * value[t];
                }
            }
        });
    }
    if (same) {
        constexpr std::size_t tile = 64;
        Pool::each((l + tile - 1) / tile, threads, [&](std::size_t task) {
            const std::size_t first = task * tile, last = std::min(l, first + tile);
            for (std::size_t above = 0; above < last; above += tile)
                for (std::size_t k = first; k < last; ++k)
                    for (std::size_t j = above; j < std::min(k, above + tile); ++j) out[k * r + j] = out[j * r + k];
        });
    }
    if (ours.shifted || theirs.shifted) {
        const std::vector<double> a = weighted_totals(X, w, left, ours), b = weighted_totals(X, w, right, theirs);
        double all = 0.0;
        for (std::size_t i = 0; i < X.rows; ++i) all += w[i];
        for (std::size_t k = 0; k < l; ++k)
            for (std::size_t j = 0; j < r; ++j)
                out[k * r + j] += ours.shift[k] * theirs.shift[j] * all - ours.shift[k] * b[j] - a[k] * theirs.shift[j];
    }
}

}  // namespace lozenge
