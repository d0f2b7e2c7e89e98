// One stream over X: correlations XᵀR, moments and summaries, for dense storage of either order and for CSC.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "data.hpp"
#include "isa.hpp"
#include "parallel.hpp"

#define LOZENGE_NAME baseline
#define LOZENGE_WIDTH 2
#define LOZENGE_TARGET
#include "loops.hpp"

#if LOZENGE_X86
#define LOZENGE_NAME avx2
#define LOZENGE_WIDTH 4
#define LOZENGE_TARGET __attribute__((target("avx2")))
#include "loops.hpp"

#define LOZENGE_NAME avx512
#define LOZENGE_WIDTH 8
#define LOZENGE_TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#include "loops.hpp"
#endif

namespace lozenge {

// What is called of loops.hpp, in the version for this machine.
#if LOZENGE_X86
#define LOZENGE_RUN(...)                                          \
    do {                                                          \
        switch (isa()) {                                          \
            case Isa::avx512: avx512::__VA_ARGS__; break;         \
            case Isa::avx2: avx2::__VA_ARGS__; break;             \
            default: baseline::__VA_ARGS__; break;                \
        }                                                         \
    } while (false)
#else
#define LOZENGE_RUN(...) baseline::__VA_ARGS__
#endif

inline double read(double x, double scale, double shift) { return x * scale - shift; }

template <class T>
double work_of(const Dense<T>& X, std::size_t count, std::size_t m) {
    return static_cast<double>(X.rows) * static_cast<double>(count) * static_cast<double>(m);
}

// X̃ᵀR added to out (count, m).
template <class T>
void correlate(const Dense<T>& X, Affine affine, const double* R, std::size_t m, const std::int64_t* columns,
               std::size_t count, double* out) {
    if (m == 0) return;
    const Chosen chosen{columns};
    over_columns(count, work_of(X, count, m), [&](std::size_t begin, std::size_t end) {
        if (X.by_column())
            LOZENGE_RUN(sums_by_column<false>(X, affine, R, m, chosen, begin, end, out, nullptr));
        else
            LOZENGE_RUN(sums_by_row<false>(X, affine, R, m, chosen, begin, end, out, nullptr));
    });
}

// Σ w x̃ and Σ w x̃² of every column, added to first and second (p, m).
template <class T>
void moments(const Dense<T>& X, Affine affine, const double* W, std::size_t m, double* first, double* second) {
    if (m == 0) return;
    const Chosen all{nullptr};
    over_columns(X.columns, 2.0 * work_of(X, X.columns, m), [&](std::size_t begin, std::size_t end) {
        if (X.by_column())
            LOZENGE_RUN(sums_by_column<true>(X, affine, W, m, all, begin, end, first, second));
        else
            LOZENGE_RUN(sums_by_row<true>(X, affine, W, m, all, begin, end, first, second));
    });
}

// X̃_W B (n, m), Fortran order, from B (count, m), Fortran order.
template <class T>
void predict(const Dense<T>& X, Affine affine, const std::int64_t* columns, std::size_t count, const double* B,
             std::size_t m, double* out) {
    if (m == 0) return;
    const std::size_t threads = threads_for(work_of(X, count, m));
    const std::size_t even = (X.rows / threads + kLanes) / kLanes * kLanes, block = std::min(kRows, even);
    std::vector<double> packed;
    if (!X.by_column()) {
        packed.resize((count + kLanes) * m);
        for (std::size_t left = 0; left < count; left += kRows)
            LOZENGE_RUN(interleave(B + left, count, std::min(kRows, count - left), m, packed.data() + left * m));
    }
    Pool::each((X.rows + block - 1) / block, threads, [&](std::size_t t) {
        const std::size_t top = t * block, bottom = std::min(X.rows, top + block);
        if (X.by_column()) LOZENGE_RUN(predict_by_column(X, affine, columns, count, B, m, top, bottom, out));
        else LOZENGE_RUN(predict_by_row(X, affine, columns, count, B, packed.data(), m, top, bottom, out));
    });
}

// Minimum, maximum, mean and spread of each column, (p, 4); the mean is nan or inf where the column holds one.
template <class T>
void summarise(const Dense<T>& X, double* out) {
    over_columns(X.columns, work_of(X, X.columns, 1), [&](std::size_t begin, std::size_t end) {
        if (X.by_column()) LOZENGE_RUN(summary_by_column(X, begin, end, out));
        else LOZENGE_RUN(summary_by_row(X, begin, end, out));
    });
}

// Rows [top, bottom) of the chosen columns, each times its weight where there are weights, as float64 in Fortran order
// or, from rows that are contiguous, in C order.
template <class T>
void pack(const Dense<T>& X, Affine affine, const double* weights, const std::int64_t* columns, std::size_t count,
          std::size_t top, std::size_t bottom, bool by_column, double* out) {
    const double cost = static_cast<double>(bottom - top) * static_cast<double>(count);
    if (!by_column)
        over_columns(bottom - top, cost, [&](std::size_t begin, std::size_t end) {
            LOZENGE_RUN(pack_rows(X, affine, weights, columns, count, top + begin, top + end, out + begin * count));
        });
    else
        over_columns(count, cost, [&](std::size_t begin, std::size_t end) {
            if (X.by_column()) LOZENGE_RUN(pack_by_column(X, affine, weights, columns, begin, end, top, bottom, out));
            else LOZENGE_RUN(pack_by_row(X, affine, weights, columns, begin, end, top, bottom, out));
        });
}

// -- CSC -------------------------------------------------------------------------------------------------------------

template <class T, class I>
double entries_of(const Csc<T, I>& X, Chosen chosen, std::size_t count) {
    if (!chosen.list) return static_cast<double>(X.pointers[count]);
    double found = 0.0;
    for (std::size_t k = 0; k < count; ++k)
        found += static_cast<double>(X.pointers[chosen[k] + 1] - X.pointers[chosen[k]]);
    return found;
}

// Calls work(begin, end) over ranges of the chosen columns that hold about as many entries each; a column costs as much
// as four.
template <class T, class I, class Work>
void over_entries(const Csc<T, I>& X, Chosen chosen, std::size_t count, double m, const Work& work) {
    const double all = entries_of(X, chosen, count) + 4.0 * static_cast<double>(count);
    const std::size_t threads = threads_for(all * m), parts = threads == 1 ? 1 : 4 * threads;
    if (parts == 1) return work(0, count);
    std::vector<std::size_t> edges(parts + 1, count);
    edges[0] = 0;
    double before = 0.0;
    for (std::size_t k = 0, t = 1; k < count && t < parts; ++k) {
        before += 4.0 + static_cast<double>(X.pointers[chosen[k] + 1] - X.pointers[chosen[k]]);
        while (t < parts && before * static_cast<double>(parts) >= all * static_cast<double>(t)) edges[t++] = k + 1;
    }
    Pool::each(parts, threads, [&](std::size_t t) {
        if (edges[t] < edges[t + 1]) work(edges[t], edges[t + 1]);
    });
}

// How many residuals lie together where `left` are still to be done: eight, four, two or one.
inline std::size_t side_of(std::size_t left) { return left > 4 ? 8 : left > 2 ? 4 : left; }

// The columns of R, groups of them side by side, so that one index fetches one line.
class Sides {
    Scratch room;
    const double* start;
    std::size_t rows;

