"""How far from solved a point on the working set is, by its own gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge import certificate

if TYPE_CHECKING:
    from lozenge.penalties.base import Penalty
    from lozenge.penalties.solvable import Solvable
    from lozenge.working import Point, Working

INTO_CORNERS = 1e4  # of the free part's pull, squared, to what corrects a dual point


def estimate(work: Working, point: Point, kernel: Solvable) -> float:
    """The gap that the violations on [free, members] alone would cause, in the manner of `certificate`."""
    b, g, free = point.beta[work.f :], point.gradient[work.f :], point.gradient[: work.f]
    drift = float(np.sqrt(max(float(free @ work.factor.solve(free)), 0.0)))
    if not len(b):
        return drift**2
    problem, corners = work.problem, work.problem.loss.sharpens
    # As many rows as there are weights lie in corners, where the loss bends by 1/(8h) at most.
    bend = min(0.125 * len(work.cols) / (problem.fleet.rows * work.sharp), problem.bend) if corners else problem.bend
    slack = certificate.slack_of(problem, bend, drift, rows=work.members)
    young = kernel.young(b, g, slack)
    # Scaling θ by 1 - lost costs about lost² of the loss; where f* is a line, lost itself, and what corrects θ must
    # stay within a corner.
    if not corners:
        return young.value + young.lost**2 * problem.excess(point.loss) + drift**2
    correction = INTO_CORNERS * drift**2 + 2.0 * float(slack @ np.abs(b))
    return young.value + young.lost * problem.excess(point.loss) + correction


def squared(work: Working, point: Point, kernel: Solvable) -> float:
    """Largest violation of the optimality conditions on [free, members], squared: no gap bounds what has no price."""
    missed = kernel.missed(point.beta[work.f :], point.gradient[work.f :])
    free = np.abs(point.gradient[: work.f])
    return float(max(np.max(missed, initial=0.0), np.max(free, initial=0.0))) ** 2


def missed(work: Working, penalty: Penalty, point: Point, alpha: float) -> float:
    """Largest violation of the conditions of a stationary point, on [free, members]."""
    violation = penalty.violation(point.beta[work.f :], point.gradient[work.f :], alpha)
    return float(max(np.max(violation, initial=0.0), np.max(np.abs(point.gradient[: work.f]), initial=0.0)))


def noise(work: Working, point: Point) -> float:
    """Rounding of a mean loss, below which steps cannot be told apart."""
    return 16 * certificate.EPS * max(abs(point.loss) + abs(work.problem.saturated), certificate.DEGENERATE)
