"""The data behind a path by size, where the other features hold one out, and no price does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import engine
from lozenge.engine import Step
from lozenge.results import Certificate, Forces, Swaps
from lozenge.sizes import around, refit
from lozenge.source import Source
from lozenge.swaps import Rises, rises
from lozenge.threads import one_pool
from lozenge.working import look

if TYPE_CHECKING:
    from lozenge.design.base import Floats
    from lozenge.problem import Indices
    from lozenge.results import Solution


class Subsets(Source):
    """A problem whose steps are best subsets by size; they belong to no α."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._told: dict[float, Forces] = {}

    def remember(self, alpha: float, step: Step) -> None:
        """Keep a step by its size, which stands in place of an α here."""
        self._steps[alpha] = step
        self._told.pop(alpha, None)

    @one_pool()
    def place(self, size: float, solution: Solution) -> None:
        """Take a solution of another fit of these rows as that of its size."""
        problem = self.problem
        beta = np.zeros(problem.p + 1)
        beta[:-1] = solution.coef * problem.scale[:-1] / (problem.fleet.affine.scale * self.unit)
        cols = np.append(problem.free, np.setdiff1d(np.flatnonzero(beta), problem.free)).astype(np.int64)
        _, base = problem.in_user_units(beta[cols], cols)
        beta[-1] = solution.intercept / self.unit - base[0]
        ((point,),) = engine.outcomes([(self.fleet, look(problem, cols, beta[cols, None]))])
        kept = int(np.count_nonzero(beta[problem.penalised]))
        safe = np.zeros(len(problem.penalised), dtype=bool)
        value, status = solution.certificate.value, solution.status
        step = Step(0, np.nan, cols, point.beta, point.loss, value, 0.0, status, False, kept, point.pull, safe)
        self.remember(size, step)

    def certificate(self, step: Step) -> Certificate:
        """What was proved of a step: a bound, or with another loss than the squared a violation."""
        return Certificate("bound" if self.problem.loss.quadratic else "stationary", step.gap)

    def gap(self, step: Step) -> float:
        """The relative distance to a lower bound; inf where none is known."""
        return step.gap if self.problem.loss.quadratic else np.inf

    @one_pool()
    def forces(self, alpha: float) -> Forces:
        """What pulls on every feature where at most so many are kept, and what its exchange would cost.

        Steps are remembered by their size in place of an α.
        """
        if alpha not in self._told:
            self._told[alpha] = self._exchanged(int(alpha))
        return self._told[alpha]

    def _exchanged(self, size: int) -> Forces:
        problem, p, pen = self.problem, self.problem.p, self.problem.penalised
        step = self._steps.get(float(size))
        if step is None or step.pull is None:
            raise ValueError(f"this path has no subset of size {size:,}; fit again with L0Ball({size})")
        beta = np.zeros(p + 1)
        beta[step.cols] = step.beta
        model = around(problem, beta, np.arange(len(pen)))
        support, most = np.flatnonzero(beta[pen]), min(size, len(pen))
        found = rises(model.q, support, most)
        if not problem.loss.quadratic:
            found = self._refitted(found, beta, support)
        rise, other = np.full(p, np.nan), np.full(p, -1)
        rise[pen] = found.rise * (self.unit * self.unit)
        other[pen] = np.where(found.other >= 0, pen[found.other], -1)
        live = ~self.model.constant
        return Forces(
            alpha=np.nan,
            marginal=np.where(live, self.null.point.pull[:p], 0.0) * self.unit,
            left=np.where(live, step.pull[:p], 0.0) * self.unit,
            price=np.where(np.isfinite(self.model.penalty_weights), 0.0, np.inf),
            weight=beta[:p] * self.unit,
            certified=np.zeros(p, dtype=bool),
            unique=False,
            gap=self.gap(step),
            swaps=Swaps(size, rise, other),
        )

    def _refitted(self, found: Rises, beta: Floats, support: Indices) -> Rises:
        """The same with what the model takes for a gain judged by the loss itself, which did not agree."""
        here, rise = refit(self.problem, beta, support).objective, found.rise.copy()
        for j in np.setdiff1d(np.flatnonzero(rise < 0.0), support):
            instead = np.sort(np.append(support[support != found.other[j]], j))
            rise[j] = refit(self.problem, beta, instead).objective - here
        return Rises(rise, found.other)
