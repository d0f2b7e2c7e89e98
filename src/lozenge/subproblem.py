"""The small problem on a working set: minimise over b  qᵀ(b - b₀) + ½ (b - b₀)ᵀ S (b - b₀) + Σ l1|b| + ½ l2 b².

Coordinate descent finds the support, and an active-set finish solves on it exactly, so that what limits the answer is
the rounding of S and not a tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.penalties.base import SoftThreshold
    from lozenge.results import Bools

    Indices = NDArray[np.intp]

DEPENDENT = 1e-12  # a pivot below this share of its diagonal is a column that the ones before it already span
SWEEPS = 10_000
CHANGES = 2_000  # of the support in one finish, before descent is asked for a better start
SINGULAR = 1e-10  # a border whose smallest singular value is below this is factored afresh, with pivots
BORDER = 40  # of those, on one factor


def solve(S: Floats, q: Floats, start: Floats, kernel: SoftThreshold, tol: float, copies: Bools) -> Floats:
    """Minimise the small problem.

    Parameters
    ----------
    S : (k, k) positive semi-definite
    q : (k,) gradient of the quadratic at ``start``
    start : (k,) b₀
    kernel : l1 and l2 on these coordinates
    copies : (k,) columns that repeat an earlier one: descent leaves them at zero, and the finish lets one in only
        where its pull exceeds the price after all
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
    l1 = np.where(copies & (start == 0.0), np.inf, kernel.l1)
    while True:
        _kernel.descend(S, l1, kernel.l2, b, gradient, tol, SWEEPS)
        exact = finish(S, linear, b, kernel)
        if exact is not None:
            return _to_the_first(S, exact, copies, kernel)
        if tol <= floor:
            return b
        tol = max(0.01 * tol, floor)


def _to_the_first(S: Floats, b: Floats, copies: Bools, kernel: SoftThreshold) -> Floats:
    """Hand a copy's weight to the first column that it repeats, where both have the same size and price."""
    for j in np.flatnonzero(copies & (b != 0.0)):
        same = np.abs(np.abs(S[j, :j]) - S[j, j]) <= 1e-13 * S[j, j]
        same &= np.abs(np.diagonal(S)[:j] - S[j, j]) <= 1e-13 * S[j, j]
        same &= (kernel.l1[:j] == kernel.l1[j]) & (kernel.l2[:j] == 0.0) & (kernel.l2[j] == 0.0)
        if same.any():
            first = int(np.argmax(same))
            b[first] += np.sign(S[first, j]) * b[j]
            b[j] = 0.0
    return b


def finish(S: Floats, linear: Floats, guess: Floats, kernel: SoftThreshold) -> Floats | None:
    """Solve (S_AA + l2)x = linear_A - l1·sign on the support of a guess, moving the support until it is optimal.

    A weight that would change sign stops at zero and leaves; a pull beyond its price enters.  Both steps lower the
    objective.  None if the support has not settled.

    References
    ----------
    Lee, Battle, Raina, Ng (2006), Efficient sparse coding algorithms, NIPS 19 (feature-sign search).
    """
    b, signs = guess.copy(), np.sign(guess)
    scale = np.abs(linear)
    barred = np.zeros(len(b), dtype=bool)  # dropped where the objective was level: coming back would only go round
    active: Support | None = None
    for _ in range(CHANGES):
        if active is None or active.worn:
            active = _independent(S, linear, b, signs, kernel, barred)
            if active is None:
                return None
        rhs = linear - kernel.l1 * signs
        x = active.solve(rhs)
        crossing = np.flatnonzero(x * signs < 0)
        if len(crossing):
            share = b[crossing] / (b[crossing] - x[crossing])
            step = float(np.min(share))
            out = crossing[share <= step]
            b = b + step * (x - b)
            b[out] = signs[out] = 0.0
            active = active.without(out)
            continue
        b = x
        pull = linear - S @ b
        # An entry must beat the price by more than the rounding of the pull.
        noise = 1e-13 * (scale + np.abs(pull) + kernel.l1)
        excess = np.where((signs == 0.0) & ~barred, np.abs(pull) - kernel.l1 - noise, 0.0)
        entering = int(np.argmax(excess)) if len(excess) else 0
        if not len(excess) or excess[entering] <= 0.0:
            return b
        signs[entering] = np.sign(pull[entering])
        active = active.with_(entering)
    return None


