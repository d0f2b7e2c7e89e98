// Sums and updates of vectors, in eight lanes of fixed order: the same bits from every instruction set.
#pragma once
#include <cstddef>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define LOZENGE_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LOZENGE_WIDE
#endif

namespace lozenge {

// out[c] = Σ a[i] b_c[i] for four vectors b_c.
LOZENGE_WIDE inline void dot4(const double* a, const double* b0, const double* b1, const double* b2, const double* b3,
                              std::size_t n, double* out) {
    double s0[8] = {}, s1[8] = {}, s2[8] = {}, s3[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (std::size_t l = 0; l < 8; ++l) {
            const double x = a[i + l];
            s0[l] += x * b0[i + l];
            s1[l] += x * b1[i + l];
            s2[l] += x * b2[i + l];
            s3[l] += x * b3[i + l];
        }
    double r0 = 0.0, r1 = 0.0, r2 = 0.0, r3 = 0.0;
    for (; i < n; ++i) {
        r0 += a[i] * b0[i];
        r1 += a[i] * b1[i];
        r2 += a[i] * b2[i];
        r3 += a[i] * b3[i];
    }
    const auto total = [](const double* s, double rest) {
        return (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) + rest;
    };
    out[0] = total(s0, r0);
    out[1] = total(s1, r1);
    out[2] = total(s2, r2);
    out[3] = total(s3, r3);
}

// out[4 c + r] = Σ a_r[i] b_c[i] for four vectors a_r and three b_c: twelve sums and what feeds them fill the registers.
LOZENGE_WIDE inline void dot4x3(const double* const* a, const double* const* b, std::size_t n, double* out) {
    double s[12][4] = {};
    const double *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3];
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (std::size_t c = 0; c < 3; ++c) {
            const double* x = b[c] + i;
            for (std::size_t l = 0; l < 4; ++l) s[4 * c][l] += a0[i + l] * x[l];
            for (std::size_t l = 0; l < 4; ++l) s[4 * c + 1][l] += a1[i + l] * x[l];
            for (std::size_t l = 0; l < 4; ++l) s[4 * c + 2][l] += a2[i + l] * x[l];
            for (std::size_t l = 0; l < 4; ++l) s[4 * c + 3][l] += a3[i + l] * x[l];
        }
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t r = 0; r < 4; ++r) {
            double rest = 0.0;
            for (std::size_t k = i; k < n; ++k) rest += a[r][k] * b[c][k];
            const double* t = s[4 * c + r];
            out[4 * c + r] = ((t[0] + t[2]) + (t[1] + t[3])) + rest;
        }
}

LOZENGE_WIDE inline double dot(const double* a, const double* b, std::size_t n) {
    double s[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (std::size_t l = 0; l < 8; ++l) s[l] += a[i + l] * b[i + l];
    double rest = 0.0;
    for (; i < n; ++i) rest += a[i] * b[i];
    return (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) + rest;
}

// y += Σ_c w[c] x_c for four vectors x_c.
LOZENGE_WIDE inline void add4(double* y, const double* x0, const double* x1, const double* x2, const double* x3,
                              const double* w, std::size_t n) {
    const double w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
    for (std::size_t i = 0; i < n; ++i) y[i] += (w0 * x0[i] + w1 * x1[i]) + (w2 * x2[i] + w3 * x3[i]);
}

LOZENGE_WIDE inline void add(double* y, const double* x, double w, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] += w * x[i];
}

// y += w · v∘x.
LOZENGE_WIDE inline void add_product(double* y, const double* x, const double* v, double w, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] += (w * x[i]) * v[i];
}

// Σ v x and Σ v x².
LOZENGE_WIDE inline void weighted_moments(const double* x, const double* v, std::size_t n, double* first,
                                          double* second) {
    double s[8] = {}, t[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (std::size_t l = 0; l < 8; ++l) {
            const double part = v[i + l] * x[i + l];
            s[l] += part;
            t[l] += part * x[i + l];
        }
    double rest = 0.0, square = 0.0;
    for (; i < n; ++i) {
        rest += v[i] * x[i];
        square += v[i] * x[i] * x[i];
    }
    *first = (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) + rest;
    *second = (((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7]))) + square;
}

}  // namespace lozenge
