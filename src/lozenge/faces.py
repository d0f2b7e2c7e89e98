"""The small problem under a form with faces: minimise over b  ½ bᵀSb - linearᵀb + αΩ(b).

Descent finds the face of Ω on which the answer lies; there everything is smooth, and Newton's method arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel

if TYPE_CHECKING:
    from lozenge.design.base import Floats
    from lozenge.penalties.faced import Faced

ROUNDS = 200  # of descent and Newton
NEWTONS = 30  # steps on faces in one round
HALVINGS = 12  # of a step that does not lower the objective
MOST = 64  # sweeps of descent in one round
ROUNDING = 1e-15
LEFT = 0.1  # of what the rest misses: that much on the face is no matter yet


def solve(
    S: Floats, linear: Floats, start: Floats, form: Faced, *, gap: float, loss: float, violation: float
) -> tuple[Floats, Floats]:
    """Minimise the small problem to a duality gap, or to a violation of its conditions; b and its pull, linear - Sb.

    References
    ----------
    Bareilles, Iutzeler, Malick (2023), Newton acceleration on manifolds identified by proximal gradient methods,
    Mathematical Programming 200, algorithm 1.
    """
    b = start.copy()
    g = _times(S, b) - linear
    floor = 16 * ROUNDING * max(float(np.max(np.abs(linear), initial=0.0)), float(np.finfo(np.float64).tiny))
    nothing = np.zeros(len(b))
    sweeps, before = 1, np.inf

    def enough() -> bool:
        worst = float(np.max(form.missed(b, g), initial=0.0))
        if worst <= max(violation, floor):
            return True
        if gap <= 0.0:
            return False
        found = form.young(b, g, nothing)
        return found.value + found.lost**2 * loss <= gap

    for _ in range(ROUNDS):
        if enough():
            break
        form.descend(S, b, g, sweeps)
        for _ in range(NEWTONS):
            missed = form.missed(b, g)
            rows = form.face(b).rows
            if not len(rows) or float(np.max(missed[rows])) <= max(LEFT * float(np.max(missed)), floor) or enough():
                break
            stepped = _newton(S, b, g, form)
            if stepped is None:
                break
            b, g = stepped
        g = _times(S, b) - linear
        worst = float(np.max(form.missed(b, g), initial=0.0))
        if sweeps == MOST and worst >= before:
            break  # rounding is what is left
        before = min(before, worst)
        sweeps = min(2 * sweeps, MOST)
    return b, -g


def _newton(S: Floats, b: Floats, g: Floats, form: Faced) -> tuple[Floats, Floats] | None:
    """One step on the face of b, cut at the face's edge; None where no step lowers the objective."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    face = form.face(b)
    system = face.system(S)
    form.stiffen(system, face, b)
    rhs = -face.gather(g + form.slope(b))
    size = float(np.max(np.diagonal(system), initial=0.0))
    for ridge in (0.0, 1e-12, 1e-9, 1e-6):
        shifted = system.copy() if ridge < 1e-6 else system
        shifted[np.diag_indices(len(rhs))] += ridge * size
        try:
            step = cho_solve(cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False), rhs)
            break
        except LinAlgError:
            continue
    else:
        return None
    direction = face.spread(step, len(b))
    cost, share = form.cost(b), 1.0
    for _ in range(HALVINGS):
        moved = form.onto(b, b + share * direction)
        change = moved - b
        turned = _times(S, change)
        lower = float(change @ (g + 0.5 * turned)) + form.cost(moved) - cost
        if lower <= ROUNDING * cost:
            return moved, g + turned
        share *= 0.5
    return None


def _times(S: Floats, v: Floats) -> Floats:
    out = np.empty(len(v))
    _kernel.multiply(S, v, out)
    return out
