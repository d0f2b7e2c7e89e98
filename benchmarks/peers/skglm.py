"""skglm: AndersonCD's path; on the Gram matrix where n > p; ProxNewton, warm-started, for the logistic loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest distance of a gradient to the subdifferential, an absolute number."""

    package = "skglm"
    requirements = ("skglm",)
    module = "skglm"
    compiles = True

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """The gap is some twenty times the tolerance on these problems."""
        del problem
        return [5e-5, 2e-8, 2e-11]

    def set_objective(self, data: Data) -> None:
        """Labels -1 and 1 for the logistic loss."""
        self.data = data
        self.y = 2.0 * data.y - 1.0 if data.problem.loss == "logistic" else data.y

    def run(self, tol: float) -> None:
        """One path on all rows and one a fold."""
        data = self.data
        solve = self._logistic if data.problem.loss == "logistic" else self._squared
        folds = [solve(np.asfortranarray(data.X[rows]), self.y[rows], tol) for rows in data.training()]
        self.answer = Answer(solve(data.X, self.y, tol), folds)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _squared(self, X: np.ndarray, y: np.ndarray, tol: float) -> np.ndarray:
        from skglm.datafits import Quadratic, QuadraticHessian
        from skglm.penalties import L1, L1_plus_L2
        from skglm.solvers import AndersonCD

        ratio = self.data.problem.l1_ratio
        penalty = L1(1.0) if ratio == 1.0 else L1_plus_L2(1.0, ratio)
        solver = AndersonCD(tol=tol, fit_intercept=False, max_iter=1_000, warm_start=True)
        if X.shape[0] <= X.shape[1]:
            return solver.path(X, y, Quadratic(), penalty, alphas=self.data.alphas)[1]
        gram, cross = np.asfortranarray(X.T @ X / y.size), -X.T @ y / y.size
        return solver.path(gram, cross, QuadraticHessian(), penalty, alphas=self.data.alphas)[1]

    def _logistic(self, X: np.ndarray, y: np.ndarray, tol: float) -> np.ndarray:
        from skglm.datafits import Logistic
        from skglm.penalties import L1
        from skglm.solvers import ProxNewton

        solver = ProxNewton(tol=tol, fit_intercept=False, max_iter=1_000, warm_start=True)
        coefs = np.zeros((X.shape[1], self.data.alphas.size), order="F")
        b, eta = np.zeros(X.shape[1]), np.zeros(y.size)
        for k, alpha in enumerate(self.data.alphas):
            b = solver.solve(X, y, Logistic(), L1(alpha), b, eta)[0]  # eta follows b in place
            coefs[:, k] = b
        return coefs
