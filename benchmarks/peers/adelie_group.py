"""adelie's group lasso: gaussian_cov on the Gram matrix with every early exit off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from benchmarks import norms
from benchmarks.peers.base import THREADS, Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest weighted squared move of a group in a sweep."""

    package = "adelie"
    requirements = ("adelie",)
    module = "adelie"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Its Gram is for more rows than columns, which is what is asked."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """By trial; the default is 1e-7."""
        del problem
        return [1e-7, 1e-12, 1e-18, 1e-21]

    def set_objective(self, data: Data) -> None:
        """Groups by their first columns, which asks that they are neighbours."""
        self.data = data
        labels = norms.labels(data.problem.penalty.parameter, data.X.shape[1])
        self.starts = np.flatnonzero(np.diff(labels, prepend=-1))
        self.weights = np.sqrt(np.bincount(labels))

    def run(self, tol: float) -> None:
        """One path."""
        import adelie as ad

        X, y = self.data.X, self.data.y
        # The Gram of a tall problem costs one product; sweeps then never touch X.
        state = ad.gaussian_cov(
            np.asfortranarray(X.T @ X / y.size),
            X.T @ y / y.size,
            groups=self.starts,
            penalty=self.weights,
            lmda_path=self.data.alphas,
            early_exit=False,
            rdev_tol=0.0,
            tol=tol,
            n_threads=THREADS,
            progress_bar=False,
            max_iters=100_000_000,
        )
        self.answer = Answer(sp.csc_matrix(state.betas.T))

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
