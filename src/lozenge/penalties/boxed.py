"""The form of a separable penalty between bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.penalties.face import Face
from lozenge.penalties.form import TINY, scaled_young

if TYPE_CHECKING:
    from lozenge.penalties.form import Bools, Floats, Indices, Young


@dataclass(frozen=True, eq=False)
class Boxed:
    """Σ l1ⱼ|bⱼ| + ½ Σ l2ⱼ bⱼ² where lowⱼ ≤ bⱼ ≤ highⱼ, inf elsewhere; low ≤ 0 ≤ high."""

    l1: Floats
    l2: Floats
    low: Floats
    high: Floats

    @property
    def smooth(self) -> bool:
        """Never: a bound at zero holds a coordinate there too."""
        return False

    @property
    def ridge(self) -> Floats:
        """l2."""
        return self.l2

    def take(self, cols: Indices) -> Boxed:
        """Give the same on some coordinates."""
        return Boxed(self.l1[cols], self.l2[cols], self.low[cols], self.high[cols])

    def cost(self, b: Floats) -> float:
        """Σ l1|b| + ½ Σ l2 b²; that b is within its bounds is not looked into."""
        return float(self.l1 @ np.abs(b) + 0.5 * (self.l2 @ np.square(b)))

    def missed(self, b: Floats, g: Floats) -> Floats:
        """How much of the force on b is held by neither price nor bound."""
        force = -g - self.l1 * np.sign(b) - self.l2 * b
        held = np.where(b == 0.0, self.l1, 0.0)
        up = np.where(b < self.high, np.maximum(force - held, 0.0), 0.0)
        down = np.where(b > self.low, np.maximum(-force - held, 0.0), 0.0)
        return up + down

    def conjugate(self, z: Floats) -> float:
        """Σ of the largest (|z| - l1)|b| - ½ l2 b² on the side that z pulls to."""
        excess = np.maximum(np.abs(z) - self.l1, 0.0)
        where = excess > 0.0
        if not where.any():
            return 0.0
        room = np.where(z > 0.0, self.high, -self.low)[where]
        excess, l2 = excess[where], self.l2[where]
        best = np.minimum(np.divide(excess, l2, out=np.full_like(excess, np.inf), where=l2 > 0.0), room)
        if not np.isfinite(best).all():
            return np.inf
        return float(np.sum(excess * best - 0.5 * l2 * np.square(best)))

    def scale(self, z: Floats) -> float:
        """Min l1 / |z| over coordinates that neither a bound nor a ridge part stops."""
        endless = np.isinf(np.where(z > 0.0, self.high, self.low)) & (self.l2 == 0.0)
        return 1.0 / max(1.0, float(np.max(self.pressure(z)[endless], initial=0.0)))

    def pressure(self, z: Floats) -> Floats:
        """|z| / l1; 0 where a bound at zero is pulled against."""
        free = np.where(z > 0.0, self.high > 0.0, self.low < 0.0)
        with np.errstate(over="ignore"):  # a price of 0 asks for every column that pulls at all
            return np.where(free, np.abs(z) / np.maximum(self.l1, TINY), 0.0)

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """Neither end of z ± radius exceeds l1 on a side where there is room."""
        found: Bools = ((self.high == 0.0) | (z + radius < self.l1)) & ((self.low == 0.0) | (radius - z < self.l1))
        return found

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """B ≠ 0, or pulled by more than a share of l1."""
        found: Bools = (b != 0.0) | (self.pressure(-g) > share)
        return found

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """With z scaled down to where its conjugate is finite."""
        return scaled_young(self, b, g, slack)

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """Cyclic coordinate descent."""
        _kernel.descend(S, self.l1, self.l2, b, g, 0.0, sweeps, self.low, self.high)

    @property
    def toll(self) -> float:
        """Of a call of the compiled descent."""
        return 1e-5

    def work(self, b: Floats) -> int:
        """One row of the Gram for each coordinate that is not zero."""
        return int(np.count_nonzero(b)) * len(b)

    def face(self, b: Floats) -> Face:
        """Coordinates that are neither at zero nor at a bound."""
        return Face(np.flatnonzero((b != 0.0) & (b > self.low) & (b < self.high)))

    def slope(self, b: Floats) -> Floats:
        """l1 sign(b) + l2 b."""
        return self.l1 * np.sign(b) + self.l2 * b

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:  # noqa: ARG002 - the same at every b
        """Add l2 to the diagonal."""
        system[np.diag_indices(len(face.rows))] += self.l2[face.rows]

    def onto(self, b: Floats, moved: Floats) -> Floats:
        """To zero where the sign turns, to the bound where one is crossed."""
        return np.clip(np.where(b * moved < 0.0, 0.0, moved), self.low, self.high)
