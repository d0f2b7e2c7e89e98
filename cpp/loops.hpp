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

template <std::size_t N>
struct Register {
    typedef double type __attribute__((vector_size(8 * N)));
};
template <>
struct Register<1> {
    typedef double type;
};
using Vec = typename Register<kWidth>::type;
typedef float Narrow __attribute__((vector_size(4 * LOZENGE_WIDTH)));

template <class R>
LOZENGE_INLINE R every(double x) {
    return x - R{};
}
template <class R>
LOZENGE_INLINE R load_as(const double* x) {
    R found;
    __builtin_memcpy(&found, x, sizeof found);
    return found;
}
template <class R>
LOZENGE_INLINE void store(double* to, R x) {
    __builtin_memcpy(to, &x, sizeof x);
}
LOZENGE_INLINE Vec load(const float* x) {
    Narrow found;
    __builtin_memcpy(&found, x, sizeof found);
    return __builtin_convertvector(found, Vec);
}
LOZENGE_INLINE Vec lesser(Vec x, Vec low) { return x < low ? x : low; }
LOZENGE_INLINE Vec greater(Vec x, Vec high) { return x > high ? x : high; }
LOZENGE_INLINE void prefetch(const void* place) { __builtin_prefetch(place); }

#else

template <std::size_t N>
struct Plain {
    static constexpr std::size_t size = N;
    double lane[N] = {};
};
template <std::size_t N>
struct Register {
    using type = Plain<N>;
};
using Vec = Plain<kWidth>;

template <class R, class Of>
R each(Of of) {
    R found;
    for (std::size_t l = 0; l < R::size; ++l) found.lane[l] = of(l);
    return found;
}
template <class R>
R every(double x) {
    return each<R>([=](std::size_t) { return x; });
}
template <class R>
R load_as(const double* x) {
    return each<R>([=](std::size_t l) { return x[l]; });
}
template <class R>
void store(double* to, R x) {
    for (std::size_t l = 0; l < R::size; ++l) to[l] = x.lane[l];
}
inline Vec load(const float* x) {
    return each<Vec>([=](std::size_t l) { return static_cast<double>(x[l]); });
}
template <std::size_t N>
Plain<N> operator+(Plain<N> a, Plain<N> b) {
    return each<Plain<N>>([&](std::size_t l) { return a.lane[l] + b.lane[l]; });
}
template <std::size_t N>
Plain<N> operator-(Plain<N> a, Plain<N> b) {
    return each<Plain<N>>([&](std::size_t l) { return a.lane[l] - b.lane[l]; });
}
template <std::size_t N>
Plain<N> operator*(Plain<N> a, Plain<N> b) {
    return each<Plain<N>>([&](std::size_t l) { return a.lane[l] * b.lane[l]; });
}
template <std::size_t N>
Plain<N>& operator+=(Plain<N>& a, Plain<N> b) {
    return a = a + b;
}
inline Vec lesser(Vec x, Vec low) {
    return each<Vec>([&](std::size_t l) { return std::min(low.lane[l], x.lane[l]); });
}
inline Vec greater(Vec x, Vec high) {
    return each<Vec>([&](std::size_t l) { return std::max(high.lane[l], x.lane[l]); });
}
inline void prefetch(const void*) {}

#endif

LOZENGE_INLINE Vec load(const double* x) { return load_as<Vec>(x); }
LOZENGE_INLINE Vec all(double x) { return every<Vec>(x); }

LOZENGE_INLINE double fold(const double* s) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

