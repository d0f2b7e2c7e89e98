"""adelie: grpnet with every early exit off; where n > p and the loss is squared, gaussian_cov on the Gram matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from benchmarks.peers.base import THREADS, Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest weighted squared move of a coefficient in a sweep."""

    package = "adelie"
    requirements = ("adelie",)
    module = "adelie"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """A hundredfold for a tenth of the gap; its default is 1e-7."""
        return [1e-7, 1e-9, 1e-11, 1e-13, 1e-19] if problem.loss == "logistic" else [1e-9, 1e-11, 1e-13, 1e-15, 1e-21]

    def set_objective(self, data: Data) -> None:
        """Wrap X."""
        import adelie as ad

        self.data = data
        # It masks a fold's rows by weight 0, as its own cv_grpnet does; that function draws its folds itself.
        wrap = ad.matrix.sparse if data.problem.sparse else ad.matrix.dense
        self.X = wrap(data.X, method="naive", n_threads=THREADS)

    def run(self, tol: float) -> None:
        """One path on all rows and one a fold."""
        data = self.data
        n = data.y.size
        everything = np.ones(n, dtype=bool)
        masks = [data.labels != k for k in range(data.problem.folds)]
        # The Gram of a tall problem costs one product; sweeps then never touch X.
        tall = data.problem.loss == "squared" and n > data.X.shape[1]
        solve = self._covariance if tall else self._naive
        self.answer = Answer(solve(everything, tol), [solve(mask, tol) for mask in masks])

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _options(self) -> dict[str, Any]:
        return {
            "alpha": self.data.problem.l1_ratio,
            "lmda_path": self.data.alphas,
            "early_exit": False,
            "n_threads": THREADS,
            "progress_bar": False,
            "max_iters": 100_000_000,
        }

    def _naive(self, mask: np.ndarray, tol: float) -> sp.csc_matrix:
        import adelie as ad

        y, problem = self.data.y, self.data.problem
        family = ad.glm.binomial if problem.loss == "logistic" else ad.glm.gaussian
        extra = {"irls_tol": tol} if problem.loss == "logistic" else {}
        state = ad.grpnet(
            self.X,
            family(y, weights=mask / mask.sum()),
            intercept=False,
            adev_tol=1.0,
            ddev_tol=0.0,
            tol=tol,
            **extra,
            **self._options(),
        )
        return sp.csc_matrix(state.betas.T)

    def _covariance(self, mask: np.ndarray, tol: float) -> sp.csc_matrix:
        import adelie as ad

        X, y = self.data.X, self.data.y
        if not mask.all():
            X, y = np.asfortranarray(X[mask]), y[mask]
        gram = np.asfortranarray(X.T @ X / y.size)
        state = ad.gaussian_cov(gram, X.T @ y / y.size, rdev_tol=0.0, tol=tol, **self._options())
        return sp.csc_matrix(state.betas.T)
