"""Lozenge's LogisticRegressionCV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.crossed import Crossed

if TYPE_CHECKING:
    from benchmarks.problems import Problem

FINER = 1e-2  # of tol: the relative gap that the class aims at in folds


class Solver(Crossed):
    """Gaps of 1e-3, 1e-6 and 1e-9, by the class's own rule; at its default, tol=1e-4, it is 1e-6."""

    package = "lozenge"
    requirements = (".",)
    module = "lozenge"

    def tolerances(self, problem: Problem) -> list[float]:
        """The gaps that are asked for, in units of the class."""
        del problem
        return [1e-3 / FINER, 1e-6 / FINER, 1e-9 / FINER]
