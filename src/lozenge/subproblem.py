"""The small problem on a working set: minimise over b  qᵀ(b - b₀) + ½ (b - b₀)ᵀ S (b - b₀) + Σ l1|b| + ½ l2 b².

Coordinate descent finds the support, and an active-set finish solves on it exactly, so that what limits the answer is
the rounding of S and not a tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.penalties.base import SoftThreshold

    Indices = NDArray[np.intp]

DEPENDENT = 1e-12  # a pivot below this share of its diagonal is a column that the ones before it already span
SWEEPS = 10_000
FINISHES = 200  # active-set steps before descent is asked for a better start


def solve(S: Floats, q: Floats, start: Floats, kernel: SoftThreshold, tol: float) -> Floats:
    """Minimise the small problem.

    Parameters
    ----------
    S : (k, k) positive semi-definite
    q : (k,) gradient of the quadratic at ``start``
    start : (k,) b₀
    kernel : l1 and l2 on these coordinates
    tol : the descent's, on √curvature·|Δb|; only the guess that it hands to the finish depends on it

    Returns
    -------
    (k,) b.  Where columns depend on one another, one solution with independent active columns: among exchangeable
    ones the first keeps the weight.
    """
    b = start.copy()
    gradient = q.copy()
    linear = S @ start - q
    floor = 1e-14 * max(float(np.max(np.abs(linear), initial=0.0)), 1e-300)
    while True:
        _kernel.descend(S, kernel.l1, kernel.l2, b, gradient, tol, SWEEPS)
        exact = finish(S, linear, b, kernel)
        if exact is not None:
            return exact
        if tol <= floor:
            return b
        tol = max(0.01 * tol, floor)


def finish(S: Floats, linear: Floats, guess: Floats, kernel: SoftThreshold) -> Floats | None:
    """Solve (S_AA + l2)x = linear_A - l1·sign on the support of a guess, moving the support until it is optimal.

    A weight that would change sign stops at zero and leaves; a pull beyond its price enters.  Both steps lower the
    objective.  None if the support has not settled.

    References
    ----------
    Lee, Battle, Raina, Ng (2006), Efficient sparse coding algorithms, NIPS 19 (feature-sign search).
    """
    b = guess.copy()
    signs = np.sign(b)
    for _ in range(FINISHES):
        active = np.flatnonzero(signs)
        system = S[np.ix_(active, active)]
        system[np.diag_indices(len(active))] += kernel.l2[active]
        factor = Factor.of(system)
        if len(factor.dependent):
            if not _drop_dependent(system, factor, b, signs, active, linear, kernel):
                return None
            continue
        rhs = linear[active] - kernel.l1[active] * signs[active]
        x = factor.solve(rhs)
        x += factor.solve(rhs - system @ x)
        crossing = x * signs[active] < 0
        if crossing.any():
            old = b[active]
            share = old[crossing] / (old[crossing] - x[crossing])
            step = float(np.min(share))
            first = np.flatnonzero(crossing)[share <= step]
            moved = old + step * (x - old)
            moved[first] = 0.0
            b[active] = moved
            signs[active[first]] = 0.0
            continue
        b[active] = x
        signs[active[x == 0.0]] = 0.0
        pull = linear - S[:, active] @ x
        # An entry must beat the price by more than the rounding of the pull.
        noise = 1e-13 * (np.abs(linear) + np.abs(S[:, active]) @ np.abs(x))
        excess = np.where(signs == 0.0, np.abs(pull) - kernel.l1 - noise, 0.0)
        entering = int(np.argmax(excess)) if len(excess) else 0
        if not len(excess) or excess[entering] <= 0.0:
            return b
        signs[entering] = np.sign(pull[entering])
    return None


@dataclass(frozen=True, eq=False)
class Factor:
    """Pivoted Cholesky of a positive semi-definite matrix: which rows span it, and solves on those.

    Attributes
    ----------
    lower : (r, r) factor of the independent rows, in pivot order
    independent, dependent : rows by index
    """

    lower: Floats
    independent: Indices
    dependent: Indices

    @staticmethod
    def of(A: Floats) -> Factor:
        """Factor A, scaled to a unit diagonal so that units of columns do not decide about rank.

        Ties between equal pivots go to the first, so of two copies the first is kept.
        """
        from scipy.linalg.lapack import dpstrf

        k = len(A)
        diagonal = np.sqrt(np.maximum(np.diagonal(A), 0.0))
        unit = np.where(diagonal > 0, diagonal, 1.0)
        if k == 0:
            return Factor(np.zeros((0, 0)), np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp))
        c, pivots, rank, _ = dpstrf(A / np.outer(unit, unit), tol=DEPENDENT, lower=1)
        order = pivots - 1
        kept = order[:rank]
        lower = np.tril(c[:rank, :rank]) * unit[kept, None]
        return Factor(lower, kept, order[rank:])

    def solve(self, rhs: Floats) -> Floats:
        """A⁺ times a vector or a matrix, in the sense of a basic solution: zero on the dependent rows."""
        from scipy.linalg import cho_solve

        x = np.zeros_like(rhs)
        if len(self.independent):
            x[self.independent] = cho_solve((self.lower, True), rhs[self.independent], check_finite=False)
        return x


def _drop_dependent(
    system: Floats, factor: Factor, b: Floats, signs: Floats, active: Indices, linear: Floats, kernel: SoftThreshold
) -> bool:
    """Move along a direction that S does not see until a weight reaches zero, and drop it, in place.

    Along n with S n = 0 the objective is linear, with slope (l1·sign - linear)ᵀn: go the way it falls; where it is
    level, the way that empties the last of the columns involved.  False if no weight is in the way.
    """
    last = int(np.max(factor.dependent))
    n = -factor.solve(system[:, last])
    n[last] = 1.0
    n[np.abs(n) < 1e-9] = 0.0  # rows that the dependence does not involve
    old = b[active]
    forces = kernel.l1[active] * signs[active] - linear[active]
    slope = float(forces @ n)
    level = abs(slope) <= 1e-10 * float(np.abs(forces) @ np.abs(n))
    if level and old[last] == 0.0:
        signs[active[last]] = 0.0
        return True
    if slope > 0 and not level or level and old[last] * n[last] > 0:
        n = -n
    blocked = np.flatnonzero(old * n < 0)
    if not len(blocked):
        return False
    steps = -old[blocked] / n[blocked]
    step = float(np.min(steps))
    out = int(blocked[steps <= step * (1.0 + 1e-12)][-1])
    moved = old + step * n
    moved[out] = 0.0
    b[active] = moved
    signs[active[out]] = 0.0
    return True
