// Rows of S = ZᵀZ, each computed when it is first asked for: a search that lets in a few columns needs a few rows.
#pragma once
#include <cstddef>
#include <vector>

#include "vector.hpp"

namespace lozenge {

class Products {
public:
    // Z (n, p), row after row.
    Products(const double* Z, std::size_t n, std::size_t p) : Z_(Z), n_(n), p_(p), rows_(p), diagonal_(p, 0.0) {
        for (std::size_t i = 0; i < n; ++i) add_product(diagonal_.data(), Z + i * p, Z + i * p, 1.0, p);
    }

    std::size_t width() const { return p_; }
    double diagonal(std::size_t j) const { return diagonal_[j]; }

    const double* at(std::size_t j) const {
        std::vector<double>& row = rows_[j];
        if (!row.empty()) return row.data();
        row.assign(p_, 0.0);
        std::size_t i = 0;
        for (; i + 4 <= n_; i += 4) {
            const double* z = Z_ + i * p_;
            const double w[4] = {z[j], z[p_ + j], z[2 * p_ + j], z[3 * p_ + j]};
            add4(row.data(), z, z + p_, z + 2 * p_, z + 3 * p_, w, p_);
        }
        for (; i < n_; ++i) add(row.data(), Z_ + i * p_, Z_[i * p_ + j], p_);
        return row.data();
    }

private:
    const double* Z_;
    std::size_t n_, p_;
    mutable std::vector<std::vector<double>> rows_;  // empty where nobody asked yet
    std::vector<double> diagonal_;
};

}  // namespace lozenge
