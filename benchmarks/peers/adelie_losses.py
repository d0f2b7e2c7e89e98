"""adelie: grpnet with every early exit off, under the Poisson, multinomial and Cox losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from benchmarks.peers.base import THREADS, Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest weighted squared move of a coefficient or group in a sweep."""

    package = "adelie"
    requirements = ("adelie",)
    module = "adelie"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Not a multinomial with a price on each coefficient, which grpnet does not offer."""
        entries = problem.loss == "multinomial" and not problem.rows
        return "grpnet's multinomial penalty is that of rows" if entries else ""

    def tolerances(self, problem: Problem) -> list[float]:
        """By trial: a hundredfold for a tenth of the gap, and more for one alpha; its default is 1e-7."""
        if problem.n_alphas == 1:
            return [1e-4, 1e-6, 1e-8, 1e-11, 1e-12]
        return [1e-7, 1e-9, 1e-11, 1e-13, 1e-17] if problem.loss == "cox" else [1e-7, 1e-8, 1e-11, 1e-14, 1e-20]

    def set_objective(self, data: Data) -> None:
        """Wrap X; one column a class."""
        import adelie as ad

        self.data = data
        self.X = ad.matrix.dense(data.X, method="naive", n_threads=THREADS)
        match data.problem.loss:
            case "poisson":
                self.glm = ad.glm.poisson(data.y)
            case "multinomial":
                self.glm = ad.glm.multinomial(np.eye(data.problem.outputs)[data.y.astype(int)])
            case "cox":
                time, event = data.y.T
                self.glm = ad.glm.cox(np.zeros(time.size), time, event, tie_method="breslow")

    def run(self, tol: float) -> None:
        """One path."""
        import adelie as ad

        problem, alphas = self.data.problem, self.data.alphas
        state = ad.grpnet(
            self.X,
            self.glm,
            alpha=problem.l1_ratio,
            penalty=np.full(self.data.X.shape[1], problem.penalty.parameter if problem.rows else 1.0),
            lmda_path=alphas / problem.outputs,  # its multinomial loss is divided by the classes
            intercept=problem.intercept,
            early_exit=False,
            adev_tol=1.0,
            ddev_tol=0.0,
            tol=tol,
            irls_tol=tol,
            n_threads=THREADS,
            max_iters=100_000_000,
            progress_bar=False,
        )
        coefs = sp.csc_matrix(state.betas.T)
        if problem.outputs > 1:  # outputs are innermost
            order = np.arange(coefs.shape[0]).reshape(-1, problem.outputs).T.ravel()
            coefs = sp.csr_matrix(coefs)[order].tocsc()
        if coefs.shape[1] < alphas.size:
            raise RuntimeError(f"the path stopped after {coefs.shape[1]} of {alphas.size} alphas")
        self.answer = Answer(coefs, intercepts=np.asarray(state.intercepts) if problem.intercept else None)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
