"""glmnet's authors' Python package: GaussNet and LogNet with the early stops of the path off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` is glmnet's `thresh`: largest weighted squared move of a coefficient over the null deviance."""

    package = "glmstar"
    requirements = ("glmstar",)
    module = "glmnet"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """A hundredfold for a tenth of the gap; its default is 1e-7."""
        return [1e-7, 1e-9, 1e-11, 1e-13, 1e-19] if problem.loss == "logistic" else [1e-9, 1e-11, 1e-13, 1e-15, 1e-21]

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """One path on all rows and one a fold: its cross_validation_path is these fits and their predictions."""
        data = self.data
        folds = [self._path(np.asfortranarray(data.X[rows]), data.y[rows], tol) for rows in data.training()]
        self.answer = Answer(self._path(data.X, data.y, tol), folds)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _path(self, X: np.ndarray, y: np.ndarray, tol: float) -> sp.csc_matrix:
        from glmnet import GaussNet, LogNet
        from glmnet.paths.fastnet import FastNetControl

        problem, alphas = self.data.problem, self.data.alphas
        control = FastNetControl(fdev=0.0, devmax=1.0, mnlam=alphas.size, thresh=tol, maxit=1_000_000_000)
        # GaussNet fits y / rms(y) and so divides the ridge part by it: given the rms times alpha, it fits our problem.
        net = LogNet if problem.loss == "logistic" else GaussNet
        model = net(
            alpha=problem.l1_ratio, lambda_values=alphas, fit_intercept=False, standardize=False, control=control
        )
        if problem.loss == "squared":
            model.covariance = X.shape[0] > X.shape[1]
        coefs = sp.csc_matrix(model.fit(X, y).coefs_.T)
        if coefs.shape[1] < alphas.size:
            raise RuntimeError(f"the path stopped after {coefs.shape[1]} of {alphas.size} alphas")
        return coefs