def _independent(
    S: Floats, linear: Floats, b: Floats, signs: Floats, kernel: SoftThreshold, barred: Bools
) -> Support | None:
    """Factor the present support, first dropping (and barring) weights, in place, until it is independent."""
    while True:
        members = np.flatnonzero(signs)
        system = S[np.ix_(members, members)]
        system[np.diag_indices(len(members))] += kernel.l2[members]
        factor = Factor.of(system)
        if not len(factor.dependent):
            return Support(S, kernel.l2, members, factor, (), (), np.zeros((len(members), 0)))
        for row in np.sort(factor.dependent)[::-1]:
            dropped, level = _drop(system, factor, int(row), b, signs, members, linear, kernel)
            if dropped is None:
                return None
            barred[members[dropped]] |= level
            if dropped != row:  # the factor's own rows have changed
                break


@dataclass(frozen=True, eq=False)
class Support:
    """The factor of S_AA + l2 on a base support, bordered by the columns that joined and left since.

    With C = [S_A,joined  E_left] and V = (S_AA + l2)⁻¹C, each change costs one solve on the factor.
    """

    S: Floats
    l2: Floats
    base: Indices
    factor: Factor
    entered: tuple[int, ...]
    left: tuple[int, ...]
    V: Floats

    @property
    def worn(self) -> bool:
        """True where the border has grown too wide, or its corner is too near singular to be trusted."""
        if len(self.entered) + len(self.left) > BORDER:
            return True
        if not self.entered:
            return False
        corner = self._corner()
        size = np.abs(np.diagonal(corner)).copy()
        entered = list(self.entered)
        size[: len(entered)] = np.diagonal(self.S)[entered] + self.l2[entered]
        if not (size > np.finfo(np.float64).tiny).all():  # a column that the free ones span has no size of its own
            return True
        unit = np.sqrt(size)
        return bool(np.linalg.svd(corner / np.outer(unit, unit), compute_uv=False)[-1] <= SINGULAR)

    def with_(self, j: int) -> Support:
        """With one more column."""
        if j in self.left:
            place = self.left.index(j)
            keep = np.delete(np.arange(self.V.shape[1]), len(self.entered) + place)
            return replace(self, left=self.left[:place] + self.left[place + 1 :], V=self.V[:, keep])
        column = self.factor.solve(self.S[self.base, j])
        at = len(self.entered)
        return replace(self, entered=(*self.entered, j), V=np.insert(self.V, at, column, axis=1))

    def without(self, out: Indices) -> Support:
        """Without some of its columns."""
        here = self
        for j in out.tolist():
            if j in here.entered:
                place = here.entered.index(j)
                V = np.delete(here.V, place, axis=1)
                here = replace(here, entered=here.entered[:place] + here.entered[place + 1 :], V=V)
                continue
            unit = np.zeros(len(here.base))
            unit[np.searchsorted(here.base, j)] = 1.0
            here = replace(here, left=(*here.left, j), V=np.column_stack([here.V, here.factor.solve(unit)]))
        return here

    def solve(self, rhs: Floats) -> Floats:
        """x (k,) with (S_AA + l2)x_A = rhs_A on the present support A, zero elsewhere; refined once."""
        x = self._solve(rhs)
        here = np.concatenate([np.setdiff1d(self.base, self.left), self.entered]).astype(np.intp)
        residual = np.zeros_like(rhs)
        residual[here] = rhs[here] - (self.S[here] @ x + self.l2[here] * x[here])
        return x + self._solve(residual)

    def _solve(self, rhs: Floats) -> Floats:
        x = np.zeros_like(rhs)
        first = self.factor.solve(rhs[self.base])
        joined = list(self.entered)
        if self.V.shape[1]:
            C = self._border()
            head = np.concatenate([rhs[joined], np.zeros(len(self.left))])
            multipliers = np.linalg.solve(self._corner(), head - C.T @ first)
            first = first - self.V @ multipliers
            x[joined] = multipliers[: len(joined)]
        x[self.base] = first
        x[np.array(self.left, dtype=np.intp)] = 0.0
        return x

    def _border(self) -> Floats:
        units = np.zeros((len(self.base), len(self.left)))
        units[np.searchsorted(self.base, self.left), np.arange(len(self.left))] = 1.0
        return np.hstack([self.S[self.base][:, np.array(self.entered, dtype=np.intp)], units])

    def _corner(self) -> Floats:
        joined = list(self.entered)
        corner = -self._border().T @ self.V
        m = len(joined)
        corner[:m, :m] += self.S[np.ix_(joined, joined)]
        corner[np.arange(m), np.arange(m)] += self.l2[joined]
        return corner


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
        from scipy.linalg.lapack import dpotrf, dpstrf

        k = len(A)
        everything = np.arange(k)
        if k == 0:
            return Factor(np.zeros((0, 0)), everything, everything)
        unit = np.sqrt(np.maximum(np.diagonal(A), 0.0))
        unit[unit == 0.0] = 1.0
        scaled = A / np.outer(unit, unit)
        # Without pivots a column's entry on the diagonal is its distance to the span of those before it.
        lower, failed = dpotrf(scaled, lower=1, clean=1)
        if not failed and np.min(np.square(np.diagonal(lower))) > DEPENDENT:
            return Factor(lower * unit[:, None], everything, everything[:0])
        c, pivots, rank, _ = dpstrf(scaled, tol=DEPENDENT, lower=1)
        order = pivots - 1
        kept = order[:rank]
        return Factor(np.tril(c[:rank, :rank]) * unit[kept, None], kept, order[rank:])

    def solve(self, rhs: Floats) -> Floats:
        """A⁺ times a vector or a matrix, in the sense of a basic solution: zero on the dependent rows."""
        from scipy.linalg import cho_solve

        x = np.zeros_like(rhs)
        if len(self.independent):
            x[self.independent] = cho_solve((self.lower, True), rhs[self.independent], check_finite=False)
        return x


