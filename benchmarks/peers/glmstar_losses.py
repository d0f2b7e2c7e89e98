"""glmnet's authors' Python package: FishNet, MultiClassNet and CoxNet with the early stops of the path off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        """By trial: a hundredfold for a tenth of the gap, and more for one alpha; its default is 1e-7."""
        if problem.n_alphas == 1:
            return [1e-4, 1e-6, 1e-8, 1e-11, 1e-12]
        return [1e-7, 1e-9, 1e-11, 1e-13, 1e-17] if problem.loss == "cox" else [1e-7, 1e-8, 1e-11, 1e-14, 1e-20]

    def set_objective(self, data: Data) -> None:
        """A frame of times and events for Cox's loss."""
        self.data, self.y = data, data.y
        if data.problem.loss == "cox":
            import pandas as pd

            self.y = pd.DataFrame({"event": data.y[:, 0], "status": data.y[:, 1].astype(np.int32)})

    def run(self, tol: float) -> None:
        """One path."""
        problem, alphas = self.data.problem, self.data.alphas
        model = self._net()(
            alpha=problem.l1_ratio,
            lambda_values=alphas,
            fit_intercept=problem.intercept,
            standardize=False,
            control=self._control(tol),
            **({"grouped": problem.rows} if problem.loss == "multinomial" else {}),
        ).fit(self.data.X, self.y)
        if len(model.coefs_) < alphas.size:
            raise RuntimeError(f"the path stopped after {len(model.coefs_)} of {alphas.size} alphas")
        # (L, p) or (L, p, q), to columns with outputs outermost
        coefs = model.coefs_.T if model.coefs_.ndim == 2 else model.coefs_.transpose(2, 1, 0).reshape(-1, alphas.size)
        self.answer = Answer(sp.csc_matrix(coefs), intercepts=model.intercepts_ if problem.intercept else None)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer

    def _net(self) -> Any:
        from glmnet import CoxNet, FishNet, MultiClassNet

        return {"poisson": FishNet, "multinomial": MultiClassNet, "cox": CoxNet}[self.data.problem.loss]

    def _control(self, tol: float) -> Any:
        from glmnet.paths.fastnet import FastNetControl

        return FastNetControl(fdev=0.0, devmax=1.0, mnlam=self.data.alphas.size, thresh=tol, maxit=1_000_000_000)
