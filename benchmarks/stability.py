"""Stability selection against a single path: 100 halves of the rows, in units of one path on all of them.

`python -m benchmarks.stability [FOLDER]` draws 72 x 7,129 columns of genes' size; a folder with leukemia_X.npz (X) and
leukemia_y.csv (y) adds Golub's.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.problems import Design, draw

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, HALVES = 5, 100
DRAWN = Design(72, 7_129, 0.7, kept=20, loss="logistic", seed=40)


def main() -> None:
    """Print a line for each table, loss and α."""
    cases = {"drawn": draw(DRAWN)}
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        y = np.loadtxt(folder / "leukemia_y.csv", delimiter=",", skiprows=1, usecols=0)
        cases["leukaemia"] = np.load(folder / "leukemia_X.npz")["X"].astype(np.float64), y
    for name, (X, y) in cases.items():
        for loss in ("squared", "logistic"):
            report(name, np.asfortranarray(X), y, loss)


def report(name: str, X: np.ndarray, y: np.ndarray, loss: str) -> None:
    """At the cross-validated α, and at the smallest of the path."""
    import lozenge

    crossed = lozenge.path(X, y, loss=loss, cv=10)
    for what, alpha in (("1se", float(crossed.best("1se").alpha)), ("last", float(crossed.alphas[-1]))):
        alone, halved = [], []
        for _ in range(ROUNDS):
            alone.append(_seconds(lambda: lozenge.path(X, y, loss=loss)))
            halved.append(_seconds(lambda alpha=alpha: crossed.stability(HALVES, alpha=alpha)))
        one, all_ = median(alone), median(halved)
        share = alpha / crossed.alphas[0]
        print(
            f"{name} {X.shape[0]} x {X.shape[1]:,}, {loss}, alpha {what} ({share:.2f} of the largest): "
            f"a path {one:.3f} s, {HALVES} halves {all_:.2f} s, {all_ / one:.1f} paths",
            flush=True,
        )


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
