// How far a candidate is from the minimum of a small problem with a separable penalty.
#pragma once
#include <cmath>
#include <limits>

namespace lozenge {

// The duality gap at b that a separable penalty's violations cause, where ``loss`` bounds the loss there; ``pull`` is
// minus the gradient of the smooth part.  A column without a price is free: its pull costs pull²/curvature, and more than
// that where a certificate bounds what correcting for it does to the other pulls.
class Gap {
  public:
    explicit Gap(double loss) : loss_(loss) {}
    void add(double b, double pull, double l1, double l2, double curvature) {
        if (l1 == 0.0 && l2 == 0.0) {
            if (curvature > 0.0) free_ += pull * pull / curvature;
            return;
        }
        const double size = std::fabs(b), along = pull * b;
        reach_ += std::sqrt(std::fmax(curvature, 0.0)) * size;
        const double over = std::fmax(std::fabs(pull) - l1, 0.0);
        ridge_ &= l2 > 0.0;
        if (ridge_) {  // Fenchel-Young of the penalty, without cancellation
            const double aligned = b > 0.0 ? pull : b < 0.0 ? -pull : 0.0;
            const bool inside = aligned <= l1;
            const double beyond = inside ? over : aligned - l1 - l2 * size;
            strict_ += beyond * beyond / (2.0 * l2);
            if (inside) strict_ += (l1 - aligned + 0.5 * l2 * size) * size;
        }
        shrink_ = std::fmax(shrink_, over / std::fmax(l1, std::numeric_limits<double>::min()));
        young_ += l1 * size + 0.5 * l2 * size * size - along;
        priced_ += along;
    }
    double total() const {
        const double corrected = free_ + kCaution * std::sqrt(free_) * reach_;
        if (ridge_) return strict_ + corrected;
        // A dual point scaled by 1/(1 + shrink) loses that share of the pull, and its square of the loss.
        const double lost = shrink_ / (1.0 + shrink_);
        return std::fmax(young_, 0.0) + lost * std::fabs(priced_) + lost * lost * loss_ + corrected;
    }

  private:
    static constexpr double kCaution = 10.0;  // the certificate's bound has the loss's largest curvature, not the present
    double loss_, shrink_ = 0.0, young_ = 0.0, priced_ = 0.0, strict_ = 0.0, free_ = 0.0, reach_ = 0.0;
    bool ridge_ = true;
};

}  // namespace lozenge
