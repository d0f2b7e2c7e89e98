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
    requirements = ("glum",)
    module = "glum"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Not where its Hessians of all columns take too much memory or time."""
        gigabytes = 8 * problem.design.p**2 / 1e9
        if gigabytes > 2:
            return f"forms the Hessian of all columns: {gigabytes:.0f} GB"
        # Tried once: 1,000 x 10,000 takes more than 3 s an alpha.
        flops = problem.design.n * problem.design.p**2 * problem.n_alphas
        return f"forms the Hessian of all columns for each alpha: {flops:.0e} multiplications" if flops > 2e12 else ""

    def tolerances(self, problem: Problem) -> list[float]:
        """By trial; the default is 1e-4."""
        del problem
        return [1e-3, 1e-6, 1e-9]

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
