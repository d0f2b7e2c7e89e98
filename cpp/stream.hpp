// One stream over X: correlations XᵀR and weighted squares, for dense storage of either order and for CSC.
// A column is read as x * scale - shift, in float64 whatever it is stored in.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "parallel.hpp"

namespace lozenge {

constexpr std::size_t kRows = 512;   // rows of a block: 512 doubles of x and of four residuals stay in the first cache
constexpr std::size_t kLanes = 8;    // independent partial sums, so that additions vectorise without reordering rules
constexpr std::size_t kGroup = 4;    // residuals taken together: 4 x 8 lanes fill the registers

template <class T>
struct Dense {
    const T* data;
    std::size_t rows, columns;
    std::ptrdiff_t row_stride, column_stride;  // in elements; one of them is 1
    bool by_column() const { return row_stride == 1; }
};

template <class T, class I>
struct Csc {
    const T* data;
    const I* indices;
    const I* pointers;
    std::size_t rows, columns;
};

struct Affine {  // per column
    const double* scale;
    const double* shift;
};

template <bool Square>
inline double read(double x, double scale, double shift) {
    const double value = x * scale - shift;
    return Square ? value * value : value;
}

// Sums of read(x) * R over one block of rows of one column, for M residuals whose columns lie `lead` apart.
template <bool Square, std::size_t M, class T>
inline void block_sums(const T* x, std::size_t rows, double scale, double shift, const double* R, std::size_t lead,
                       double* out) {
    double sums[M][kLanes] = {};
    double value[kLanes];
    std::size_t i = 0;
    for (; i + kLanes <= rows; i += kLanes) {
        for (std::size_t l = 0; l < kLanes; ++l) value[l] = read<Square>(static_cast<double>(x[i + l]), scale, shift);
        for (std::size_t c = 0; c < M; ++c)
            for (std::size_t l = 0; l < kLanes; ++l) sums[c][l] += value[l] * R[c * lead + i + l];
    }
    for (std::size_t c = 0; c < M; ++c) {
        double rest = 0.0;
        for (std::size_t k = i; k < rows; ++k)
            rest += read<Square>(static_cast<double>(x[k]), scale, shift) * R[c * lead + k];
        double* s = sums[c];
        out[c] += (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) + rest;
    }
}

template <bool Square, class T>
void correlate_by_column(const Dense<T>& X, Affine affine, const double* R, std::size_t m, const std::int64_t* columns,
                         std::size_t begin, std::size_t end, double* out) {
    for (std::size_t top = 0; top < X.rows; top += kRows) {
        const std::size_t rows = std::min(kRows, X.rows - top);
        for (std::size_t k = begin; k < end; ++k) {
            const std::size_t j = columns ? static_cast<std::size_t>(columns[k]) : k;
            const T* x = X.data + static_cast<std::ptrdiff_t>(j) * X.column_stride + static_cast<std::ptrdiff_t>(top);
            const double scale = affine.scale[j], shift = affine.shift[j];
            for (std::size_t c = 0; c < m; c += kGroup) {
                const double* block = R + c * X.rows + top;
                double* sums = out + k * m + c;
                switch (std::min(kGroup, m - c)) {
                    case 1: block_sums<Square, 1>(x, rows, scale, shift, block, X.rows, sums); break;
                    case 2: block_sums<Square, 2>(x, rows, scale, shift, block, X.rows, sums); break;
                    case 3: block_sums<Square, 3>(x, rows, scale, shift, block, X.rows, sums); break;
                    default: block_sums<Square, 4>(x, rows, scale, shift, block, X.rows, sums); break;
                }
            }
        }
    }
}

// Row-major storage: a strip of columns at a time, its sums kept in the first cache while the rows go by.  Blocks of
// rows are summed apart and then added, as above, so that rounding grows with rows / 512 and not with rows.
template <bool Square, class T>
void correlate_by_row(const Dense<T>& X, Affine affine, const double* R, std::size_t m, const std::int64_t* columns,
                      std::size_t begin, std::size_t end, double* out) {
    constexpr std::size_t strip = 256;
    std::vector<double> sums(strip * m);
    std::array<double, strip> value;
    for (std::size_t left = begin; left < end; left += strip) {
        const std::size_t width = std::min(strip, end - left);
        for (std::size_t top = 0; top < X.rows; top += kRows) {
            const std::size_t bottom = std::min(X.rows, top + kRows);
            std::fill(sums.begin(), sums.end(), 0.0);
            for (std::size_t i = top; i < bottom; ++i) {
                const T* row = X.data + static_cast<std::ptrdiff_t>(i) * X.row_stride;
                for (std::size_t k = 0; k < width; ++k) {
                    const std::size_t j = columns ? static_cast<std::size_t>(columns[left + k]) : left + k;
                    value[k] = read<Square>(static_cast<double>(row[static_cast<std::ptrdiff_t>(j) * X.column_stride]),
                                            affine.scale[j], affine.shift[j]);
                }
                for (std::size_t c = 0; c < m; ++c) {
                    const double r = R[c * X.rows + i];
                    double* s = sums.data() + c * strip;
                    for (std::size_t k = 0; k < width; ++k) s[k] += value[k] * r;
                }
            }
            for (std::size_t c = 0; c < m; ++c)
                for (std::size_t k = 0; k < width; ++k) out[(left + k) * m + c] += sums[c * strip + k];
        }
    }
}

template <bool Square, class T>
void correlate(const Dense<T>& X, Affine affine, const double* R, std::size_t m, const std::int64_t* columns,
               std::size_t count, double* out) {
    const double cost = static_cast<double>(X.rows) * static_cast<double>(count) * static_cast<double>(m);
    over_columns(count, cost, [&](std::size_t begin, std::size_t end) {
        if (X.by_column()) correlate_by_column<Square>(X, affine, R, m, columns, begin, end, out);
        else correlate_by_row<Square>(X, affine, R, m, columns, begin, end, out);
    });
}

// CSC.  `totals` (m,) are the column sums of R: the implicit zeros of a column read as -shift, so they add
// read(0) * (total - sum over the stored rows).
template <bool Square, class T, class I>
void correlate(const Csc<T, I>& X, Affine affine, const double* R, const double* totals, std::size_t m,
               const std::int64_t* columns, std::size_t count, double* out) {
    const double cost = static_cast<double>(X.pointers[X.columns]) * static_cast<double>(m);
    over_columns(count, cost, [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) {
            const std::size_t j = columns ? static_cast<std::size_t>(columns[k]) : k;
            const double scale = affine.scale[j], shift = affine.shift[j];
            const std::size_t first = static_cast<std::size_t>(X.pointers[j]);
            const std::size_t last = static_cast<std::size_t>(X.pointers[j + 1]);
            const double zero = read<Square>(0.0, scale, shift);
            const bool full = last - first == X.rows;
            for (std::size_t c = 0; c < m; ++c) {
                const double* r = R + c * X.rows;
                double sum = 0.0, seen = 0.0;
                for (std::size_t top = first; top < last; top += kRows) {
                    const std::size_t bottom = std::min(last, top + kRows);
                    double block = 0.0, weight = 0.0;
                    for (std::size_t e = top; e < bottom; ++e) {
                        const double value = r[static_cast<std::size_t>(X.indices[e])];
                        block += read<Square>(static_cast<double>(X.data[e]), scale, shift) * value;
                        weight += value;
                    }
                    sum += block;
                    seen += weight;
                }
                out[k * m + c] = (zero == 0.0 || full) ? sum : sum + zero * (totals[c] - seen);
            }
        }
    });
}

