"""skglm under MCP and SCAD: AndersonCD's path, on the Gram matrix where n > p."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest violation, an absolute number: the smallest alphas ask for the smallest."""

    package = "skglm"
    requirements = ("skglm",)
    module = "skglm"
    compiles = True

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """Two thirds of 1e-3, 1e-6, 1e-9 of the smallest alpha, which is 3e-3."""
        del problem
        return [2e-6, 2e-9, 2e-12]

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """One path."""
        from skglm.datafits import Quadratic, QuadraticHessian
        from skglm.penalties import SCAD, MCPenalty
        from skglm.solvers import AndersonCD

        X, y, problem = self.data.X, self.data.y, self.data.problem
        penalty = (MCPenalty if problem.penalty.name == "mcp" else SCAD)(1.0, problem.penalty.parameter)
        solver = AndersonCD(tol=tol, fit_intercept=False, max_iter=1_000, warm_start=True)
        if X.shape[0] <= X.shape[1]:
            coefs = solver.path(X, y, Quadratic(), penalty, alphas=self.data.alphas)[1]
        else:
            gram, cross = np.asfortranarray(X.T @ X / y.size), -X.T @ y / y.size
            coefs = solver.path(gram, cross, QuadraticHessian(), penalty, alphas=self.data.alphas)[1]
        self.answer = Answer(coefs)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
