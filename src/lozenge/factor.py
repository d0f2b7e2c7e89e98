"""Factors of positive semi-definite matrices: which of their rows are independent, and solves on those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.results import Floats

    Indices = NDArray[np.intp]

DEPENDENT = 1e-12  # a pivot below this share of its diagonal is a column that the ones before it already span


def spanning(A: Floats) -> int:
    """How many columns of a positive semi-definite matrix come before the first in the span of those before it.

    A is used up: it may be large, and a copy would lie beside it.
    """
    from scipy.linalg.lapack import dpotrf

    unit = np.sqrt(np.maximum(np.diagonal(A), 0.0))
    k = int(np.argmin(unit > 0.0)) if not (unit > 0.0).all() else len(unit)
    A, unit = A[:k, :k], unit[:k]
    A /= unit
    A /= unit[:, None]
    lower, failed = dpotrf(A.T, lower=0, clean=0, overwrite_a=1)
    pivots = np.square(np.diagonal(lower))[: failed - 1 if failed else k]
    short = np.flatnonzero(pivots <= DEPENDENT)
    return int(short[0]) if len(short) else len(pivots)


@dataclass(frozen=True, eq=False)
class Factor:
    """Pivoted Cholesky of a positive semi-definite matrix: which rows span it, and solves on those.

    Attributes
    ----------
    lower : (r, r) factor of the independent rows, in pivot order
    independent, dependent : rows by index
    """

    lower: Floats
    independent: Indices
    dependent: Indices

    @staticmethod
    def of(A: Floats) -> Factor:
        """Factor A, scaled to a unit diagonal so that units of columns do not decide about rank.

        Ties between equal pivots go to the first, so of two copies the first is kept.
        """
        from scipy.linalg.lapack import dpotrf, dpstrf

        k = len(A)
        everything = np.arange(k)
        if k == 0:
            return Factor(np.zeros((0, 0)), everything, everything)
        unit = np.sqrt(np.maximum(np.diagonal(A), 0.0))
        unit[unit == 0.0] = 1.0
        scaled = A / np.outer(unit, unit)
        # Without pivots a column's entry on the diagonal is its distance to the span of those before it.
        lower, failed = dpotrf(scaled, lower=1, clean=1)
        if not failed and np.min(np.square(np.diagonal(lower))) > DEPENDENT:
            return Factor(lower * unit[:, None], everything, everything[:0])
        c, pivots, rank, _ = dpstrf(scaled, tol=DEPENDENT, lower=1)
        order = pivots - 1
        kept = order[:rank]
        return Factor(np.tril(c[:rank, :rank]) * unit[kept, None], kept, order[rank:])

    def solve(self, rhs: Floats) -> Floats:
        """A⁺ times a vector or a matrix, in the sense of a basic solution: zero on the dependent rows."""
        from scipy.linalg.lapack import dpotrs

        x = np.zeros_like(rhs)
        if len(self.independent) and rhs.size:
            x[self.independent] = dpotrs(self.lower, rhs[self.independent], lower=1)[0]
        return x
