"""The small problem under a penalty that jumps: minimise over b  ½ bᵀSb - linearᵀb + αΩ(b), one coordinate at a time.

On its support Ω is smooth: tangents and Newton's method find a stationary point there.  Then the coordinate that gains
most by entering or leaving does so, until none gains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge import subset
from lozenge.faces import times

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.design.base import Floats
    from lozenge.penalties.boxed import Boxed
    from lozenge.penalties.form import SoftThreshold
    from lozenge.penalties.jumping import Jump

    Convex = Callable[[Floats, Floats, Floats, SoftThreshold | Boxed, float], tuple[Floats, Floats]]

MOVES = 10_000  # of coordinates that enter or leave
TANGENTS = 200  # on one support
ROUNDING = 1e-14  # of the objective: a gain below it is none


def solve(
    S: Floats, linear: Floats, start: Floats, form: Jump, violation: float, convex: Convex
) -> tuple[Floats, Floats]:
    """Find a point where no coordinate can gain, the others held; b and its pull, linear - Sb.

    ``convex`` solves the small problem under a convex form: (S, linear, start, form, violation) to b and its pull.
    """
    b = start.copy()
    for _ in range(MOVES):
        b, g = _level(S, linear, b, form, violation, convex)
        if not (_crossed(S, b, g, form) or _exchanged(S, linear, b, form)):
            return b, -g
    return b, linear - times(S, b)


def _exchanged(S: Floats, linear: Floats, b: Floats, form: Jump) -> bool:
    """Let coordinates enter, leave or take another's place, all others refitted, in place; False where none gains.

    Under a price of entry alone, and where S is the loss itself and no model of it.
    """
    prices = form.shape.prices(form.alpha)
    if prices is None or (form.shape.bound > np.diagonal(S) * (1.0 + 1e-9)).any():
        return False
    before = float(b @ (0.5 * times(S, b) - linear)) + form.cost(b)
    found = subset.improve(S, linear, np.flatnonzero(b).tolist(), price=prices, l2=form.shape.ridges)
    if not found.objective < before - ROUNDING * (abs(before) + form.cost(b)):
        return False
    b[:] = found.b
    return True


def _level(S: Floats, linear: Floats, b: Floats, form: Jump, violation: float, convex: Convex) -> tuple[Floats, Floats]:
    """A stationary point on the support of b, or on a part of it."""
    for _ in range(TANGENTS):
        own = np.flatnonzero(b)
        system, shape = S[np.ix_(own, own)], form.shape.take(own)
        found, _ = convex(system, linear[own], b[own], shape.tangent(b[own], form.alpha), 0.1 * violation)
        found = _newton(system, linear[own], found, form, own)
        settled = bool(np.array_equal(np.sign(found), np.sign(b[own])))
        b = np.zeros(len(b))
        b[own] = found
        g = times(S, b) - linear
        missed = np.abs(form.missed(b, g)[own[found != 0.0]])
        if settled and float(np.max(missed, initial=0.0)) <= violation:
            break
    return b, g


def _newton(S: Floats, linear: Floats, b: Floats, form: Jump, own: np.ndarray) -> Floats:
    """One Newton step on the loss and the penalty where that lowers the objective, and leaves signs and bounds."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    rows = np.flatnonzero(b)
    shape = form.shape.take(own)
    bend = shape.bend(b, form.alpha)[rows]
    if not len(rows) or not bend.any():
        return b
    system = S[np.ix_(rows, rows)].copy()
    system[np.diag_indices(len(rows))] += bend
    force = (S @ b - linear + shape.slope(b, form.alpha))[rows]
    try:
        step = -cho_solve(cho_factor(system, lower=True, overwrite_a=True, check_finite=False), force)
    except LinAlgError:
        return b
    moved = b.copy()
    moved[rows] += step
    if (moved * b < 0.0).any() or not shape.allows(moved):
        return b

    def objective(x: Floats) -> float:
        return float(x @ (0.5 * (S @ x) - linear)) + shape.value(x, form.alpha)

    return moved if objective(moved) <= objective(b) else b


def _crossed(S: Floats, b: Floats, g: Floats, form: Jump) -> bool:
    """Let the coordinate enter or leave that gains most, in place; False where none gains."""
    # Where the Hessian moves, S bends less than the loss may: its bound never promises what the loss does not keep.
    h = np.maximum(np.diagonal(S), form.shape.bound)
    live = h > 0.0
    step = np.divide(1.0, h, out=np.ones_like(h), where=live)
    z = b - g * step
    best = form.shape.prox(z, step, form.alpha)
    # ½h(x - z)² + αω(x), whose h/step is 1.
    costs = form.shape.costs
    here = 0.5 * h * np.square(b - z) + costs(b, form.alpha)
    there = 0.5 * h * np.square(best - z) + costs(best, form.alpha)
    gain = np.where(live & ((b == 0.0) != (best == 0.0)), here - there, 0.0)
    j = int(np.argmax(gain)) if len(gain) else 0
    if not len(gain) or not gain[j] > ROUNDING * (abs(here[j]) + costs(b, form.alpha).sum()):
        return False
    b[j] = best[j]
    return True
