// X as the kernels see it.  A column is read as x * scale - shift, in float64 whatever it is stored in.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

namespace lozenge {

constexpr std::size_t kRows = 512;  // rows of a block: 512 doubles of x and of four residuals stay in the first cache
constexpr std::size_t kLanes = 8;   // independent partial sums, so that additions vectorise without reordering rules
constexpr std::size_t kGroup = 4;   // residuals taken together: 2 columns x 4 residuals fill the registers
constexpr std::size_t kAhead = 1;   // tiles between what is read and what is asked of memory
constexpr std::size_t kTile = 64;   // rows of row-major storage that are summed apart
constexpr std::size_t kStrip = 256; // columns of row-major storage worked on together: a tile of them is 128 kB

template <class T>
struct Dense {
    const T* data;
    std::size_t rows, columns;
    std::ptrdiff_t row_stride, column_stride;  // in elements; one of them is 1
    bool by_column() const { return row_stride == 1; }
    const T* at(std::size_t row, std::size_t column) const {
        return data + static_cast<std::ptrdiff_t>(row) * row_stride +
               static_cast<std::ptrdiff_t>(column) * column_stride;
    }
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

// Columns that were chosen, or where there is no list all of them from `first` on.
struct Chosen {
    const std::int64_t* list;
    std::size_t first = 0;
    std::size_t operator[](std::size_t k) const { return list ? static_cast<std::size_t>(list[k]) : first + k; }
};

// Room that begins on a line of the cache: loads that straddle two lines take twice as long.
class Scratch {
    std::unique_ptr<double[]> room;
    double* start;

  public:
    explicit Scratch(std::size_t size) : room(new double[size + 7]) {
        const std::size_t past = reinterpret_cast<std::uintptr_t>(room.get()) % 64 / sizeof(double);
        start = room.get() + (past == 0 ? 0 : 8 - past);
    }
    double* data() { return start; }
    double& operator[](std::size_t i) { return start[i]; }
};

// A few of the chosen columns, from `left` on: how they are read, and which octets of them lie side by side.
struct Picked {
    double scale[kRows], shift[kRows];
    bool together[kRows / kLanes];
    Chosen chosen;
    std::size_t count;

    Picked(Affine affine, Chosen all, std::size_t left, std::size_t width)
        : chosen{all.list ? all.list + left : nullptr, all.list ? 0 : left}, count(width) {
        for (std::size_t k = 0; k < width; ++k) {
            scale[k] = affine.scale[chosen[k]];
            shift[k] = affine.shift[chosen[k]];
        }
        for (std::size_t k = 0; k + kLanes <= width; k += kLanes) {
            bool& near = together[k / kLanes] = true;
            for (std::size_t l = 1; l < kLanes; ++l) near = near && chosen[k + l] == chosen[k] + l;
        }
    }
};

// What is known of one column while it is read: blocks are added by Chan, Golub and LeVeque's formula.
struct Summary {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
    double pivot;             // of the block to come
    double origin;            // from which means are measured
    double mean = 0.0;        // less the origin
    double squares = 0.0;     // about the mean
    double rows = 0.0;

    explicit Summary(double first) : pivot(first), origin(first) {}

    void range(double least, double most) {
        low = std::min(low, least);
        high = std::max(high, most);
    }
    // Σd and Σd² of a block of rows, d = x - pivot.
    void add(double sum, double square, std::size_t count) {
        const double n = static_cast<double>(count), middle = sum / n, inside = square - sum * middle;
        const double apart = (pivot - origin) + middle - mean, all = rows + n;
        mean += apart * (n / all);
        squares += (inside < 0.0 ? 0.0 : inside) + apart * apart * (rows * (n / all));
        rows = all;
        pivot += middle;
    }
    // `count` implicit zeros more.
    void add_zeros(std::size_t count) {
        const double n = static_cast<double>(count), all = rows + n, apart = origin + mean;
        range(0.0, 0.0);
        squares += apart * apart * (rows * (n / all));
        origin = 0.0;
        mean = apart * (rows / all);
        rows = all;
    }
    // A mean does not overflow where a sum would: where one did, it is taken again from small shares.  What is not
    // finite then was not finite in the column.
    template <class T>
    void write(const T* x, std::size_t count, std::ptrdiff_t stride, double* out) const {
        double middle = origin + mean, spread = rows > 0.0 ? squares / rows : 0.0;
        if (!std::isfinite(middle)) {
            middle = 0.0;
            for (std::size_t i = 0; i < count; ++i)
                middle += static_cast<double>(x[static_cast<std::ptrdiff_t>(i) * stride]) * (1.0 / rows);
        }
        out[0] = low;
        out[1] = high;
        out[2] = middle;
        out[3] = spread;
    }
};

// A few columns against a few of the residuals: with many of those, both stay in the second cache.
struct Slab {
    std::size_t begin, end, first, width;
};

inline std::vector<Slab> slabs(std::size_t begin, std::size_t end, std::size_t m) {
    constexpr std::size_t tall = 32, wide = 16;
    if (m <= 2 * wide) return {{begin, end, 0, m}};
    std::vector<Slab> found;
    for (std::size_t k = begin; k < end; k += tall)
        for (std::size_t c = 0; c < m; c += wide)
            found.push_back({k, std::min(end, k + tall), c, std::min(wide, m - c)});
    return found;
}

}  // namespace lozenge
