"""The sorted L1 norm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.ranked import Ranked, pooled
from lozenge.penalties.whole import Whole
from lozenge.results import Hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.penalties.base import Floats, Indices


@dataclass(frozen=True)
class Slope(Whole):
    """Ω(b) = Σ λⱼ|b|₍ⱼ₎, |b|₍₁₎ ≥ |b|₍₂₎ ≥ …: the larger a weight's rank, the larger its price.

    λ falls from λ₁ = 1 on. Weights that the data cannot tell apart come out with equal magnitudes: clusters.

    Parameters
    ----------
    q : in (0, 1)
        λⱼ ∝ Φ⁻¹(1 - jq/(2k)) on k penalised columns: the critical values of a test of k hypotheses at a false discovery
        rate of q. With columns that are orthonormal and noise of known variance σ², α = σλ₁ bounds that rate by q.
    lambdas : (k,) non-negative, non-increasing, the first above 0, optional
        Takes the place of ``q``; divided by its first entry. May be longer than there are penalised columns.

    Raises
    ------
    ValueError
        If a parameter is out of its range; from ``with_weights`` if the weights differ, or if ``lambdas`` is short.

    Notes
    -----
    Not separable: bound to k columns by ``with_weights``, whose weights must all be the same, since ranks order the
    columns already. ``take`` gives the norm of vectors that are zero outside the columns taken.

    References
    ----------
    Bogdan, van den Berg, Sabatti, Su, Candès (2015), SLOPE: adaptive variable selection via convex optimization, Annals
    of Applied Statistics 9: the sequence λ_BH and algorithm 4 (the prox). Larsson, Bogdan, Wallin (2020), The strong
    screening rule for SLOPE, NeurIPS 33: theorem 1 (the subdifferential) and algorithm 1.

    Examples
    --------
    The two weights that are close come out equal.

    >>> import numpy as np
    >>> from lozenge.penalties import Slope
    >>> ours = Slope(lambdas=[1.0, 0.5, 0.0]).with_weights(np.ones(3))
    >>> ours.prox(np.array([3.0, -2.75, 0.125]), step=1.0, alpha=1.0)
    array([ 2.125, -2.125,  0.125])
    """

    q: float = 0.1
    lambdas: Sequence[float] | Floats | None = None
    sequence: Floats | None = field(default=None, kw_only=True, repr=False, compare=False)

    name: ClassVar[str] = "slope"

    def __post_init__(self) -> None:
        if not 0.0 < self.q < 1.0:
            raise ValueError(f"q must be above 0 and below 1; got {self.q}")
        if self.lambdas is None:
            return
        given = np.asarray(self.lambdas, dtype=np.float64)
        if given.ndim != 1 or len(given) == 0:
            raise ValueError(f"lambdas must be a list of numbers; got shape {given.shape}")
        if not np.isfinite(given).all() or given.min() < 0.0 or given[0] == 0.0:
            raise ValueError("lambdas must be finite and at least 0, the first above 0; drop those that are not")
        if (np.diff(given) > 0.0).any():
            at = int(np.argmax(np.diff(given) > 0.0)) + 1
            raise ValueError(
                f"lambdas must not increase; got {given[at]:g} after {given[at - 1]:g} at position {at} (counted from "
                "0). Sort them from large to small"
            )
        object.__setattr__(self, "lambdas", tuple(given.tolist()))  # comparable, and nobody else's array

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, by name: what a model file keeps."""
        return {"q": self.q} if self.lambdas is None else {"lambdas": list(self.lambdas)}

    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty on len(v) columns, times the weight that all of them have."""
        k = len(weights)
        if k and not (weights == weights[0]).all():
            raise ValueError(
                f"slope prices a weight by its rank and takes no penalty weights that differ; got {weights.min():g} to "
                f"{weights.max():g}. Use 0 and inf only, or another penalty"
            )
        return replace(self, sequence=self._first(k) * (weights[0] if k else 1.0))

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same where all other coordinates are zero: they hold the last ranks."""
        return replace(self, sequence=self._sequence[: len(cols)])

    def kernel(self, alpha: float) -> Ranked:
        """Prices αλⱼ by rank."""
        return Ranked(alpha * self._sequence)

    def tangent(self, B: Floats, alpha: float) -> Ranked:  # noqa: ARG002 - convex: the penalty itself
        """αΩ."""
        return self.kernel(alpha)

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Nothing: the norm is linear where it is smooth."""

    def price(self, alpha: float) -> Floats:
        """αλ₁: what holds a zero where all others are zero too."""
        sequence = self._sequence
        return np.full(len(sequence), alpha * sequence[0] if len(sequence) else 0.0)

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        return self.kernel(alpha).cost(B)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """α times the mean λ of the ranks that the weight's magnitude holds, times sign(b), with sign(0) = 1.

        Where b ≠ 0 it is the derivative along the cluster: of αΩ when all weights of one magnitude change alike.
        """
        return self.kernel(alpha).slope(B)

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """sign(z) times the positive part of the non-increasing sequence nearest to |z|₍ⱼ₎ - step·αλⱼ; O(k log k)."""
        return self.kernel(alpha).prox(Z, step)

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """Per coordinate what the projection of -grad on the subdifferential of αΩ at b leaves."""
        return self.kernel(alpha).missed(B, grad)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±αλ₁: the pulls at which one weight stays zero where all others are; ``pressure`` tells of all at once."""
        threshold = np.full(len(curvature), alpha * self._sequence[0] if len(self._sequence) else 0.0)
        return -threshold, threshold

    def alpha_max(self, pull: Floats) -> float:
        """Max over j of Σ|pull|₍ᵢ₎ / Σλᵢ, both sums over i ≤ j: the dual norm."""
        return float(np.max(np.cumsum(np.sort(np.abs(pull))[::-1]) / np.cumsum(self._sequence), initial=0.0))

    def grid_start(self, pull: Floats, size: Floats) -> float:  # noqa: ARG002 - asked by penalties without a corner
        """αmax."""
        return self.alpha_max(pull)

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """0 inside the ball of the dual norm of radius α, inf outside and within 2 eps of its edge."""
        return self.kernel(alpha).conjugate(Z)

    def hold(self, B: Floats, pull: Floats, alpha: float) -> tuple[Floats, Hold | None]:
        """Mean |pull| against the mean price of the ranks that some weights hold together.

        Weights of one magnitude do; of the zeros those that the least concave majorant of Σ|pull| over Σ price pools,
        by rank of their pulls.  At an optimum the two means agree in a cluster, and a zero stays up to the price.
        """
        size, along = np.abs(B), np.where(B == 0.0, np.abs(pull), np.sign(B) * pull)
        order = np.lexsort((-along, -size))
        prices, kept = alpha * self._sequence, int(np.count_nonzero(B))
        level = pooled(along[order[kept:]], np.ascontiguousarray(prices[kept:]))
        # Runs of one level: magnitudes that are kept, then what pools the zeros.
        level = np.concatenate([size[order[:kept]], level])
        cuts = np.diff(level, prepend=np.nan) != 0.0
        cuts[kept : kept + 1] = True
        run = np.cumsum(cuts) - 1
        counts = np.bincount(run)
        against, price = np.empty(len(B)), np.empty(len(B))
        against[order] = np.abs(np.bincount(run, weights=along[order]) / counts)[run]
        price[order] = (np.bincount(run, weights=prices) / counts)[run]
        block = np.empty(len(B), dtype=np.intp)
        block[order] = np.where(counts[run] > 1, run, -1)
        return price, Hold(("rank",) * len(B), against, block)

    def clusters(self, B: Floats) -> NDArray[np.intp]:
        """(k,) 0 where b = 0; else the rank of |b| among the magnitudes, 1 the largest."""
        _, labels = np.unique(-np.abs(B), return_inverse=True)
        return np.where(B == 0.0, 0, labels + 1)

    def _first(self, k: int) -> Floats:
        """λ of k columns."""
        if self.lambdas is None:
            from scipy.special import ndtri

            quantiles: Floats = -ndtri(np.arange(1, k + 1) * self.q / (2.0 * max(k, 1)))
            return quantiles / quantiles[0] if k else quantiles
        if len(self.lambdas) < k:
            raise ValueError(
                f"lambdas has {len(self.lambdas)} entries for {k} penalised columns; give one per column, or use q"
            )
        return np.asarray(self.lambdas[:k]) / self.lambdas[0]

    @property
    def _sequence(self) -> Floats:
        if self.sequence is None:
            raise ValueError("this penalty has no weights yet; call with_weights first")
        return self.sequence
