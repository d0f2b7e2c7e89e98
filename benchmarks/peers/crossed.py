"""L1 logistic regression, C chosen on folds: the class of one name that scikit-learn has and Lozenge too."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.base import THREADS, Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem

ENDLESS = 1_000_000


class Crossed:
    """What both are asked: folds that are given, the log loss of the rows held out, and a fit at the C it chooses.

    The C of the folds is 1/(α rows), so that their α is the problem's; the fit on all rows at that C has another α, and
    is timed but not compared.
    """

    package: str
    requirements: tuple[str, ...]
    module: str
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """Every fold's path, the choice, and the fit on all rows."""
        from sklearn.model_selection import PredefinedSplit

        data = self.data
        rows = {len(own) for own in data.training()}
        if len(rows) > 1:
            raise ValueError(f"folds must be of one size, for one C to be one alpha; got training sets of {rows}")
        self.model: Any = (
            importlib.import_module(self.module)
            .LogisticRegressionCV(
                Cs=1.0 / (data.alphas * rows.pop()),
                l1_ratios=(1.0,),
                solver="liblinear",
                fit_intercept=False,
                scoring="neg_log_loss",
                use_legacy_attributes=False,
                cv=PredefinedSplit(data.labels),
                n_jobs=THREADS,
                tol=tol,
                max_iter=ENDLESS,
            )
            .fit(data.X, data.y)
        )

    def get_result(self) -> Answer:
        """The folds' paths."""
        paths = self.model.coefs_paths_[:, 0, :, 0]
        return Answer(np.zeros((self.data.X.shape[1], 0)), [path.T for path in paths], at=[])