// Minimum, maximum and mean of each column; nan or inf where the column holds one.
struct Summary {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
    double mean = 0.0;
    void take(double x, double share) {
        low = x < low ? x : low;
        high = x > high ? x : high;
        mean += x * share;  // a nan or inf ends up here; a share cannot overflow where a sum could
    }
};

template <class T>
void summarise(const Dense<T>& X, double* out) {
    const double share = 1.0 / static_cast<double>(X.rows);
    const double cost = static_cast<double>(X.rows) * static_cast<double>(X.columns);
    over_columns(X.columns, cost, [&](std::size_t begin, std::size_t end) {
        std::vector<Summary> found(end - begin);
        const auto at = [&](std::size_t i, std::size_t j) {
            return static_cast<double>(X.data[static_cast<std::ptrdiff_t>(i) * X.row_stride +
                                              static_cast<std::ptrdiff_t>(j) * X.column_stride]);
        };
        if (X.by_column())
            for (std::size_t j = begin; j < end; ++j)
                for (std::size_t i = 0; i < X.rows; ++i) found[j - begin].take(at(i, j), share);
        else
            for (std::size_t i = 0; i < X.rows; ++i)
                for (std::size_t j = begin; j < end; ++j) found[j - begin].take(at(i, j), share);
        for (std::size_t j = begin; j < end; ++j) {
            out[3 * j] = found[j - begin].low;
            out[3 * j + 1] = found[j - begin].high;
            out[3 * j + 2] = found[j - begin].mean;
        }
    });
}

template <class T, class I>
void summarise(const Csc<T, I>& X, double* out) {
    const double share = 1.0 / static_cast<double>(X.rows);
    for (std::size_t j = 0; j < X.columns; ++j) {
        Summary found;
        const std::size_t first = static_cast<std::size_t>(X.pointers[j]);
        const std::size_t last = static_cast<std::size_t>(X.pointers[j + 1]);
        for (std::size_t e = first; e < last; ++e) found.take(static_cast<double>(X.data[e]), share);
        if (last - first < X.rows) found.take(0.0, share);
        out[3 * j] = found.low;
        out[3 * j + 1] = found.high;
        out[3 * j + 2] = found.mean;
    }
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
                        read<false>(static_cast<double>(x[static_cast<std::ptrdiff_t>(i) * X.row_stride]),
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
                read<false>(static_cast<double>(X.data[e]), affine.scale[j], affine.shift[j]);
    }
}

}  // namespace lozenge
