"""sortedl1, by the authors of SLOPE's hybrid coordinate descent: its path with every early stop off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import norms
from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds its own relative duality gap, which is near ours."""

    package = "sortedl1"
    requirements = ("sortedl1",)
    module = "sortedl1"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """The gaps wanted; the default is 1e-4."""
        del problem
        return [1e-3, 1e-6, 1e-9]

    def set_objective(self, data: Data) -> None:
        """The sequence; its loss is ours, and so is alpha."""
        self.data = data
        self.sequence = norms.benjamini_hochberg(data.problem.penalty.parameter, data.X.shape[1])

    def run(self, tol: float) -> None:
        """One path."""
        from sortedl1 import Slope

        X, alphas = self.data.X, self.data.alphas
        model = Slope(lam=self.sequence, fit_intercept=False, tol=tol, max_iter=1_000_000_000)
        # It stops where the deviance changes little, is small, or where the clusters are more than the rows.
        path = model.path(
            X, self.data.y, alphas=alphas, tol_dev_change=0.0, tol_dev_ratio=1.0, max_clusters=X.shape[1] + 1
        )
        coefs = np.asarray(path.coefs)[:, 0, :]
        if coefs.shape[1] < alphas.size:
            raise RuntimeError(f"the path stopped after {coefs.shape[1]} of {alphas.size} alphas")
        self.answer = Answer(coefs)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
