"""Where the next solution is expected: on the line through the last two, as far as that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge import measures

if TYPE_CHECKING:
    from collections.abc import Generator

    from lozenge.design.base import Floats
    from lozenge.problem import Indices
    from lozenge.shards import Sums
    from lozenge.working import Ask, Point, Working

Trail = list[tuple[float, "Floats"]]  # (α or width of corners, β) of the last two


def extended(trail: Trail, at: float, f: int) -> Floats:
    """β further along the line through the last two; a weight ends at zero, and one that is zero stays.

    The first ``f`` weights are free.
    """
    (before, old), (now, new) = trail
    line: Floats = new + (at - now) / (now - before) * (new - old)
    line[f:][line[f:] * new[f:] <= 0.0] = 0.0
    return line


class Heading:
    """The way that a path takes, and how well its lines have served.

    Between the α where columns come and go solutions are smooth in α, and where the loss is quadratic straight, so that
    Newton's method needs no such help.

    References
    ----------
    Park, Hastie (2007), L1-regularization path algorithm for generalized linear models, JRSS B 69, section 3.
    """

    def __init__(self) -> None:
        self._passed: list[tuple[float, Indices, Floats]] = []
        self._misses = self._rest = 0

    def passed(self, alpha: float, point: Point) -> None:
        """Take note of a solution."""
        self._passed = [*self._passed[-1:], (alpha, point.cols, point.beta)]

    def start(self, work: Working, alpha: float, point: Point, gap: float) -> Generator[Ask, Sums, Point]:
        """The last solution, or where its line leads, if that is nearer.

        After a line that was no nearer the next one rests, then the next three, seven and so on: looking costs a
        gradient on the members.
        """
        problem = work.problem
        if len(self._passed) < 2 or not problem.penalty.gapped or problem.loss.quadratic or problem.loss.sharpens:
            return point
        kernel = problem.penalty.kernel(alpha).take(work.members)
        estimate = measures.estimate(work, point, kernel)
        if estimate <= gap:
            return point
        if self._rest:
            self._rest -= 1
            return point
        trail: Trail = []
        for each, cols, beta in self._passed:
            full = np.zeros(len(problem.scale))
            full[cols] = beta
            trail.append((each, full[work.cols]))
        there = yield from work.glance(extended(trail, alpha, work.f))
        nearer = measures.estimate(work, there, kernel) < estimate
        self._misses = 0 if nearer else self._misses + 1
        self._rest = 2**self._misses - 1
        return there if nearer else point


def narrowed(work: Working, alpha: float, point: Point, trail: Trail) -> Generator[Ask, Sums, Point]:
    """The point at the present width of corners, or where the line through the last two leads, if that is better.

    As the width goes to 0 the solution is a smooth function of it.
    """
    here = yield from work.glance(point.beta)
    if len(trail) < 2:
        return here
    f, penalty = work.f, work.problem.penalty.take(work.members)
    there = yield from work.glance(extended(trail, work.sharp, f))
    costs = [each.loss + penalty.value(each.beta[f:], alpha) for each in (here, there)]
    return there if costs[1] < costs[0] else here
