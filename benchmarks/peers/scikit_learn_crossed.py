"""scikit-learn's LogisticRegressionCV with liblinear, which is the faster of its solvers for L1 to any gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.crossed import Crossed

if TYPE_CHECKING:
    from benchmarks.problems import Problem


class Solver(Crossed):
    """`tol` bounds a ratio of gradients."""

    package = "scikit-learn"
    requirements = ("scikit-learn",)
    module = "sklearn.linear_model"

    def tolerances(self, problem: Problem) -> list[float]:
        """Its default, and what makes its gaps 1e-3 and 1e-6 at most where C is large; it stalls before 1e-9."""
        del problem
        return [1e-4, 5e-6, 1e-8]
