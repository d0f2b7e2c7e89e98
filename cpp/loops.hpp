// The hot loops, compiled once for each instruction set (so no include guard): LOZENGE_NAME is the namespace,
// LOZENGE_WIDTH the number of doubles in a register, LOZENGE_TARGET the attribute that lets the compiler use them.
//
// A sum over rows has eight lanes, row i in lane i mod 8, whatever the width: a narrower register walks the rows of its
// lanes first and those of the others after them.  Blocks of rows are summed apart and then added, so that rounding
// grows with rows / 512 and not with rows.

#if defined(__GNUC__)
#define LOZENGE_INLINE LOZENGE_TARGET __attribute__((always_inline)) inline
#else
#define LOZENGE_INLINE inline
#endif

namespace lozenge::LOZENGE_NAME {

constexpr std::size_t kWidth = LOZENGE_WIDTH;
constexpr std::size_t kParts = kLanes / kWidth;  // registers that hold the lanes of one sum

#if defined(__GNUC__)

typedef double Vec __attribute__((vector_size(8 * LOZENGE_WIDTH)));
typedef float Narrow __attribute__((vector_size(4 * LOZENGE_WIDTH)));

LOZENGE_INLINE Vec load(const double* x) {
    Vec found;
    __builtin_memcpy(&found, x, sizeof found);
    return found;
}
LOZENGE_INLINE Vec load(const float* x) {
    Narrow found;
    __builtin_memcpy(&found, x, sizeof found);
    return __builtin_convertvector(found, Vec);
}
LOZENGE_INLINE void store(double* to, Vec x) { __builtin_memcpy(to, &x, sizeof x); }
LOZENGE_INLINE Vec all(double x) { return x - Vec{}; }
LOZENGE_INLINE Vec lesser(Vec x, Vec low) { return x < low ? x : low; }
LOZENGE_INLINE Vec greater(Vec x, Vec high) { return x > high ? x : high; }
LOZENGE_INLINE void prefetch(const void* place) { __builtin_prefetch(place); }

#else

struct Vec {
    double lane[LOZENGE_WIDTH] = {};
};
template <class Do>
Vec each(Do at) {
    Vec found;
    for (std::size_t l = 0; l < kWidth; ++l) found.lane[l] = at(l);
    return found;
}
template <class T>
Vec load(const T* x) { return each([=](std::size_t l) { return static_cast<double>(x[l]); }); }
inline void store(double* to, Vec x) { for (std::size_t l = 0; l < kWidth; ++l) to[l] = x.lane[l]; }
inline Vec all(double x) { return each([=](std::size_t) { return x; }); }
inline Vec operator+(Vec a, Vec b) { return each([&](std::size_t l) { return a.lane[l] + b.lane[l]; }); }
inline Vec operator-(Vec a, Vec b) { return each([&](std::size_t l) { return a.lane[l] - b.lane[l]; }); }
inline Vec operator*(Vec a, Vec b) { return each([&](std::size_t l) { return a.lane[l] * b.lane[l]; }); }
inline Vec& operator+=(Vec& a, Vec b) { return a = a + b; }
inline Vec lesser(Vec x, Vec low) { return each([&](std::size_t l) { return x.lane[l] < low.lane[l] ? x.lane[l] : low.lane[l]; }); }
inline Vec greater(Vec x, Vec high) { return each([&](std::size_t l) { return x.lane[l] > high.lane[l] ? x.lane[l] : high.lane[l]; }); }
inline void prefetch(const void*) {}

#endif

LOZENGE_INLINE double fold(const double* s) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

// -- sums against residuals, columns of X contiguous -----------------------------------------------------------------

// One block of rows of R as the tiles read it: groups of M residuals; in each, register by register of the lanes, what
// all M residuals need of one step lies together.  (Loads whose addresses agree modulo the 64 bytes of a line wait for
// each other.)  The last rows are filled up with zeros.
LOZENGE_TARGET inline void interleave(const double* R, std::size_t lead, std::size_t rows, std::size_t m, double* to) {
    const std::size_t padded = (rows + kLanes - 1) / kLanes * kLanes;
    for (std::size_t c = 0; c < m; c += kGroup) {
        const std::size_t group = std::min(kGroup, m - c);
        for (std::size_t g = 0; g < group; ++g) {
            const double* r = R + (c + g) * lead;
            for (std::size_t part = 0; part < kLanes; part += kWidth) {
                double* out = to + (c * kLanes + group * part) * (padded / kLanes) + g * kWidth;
                for (std::size_t i = part; i < padded; i += kLanes, out += group * kWidth)
                    if (i + kWidth <= rows) store(out, load(r + i));
                    else
                        for (std::size_t l = 0; l < kWidth; ++l) out[l] = i + l < rows ? r[i + l] : 0.0;
            }
        }
    }
}

// One step of a tile: eight rows, or those of them in one register, of C columns against M residuals.  With squares
// there is one column, and it goes by beside its square.
template <bool Squares, std::size_t C, std::size_t M, class T>
LOZENGE_INLINE void step(const T* const* x, std::size_t row, const Vec* scale, const Vec* shift, const double* r,
                         Vec (*sums)[M]) {
    constexpr std::size_t sides = Squares ? 2 : C;
    Vec value[sides];
    for (std::size_t c = 0; c < C; ++c) value[c] = load(x[c] + row) * scale[c] - shift[c];
    if constexpr (Squares) value[1] = value[0] * value[0];
    for (std::size_t g = 0; g < M; ++g) {
        const Vec residual = load(r + g * kWidth);
        for (std::size_t s = 0; s < sides; ++s) sums[s][g] += value[s] * residual;
    }
}

// Sums over one block of rows of C columns against a group of M residuals, added to out.  `ahead` is what comes next:
// a block is a page of memory, and the hardware's own prefetching ends there.
template <bool Squares, std::size_t C, std::size_t M, class T>
LOZENGE_TARGET void tile(const T* const* x, const double* scale, const double* shift, std::size_t rows, const double* r,
                         const T* const* ahead, double* const* out) {
    constexpr std::size_t sides = Squares ? 2 : C;
    const std::size_t full = rows - rows % kLanes;
    T last[C][kLanes] = {};
    const T* tail[C];
    for (std::size_t c = 0; c < C; ++c) {
        for (std::size_t i = full; i < rows; ++i) last[c][i - full] = x[c][i];
        tail[c] = last[c];
    }
    Vec a[C], b[C];
    for (std::size_t c = 0; c < C; ++c) {
        a[c] = all(scale[c]);
        b[c] = all(shift[c]);
    }
    double lanes[sides][M][kLanes];
    const double* residuals = r;
    for (std::size_t part = 0; part < kLanes; part += kWidth) {
        Vec sums[sides][M] = {};
        if (part == 0)
            for (std::size_t i = 0; i < full; i += kLanes, residuals += M * kWidth) {
                for (std::size_t c = 0; c < C; ++c) prefetch(ahead[c] + i);
                step<Squares, C, M>(x, i, a, b, residuals, sums);
            }
        else
            for (std::size_t i = part; i < full; i += kLanes, residuals += M * kWidth)
                step<Squares, C, M>(x, i, a, b, residuals, sums);
        if (full < rows) {
            step<Squares, C, M>(tail, part, a, b, residuals, sums);
            residuals += M * kWidth;
        }
        for (std::size_t s = 0; s < sides; ++s)
            for (std::size_t g = 0; g < M; ++g) store(lanes[s][g] + part, sums[s][g]);
    }
    for (std::size_t s = 0; s < sides; ++s)
        for (std::size_t g = 0; g < M; ++g) out[s][g] += fold(lanes[s][g]);
}

template <bool Squares, std::size_t C, class T>
LOZENGE_INLINE void tiles(const T* const* x, const double* scale, const double* shift, std::size_t rows,
                          const double* packed, std::size_t m, const T* const* ahead, double* const* out) {
    const std::size_t padded = (rows + kLanes - 1) / kLanes * kLanes;
    for (std::size_t c = 0; c < m; c += kGroup) {
        const double* r = packed + c * padded;
        double* to[2] = {out[0] + c, out[1] + c};
        const T* const* next = c == 0 ? ahead : x;
        switch (std::min(kGroup, m - c)) {
            case 1: tile<Squares, C, 1>(x, scale, shift, rows, r, next, to); break;
            case 2: tile<Squares, C, 2>(x, scale, shift, rows, r, next, to); break;
            case 3: tile<Squares, C, 3>(x, scale, shift, rows, r, next, to); break;
            default: tile<Squares, C, 4>(x, scale, shift, rows, r, next, to); break;
        }
    }
}

// Columns [begin, end) of the chosen ones against R, added to out (count, m); with squares the squares to `second`.
template <bool Squares, class T>
LOZENGE_TARGET void sums_by_column(const Dense<T>& X, Affine affine, const double* R, std::size_t m, Chosen chosen,
                                   std::size_t begin, std::size_t end, double* out, double* second) {
    constexpr std::size_t C = Squares ? 1 : 2;
    Scratch packed(std::min(kRows, (X.rows + kLanes - 1) / kLanes * kLanes) * m);
    const std::vector<Slab> pieces = slabs(begin, end, m);
    for (std::size_t top = 0; top < X.rows; top += kRows) {
        const std::size_t rows = std::min(kRows, X.rows - top);
        interleave(R + top, X.rows, rows, m, packed.data());
        for (const Slab slab : pieces)
        for (std::size_t k = slab.begin; k < slab.end; k += C) {
            const T *x[C], *ahead[C];
            double scale[C], shift[C];
            const std::size_t width = std::min(C, slab.end - k);
            for (std::size_t c = 0; c < width; ++c) {
                const std::size_t j = chosen[k + c];
                x[c] = X.at(top, j);
                scale[c] = affine.scale[j];
                shift[c] = affine.shift[j];
                std::size_t next = k + kAhead * C + c, row = top;
                if (next >= end) next = begin + (next - end) % (end - begin), row += kRows;
                ahead[c] = row < X.rows ? X.at(row, chosen[next]) : x[c];
            }
            double* to[2] = {out + k * m + slab.first, (Squares ? second + k * m : out + (k + 1) * m) + slab.first};
            const double* residuals = packed.data() + slab.first * ((rows + kLanes - 1) / kLanes * kLanes);
            if (width == C) tiles<Squares, C>(x, scale, shift, rows, residuals, slab.width, ahead, to);
            else tiles<Squares, 1>(x, scale, shift, rows, residuals, slab.width, ahead, to);
        }
    }
}

// -- sums against residuals, rows of X contiguous --------------------------------------------------------------------

// A tile of rows of a strip of columns is copied out, eight columns at a time one row after the other.  Each row of
// a tile adds to eight columns at once; tiles of 64 rows are summed apart, and so are blocks.
constexpr std::size_t kSlab = kTile * kLanes + kLanes;  // eight columns of a tile; the rest keeps slabs out of step

template <bool Squares, class T>
LOZENGE_TARGET void spread(const Dense<T>& X, const double* scale, const double* shift, Chosen chosen, std::size_t left,
                           std::size_t width, std::size_t top, std::size_t rows, double* panel) {
    const std::size_t squares = (width + kLanes - 1) / kLanes * kSlab;
    for (std::size_t i = 0; i < rows; ++i) {
        const T* row = X.at(top + i, 0);
        double* to = panel + i * kLanes;
        for (std::size_t k = 0; k < width; k += kLanes, to += kSlab) {
            if (!chosen.list && k + kLanes <= width)
                for (std::size_t l = 0; l < kLanes; l += kWidth)
                    store(to + l, load(row + left + k + l) * load(scale + k + l) - load(shift + k + l));
            else
                for (std::size_t l = 0; l < kLanes; ++l)
                    to[l] = k + l < width ? static_cast<double>(row[chosen[left + k + l]]) * scale[k + l] - shift[k + l]
                                          : 0.0;
            if constexpr (Squares)
                for (std::size_t l = 0; l < kLanes; l += kWidth) store(to + squares + l, load(to + l) * load(to + l));
        }
    }
}

template <std::size_t M>
LOZENGE_TARGET void slab(const double* x, const double* r, std::size_t rows, double* const* out) {
    constexpr std::size_t V = kParts < 2 ? 1 : 2;  // registers of columns taken together
    for (std::size_t part = 0; part < kLanes; part += V * kWidth) {
        Vec sums[M][V] = {};
        for (std::size_t i = 0; i < rows; ++i) {
            Vec value[V];
            for (std::size_t v = 0; v < V; ++v) value[v] = load(x + i * kLanes + part + v * kWidth);
            for (std::size_t g = 0; g < M; ++g) {
                const Vec residual = all(r[i * M + g]);
                for (std::size_t v = 0; v < V; ++v) sums[g][v] += value[v] * residual;
            }
        }
        for (std::size_t g = 0; g < M; ++g)
            for (std::size_t v = 0; v < V; ++v) {
                double* to = out[g] + part + v * kWidth;
                store(to, load(to) + sums[g][v]);
            }
    }
}

template <bool Squares, class T>
LOZENGE_TARGET void sums_by_row(const Dense<T>& X, Affine affine, const double* R, std::size_t m, Chosen chosen,
                                std::size_t begin, std::size_t end, double* out, double* second) {
    constexpr std::size_t sides = Squares ? 2 : 1;
    const std::size_t strip = std::min(kStrip, (end - begin + kLanes - 1) / kLanes * kLanes);
    Scratch panel(sides * strip / kLanes * kSlab), r(kTile * kGroup), sums(sides * strip * m), scale(strip), shift(strip);
    for (std::size_t left = begin; left < end; left += strip) {
        const std::size_t width = std::min(strip, end - left);
        const std::size_t padded = (width + kLanes - 1) / kLanes * kLanes;
        for (std::size_t k = 0; k < width; ++k) {
            scale[k] = affine.scale[chosen[left + k]];
            shift[k] = affine.shift[chosen[left + k]];
        }
        for (std::size_t block = 0; block < X.rows; block += kRows) {
            const std::size_t bottom = std::min(X.rows, block + kRows);
            std::fill(sums.data(), sums.data() + sides * strip * m, 0.0);
            for (std::size_t top = block; top < bottom; top += kTile) {
                const std::size_t rows = std::min(kTile, bottom - top);
                spread<Squares>(X, scale.data(), shift.data(), chosen, left, width, top, rows, panel.data());
                for (std::size_t c = 0; c < m; c += kGroup) {
                    const std::size_t group = std::min(kGroup, m - c);
                    for (std::size_t i = 0; i < rows; ++i)
                        for (std::size_t g = 0; g < group; ++g)
                            r[i * group + g] = R[(c + g) * X.rows + top + i];
                    for (std::size_t k = 0; k < sides * padded; k += kLanes) {
                        const double* x = panel.data() + k / kLanes * kSlab;
                        double* to[kGroup];
                        for (std::size_t g = 0; g < group; ++g) to[g] = sums.data() + (c + g) * sides * strip + k;
                        switch (group) {
                            case 1: slab<1>(x, r.data(), rows, to); break;
                            case 2: slab<2>(x, r.data(), rows, to); break;
                            case 3: slab<3>(x, r.data(), rows, to); break;
                            default: slab<4>(x, r.data(), rows, to); break;
                        }
                    }
                }
            }
            for (std::size_t c = 0; c < m; ++c)
                for (std::size_t k = 0; k < width; ++k) {
                    const double* found = sums.data() + c * sides * strip + k;
                    out[(left + k) * m + c] += found[0];
                    if constexpr (Squares) second[(left + k) * m + c] += found[padded];
                }
        }
    }
}

// -- what a column holds ---------------------------------------------------------------------------------------------

// d = x - pivot is exact where the mean is far from zero, and the pivot of a block is the mean of the block before it:
// Σd² - (Σd)²/rows then loses less than a jump between two blocks adds to the spread.  Means are kept as
// differences from the first pivot, for the same reason.
template <class T>
LOZENGE_INLINE double first_pivot(const T* x, std::size_t rows, std::ptrdiff_t stride) {
    const double start = static_cast<double>(x[0]);
    double sum = 0.0;
    rows = std::min(rows, kTile);
    for (std::size_t i = 0; i < rows; ++i) sum += static_cast<double>(x[static_cast<std::ptrdiff_t>(i) * stride]) - start;
    return start + sum / static_cast<double>(rows);
}

// Minimum, maximum, mean and spread of `count` values that lie together; what is missing of `rows` are zeros.  `next` is
// what will be read after them.
template <class T>
LOZENGE_TARGET void summary_of(const T* x, std::size_t count, std::size_t rows, const T* next, double* out) {
    Summary found(count > 0 ? first_pivot(x, count, 1) : 0.0);
    double low[kLanes], high[kLanes], first[kLanes], second[kLanes];
    std::fill(low, low + kLanes, found.low);
    std::fill(high, high + kLanes, found.high);
    for (std::size_t top = 0; top < count; top += kRows) {
        const std::size_t block = std::min(kRows, count - top), full = block - block % kLanes;
        const T* at = x + top;
        const T* ahead = top + block < count ? at + kRows : next;
        const Vec pivot = all(found.pivot);
        Vec small[kParts], large[kParts], sum[kParts] = {}, square[kParts] = {};
        for (std::size_t v = 0; v < kParts; ++v) {
            small[v] = load(low + v * kWidth);
            large[v] = load(high + v * kWidth);
        }
        for (std::size_t i = 0; i < full; i += kLanes) {
            prefetch(ahead + i);
            for (std::size_t v = 0; v < kParts; ++v) {
                const Vec value = load(at + i + v * kWidth), d = value - pivot;
                small[v] = lesser(value, small[v]);
                large[v] = greater(value, large[v]);
                sum[v] += d;
                square[v] += d * d;
            }
        }
        for (std::size_t v = 0; v < kParts; ++v) {
            store(low + v * kWidth, small[v]);
            store(high + v * kWidth, large[v]);
            store(first + v * kWidth, sum[v]);
            store(second + v * kWidth, square[v]);
        }
        for (std::size_t i = full; i < block; ++i) {
            const double value = static_cast<double>(at[i]), d = value - found.pivot;
            low[i - full] = std::min(low[i - full], value);
            high[i - full] = std::max(high[i - full], value);
            first[i - full] += d;
            second[i - full] += d * d;
        }
        found.add(fold(first), fold(second), block);
    }
    for (std::size_t l = 0; l < kLanes; ++l) found.range(low[l], high[l]);
    if (count < rows) found.add_zeros(rows - count);
    found.write(x, count, 1, out);
}

template <class T>
LOZENGE_TARGET void summary_by_column(const Dense<T>& X, std::size_t begin, std::size_t end, double* out) {
    for (std::size_t j = begin; j < end; ++j)
        summary_of(X.at(0, j), X.rows, X.rows, X.at(0, std::min(j + 1, end - 1)), out + 4 * j);
}

struct Strip {
    static constexpr std::size_t width = 128;
    double pivot[width], low[width], high[width], sum[width], square[width];
};

template <std::size_t N, class T>
LOZENGE_INLINE void summary_rows(const T* const* row, std::size_t width, Strip& state) {
    std::size_t k = 0;
    for (; k + kWidth <= width; k += kWidth) {
        const Vec pivot = load(state.pivot + k);
        Vec low = load(state.low + k), high = load(state.high + k);
        Vec sum = load(state.sum + k), square = load(state.square + k);
        for (std::size_t i = 0; i < N; ++i) {
            const Vec value = load(row[i] + k), d = value - pivot;
            low = lesser(value, low);
            high = greater(value, high);
            sum += d;
            square += d * d;
        }
        store(state.low + k, low);
        store(state.high + k, high);
        store(state.sum + k, sum);
        store(state.square + k, square);
    }
    for (; k < width; ++k)
        for (std::size_t i = 0; i < N; ++i) {
            const double value = static_cast<double>(row[i][k]), d = value - state.pivot[k];
            state.low[k] = value < state.low[k] ? value : state.low[k];
            state.high[k] = value > state.high[k] ? value : state.high[k];
            state.sum[k] += d;
            state.square[k] += d * d;
        }
}

template <class T>
LOZENGE_TARGET void summary_by_row(const Dense<T>& X, std::size_t begin, std::size_t end, double* out) {
    constexpr std::size_t strip = Strip::width;
    Strip state;
    std::vector<Summary> found;
    for (std::size_t left = begin; left < end; left += strip) {
        const std::size_t width = std::min(strip, end - left);
        found.clear();
        for (std::size_t k = 0; k < width; ++k) {
            found.emplace_back(first_pivot(X.at(0, left + k), X.rows, X.row_stride));
            state.low[k] = found[k].low;
            state.high[k] = found[k].high;
        }
        for (std::size_t top = 0; top < X.rows; top += kRows) {
            const std::size_t bottom = std::min(X.rows, top + kRows);
            std::fill(state.sum, state.sum + strip, 0.0);
            std::fill(state.square, state.square + strip, 0.0);
            for (std::size_t k = 0; k < width; ++k) state.pivot[k] = found[k].pivot;
            std::size_t i = top;
            for (; i + 4 <= bottom; i += 4) {
                const T* row[4] = {X.at(i, left), X.at(i + 1, left), X.at(i + 2, left), X.at(i + 3, left)};
                summary_rows<4>(row, width, state);
            }
            for (; i < bottom; ++i) {
                const T* row[1] = {X.at(i, left)};
                summary_rows<1>(row, width, state);
            }
            for (std::size_t k = 0; k < width; ++k) found[k].add(state.sum[k], state.square[k], bottom - top);
        }
        for (std::size_t k = 0; k < width; ++k) {
            found[k].range(state.low[k], state.high[k]);
            found[k].write(X.at(0, left + k), X.rows, X.row_stride, out + 4 * (left + k));
        }
    }
}

}  // namespace lozenge::LOZENGE_NAME

#undef LOZENGE_INLINE
#undef LOZENGE_NAME
#undef LOZENGE_WIDTH
#undef LOZENGE_TARGET
