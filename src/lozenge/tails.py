"""The heaviest tails that distributions of a given mean and shape can have."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize_scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FLATTEST, STEEPEST = 1e6, 1e-6  # a of (a + i)^(1/r): next to even, and next to all of it at 0
GRID = 33  # values of a among which the largest tail is sought before it is closed in on


@lru_cache(maxsize=64)
def heaviest(mean: float, count: int, r: float) -> tuple[float, ...]:
    """Give max P(Y ≥ t), t = 0 … count, over r-concave Y on 0 … count with E[Y] at most ``mean``·count, r < 0.

    r-concave: f^r is convex where f > 0.  The largest tail has f ∝ (a + i)^(1/r) on 0 … k, and the rest of the mass at
    k + 1.  For every k, a is between where nothing is left for k + 1, and where all of its place on that curve is
    taken.  1 up to twice the mean, where no tail is bounded.

    References
    ----------
    Shah, Samworth (2013), Variable selection with error control: another look at stability selection, JRSS B 75,
    section 3.4 and appendix A.4.
    """
    target = mean * count
    first = int(np.ceil(2.0 * target)) + 1
    found = np.ones(count + 1)
    if first > count or target <= 0.0:
        found[1:] = 1.0 if target > 0.0 else 0.0
        return tuple(found.tolist())
    places = np.arange(count + 1.0)
    power = 1.0 / r
    ends = [_steepness(places[: k + 1], power, target) for k in range(first, count + 1)]
    best, where = np.zeros(count + 1), np.zeros(count + 1, dtype=np.intp)
    for j, k in enumerate(range(first, count + 1)):
        flat = ends[j]
        steep = ends[j + 1] if j + 1 < len(ends) else flat
        tails = np.max([_tail(a, k, places, power, target) for a in np.geomspace(steep, flat, GRID)], axis=0)
        where[tails > best], best = k, np.maximum(best, tails)
    for t in range(first, count + 1):
        k = int(where[t])
        j = k - first
        if j + 1 < len(ends):
            low, high = np.log(ends[j + 1]), np.log(ends[j])
            closest = minimize_scalar(
                lambda x, k=k, t=t: -_tail(np.exp(x), k, places, power, target)[t],
                bounds=(low, high),
                method="bounded",
                options={"xatol": 1e-12},
            )
            best[t] = max(best[t], -float(closest.fun))
        found[t] = min(best[t], 1.0)
    return tuple(found.tolist())


def _steepness(i: Floats, power: float, target: float) -> float:
    """The a at which (a + i)^power on 0 … k has the mean."""

    def excess(log: float) -> float:
        f = (np.exp(log) + i) ** power
        return float(i @ f / f.sum() - target)

    low, high = np.log(STEEPEST), np.log(FLATTEST)
    if excess(high) <= 0.0:
        return FLATTEST
    return float(np.exp(brentq(excess, low, high, xtol=1e-14))) if excess(low) < 0.0 else STEEPEST


def _tail(a: float, k: int, places: Floats, power: float, target: float) -> Floats:
    """P(Y ≥ t) of every t, with what (a + i)^power on 0 … k lacks to the mean at k + 1."""
    i = places[: k + 1]
    f = (a + i) ** power
    # c Σ f + m = 1 and c Σ i f + m (k + 1) = mean.
    c = (k + 1.0 - target) / float((k + 1.0 - i) @ f)
    below = np.append(0.0, c * np.cumsum(f))
    tail = np.zeros(len(places))
    tail[: k + 1] = 1.0 - below[: k + 1]
    if k + 1 < len(places):
        tail[k + 1] = max(1.0 - below[k + 1], 0.0)
    return tail
