"""skein-glm's group lasso path, groups in parallel, with its default screening and acceleration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import norms
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
        """The gap is some twelve times the tolerance; the default is 1e-6."""
        del problem
        return [5e-5, 5e-8, 5e-11]

    def set_objective(self, data: Data) -> None:
        """Rows together, as its dense design wants them."""
        self.data = data
        self.X = np.ascontiguousarray(data.X)
        self.labels = norms.labels(data.problem.penalty.parameter, data.X.shape[1])

    def run(self, tol: float) -> None:
        """One path."""
        from skein_glm import GroupLassoPathRegressor

        model = GroupLassoPathRegressor(
            self.labels,
            weights=np.sqrt(np.bincount(self.labels)),
            lambdas=self.data.alphas,
            tol=tol,
            max_iter=100_000,
            fit_intercept=False,
            parallel=True,
        )
        self.answer = Answer(model.fit(self.X, self.data.y).coefs_.T)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
