"""Where a form is smooth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Face:
    """Where a form is smooth: coordinates that may move, and which of them only together.

    Attributes
    ----------
    rows : (r,) coordinates that may move
    tied : (r,) number of the variable that each follows, or None where each is its own
    signs : (r,) with which it follows; None where each is its own
    """

    rows: Indices
    tied: Indices | None = None
    signs: Floats | None = None

    def spread(self, x: Floats, k: int) -> Floats:
        """(k,) coordinates from the face's variables."""
        out = np.zeros(k)
        out[self.rows] = x if self.tied is None or self.signs is None else self.signs * x[self.tied]
        return out

    def gather(self, v: Floats) -> Floats:
        """Derivatives by the face's variables from those by coordinates."""
        if self.tied is None or self.signs is None:
            return np.asarray(v[self.rows])
        found: Floats = np.asarray(np.bincount(self.tied, weights=self.signs * v[self.rows]), dtype=np.float64)
        return found

    def system(self, S: Floats) -> Floats:
        """A symmetric matrix on the face's variables."""
        if self.tied is None or self.signs is None:
            return S[np.ix_(self.rows, self.rows)]
        order = np.argsort(self.tied, kind="stable")
        tied = self.tied[order]
        found = np.empty((int(tied[-1]) + 1 if len(tied) else 0,) * 2)
        _kernel.fold(S, self.rows[order], tied, self.signs[order], found)
        return found
