"""skein-glm: its Poisson path, and its multinomial one, whose penalty takes the coefficients of a column together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest move of a coefficient, within a weighted least squares and from one to the next."""

    package = "skein-glm"
    requirements = ("skein-glm",)
    module = "skein_glm"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Not a multinomial with a price on each coefficient, nor where its copies of X take too much memory."""
        if problem.loss == "multinomial" and not problem.rows:
            return "its multinomial penalties are those of rows"
        gigabytes = 5 * 8 * problem.design.n * problem.design.p / 1e9
        return f"keeps copies of X: {gigabytes:.0f} GB" if gigabytes > 5 else ""

    def tolerances(self, problem: Problem) -> list[float]:
        """By trial; the default is 1e-6."""
        del problem
        return [3e-5, 1e-8, 1e-11]

    def set_objective(self, data: Data) -> None:
        """Rows together, as its dense design wants them."""
        self.data = data
        self.X = np.ascontiguousarray(data.X)

    def run(self, tol: float) -> None:
        """One path."""
        from skein_glm import MultinomialLassoPathClassifier, PoissonElasticNetPathRegressor

        problem, alphas = self.data.problem, self.data.alphas
        options = {
            "lambdas": alphas,
            "tol": tol,
            "outer_tol": tol,
            "max_iter": 100_000,
            "max_outer": 1_000,
            "fit_intercept": problem.intercept,
        }
        if problem.loss == "multinomial":
            weights = np.full(self.X.shape[1], problem.penalty.parameter)
            model = MultinomialLassoPathClassifier(weights=weights, **options).fit(self.X, self.data.y)
            coefs = model.coefs_.reshape(alphas.size, -1).T  # (L, q, p)
        else:
            model = PoissonElasticNetPathRegressor(alpha=problem.l1_ratio, **options).fit(self.X, self.data.y)
            coefs = model.coefs_.T
        self.answer = Answer(coefs, intercepts=model.intercepts_)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
