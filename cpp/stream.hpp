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
    const Chosen all{nullptr};
    over_columns(X.columns, 2.0 * work_of(X, X.columns, m), [&](std::size_t begin, std::size_t end) {
        if (X.by_column())
            LOZENGE_RUN(sums_by_column<true>(X, affine, W, m, all, begin, end, first, second));
        else
            LOZENGE_RUN(sums_by_row<true>(X, affine, W, m, all, begin, end, first, second));
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

// CSC.  `totals` (m,) are the column sums of R: the implicit zeros of a column read as -shift, so they add
// read(0) * (total - sum over the stored rows).
template <bool Squares, class T, class I>
void sums(const Csc<T, I>& X, Affine affine, const double* R, const double* totals, std::size_t m,
          const std::int64_t* columns, std::size_t count, double* out, double* second) {
    const double cost = static_cast<double>(X.pointers[X.columns]) * static_cast<double>(m);
    over_columns(count, cost, [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) {
            const std::size_t j = columns ? static_cast<std::size_t>(columns[k]) : k;
            const double scale = affine.scale[j], shift = affine.shift[j];
            const std::size_t first = static_cast<std::size_t>(X.pointers[j]);
            const std::size_t last = static_cast<std::size_t>(X.pointers[j + 1]);
            const double zero = read(0.0, scale, shift);
            const bool full = last - first == X.rows;
            for (std::size_t c = 0; c < m; ++c) {
                const double* r = R + c * X.rows;
                double sum = 0.0, squares = 0.0, seen = 0.0;
                for (std::size_t top = first; top < last; top += kRows) {
                    const std::size_t bottom = std::min(last, top + kRows);
                    double block = 0.0, square = 0.0, weight = 0.0;
                    for (std::size_t e = top; e < bottom; ++e) {
                        const double value = r[static_cast<std::size_t>(X.indices[e])];
                        const double x = read(static_cast<double>(X.data[e]), scale, shift);
                        block += x * value;
                        if constexpr (Squares) square += x * x * value;
                        weight += value;
                    }
                    sum += block;
                    squares += square;
                    seen += weight;
                }
                const bool none = zero == 0.0 || full;
                out[k * m + c] = none ? sum : sum + zero * (totals[c] - seen);
                if constexpr (Squares) second[k * m + c] = none ? squares : squares + zero * zero * (totals[c] - seen);
            }
        }
    });
}

template <class T, class I>
void correlate(const Csc<T, I>& X, Affine affine, const double* R, const double* totals, std::size_t m,
               const std::int64_t* columns, std::size_t count, double* out) {
    sums<false>(X, affine, R, totals, m, columns, count, out, nullptr);
}

template <class T, class I>
void moments(const Csc<T, I>& X, Affine affine, const double* W, const double* totals, std::size_t m, double* first,
             double* second) {
    sums<true>(X, affine, W, totals, m, nullptr, X.columns, first, second);
}

template <class T, class I>
void summarise(const Csc<T, I>& X, double* out) {
    over_columns(X.columns, static_cast<double>(X.pointers[X.columns]), [&](std::size_t begin, std::size_t end) {
        for (std::size_t j = begin; j < end; ++j) {
            const std::size_t first = static_cast<std::size_t>(X.pointers[j]);
            const std::size_t count = static_cast<std::size_t>(X.pointers[j + 1]) - first;
            LOZENGE_RUN(summary_of(X.data + first, count, X.rows, X.data + first, out + 4 * j));
        }
    });
}

// X_W B added to out (n, m), Fortran order.
template <class T, class I>
void predict(const Csc<T, I>& X, Affine affine, const std::int64_t* columns, std::size_t count, const double* B,
             std::size_t m, double* out) {
    for (std::size_t c = 0; c < m; ++c) {
        double* eta = out + c * X.rows;
        double base = 0.0;  // what the implicit zeros of the shifted columns read as
        for (std::size_t k = 0; k < count; ++k) {
            const double b = B[k * m + c];
            if (b == 0.0) continue;
            const std::size_t j = static_cast<std::size_t>(columns[k]);
            const double scale = affine.scale[j], shift = affine.shift[j];
            const std::size_t first = static_cast<std::size_t>(X.pointers[j]);
            const std::size_t last = static_cast<std::size_t>(X.pointers[j + 1]);
            const bool full = last - first == X.rows;
            for (std::size_t e = first; e < last; ++e) {
                const double x = static_cast<double>(X.data[e]) * scale;
                eta[static_cast<std::size_t>(X.indices[e])] += (full ? x - shift : x) * b;
            }
            if (!full) base -= shift * b;
        }
        if (base != 0.0)
            for (std::size_t i = 0; i < X.rows; ++i) eta[i] += base;
    }
}

// Rows [top, bottom) of the chosen columns, as float64, Fortran order.
template <class T>
void pack(const Dense<T>& X, Affine affine, const std::int64_t* columns, std::size_t count, std::size_t top,
          std::size_t bottom, double* out) {
    const std::size_t rows = bottom - top;
    const double cost = static_cast<double>(rows) * static_cast<double>(count);
    over_columns(count, cost, [&](std::size_t begin, std::size_t end) {
        // Tiles of rows keep the lines of row-major storage in cache while the columns of the tile are written.
        const std::size_t tile = X.by_column() ? rows : 64;
        for (std::size_t start = 0; start < rows; start += tile) {
            const std::size_t stop = std::min(rows, start + tile);
            for (std::size_t k = begin; k < end; ++k) {
                const std::size_t j = static_cast<std::size_t>(columns[k]);
                const T* x = X.data + static_cast<std::ptrdiff_t>(j) * X.column_stride +
                             static_cast<std::ptrdiff_t>(top) * X.row_stride;
                for (std::size_t i = start; i < stop; ++i)
                    out[k * rows + i] =
                        read(static_cast<double>(x[static_cast<std::ptrdiff_t>(i) * X.row_stride]),
                                    affine.scale[j], affine.shift[j]);
            }
        }
    });
}

template <class T, class I>
void pack(const Csc<T, I>& X, Affine affine, const std::int64_t* columns, std::size_t count, double* out) {
    for (std::size_t k = 0; k < count; ++k) {
        const std::size_t j = static_cast<std::size_t>(columns[k]);
        double* column = out + k * X.rows;
        std::fill(column, column + X.rows, -affine.shift[j]);
        for (std::size_t e = static_cast<std::size_t>(X.pointers[j]); e < static_cast<std::size_t>(X.pointers[j + 1]); ++e)
            column[static_cast<std::size_t>(X.indices[e])] =
                read(static_cast<double>(X.data[e]), affine.scale[j], affine.shift[j]);
    }
}

}  // namespace lozenge
