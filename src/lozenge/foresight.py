"""Which columns a group of α will let in, before a pass over X shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lozenge.design.base import Floats
    from lozenge.problem import Indices
    from lozenge.results import Bools
    from lozenge.working import Point, Working

    Pulls = list[tuple[float, Floats]]  # (α, pulls)

FEW, MANY = 128, 1024  # columns that may join at once: before there is a line to foretell them by, and after
NEAR = 0.8  # of its price: a pull that keeps a column in the working set
LINES = 2  # steps before the last whose lines foretell the pulls


def extrapolated(trail: Pulls, alpha: float) -> Pulls:
    """Pulls at a smaller α, on the lines through the last step and each of those before it.

    Pulls are affine in α between events, so that each line is right if the events between are few, and they differ
    where there are many.
    """
    here, new = trail[-1]
    slopes = [(new - old) / (here - before) for before, old in trail[:-1] if before > here]
    return [(alpha, new + (alpha - here) * slope) for slope in slopes] or [(alpha, new)]


def pressure(work: Working, pulls: Pulls) -> Floats:
    """Largest pull over price of each penalised column, over several α."""
    problem = work.problem
    worst = np.zeros(len(work.inside))
    for alpha, pull in pulls:
        worst = np.maximum(worst, problem.penalty.kernel(alpha).pressure(pull))
    return worst


def joining(work: Working, pulls: Pulls, room: int) -> Indices:
    """Columns that are no members and pulled beyond their price; of more than there is room for, the strongest.

    Columns of one block are pulled alike: the last block is let in whole.
    """
    worst = pressure(work, pulls)
    worst[work.inside] = 0.0
    found = np.flatnonzero(worst > 1.0)
    if len(found) <= room:
        return found
    least = np.partition(worst[found], len(found) - room)[len(found) - room]
    let_in: Indices = found[worst[found] >= least]
    return let_in


def staying(work: Working, pulls: Pulls, points: list[Point]) -> Bools:
    """Members, by place, that are pulled by nearly their price, or that one of the points keeps."""
    found: Bools = pressure(work, pulls) > NEAR
    for point in points:
        found |= work.keeps(point)
    return found[work.members]
