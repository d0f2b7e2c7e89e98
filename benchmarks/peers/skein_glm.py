"""skein-glm: its elastic-net and logistic paths, with the screening its documentation calls fastest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest move of a coefficient."""

    package = "skein-glm"
    requirements = ("skein-glm",)
    module = "skein_glm"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """The gap is some twenty times the tolerance on these problems; the default is 1e-6."""
        del problem
        return [3e-5, 1e-8, 1e-11]

    def set_objective(self, data: Data) -> None:
        """Rows together, as its dense design wants them."""
        self.data = data
        self.X = data.X if data.problem.sparse else np.ascontiguousarray(data.X)

    def run(self, tol: float) -> None:
        """One path on all rows and one a fold."""
        data = self.data
        folds = [self._path(self.X[rows], data.y[rows], tol) for rows in data.training()]
        self.answer = Answer(self._path(self.X, data.y, tol), folds)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _path(self, X: np.ndarray, y: np.ndarray, tol: float) -> np.ndarray:
        from skein_glm import ElasticNetPathRegressor, LogisticElasticNetPathRegressor

        problem = self.data.problem
        kind = LogisticElasticNetPathRegressor if problem.loss == "logistic" else ElasticNetPathRegressor
        model = kind(alpha=problem.l1_ratio, lambdas=self.data.alphas, tol=tol, max_iter=100_000, fit_intercept=False)
        return model.fit(X, y).coefs_.T
