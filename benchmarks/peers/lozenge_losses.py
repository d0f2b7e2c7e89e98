"""Lozenge: one call for a path under the losses that have an intercept, and under Cox's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import losses
from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` is the relative duality gap itself."""

    package = "lozenge"
    requirements = (".",)
    module = "lozenge"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """The gaps that are asked for; its own are larger than those measured here."""
        del problem
        return [1e-2, 1e-3, 1e-6, 1e-9]

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """One path."""
        import lozenge

        problem = self.data.problem
        loss = lozenge.losses.Tweedie(losses.POWER) if problem.loss == "tweedie" else problem.loss
        self.path = lozenge.path(
            self.data.X,
            self.data.y,
            loss=loss,
            penalty=self._penalty(),
            alphas=self.data.alphas,
            penalty_weights=self._weights(),
            fit_intercept=problem.intercept,
            standardize=False,
            tol=tol,
        )

    def get_result(self) -> Answer:
        """The path."""
        intercepts = self.path.intercepts if self.data.problem.intercept else None
        return Answer(self.path.coefs, passes=float(self.path.passes), intercepts=intercepts)

    def _penalty(self) -> Any:
        from lozenge import penalties

        problem = self.data.problem
        if problem.rows:  # a column is a group, with its coefficients for all classes
            return penalties.Group(groups=np.arange(self.data.X.shape[1]))
        return "l1" if problem.l1_ratio == 1.0 else penalties.ElasticNet(l1_ratio=problem.l1_ratio)

    def _weights(self) -> np.ndarray | None:
        problem = self.data.problem
        return np.full(self.data.X.shape[1], problem.penalty.parameter) if problem.rows else None
