"""skglm's group lasso: GroupBCD, warm-started from alpha to alpha, for it has no path of its own and no Gram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import norms
from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest distance of a group's gradient to the subdifferential, an absolute number."""

    package = "skglm"
    requirements = ("skglm",)
    module = "skglm"
    compiles = True

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """By trial."""
        del problem
        return [5e-4, 5e-7, 5e-10]

    def set_objective(self, data: Data) -> None:
        """Groups as pointers into a list of columns."""
        labels = norms.labels(data.problem.penalty.parameter, data.X.shape[1])
        sizes = np.bincount(labels)
        self.data = data
        self.groups = (
            np.append(0, np.cumsum(sizes)).astype(np.int32),
            np.argsort(labels, kind="stable").astype(np.int32),
        )
        self.weights = np.sqrt(sizes)

    def run(self, tol: float) -> None:
        """One path."""
        from skglm.datafits import QuadraticGroup
        from skglm.penalties import WeightedGroupL2
        from skglm.solvers import GroupBCD

        X, y, alphas = self.data.X, self.data.y, self.data.alphas
        solver = GroupBCD(tol=tol, fit_intercept=False, max_iter=1_000, max_epochs=1_000, warm_start=True)
        coefs = np.zeros((X.shape[1], alphas.size), order="F")
        b, eta = np.zeros(X.shape[1]), np.zeros(y.size)
        for k, alpha in enumerate(alphas):
            penalty = WeightedGroupL2(alpha, self.weights, *self.groups)
            b = solver.solve(X, y, QuadraticGroup(*self.groups), penalty, b, eta)[0]  # eta follows b in place
            coefs[:, k] = b
        self.answer = Answer(coefs)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
