"""What a contestant's file provides, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sp

    from benchmarks.problems import Data, Problem

    Coefs = np.ndarray | sp.spmatrix

THREADS = 2


@dataclass(frozen=True)
class Answer:
    """coefs (p, L) on all rows, and one (p, L) for every fold's training set.

    Of a loss with q outputs they are (p·q, L), outputs outermost. intercepts: (L,) or (L, q), None where none is asked.

    at: the numbers of the alphas that coefs holds, None for all; a peer whose cross-validation refits at one alpha only
    gives one column. duals: (n, L) for coefs and for each fold, of a peer that has better ones than its residual.
    curve: (K, L) mean squared errors of the held-out rows, of a peer that keeps no coefficients of the folds.
    """

    coefs: Coefs
    folds: list[Coefs] = field(default_factory=list)
    at: list[int] | None = None
    passes: float | None = None
    duals: list[np.ndarray] = field(default_factory=list)
    curve: np.ndarray | None = None
    intercepts: np.ndarray | None = None


class Solver(Protocol):
    """A contestant.  Everything that depends on X beyond wrapping it happens in `run`, which is timed."""

    package: str  # distribution whose version is recorded
    requirements: tuple[str, ...]  # what pip installs
    module: str  # imported before the clock starts; what it imports later counts
    compiles: bool  # compiles at the first call, so that the second is the one to compare

    def refuses(self, problem: Problem) -> str:
        """Why it cannot take the problem; empty where it can."""

    def tolerances(self, problem: Problem) -> list[float]:
        """From loose to tight, so that gaps (or violations) of 1e-3, 1e-6 and 1e-9 are bracketed."""

    def set_objective(self, data: Data) -> None:
        """Take the data, in the layout the peer asks for."""

    def run(self, tol: float) -> None:
        """Solve from scratch."""

    def get_result(self) -> Answer:
        """The coefficients of the last run."""
