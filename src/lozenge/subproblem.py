"""The small problem on a working set: minimise over b  ½ bᵀSb - linearᵀb + Σ l1|b| + ½ l2 b².

Columns of the support are exchanged, many at a time, until the system on it is solved exactly, so that what limits the
answer is the rounding of S and not a tolerance.  Where that goes round, coordinate descent finds a better start and the
exchange goes on one step at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel, faces, jumps
from lozenge.faces import times
from lozenge.factor import Factor
from lozenge.penalties.form import SoftThreshold
from lozenge.penalties.jumping import Jump

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.penalties.boxed import Boxed
    from lozenge.penalties.solvable import Solvable
    from lozenge.results import Bools

    Indices = NDArray[np.intp]

SWEEPS = 10_000
CHANGES = 2_000  # of the support in one finish, before descent is asked for a better start
NEAR = 32  # of them, where many at a time would go round
REPAIRS = 20  # of a dependent support in one finish
NOISE = 1e-13  # rounding of a pull, relative to its terms
SETTLED, DEPENDENT_SUPPORT = 0, 1  # what the kernel's support says


@dataclass(frozen=True)
class Goal:
    """How good an answer must be: the duality gap that its violations may cause, given a bound on the loss.

    A gap of 0 asks for the exact answer.  ``step`` is the descent's tolerance, on √curvature·|Δb|, where it comes to
    that; only the guess that it hands to the finish depends on it.  ``left`` is what a method that has no exact answer
    may leave of the gap; where no gap is known (0), it may leave a ``violation``.  ``polish`` asks it for a last step.
    """

    step: float
    gap: float = 0.0
    loss: float = 0.0
    left: float = 0.0
    violation: float = 0.0
    polish: bool = False


class Support:
    """What outlives a solve: the factor of its support, and whether to exchange many columns at a time went round."""

    def __init__(self) -> None:
        self.factor = _kernel.Support()
        self.goes_round = False

    def forget(self) -> None:
        """Leave the factor, where another S comes."""
        self.factor = _kernel.Support()


def solve(
    S: Floats,
    linear: Floats,
    start: Floats,
    form: Solvable,
    goal: Goal,
    copies: Bools,
    support: Support,
) -> tuple[Floats, Floats]:
    """Minimise the small problem, with the compiled exchange where the form is a soft threshold's; b and its pull."""
    if isinstance(form, SoftThreshold):
        return exchange(S, linear, start, form, goal, copies, support)
    if isinstance(form, Jump):
        return jumps.solve(S, linear, start, form, goal.violation, _convex)
    return faces.solve(
        S, linear, start, form, gap=goal.left, loss=goal.loss, violation=goal.violation, polish=goal.polish
    )


def _convex(
    S: Floats, linear: Floats, start: Floats, form: SoftThreshold | Boxed, violation: float
) -> tuple[Floats, Floats]:
    goal = Goal(1e-4 * float(np.max(np.abs(linear), initial=0.0)), violation=violation)
    return solve(S, linear, start, form, goal, np.zeros(len(S), dtype=bool), Support())


def exchange(
    S: Floats,
    linear: Floats,
    start: Floats,
    kernel: SoftThreshold,
    goal: Goal,
    copies: Bools,
    support: Support | None = None,
) -> tuple[Floats, Floats]:
    """Minimise the small problem under Σ l1|b| + ½ l2 b² exactly.

    Parameters
    ----------
    S : (k, k) positive semi-definite
    linear : (k,)
    start : (k,) a guess
    kernel : l1 and l2 on these coordinates
    copies : (k,) columns that repeat an earlier one: they are left at zero at first, and let in only where their pull
        exceeds the price after all
    support : the factor of an earlier solve on the same S, or on its first columns

    Returns
    -------
    b (k,) and its pull, linear - S b.  Where columns depend on one another, b is one solution with independent active
    columns: among exchangeable ones the first keeps the weight.
    """
    support = Support() if support is None else support
    if support.goes_round:
        # A few columns from the start, one at a time is there before many at a time have gone round again.
        exact = finish(S, linear, start, kernel, support, NEAR)
        if exact is not None:
            b = _to_the_first(S, exact, copies, kernel)
            return b, linear - times(S, b)
    b, pull = start.copy(), np.empty(len(start))
    held = copies & (start == 0.0)
    barred = held.view(np.uint8)
    l1 = np.where(held, np.inf, kernel.l1)
    if not (copies & ~held).any():
        found = support.factor.pivot(S, linear, kernel.l1, kernel.l2, b, barred, goal.loss, goal.gap, pull)
        support.goes_round = found != SETTLED
        if found == SETTLED:
            size = np.abs(pull[held])
            if (size <= kernel.l1[held] + NOISE * (np.abs(linear[held]) + size + kernel.l1[held])).all():
                return b, pull
        # Where many at a time go round, one at a time from the same start does not; where what is left is spanned by
        # the support, b is that far already.
        exact = finish(S, linear, b, kernel, support)
        if exact is not None:
            b = _to_the_first(S, exact, copies, kernel)
            return b, linear - times(S, b)
        b = start.copy()
    gradient = times(S, b) - linear
    tol, floor = goal.step, 1e-14 * max(float(np.max(np.abs(linear), initial=0.0)), 1e-300)
    while True:
        _kernel.descend(S, l1, kernel.l2, b, gradient, tol, SWEEPS)
        exact = finish(S, linear, b, kernel, support)
        if exact is not None or tol <= floor:
            b = b if exact is None else _to_the_first(S, exact, copies, kernel)
            return b, linear - times(S, b)
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


def finish(
    S: Floats, linear: Floats, guess: Floats, kernel: SoftThreshold, support: Support, changes: int = CHANGES
) -> Floats | None:
    """Solve (S_AA + l2)x = linear_A - l1·sign on the support of a guess, moving the support until it is optimal.

    None if it has not settled.
    """
    b, barred = guess.copy(), np.zeros(len(guess), dtype=bool)
    for _ in range(REPAIRS):
        outcome = support.factor.walk(S, linear, kernel.l1, kernel.l2, b, barred.view(np.uint8), changes)
        if outcome == SETTLED:
            return b
        if outcome != DEPENDENT_SUPPORT or not _independent(S, linear, b, kernel, barred):
            return None
    return None


def _independent(S: Floats, linear: Floats, b: Floats, kernel: SoftThreshold, barred: Bools) -> bool:
    """Drop weights (barring those whose going is level), in place, until the support is independent."""
    signs = np.sign(b)
    while True:
        members = np.flatnonzero(signs)
        system = S[np.ix_(members, members)]
        system[np.diag_indices(len(members))] += kernel.l2[members]
        factor = Factor.of(system)
        if not len(factor.dependent):
            return True
        for row in np.sort(factor.dependent)[::-1]:
            dropped, level = _drop(system, factor, int(row), b, signs, members, linear, kernel)
            if dropped is None:
                return False
            barred[members[dropped]] |= level
            if dropped != row:  # the factor's own rows have changed
                break


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
