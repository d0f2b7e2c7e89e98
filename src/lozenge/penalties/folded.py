"""The form of a penalty whose pull is constant near zero and then falls on a line to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.penalties.face import Face
from lozenge.penalties.form import TINY, Dualless

if TYPE_CHECKING:
    from lozenge.penalties.form import Bools, Floats, Indices


@dataclass(frozen=True, eq=False)
class Folded(Dualless):
    """Σ ω(|bⱼ|): ω' = l1 up to the knee, then on a line to 0 at the end, and 0 beyond; 0 ≤ knee < end.

    References
    ----------
    Breheny, Huang (2011), Coordinate descent algorithms for nonconvex penalized regression, Annals of Applied
    Statistics 5, section 2.
    """

    l1: Floats
    knee: Floats
    end: Floats

    @property
    def size(self) -> int:
        """Coordinates."""
        return len(self.l1)

    def take(self, cols: Indices) -> Folded:
        """Give the same on some coordinates."""
        return Folded(self.l1[cols], self.knee[cols], self.end[cols])

    @property
    def _fall(self) -> Floats:
        """-ω'' between the knee and the end."""
        return self.l1 / (self.end - self.knee)

    def cost(self, b: Floats) -> float:
        """Σ ω(|b|)."""
        size, width = np.abs(b), self.end - self.knee
        rest = np.clip(self.end - size, 0.0, width)
        return float(np.sum(self.l1 * np.minimum(size, self.knee) + 0.5 * self._fall * (width**2 - rest**2)))

    def slope(self, b: Floats) -> Floats:
        """ω'(|b|) sign(b)."""
        return np.sign(b) * self._fall * np.clip(self.end - np.abs(b), 0.0, self.end - self.knee)

    def missed(self, b: Floats, g: Floats) -> Floats:
        """|g + slope| where b ≠ 0, (|g| - l1)₊ where b = 0."""
        return np.where(b == 0.0, np.maximum(np.abs(g) - self.l1, 0.0), np.abs(g + self.slope(b)))

    def pressure(self, z: Floats) -> Floats:
        """|z| / l1."""
        return np.abs(z) / np.maximum(self.l1, TINY)

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """B ≠ 0 or |g| > share·l1."""
        found: Bools = (b != 0.0) | (np.abs(g) > share * self.l1)
        return found

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """Cyclic coordinate descent to the best place for each."""
        _kernel.descend_folded(S, self.l1, self.knee, self.end, b, g, sweeps)

    @property
    def toll(self) -> float:
        """Of a call of the compiled descent."""
        return 1e-5

    def work(self, b: Floats) -> int:
        """One row of the Gram for each coordinate that is not zero."""
        return int(np.count_nonzero(b)) * len(b)

    def face(self, b: Floats) -> Face:
        """Coordinates that are not zero."""
        return Face(np.flatnonzero(b))

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:
        """Add ω'', which is negative between the knee and the end."""
        size = np.abs(b)
        bend = np.where((size > self.knee) & (size <= self.end), -self._fall, 0.0)
        system[np.diag_indices(len(face.rows))] += bend[face.rows]

    def onto(self, b: Floats, moved: Floats) -> Floats:
        """To zero where the sign turns."""
        return np.where(b * moved < 0.0, 0.0, moved)
