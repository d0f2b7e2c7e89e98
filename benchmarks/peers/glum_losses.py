"""glum: GeneralizedLinearRegressor, with alpha_search where there is a path, warm-started from alpha to alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import losses
from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem

FAMILIES = {"poisson": "poisson", "gamma": "gamma", "tweedie": f"tweedie ({losses.POWER})"}


class Solver:
    """`tol` bounds the sum of the smallest subgradients' norms."""

    package = "glum"
    requirements = ("glum",)
    module = "glum"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """By trial; the default is 1e-4. At one alpha the gap falls with the square of the tolerance."""
        return [1e-2, 1e-4, 1e-5, 1e-6] if problem.n_alphas == 1 else [1e-3, 1e-6, 1e-9]

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """One path, or one fit."""
        from glum import GeneralizedLinearRegressor

        problem, alphas = self.data.problem, self.data.alphas
        search = alphas.size > 1
        model = GeneralizedLinearRegressor(
            family=FAMILIES[problem.loss],
            link="log",
            alpha=alphas if search else float(alphas[0]),
            alpha_search=search,
            l1_ratio=problem.l1_ratio,
            fit_intercept=problem.intercept,
            solver="irls-cd",
            gradient_tol=tol,
            max_iter=1_000,
        ).fit(self.data.X, self.data.y)
        coefs = model.coef_path_.T if search else model.coef_[:, None]
        self.answer = Answer(coefs, intercepts=np.ravel(model.intercept_path_ if search else model.intercept_))

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
