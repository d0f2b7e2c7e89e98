"""Total variation along the columns: the fused lasso."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from lozenge.penalties.fused import STEPS, Fused
from lozenge.penalties.whole import Whole
from lozenge.results import Hold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.penalties.base import Floats, Indices


@dataclass(frozen=True)
class TV(Whole):
    """Ω(b) = (1 - ρ) Σ |bⱼ₊₁ - bⱼ| + ρ Σ |bⱼ|, columns in their given order: runs of equal neighbours.

    Parameters
    ----------
    l1_ratio : ρ in [0, 1)
        0 leaves the level of all weights together free.

    Raises
    ------
    ValueError
        If ``l1_ratio`` is outside [0, 1); from ``with_weights`` if the weights differ; from ``take`` unless all columns
        are taken, in order.

    References
    ----------
    Tibshirani, Saunders, Rosset, Zhu, Knight (2005), Sparsity and smoothness via the fused lasso, JRSS B 67, eq. 3.
    Friedman, Hastie, Höfling, Tibshirani (2007), Pathwise coordinate optimization, Annals of Applied Statistics 1,
    proposition 1. Johnson (2013), A dynamic programming algorithm for the fused lasso and L0-segmentation, JCGS 22.

    Examples
    --------
    The two runs approach each other by α over their lengths.

    >>> import numpy as np
    >>> from lozenge.penalties import TV
    >>> TV().with_weights(np.ones(4)).prox(np.array([0.0, 2.0, 7.0, 9.0]), step=1.0, alpha=2.0)
    array([2., 2., 7., 7.])
    """

    l1_ratio: float = 0.0
    weights: Floats | None = field(default=None, kw_only=True, repr=False, compare=False)

    name: ClassVar[str] = "tv"

    @property
    def screens(self) -> bool:
        """No: each column is tied to its neighbours."""
        return False

    @property
    def gapped(self) -> bool:
        """With an L1 part; without, a dual point would have to meet Σz = 0 exactly."""
        return self.l1_ratio > 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.l1_ratio < 1.0:
            raise ValueError(f"l1_ratio must be at least 0 and below 1 (l1 is another penalty); got {self.l1_ratio}")

    def parameters(self) -> dict[str, float]:
        """The constructor's arguments."""
        return {"l1_ratio": self.l1_ratio}

    def copied(self, count: int) -> Self:
        """Itself where there is one output."""
        if count > 1:
            raise ValueError(
                f"tv ties neighbouring columns of one list of weights, and this loss has {count} of them; use l1 or "
                "group, or one loss per output"
            )
        return self

    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty on len(v) columns, times the weight that all of them have."""
        if len(weights) and not (weights == weights[0]).all():
            raise ValueError(
                f"tv prices differences of neighbours and takes no penalty weights that differ; got {weights.min():g} "
                f"to {weights.max():g}. Use 0 and inf only, or another penalty"
            )
        return replace(self, weights=weights)

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Itself, if all columns are taken in order."""
        k = len(self._v)
        if len(cols) != k or (cols != np.arange(k)).any():
            raise ValueError(f"tv ties each column to its neighbours; take all {k} in order, not {len(cols)} of them")
        return self

    def kernel(self, alpha: float) -> Fused:
        """Both parts, at α."""
        fused, sparse = self._prices(alpha)
        return Fused(len(self._v), fused, sparse)

    def tangent(self, B: Floats, alpha: float) -> Fused:  # noqa: ARG002 - convex: the penalty itself
        """αΩ."""
        return self.kernel(alpha)

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Nothing: the norm is linear where it is smooth."""

    def price(self, alpha: float) -> Floats:
        """What holds a zero where all others are zero too."""
        return self.zero_interval(alpha, np.ones(len(self._v)))[1]

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        return self.kernel(alpha).cost(B)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """The derivative along the run, shared by its members, with sign(0) = 1 in the part of ρ.

        It is that of αΩ when all weights of one run of equal neighbours change alike, divided by the run's length.
        """
        return self.kernel(alpha).slope(B)

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """The prox of the differences alone, then soft thresholding by step·αρ; O(k)."""
        return self.kernel(alpha).prox(Z, step)

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """Per coordinate what the projection of -grad on the subdifferential of αΩ at b leaves: exact."""
        return self.kernel(alpha).missed(B, grad)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±α(ρ + m(1 - ρ)), m the neighbours' number: the pulls at which one weight stays zero where all others are."""
        fused, sparse = self._prices(alpha)
        threshold = np.full(len(curvature), sparse)
        threshold[1:] += fused
        threshold[:-1] += fused
        return -threshold, threshold

    def alpha_max(self, pull: Floats) -> float:
        """The dual norm of the pulls; at ρ = 0 max |Σ pull| over sums from the left, inf unless the total is 0."""
        return self.kernel(1.0).dual_norm(pull)

    def grid_start(self, pull: Floats, size: Floats) -> float:  # noqa: ARG002 - asked by penalties without a corner
        """αmax; at ρ = 0, where no α holds the level at zero, that of the pulls less their mean."""
        return self.alpha_max(pull if self.l1_ratio > 0.0 else pull - np.mean(pull))

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """0 where the prox of z is zero, to rounding, and inf elsewhere; at ρ = 0 only where the total of z is 0."""
        return self.kernel(alpha).conjugate(Z)

    def hold(self, B: Floats, pull: Floats, alpha: float) -> tuple[Floats, Hold | None]:
        """Of a run of equal neighbours: its mean pull against the mean of its slope, which agree at an optimum.

        Of a run that is zero: the pull of the stretch that is nearest to leaving zero against what that would cost.
        There the pulls are those of the rows and of the neighbours on both sides of the run.
        """
        form = self.kernel(alpha)
        step = np.sign(np.diff(B))
        between = np.concatenate([[0.0], form.fused * step, [0.0]])
        rest = pull + between[1:] - between[:-1]
        starts = np.flatnonzero(np.diff(B, prepend=np.nan) != 0.0)
        lengths = np.diff(starts, append=len(B))
        against = np.abs(np.add.reduceat(pull, starts)) / lengths if len(B) else np.zeros(0)
        price = np.abs(form.slope(B))[starts]
        for k in np.flatnonzero(B[starts] == 0.0) if form.sparse > 0.0 else ():
            own = Fused(int(lengths[k]), form.fused, form.sparse)
            against[k], price[k] = _strained(own, rest[starts[k] : starts[k] + lengths[k]])
        run = np.repeat(np.arange(len(starts)), lengths)
        block = np.where(lengths[run] > 1, run, -1)
        return price[run], Hold(("neighbours",) * len(B), against[run], block)

    def clusters(self, B: Floats) -> NDArray[np.intp]:
        """(k,) the number of the run of equal neighbours, from 1 on in their order; 0 where ρ > 0 holds b at 0."""
        held = (B == 0.0) & (self.l1_ratio > 0.0)
        return np.where(held, 0, np.cumsum(~held & (np.diff(B, prepend=np.nan) != 0.0)))

    def _prices(self, alpha: float) -> tuple[float, float]:
        """Of a difference, and of a weight."""
        lam = alpha * self._weight
        return lam * (1.0 - self.l1_ratio), lam * self.l1_ratio

    @property
    def _weight(self) -> float:
        return float(self._v[0]) if len(self._v) else 1.0

    @property
    def _v(self) -> Floats:
        if self.weights is None:
            raise ValueError("this penalty has no weights yet; call with_weights first")
        return self.weights


def _strained(form: Fused, z: Floats) -> tuple[float, float]:
    """zᵀb and Ω(b) of the b, of largest entry 1, with the largest ratio of the two: the dual norm of z.

    Newton's method on that ratio, as `Fused.dual_norm` has it.
    """
    best, factor = np.ones(len(z)), 0.0
    for _ in range(STEPS):
        b = form.prox(z, factor)
        if not b.any():
            break
        best, before = b / np.max(np.abs(b)), factor
        factor = float(z @ best) / form.cost(best)
        if factor <= before:
            break
    return abs(float(z @ best)), form.cost(best)
