"""skglm's SLOPE: FISTA, its only solver for it, warm-started from alpha to alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import norms
from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest move of a coefficient in a proximal step."""

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
        return [5e-5, 5e-8, 5e-11]

    def set_objective(self, data: Data) -> None:
        """The sequence."""
        self.data = data
        self.sequence = norms.benjamini_hochberg(data.problem.penalty.parameter, data.X.shape[1])

    def run(self, tol: float) -> None:
        """One path."""
        from skglm.datafits import Quadratic
        from skglm.penalties import SLOPE
        from skglm.solvers import FISTA

        X, y, alphas = self.data.X, self.data.y, self.data.alphas
        solver = FISTA(tol=tol, max_iter=1_000_000, opt_strategy="fixpoint")
        coefs = np.zeros((X.shape[1], alphas.size), order="F")
        b = np.zeros(X.shape[1])
        for k, alpha in enumerate(alphas):
            b = solver.solve(X, y, Quadratic(), SLOPE(self.sequence, alpha), b, X @ b)[0]
            coefs[:, k] = b
        self.answer = Answer(coefs)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