def _drop(
    system: Floats,
    factor: Factor,
    row: int,
    b: Floats,
    signs: Floats,
    members: Indices,
    linear: Floats,
    kernel: SoftThreshold,
) -> tuple[int | None, bool]:
    """Move along a direction that S does not see until a weight reaches zero, and drop it, in place.

    ``row`` depends on the factor's rows; along that n, S n = 0 and the objective is linear with slope
    (l1·sign - linear)ᵀn: go the way it falls; where it is level, the way that empties the last column involved.
    Returns the row dropped, None if no weight is in the way, and whether the objective was level.
    """
    n = -factor.solve(system[:, row])
    n[row] = 1.0
    n[np.abs(n) < 1e-9] = 0.0  # rows that the dependence does not involve
    old = b[members]
    forces = kernel.l1[members] * signs[members] - linear[members]
    slope = float(forces @ n)
    level = abs(slope) <= 1e-10 * float(np.abs(forces) @ np.abs(n))
    if level and old[row] == 0.0:
        signs[members[row]] = 0.0
        return row, True
    if (slope > 0 and not level) or (level and old[row] * n[row] > 0):
        n = -n
    blocked = np.flatnonzero(old * n < 0)
    if not len(blocked):
        return None, level
    steps = -old[blocked] / n[blocked]
    step = float(np.min(steps))
    out = int(blocked[steps <= step * (1.0 + 1e-12)][-1])
    moved = old + step * n
    moved[out] = 0.0
    b[members] = moved
    signs[members[out]] = 0.0
    return out, level