  public:
    Sides(const double* R, std::size_t n, std::size_t m, std::size_t threads)
        : room(m == 1 ? 0 : n * (m + 7)), start(m == 1 ? R : room.data()), rows(n) {
        if (m == 1) return;
        constexpr std::size_t strip = 4096;
        Pool::each((n + strip - 1) / strip, threads, [&](std::size_t t) {
            for (std::size_t c = 0; c < m; c += 8)
                baseline::side_by_side(R + c * n, n, std::min<std::size_t>(8, m - c), side_of(m - c), t * strip,
                                       std::min(n, (t + 1) * strip), room.data() + c * n);
        });
    }
    const double* at(std::size_t c) const { return start + c * rows; }
};

template <bool Squares, class T, class I>
void sums(const Csc<T, I>& X, Affine affine, const double* R, std::size_t m, Chosen chosen, std::size_t count,
          double* out, double* second) {
    const double width = static_cast<double>(m);
    const Sides sides(R, X.rows, m, threads_for(static_cast<double>(X.rows) * width));
    std::vector<double> totals(m, 0.0);  // needed only where the implicit zeros of a column read as something else
    bool shifted = false;
    for (std::size_t k = 0; k < count; ++k) shifted = shifted || affine.shift[chosen[k]] != 0.0;
    if (shifted)
        for (std::size_t c = 0; c < m; ++c) LOZENGE_RUN(total(R + c * X.rows, X.rows, totals.data() + c));
    over_entries(X, chosen, count, width, [&](std::size_t begin, std::size_t end) {
        for (std::size_t c = 0; c < m; c += 8)
            LOZENGE_RUN(sums_of_entries<Squares>(X, affine, sides.at(c), totals.data() + c, side_of(m - c),
                                                 std::min<std::size_t>(8, m - c), m, chosen, begin, end, out + c,
                                                 Squares ? second + c : nullptr));
    });
}

template <class T, class I>
void correlate(const Csc<T, I>& X, Affine affine, const double* R, std::size_t m, const std::int64_t* columns,
               std::size_t count, double* out) {
    sums<false>(X, affine, R, m, Chosen{columns}, count, out, nullptr);
}

template <class T, class I>
void moments(const Csc<T, I>& X, Affine affine, const double* W, std::size_t m, double* first, double* second) {
    sums<true>(X, affine, W, m, Chosen{nullptr}, X.columns, first, second);
}

template <class T, class I>
void summarise(const Csc<T, I>& X, double* out) {
    over_entries(X, Chosen{nullptr}, X.columns, 1.0, [&](std::size_t begin, std::size_t end) {
        for (std::size_t j = begin; j < end; ++j) {
            const std::size_t first = static_cast<std::size_t>(X.pointers[j]);
            const std::size_t count = static_cast<std::size_t>(X.pointers[j + 1]) - first;
            LOZENGE_RUN(summary_of(X.data + first, count, X.rows, X.data + first, out + 4 * j));
        }
    });
}

// X̃_W B added to out (n, m), Fortran order.  Rows are split among threads, in parts that stay in the second cache if
// each column still has enough entries in a part to pay for finding them.
template <class T, class I>
void predict(const Csc<T, I>& X, Affine affine, const std::int64_t* columns, std::size_t count, const double* B,
             std::size_t m, double* out) {
    const double entries = entries_of(X, Chosen{columns}, count);
    const std::size_t threads = threads_for((entries + static_cast<double>(X.rows)) * static_cast<double>(m));
    const std::size_t worth = static_cast<std::size_t>(entries / (16.0 * static_cast<double>(count + 1)));
    const std::size_t fits = X.rows * side_of(m) / (1 << 15);
    const std::size_t parts = std::min(std::max(threads, std::min(worth, fits)), std::max<std::size_t>(1, X.rows));
    Pool::each(parts, threads, [&](std::size_t t) {
        const std::size_t top = X.rows * t / parts, bottom = X.rows * (t + 1) / parts;
        for (std::size_t c = 0; c < m; c += 8) {
            const std::size_t group = std::min<std::size_t>(8, m - c), side = side_of(group);
            Scratch eta((bottom - top) * side);
            std::fill(eta.data(), eta.data() + (bottom - top) * side, 0.0);
            LOZENGE_RUN(predict_entries(X, affine, Chosen{columns}, count, B + c, side, group, m, top, bottom, eta.data()));
            for (std::size_t g = 0; g < group; ++g)
                for (std::size_t i = top; i < bottom; ++i) out[(c + g) * X.rows + i] += eta[(i - top) * side + g];
        }
    });
}

// Rows [top, bottom) of the chosen columns; a column's indices ascend.
template <class T, class I>
void pack(const Csc<T, I>& X, Affine affine, const std::int64_t* columns, std::size_t count, std::size_t top,
          std::size_t bottom, double* out) {
    const std::size_t rows = bottom - top;
    over_columns(count, static_cast<double>(rows) * static_cast<double>(count), [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) {
            const std::size_t j = static_cast<std::size_t>(columns[k]);
            const double scale = affine.scale[j], shift = affine.shift[j];
            const I *from = X.indices + X.pointers[j], *to = X.indices + X.pointers[j + 1];
            double* column = out + k * rows;
            std::fill(column, column + rows, -shift);
            if (top > 0) from = std::lower_bound(from, to, static_cast<I>(top));
            for (; from < to && static_cast<std::size_t>(*from) < bottom; ++from)
                column[static_cast<std::size_t>(*from) - top] =
                    read(static_cast<double>(X.data[from - X.indices]), scale, shift);
        }
    });
}

}  // namespace lozenge