// Eight chosen columns of a row, as they are read; with `together` they lie side by side.
template <class T>
LOZENGE_INLINE void gather(const T* row, Chosen chosen, std::size_t k, bool together, const double* scale,
                           const double* shift, double* to) {
    if (together) {
        const T* x = row + chosen[k];
        for (std::size_t l = 0; l < kLanes; l += kWidth) store(to + l, load(x + l) * load(scale + l) - load(shift + l));
    } else {
        for (std::size_t l = 0; l < kLanes; ++l)
            to[l] = static_cast<double>(row[chosen[k + l]]) * scale[l] - shift[l];
    }
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

// Sums over one block of rows of C columns against a group of M residuals, added to out.  `ahead` is what comes next,
// asked of memory little by little: a block is a page, and the hardware's own prefetching ends there.
template <bool Squares, std::size_t C, std::size_t M, class T>
LOZENGE_TARGET void tile(const T* const* x, const double* scale, const double* shift, std::size_t rows, const double* r,
                         const char** ahead, std::size_t hurry, double* const* out) {
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
    for (std::size_t part = 0; part < kLanes; part += kWidth) {
        Vec sums[sides][M] = {};
        const char* next[C];
        for (std::size_t c = 0; c < C; ++c) next[c] = ahead[c];
        for (std::size_t i = part; i < full; i += kLanes, r += M * kWidth) {
            for (std::size_t c = 0; c < C; ++c) {
                prefetch(next[c]);
                next[c] += hurry;
            }
            step<Squares, C, M>(x, i, a, b, r, sums);
        }
        if (full < rows) {
            step<Squares, C, M>(tail, part, a, b, r, sums);
            r += M * kWidth;
        }
        for (std::size_t c = 0; c < C; ++c) ahead[c] = next[c];
        for (std::size_t s = 0; s < sides; ++s)
            for (std::size_t g = 0; g < M; ++g) store(lanes[s][g] + part, sums[s][g]);
    }
    for (std::size_t s = 0; s < sides; ++s)
        for (std::size_t g = 0; g < M; ++g) out[s][g] += fold(lanes[s][g]);
}

template <bool Squares, std::size_t C, class T>
LOZENGE_INLINE void tiles(const T* const* x, const double* scale, const double* shift, std::size_t rows,
                          const double* packed, std::size_t m, const T* const* after, double* const* out) {
    const std::size_t padded = (rows + kLanes - 1) / kLanes * kLanes;
    const std::size_t hurry = kLanes * sizeof(T) / (kParts * ((m + kGroup - 1) / kGroup));
    const char* ahead[C];
    for (std::size_t c = 0; c < C; ++c) ahead[c] = reinterpret_cast<const char*>(after[c]);
    for (std::size_t c = 0; c < m; c += kGroup) {
        const double* r = packed + c * padded;
        double* to[2] = {out[0] + c, out[1] + c};
        switch (std::min(kGroup, m - c)) {
            case 1: tile<Squares, C, 1>(x, scale, shift, rows, r, ahead, hurry, to); break;
            case 2: tile<Squares, C, 2>(x, scale, shift, rows, r, ahead, hurry, to); break;
            case 3: tile<Squares, C, 3>(x, scale, shift, rows, r, ahead, hurry, to); break;
            default: tile<Squares, C, 4>(x, scale, shift, rows, r, ahead, hurry, to); break;
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
LOZENGE_TARGET void spread(const Dense<T>& X, const Picked& picked, std::size_t top, std::size_t rows, double* panel) {
    const std::size_t width = picked.count, octets = (width + kLanes - 1) / kLanes, squares = octets * kSlab;
    for (std::size_t i = 0; i < rows; ++i) {
        const T* row = X.at(top + i, 0);
        double* to = panel + i * kLanes;
        for (std::size_t k = 0; k < width; k += kLanes, to += kSlab) {
            const double *scale = picked.scale + k, *shift = picked.shift + k;
            if (k + kLanes <= width) gather(row, picked.chosen, k, picked.together[k / kLanes], scale, shift, to);
            else
                for (std::size_t l = 0; l < kLanes; ++l)
                    to[l] = k + l < width ? static_cast<double>(row[picked.chosen[k + l]]) * scale[l] - shift[l] : 0.0;
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
    Scratch panel(sides * strip / kLanes * kSlab), r(kTile * kGroup), sums(sides * strip * m);
    for (std::size_t left = begin; left < end; left += strip) {
        const std::size_t width = std::min(strip, end - left);
        const std::size_t padded = (width + kLanes - 1) / kLanes * kLanes;
        const Picked picked(affine, chosen, left, width);
        for (std::size_t block = 0; block < X.rows; block += kRows) {
            const std::size_t bottom = std::min(X.rows, block + kRows);
            std::fill(sums.data(), sums.data() + sides * strip * m, 0.0);
            for (std::size_t top = block; top < bottom; top += kTile) {
                const std::size_t rows = std::min(kTile, bottom - top);
                spread<Squares>(X, picked, top, rows, panel.data());
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

// -- stored entries against residuals that lie row by row ------------------------------------------------------------

// What one index fetches: G residuals, side by side.
template <std::size_t G>
struct Row {
    static constexpr std::size_t width = G < kWidth ? G : kWidth, count = G / width;
    typename Register<width>::type part[count];
};

template <std::size_t G>
LOZENGE_INLINE void add(Row<G>& to, double x, const double* r) {
    using R = typename Register<Row<G>::width>::type;
    for (std::size_t v = 0; v < Row<G>::count; ++v) to.part[v] += every<R>(x) * load_as<R>(r + v * Row<G>::width);
}
template <std::size_t G>
LOZENGE_INLINE void add(Row<G>& to, const double* r) {
    using R = typename Register<Row<G>::width>::type;
    for (std::size_t v = 0; v < Row<G>::count; ++v) to.part[v] += load_as<R>(r + v * Row<G>::width);
}
template <std::size_t G>
LOZENGE_INLINE void fold(const Row<G>* sums, double* to) {
    using R = typename Register<Row<G>::width>::type;
    for (std::size_t v = 0; v < Row<G>::count; ++v) {
        double* place = to + v * Row<G>::width;
        store(place, load_as<R>(place) + ((sums[0].part[v] + sums[2].part[v]) + (sums[1].part[v] + sums[3].part[v])));
    }
}

// Rows [top, bottom) of G columns of R, side by side; those that are not there are zeros.
inline void side_by_side(const double* R, std::size_t lead, std::size_t group, std::size_t side, std::size_t top,
                         std::size_t bottom, double* to) {
    for (std::size_t i = top; i < bottom; ++i)
        for (std::size_t g = 0; g < side; ++g) to[i * side + g] = g < group ? R[g * lead + i] : 0.0;
}

template <bool Squares, bool Seen, std::size_t G, class T, class I>
LOZENGE_INLINE void entry(const Csc<T, I>& X, std::size_t e, double scale, double shift, const double* R, Row<G>& sum,
                          Row<G>& square, Row<G>& all) {
    const double* r = R + static_cast<std::size_t>(X.indices[e]) * G;
    const double x = static_cast<double>(X.data[e]) * scale - shift;
    add<G>(sum, x, r);
    if constexpr (Squares) add<G>(square, x * x, r);
    if constexpr (Seen) add<G>(all, r);
}

// Σ x̃ r, with squares Σ x̃² r, and where it is asked for Σ r over the stored entries of one column, each (G,).
// Entry e is in lane e mod 4, and 512 entries are summed apart.
template <bool Squares, bool Seen, std::size_t G, class T, class I>
LOZENGE_INLINE void entry_sums(const Csc<T, I>& X, std::size_t first, std::size_t last, double scale, double shift,
                               const double* R, double* sum, double* square, double* seen) {
    for (std::size_t top = first; top < last; top += kRows) {
        const std::size_t bottom = std::min(last, top + kRows);
        Row<G> sums[4] = {}, squares[4] = {}, all[4] = {};
        std::size_t e = top;
        for (; e + 4 <= bottom; e += 4)
            for (std::size_t l = 0; l < 4; ++l)
                entry<Squares, Seen, G>(X, e + l, scale, shift, R, sums[l], squares[l], all[l]);
        for (std::size_t l = 0; l < 3; ++l)
            if (e + l < bottom) entry<Squares, Seen, G>(X, e + l, scale, shift, R, sums[l], squares[l], all[l]);
        fold<G>(sums, sum);
        if constexpr (Squares) fold<G>(squares, square);
        if constexpr (Seen) fold<G>(all, seen);
    }
}

// Columns [begin, end) of the chosen ones against G residuals, of which `group` are meant: out and second lie m apart.
// The implicit zeros of a column read as -shift, and add read(0) · (Σ r over all rows - Σ r over the stored ones).
template <bool Squares, std::size_t G, class T, class I>
LOZENGE_TARGET void sums_of_side(const Csc<T, I>& X, Affine affine, const double* R, const double* totals,
                                    std::size_t group, std::size_t m, Chosen chosen, std::size_t begin, std::size_t end,
                                    double* out, double* second) {
    for (std::size_t k = begin; k < end; ++k) {
        const std::size_t j = chosen[k];
        const double scale = affine.scale[j], shift = affine.shift[j];
        const std::size_t first = static_cast<std::size_t>(X.pointers[j]);
        const std::size_t last = static_cast<std::size_t>(X.pointers[j + 1]);
        double sum[G] = {}, square[G] = {}, seen[G] = {};
        if (shift == 0.0 || last - first == X.rows) {
            entry_sums<Squares, false, G>(X, first, last, scale, shift, R, sum, square, seen);
        } else {
            entry_sums<Squares, true, G>(X, first, last, scale, shift, R, sum, square, seen);
            for (std::size_t g = 0; g < group; ++g) {
                const double rest = totals[g] - seen[g];
                sum[g] -= shift * rest;
                square[g] += shift * shift * rest;
            }
        }
        for (std::size_t g = 0; g < group; ++g) {
            out[k * m + g] = sum[g];
            if constexpr (Squares) second[k * m + g] = square[g];
        }
    }
}

template <bool Squares, class T, class I>
LOZENGE_TARGET void sums_of_entries(const Csc<T, I>& X, Affine affine, const double* R, const double* totals,
                                    std::size_t side, std::size_t group, std::size_t m, Chosen chosen,
                                    std::size_t begin, std::size_t end, double* out, double* second) {
    switch (side) {
        case 1: return sums_of_side<Squares, 1>(X, affine, R, totals, group, m, chosen, begin, end, out, second);
        case 2: return sums_of_side<Squares, 2>(X, affine, R, totals, group, m, chosen, begin, end, out, second);
        case 4: return sums_of_side<Squares, 4>(X, affine, R, totals, group, m, chosen, begin, end, out, second);
        default: return sums_of_side<Squares, 8>(X, affine, R, totals, group, m, chosen, begin, end, out, second);
    }
}

// Rows [top, bottom) of X̃_W B, added to eta, which holds these rows side by side; a column's indices ascend.
template <std::size_t G, class T, class I>
LOZENGE_TARGET void predict_side(const Csc<T, I>& X, Affine affine, Chosen chosen, std::size_t count,
                                    const double* B, std::size_t group, std::size_t m, std::size_t top,
                                    std::size_t bottom, double* eta) {
    using R = typename Register<Row<G>::width>::type;
    double base[G] = {};  // what the implicit zeros of shifted columns read as
    for (std::size_t k = 0; k < count; ++k) {
        const std::size_t j = chosen[k];
        const double scale = affine.scale[j], shift = affine.shift[j];
        const I *from = X.indices + X.pointers[j], *to = X.indices + X.pointers[j + 1];
        const bool full = static_cast<std::size_t>(to - from) == X.rows;
        if (top > 0) from = std::lower_bound(from, to, static_cast<I>(top));
        if (bottom < X.rows) to = std::lower_bound(from, to, static_cast<I>(bottom));
        double b[G] = {};
        for (std::size_t g = 0; g < group; ++g) {
            b[g] = B[k * m + g];
            if (!full) base[g] -= shift * b[g];
        }
        const T* x = X.data + (from - X.indices);
        const double less = full ? shift : 0.0;
        R slope[Row<G>::count];
        for (std::size_t v = 0; v < Row<G>::count; ++v) slope[v] = load_as<R>(b + v * Row<G>::width);
        for (; from < to; ++from, ++x) {
            double* row = eta + (static_cast<std::size_t>(*from) - top) * G;
            const R value = every<R>(static_cast<double>(*x) * scale - less);
            for (std::size_t v = 0; v < Row<G>::count; ++v) {
                double* place = row + v * Row<G>::width;
                store(place, load_as<R>(place) + value * slope[v]);
            }
        }
    }
    for (std::size_t g = 0; g < group; ++g)
        if (base[g] != 0.0)
            for (std::size_t i = 0; i < bottom - top; ++i) eta[i * G + g] += base[g];
}

template <class T, class I>
LOZENGE_TARGET void predict_entries(const Csc<T, I>& X, Affine affine, Chosen chosen, std::size_t count,
                                    const double* B, std::size_t side, std::size_t group, std::size_t m,
                                    std::size_t top, std::size_t bottom, double* eta) {
    switch (side) {
        case 1: return predict_side<1>(X, affine, chosen, count, B, group, m, top, bottom, eta);
        case 2: return predict_side<2>(X, affine, chosen, count, B, group, m, top, bottom, eta);
        case 4: return predict_side<4>(X, affine, chosen, count, B, group, m, top, bottom, eta);
        default: return predict_side<8>(X, affine, chosen, count, B, group, m, top, bottom, eta);
    }
}

// -- predictions -----------------------------------------------------------------------------------------------------

// C columns, a block of rows of each, times their coefficients (m, C), added to eta (m, lead): one after the other.
template <std::size_t C, class T>
LOZENGE_TARGET void add_columns(const T* const* x, const double* scale, const double* shift, const double* slopes,
                                std::size_t m, std::size_t rows, double* eta, std::size_t lead, const T* const* ahead) {
    constexpr std::size_t V = kParts < 2 ? 1 : 2, step = V * kWidth;
    const std::size_t full = rows - rows % step;
    Vec a[C], b[C];
    for (std::size_t c = 0; c < C; ++c) {
        a[c] = all(scale[c]);
        b[c] = all(shift[c]);
    }
    for (std::size_t i = 0; i < full; i += step) {
        Vec value[C][V];
        for (std::size_t c = 0; c < C; ++c) {
            prefetch(ahead[c] + i);
            for (std::size_t v = 0; v < V; ++v) value[c][v] = load(x[c] + i + v * kWidth) * a[c] - b[c];
        }
        for (std::size_t g = 0; g < m; ++g) {
            double* place = eta + g * lead + i;
            Vec sum[V];
            for (std::size_t v = 0; v < V; ++v) sum[v] = load(place + v * kWidth);
            for (std::size_t c = 0; c < C; ++c) {
                const Vec slope = all(slopes[g * C + c]);
                for (std::size_t v = 0; v < V; ++v) sum[v] += value[c][v] * slope;
            }
            for (std::size_t v = 0; v < V; ++v) store(place + v * kWidth, sum[v]);
        }
    }
    for (std::size_t i = full; i < rows; ++i)
        for (std::size_t g = 0; g < m; ++g)
            for (std::size_t c = 0; c < C; ++c)
                eta[g * lead + i] += (static_cast<double>(x[c][i]) * scale[c] - shift[c]) * slopes[g * C + c];
}

// Rows [top, bottom), at most kRows of them, of X̃_W B, into out (n, m), Fortran order.
template <class T>
LOZENGE_TARGET void predict_by_column(const Dense<T>& X, Affine affine, const std::int64_t* columns, std::size_t count,
                                      const double* B, std::size_t m, std::size_t top, std::size_t bottom,
                                      double* out) {
    constexpr std::size_t C = 4;
    const std::size_t rows = bottom - top, lead = rows + kLanes;  // a page between two columns would share their lines
    Scratch eta(lead * m), slopes(C * m);
    std::fill(eta.data(), eta.data() + lead * m, 0.0);
    for (std::size_t k = 0; k < count; k += C) {
        const std::size_t width = std::min(C, count - k);
        const T *x[C], *ahead[C];
        double scale[C], shift[C];
        for (std::size_t c = 0; c < width; ++c) {
            const std::size_t j = static_cast<std::size_t>(columns[k + c]);
            x[c] = X.at(top, j);
            scale[c] = affine.scale[j];
            shift[c] = affine.shift[j];
            ahead[c] = X.at(top, static_cast<std::size_t>(columns[std::min(count - 1, k + C + c)]));
            for (std::size_t g = 0; g < m; ++g) slopes[g * width + c] = B[g * count + k + c];
        }
        const auto add = width == 4   ? add_columns<4, T>
                         : width == 3 ? add_columns<3, T>
                         : width == 2 ? add_columns<2, T>
                                      : add_columns<1, T>;
        add(x, scale, shift, slopes.data(), m, rows, eta.data(), lead, ahead);
    }
    for (std::size_t g = 0; g < m; ++g)
        std::copy(eta.data() + g * lead, eta.data() + g * lead + rows, out + g * X.rows + top);
}

// The same where the rows of X are contiguous: a sum over columns now runs along the memory, in eight lanes and blocks
// of 512.  `packed` holds B as `interleave` leaves it, block after block.
constexpr std::size_t kFew = 12;

template <class T>
LOZENGE_TARGET void predict_by_row(const Dense<T>& X, Affine affine, const std::int64_t* columns, std::size_t count,
                                   const double* B, const double* packed, std::size_t m, std::size_t top,
                                   std::size_t bottom, double* out) {
    if (count <= kFew) {  // too short to run along
        for (std::size_t i = top; i < bottom; ++i) {
            const T* row = X.at(i, 0);
            double value[kFew];
            for (std::size_t k = 0; k < count; ++k)
                value[k] = static_cast<double>(row[columns[k]]) * affine.scale[columns[k]] - affine.shift[columns[k]];
            for (std::size_t g = 0; g < m; ++g) {
                double sum = 0.0;
                for (std::size_t k = 0; k < count; ++k) sum += value[k] * B[g * count + k];
                out[g * X.rows + i] = sum;
            }
        }
        return;
    }
    constexpr std::size_t C = 2;
    const double one[C] = {1.0, 1.0}, none[C] = {};
    Scratch values(C * kRows), sums((bottom - top + C) * m);
    std::fill(sums.data(), sums.data() + (bottom - top) * m, 0.0);
    for (std::size_t left = 0; left < count; left += kRows) {
        const std::size_t width = std::min(kRows, count - left);
        const Picked picked(affine, Chosen{columns}, left, width);
        for (std::size_t i = top; i < bottom; i += C) {
            const double *x[C], *ahead[C];
            const std::size_t height = std::min(C, bottom - i);
            for (std::size_t c = 0; c < height; ++c) {
                const T* row = X.at(i + c, 0);
                const T* later = X.at(std::min(i + c + 2 * C, X.rows - 1), 0);
                double* value = values.data() + c * kRows;
                const std::size_t full = width - width % kLanes;
                for (std::size_t k = 0; k < full; k += kLanes) {
                    const bool together = picked.together[k / kLanes];
                    prefetch(later + picked.chosen[k]);
                    if (!together)
                        for (std::size_t l = 1; l < kLanes; ++l) prefetch(later + picked.chosen[k + l]);
                    gather(row, picked.chosen, k, together, picked.scale + k, picked.shift + k, value + k);
                }
                for (std::size_t k = full; k < width; ++k)
                    value[k] = static_cast<double>(row[picked.chosen[k]]) * picked.scale[k] - picked.shift[k];
                x[c] = ahead[c] = value;
            }
            double* to[2] = {sums.data() + (i - top) * m, sums.data() + (i - top + 1) * m};
            if (height == C) tiles<false, C>(x, one, none, width, packed + left * m, m, ahead, to);
            else tiles<false, 1>(x, one, none, width, packed + left * m, m, ahead, to);
        }
    }
    for (std::size_t g = 0; g < m; ++g)
        for (std::size_t i = top; i < bottom; ++i) out[g * X.rows + i] = sums[(i - top) * m + g];
}

// -- copies ----------------------------------------------------------------------------------------------------------

// Rows [top, bottom) of the chosen columns [begin, end), each row times its weight, Fortran order.
template <class T>
LOZENGE_TARGET void pack_by_column(const Dense<T>& X, Affine affine, const double* weights, const std::int64_t* columns,
                                   std::size_t begin, std::size_t end, std::size_t top, std::size_t bottom,
                                   double* out) {
    const std::size_t rows = bottom - top, full = rows - rows % kWidth;
    for (std::size_t k = begin; k < end; ++k) {
        const std::size_t j = static_cast<std::size_t>(columns[k]);
        const T* x = X.at(top, j);
        double* to = out + k * rows;
        const double scale = affine.scale[j], shift = affine.shift[j];
        const Vec a = all(scale), b = all(shift);
        if (weights) {
            for (std::size_t i = 0; i < full; i += kWidth)
                store(to + i, (load(x + i) * a - b) * load(weights + top + i));
            for (std::size_t i = full; i < rows; ++i)
                to[i] = (static_cast<double>(x[i]) * scale - shift) * weights[top + i];
        } else {
            for (std::size_t i = 0; i < full; i += kWidth) store(to + i, load(x + i) * a - b);
            for (std::size_t i = full; i < rows; ++i) to[i] = static_cast<double>(x[i]) * scale - shift;
        }
    }
}

// The same in C order, from rows that are contiguous.
template <class T>
LOZENGE_TARGET void pack_rows(const Dense<T>& X, Affine affine, const double* weights, const std::int64_t* columns,
                              std::size_t count, std::size_t top, std::size_t bottom, double* out) {
    for (std::size_t left = 0; left < count; left += kRows) {
        const std::size_t width = std::min(kRows, count - left), full = width - width % kLanes;
        const Picked picked(affine, Chosen{columns}, left, width);
        for (std::size_t i = top; i < bottom; ++i) {
            const T* row = X.at(i, 0);
            double* to = out + (i - top) * count + left;
            for (std::size_t k = 0; k < full; k += kLanes)
                gather(row, picked.chosen, k, picked.together[k / kLanes], picked.scale + k, picked.shift + k, to + k);
            for (std::size_t k = full; k < width; ++k)
                to[k] = static_cast<double>(row[picked.chosen[k]]) * picked.scale[k] - picked.shift[k];
            if (weights)
                for (std::size_t k = 0; k < width; ++k) to[k] *= weights[i];
        }
    }
}

// Where the rows of X are contiguous, eight of them go by together, so that a column gets a line of memory at a time.
template <class T>
LOZENGE_TARGET void pack_by_row(const Dense<T>& X, Affine affine, const double* weights, const std::int64_t* columns,
                                std::size_t begin, std::size_t end, std::size_t top, std::size_t bottom, double* out) {
    const std::size_t rows = bottom - top;
    for (std::size_t i = top; i < bottom; i += kLanes) {
        const std::size_t height = std::min(kLanes, bottom - i);
        const T* row[kLanes];
        double w[kLanes];
        for (std::size_t l = 0; l < kLanes; ++l) {
            row[l] = X.at(std::min(i + l, bottom - 1), 0);
            w[l] = weights && l < height ? weights[i + l] : 1.0;
        }
        for (std::size_t k = begin; k < end; ++k) {
            const std::size_t j = static_cast<std::size_t>(columns[k]);
            const Vec a = all(affine.scale[j]), b = all(affine.shift[j]);
            double value[kLanes];
            for (std::size_t l = 0; l < kLanes; ++l) value[l] = static_cast<double>(row[l][j]);
            for (std::size_t l = 0; l < kLanes; l += kWidth) {
                Vec x = load(value + l) * a - b;
                if (weights) x = x * load(w + l);
                store(value + l, x);
            }
            double* to = out + k * rows + (i - top);
            if (height == kLanes)
                for (std::size_t l = 0; l < kLanes; l += kWidth) store(to + l, load(value + l));
            else
                for (std::size_t l = 0; l < height; ++l) to[l] = value[l];
        }
    }
}

LOZENGE_TARGET inline void total(const double* r, std::size_t rows, double* out) {
    double found = 0.0;
    for (std::size_t top = 0; top < rows; top += kRows) {
        const std::size_t bottom = std::min(rows, top + kRows);
        double lanes[kLanes] = {};
        for (std::size_t i = top; i < bottom; ++i) lanes[(i - top) % kLanes] += r[i];
        found += fold(lanes);
    }
    *out = found;
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
