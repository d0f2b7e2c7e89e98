"""scikit-learn: enet_path with its Gram where n > p, LassoCV, and liblinear for the logistic loss."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.base import THREADS, Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem

ENDLESS = 1_000_000


class Solver:
    """`tol` bounds gap / |y|² (half the relative gap) in coordinate descent, a ratio of gradients in liblinear."""

    package = "scikit-learn"
    requirements = ("scikit-learn",)
    module = "sklearn.linear_model"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """Halves of the gaps wanted; liblinear's gap is some ten times its tolerance."""
        return [3e-5, 3e-8, 3e-11] if problem.loss == "logistic" else [4.9e-4, 4.9e-7, 4.9e-10]

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """A path, a cross-validated path, or one classifier an alpha."""
        problem = self.data.problem
        if problem.loss == "logistic":
            self.answer = Answer(self._logistic(tol))
        elif problem.folds:
            self.answer = self._crossvalidated(tol)
        else:
            self.answer = Answer(self._path(tol))

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _path(self, tol: float) -> np.ndarray:
        from sklearn.linear_model import enet_path

        data = self.data
        return enet_path(
            data.X, data.y, l1_ratio=data.problem.l1_ratio, alphas=data.alphas, tol=tol, max_iter=ENDLESS, copy_X=False
        )[1]

    def _crossvalidated(self, tol: float) -> Answer:
        from sklearn.linear_model import LassoCV, lasso_path
        from sklearn.model_selection import PredefinedSplit

        data = self.data
        paths: list[tuple[np.ndarray, np.ndarray]] = []
        lock = threading.Lock()

        class Recording(LassoCV):
            """LassoCV drops the coefficients of the folds; this keeps them, to be checked."""

            @staticmethod
            def path(X: np.ndarray, y: np.ndarray, **params: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
                result = lasso_path(X, y, **params)
                with lock:
                    paths.append((y, result[1]))
                return result

        model = Recording(
            alphas=data.alphas,
            fit_intercept=False,
            tol=tol,
            max_iter=ENDLESS,
            copy_X=False,
            cv=PredefinedSplit(data.labels),
            n_jobs=THREADS,
        ).fit(data.X, data.y)
        # Two threads finish in any order: a fold is known by its y.
        folds = [
            next(coefs for y, coefs in paths if y.size == rows.size and np.array_equal(y, data.y[rows]))
            for rows in data.training()
        ]
        return Answer(model.coef_[:, None], folds, at=[int(np.argmin(np.abs(data.alphas - model.alpha_)))])

    def _logistic(self, tol: float) -> np.ndarray:
        from sklearn.linear_model import LogisticRegression

        data = self.data
        coefs = np.zeros((data.X.shape[1], data.alphas.size))
        for k, alpha in enumerate(data.alphas):
            model = LogisticRegression(
                l1_ratio=1.0,
                C=1.0 / (alpha * data.y.size),
                solver="liblinear",
                fit_intercept=False,
                tol=tol,
                max_iter=ENDLESS,
            )
            coefs[:, k] = model.fit(data.X, data.y).coef_
        return coefs
