"""celer: celer_path, which passes weights, residual and dual point from one alpha to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds gap · n / |y|² (half the relative gap) and gap / log 2."""

    package = "celer"
    requirements = ("celer", "scikit-learn", "scipy")
    module = "celer"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """No elastic net for the logistic loss; none is asked."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """Halves of the gaps wanted."""
        return [9.8e-4, 9.8e-7, 9.8e-10] if problem.loss == "logistic" else [4.9e-4, 4.9e-7, 4.9e-10]

    def set_objective(self, data: Data) -> None:
        """Labels -1 and 1 for the logistic loss."""
        self.data = data
        self.y = 2.0 * data.y - 1.0 if data.problem.loss == "logistic" else data.y

    def run(self, tol: float) -> None:
        """One path on all rows and one a fold (LassoCV does the same, and drops their coefficients)."""
        data = self.data
        full, *folds = [
            self._path(data.X, self.y, tol),
            *(self._path(np.asfortranarray(data.X[rows]), self.y[rows], tol) for rows in data.training()),
        ]
        self.answer = Answer(full[0], [fold[0] for fold in folds], duals=[full[1], *(fold[1] for fold in folds)])

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _path(self, X: np.ndarray, y: np.ndarray, tol: float) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients, and the dual points by which it stops: extrapolated, they are better than the residual's."""
        from celer.homotopy import celer_path

        problem, alphas = self.data.problem, self.data.alphas
        options = {"tol": tol, "max_iter": 1_000, "return_thetas": True}
        if problem.loss == "logistic":  # its loss is a sum, so alpha and the dual point count n times
            _, coefs, _, duals = celer_path(X, y, "logreg", alphas=alphas * y.size, use_PN=True, **options)
            return coefs, duals.T / y.size
        _, coefs, _, duals = celer_path(X, y, "lasso", alphas=alphas, l1_ratio=problem.l1_ratio, **options)
        return coefs, duals.T
