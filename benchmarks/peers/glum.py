"""glum: GeneralizedLinearRegressor with alpha_search, warm-started from alpha to alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the sum of the smallest subgradients' norms."""

    package = "glum"
    requirements = ["glum"]
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Not where its Hessian of all columns does not fit."""
        gigabytes = problem.design.p**2 * 8 / 1e9
        if gigabytes > 4:
            return f"it forms the Hessian of all columns, {gigabytes:.0f} GB"
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """Default 1e-4, then tighter."""
        del problem
        return [1e-2, 1e-4, 1e-6, 1e-8]

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """One path on all rows and one a fold."""
        data = self.data
        folds = [self._path(np.asfortranarray(data.X[rows]), data.y[rows], tol) for rows in data.training()]
        self.answer = Answer(self._path(data.X, data.y, tol), folds)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _path(self, X: np.ndarray, y: np.ndarray, tol: float) -> np.ndarray:
        from glum import GeneralizedLinearRegressor

        problem = self.data.problem
        model = GeneralizedLinearRegressor(
            family="binomial" if problem.loss == "logistic" else "normal",
            alpha=self.data.alphas,
            alpha_search=True,
            l1_ratio=problem.l1_ratio,
            fit_intercept=False,
            solver="irls-cd",
            gradient_tol=tol,
            max_iter=1_000,
        )
        return model.fit(X, y).coef_path_.T
