"""The small problem under a form with faces: minimise over b  ½ bᵀSb - linearᵀb + αΩ(b).

Descent finds the face of Ω on which the answer lies; there everything is smooth, and Newton's method arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.penalties.faced import Faced

    Indices = NDArray[np.intp]

ROUNDS = 400  # of descent, and Newton where that is quicker
NEWTONS = 30  # steps on faces in one round
HALVINGS = 12  # of a step that does not lower the objective
MOST = 64  # sweeps of descent in one round
ROUNDING = 1e-15
LEFT = 0.1  # of what the rest misses: that much on the face is no matter yet
CHORD = 0.2  # of what was left: a step by the factor of the one before that leaves more is not tried again
RIDGES = (0.0, 1e-12, 1e-9, 1e-6)  # of the largest diagonal entry, one after the other for a singular system
STREAM, FACTOR = 2.5e9, 2e10  # multiplications a second: rows of S added to a gradient, and within a factor
TRIED = 0.5  # of the price of Newton steps, that descent may cost before its pace is believed
ROUGH = 2.0  # likewise where what is left has grown: the sweeps still mend what Newton's steps would only spread
PRODUCTS = 3.0  # with the rows of S on a face, or what takes as long, in a Newton step
OVERHEAD = 5e-4  # seconds of a Newton step that do not depend on its size


@dataclass(eq=False)
class Aim:
    """What is good enough: a duality gap, given a bound on the loss, or a violation of the conditions."""

    gap: float
    loss: float
    violation: float

    def left(self, form: Faced, b: Floats, g: Floats) -> float:
        """What is left, over what may be."""
        found = np.inf
        if self.gap > 0.0:
            young = form.young(b, g, np.zeros(len(b)))
            found = float((young.value + young.lost**2 * self.loss) / self.gap)
        if found <= 1.0:
            return found
        missed = float(np.max(form.missed(b, g), initial=0.0)) / self.violation
        return missed if missed <= 1.0 or self.gap <= 0.0 else found


@dataclass(eq=False)
class Factored:
    """The factor of the last Newton step of a solve, and the face that it is of."""

    rows: Indices
    factor: tuple[Floats, bool]


def solve(
    S: Floats, linear: Floats, start: Floats, form: Faced, *, gap: float, loss: float, violation: float, polish: bool
) -> tuple[Floats, Floats]:
    """Minimise the small problem to a duality gap, or to a violation of its conditions; b and its pull, linear - Sb.

    ``polish`` asks for last steps by a factor, even where descent alone was enough.

    References
    ----------
    Bareilles, Iutzeler, Malick (2023), Newton acceleration on manifolds identified by proximal gradient methods,
    Mathematical Programming 200, algorithm 1.
    """
    b = start.copy()
    g = times(S, b) - linear
    floor = 16 * ROUNDING * max(float(np.max(np.abs(linear), initial=0.0)), float(np.finfo(np.float64).tiny))
    aim = Aim(gap, loss, max(violation, floor))
    last: Factored | None = None
    sweeps, spent, best, left = 1, 0.0, np.inf, aim.left(form, b, g)
    for _ in range(ROUNDS):
        if left <= 1.0:
            break
        form.descend(S, b, g, sweeps)
        before, left = left, aim.left(form, b, g)
        if left <= 1.0:
            break
        gained = np.log(before / left)
        more = sweeps * np.log(left) / gained if gained > 0.0 else np.inf
        sweep, newtons = form.toll + form.work(b) / STREAM, _newtons(form, b)
        spent += sweeps * sweep
        # The first sweeps mend what is rough, and tell little of how fast the rest goes.
        if more * sweep < newtons or spent < (TRIED if gained > 0.0 else ROUGH) * newtons:
            sweeps = min(max(1, int(np.ceil(min(more, 2.0 * sweeps)))), MOST)
            continue
        b, g, last = _onward(S, linear, b, g, form, aim, last)
        left = aim.left(form, b, g)
        if sweeps == MOST and left >= best:
            break  # rounding is what is left
        best, spent = min(best, left), 0.0
        sweeps = min(2 * sweeps, MOST)
    if polish and (last is None or not np.array_equal(last.rows, form.face(b).rows)):
        last = _factored(S, b, form)
    return _polished(S, linear, b, g, form, floor, last)


def _newtons(form: Faced, b: Floats) -> float:
    """Predicted seconds of two Newton steps."""
    face = form.face(b)
    own = len(face.rows) if face.tied is None else int(face.tied.max(initial=-1)) + 1
    return 2.0 * (OVERHEAD + own**3 / (3.0 * FACTOR) + PRODUCTS * len(face.rows) * len(b) / STREAM)


def _onward(
    S: Floats, linear: Floats, b: Floats, g: Floats, form: Faced, aim: Aim, last: Factored | None
) -> tuple[Floats, Floats, Factored | None]:
    """Newton steps on the face, until what is missed there is little beside what is missed elsewhere."""
    for _ in range(NEWTONS):
        level = _level(form, b, g)
        if level <= LEFT * float(np.max(form.missed(b, g), initial=0.0)) or aim.left(form, b, g) <= 1.0:
            break
        stepped = _chord(S, b, g, form, last)
        if stepped is None:
            last = _factored(S, b, form)
            stepped = None if last is None else _step(S, b, g, form, last)
        if stepped is None:
            break
        b, g = stepped
    return b, times(S, b) - linear, last


def _polished(
    S: Floats, linear: Floats, b: Floats, g: Floats, form: Faced, floor: float, last: Factored | None
) -> tuple[Floats, Floats]:
    """Two more steps by the last factor, next to free, while they gain: a gap tells less of b than of the objective."""
    for _ in range(0 if last is None else 2):
        if float(np.max(form.missed(b, g), initial=0.0)) <= floor:
            break
        stepped = _chord(S, b, g, form, last)
        if stepped is None:
            break
        b, g = stepped[0], times(S, stepped[0]) - linear
    return b, -g


def _chord(S: Floats, b: Floats, g: Floats, form: Faced, last: Factored | None) -> tuple[Floats, Floats] | None:
    """A step by the factor of the one before, where the face is the same and most of what was missed goes."""
    if last is None or not np.array_equal(last.rows, form.face(b).rows):
        return None
    stepped = _step(S, b, g, form, last)
    if stepped is None:
        return None
    return stepped if _level(form, *stepped) <= CHORD * _level(form, b, g) else None


def _level(form: Faced, b: Floats, g: Floats) -> float:
    """The largest force along the face of b: what its variables could still gain, and no other move."""
    face = form.face(b)
    force = np.abs(face.gather(g + form.slope(b)))
    if face.tied is not None and len(force):
        force = force / np.bincount(face.tied)
    return float(np.max(force, initial=0.0))


def _factored(S: Floats, b: Floats, form: Faced) -> Factored | None:
    """The factor of the Hessian on the face of b, with a ridge of rounding's size where it is singular."""
    from scipy.linalg import LinAlgError, cho_factor

    face = form.face(b)
    system = face.system(S)
    form.stiffen(system, face, b)
    size = float(np.max(np.diagonal(system), initial=0.0))
    for ridge in RIDGES:
        shifted = system.copy() if ridge < RIDGES[-1] else system
        shifted[np.diag_indices(len(system))] += ridge * size
        try:
            return Factored(face.rows, cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False))
        except LinAlgError:
            continue
    return None


def _step(S: Floats, b: Floats, g: Floats, form: Faced, last: Factored) -> tuple[Floats, Floats] | None:
    """One step on the face of b, cut at the face's edge; None where no step lowers the objective."""
    from scipy.linalg import cho_solve

    face = form.face(b)
    rhs = -face.gather(g + form.slope(b))
    if len(rhs) != len(last.factor[0]):  # the same rows, tied in another way
        return None
    direction = face.spread(cho_solve(last.factor, rhs, check_finite=False), len(b))
    cost, share = form.cost(b), 1.0
    for _ in range(HALVINGS):
        moved = form.onto(b, b + share * direction)
        change = moved - b
        turned = times(S, change)
        lower = float(change @ (g + 0.5 * turned)) + form.cost(moved) - cost
        if lower <= ROUNDING * cost:
            return moved, g + turned
        share *= 0.5
    return None


def times(S: Floats, v: Floats) -> Floats:
    """S v, by the rows where v is not zero."""
    out = np.empty(len(v))
    _kernel.multiply(S, v, out)
    return out
