"""The form of a penalty on the norms of blocks of coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.penalties.face import Face
from lozenge.penalties.form import TINY, Young

if TYPE_CHECKING:
    from lozenge.penalties.form import Bools, Floats, Indices

HUGE = float(np.finfo(np.float64).max)
HALVINGS = 80  # of the bracket of a block's pressure


@dataclass(frozen=True, eq=False)
class Blocks:
    """Σ l1ⱼ|bⱼ| + Σ_g price_g‖b_g‖₂.

    Attributes
    ----------
    l1 : (k,)
    labels : (k,) number g of the block of each coordinate
    price : (G,)
    """

    l1: Floats
    labels: Indices
    price: Floats

    @property
    def smooth(self) -> bool:
        """Never."""
        return False

    @property
    def ridge(self) -> Floats:
        """0."""
        return np.zeros(len(self.l1))

    def take(self, cols: Indices) -> Blocks:
        """Give the same on whole blocks of coordinates."""
        return Blocks(self.l1[cols], self.labels[cols], self.price)

    def norms(self, x: Floats) -> Floats:
        """(G,) ‖x_g‖."""
        return np.sqrt(np.bincount(self.labels, weights=np.square(x), minlength=len(self.price)))

    def _over(self, size: Floats) -> Floats:
        """(G,) price / size; the largest number where the size is 0 or next to it, and 0 where there is no price."""
        with np.errstate(over="ignore"):
            found = np.divide(self.price, size, out=np.full_like(size, HUGE), where=size > 0.0)
        return np.where(self.price > 0.0, np.minimum(found, HUGE), 0.0)

    def _left(self, x: Floats, step: float) -> Floats:
        """(G,) the share of each block that shrinking its norm by step·price leaves."""
        size, price = self.norms(x), step * self.price
        return np.divide(size - price, size, out=np.zeros_like(size), where=size > price)

    def cost(self, b: Floats) -> float:
        """Σ l1|b| + Σ price‖b_g‖."""
        return float(self.l1 @ np.abs(b) + self.price @ self.norms(b))

    def prox(self, z: Floats, step: float) -> Floats:
        """Soft threshold by coordinate, then by block."""
        soft = np.copysign(np.maximum(np.abs(z) - step * self.l1, 0.0), z)
        return soft * self._left(soft, step)[self.labels] + 0.0  # + 0.0: no negative zeros

    def missed(self, b: Floats, g: Floats) -> Floats:
        """|g + slope| where b ≠ 0; where b = 0, what of (|g| - l1)₊ the norm of its block is beyond its price."""
        size = self.norms(b)
        excess = np.maximum(np.abs(g) - self.l1, 0.0)
        beyond = self._left(excess, 1.0)
        zero = np.where(size[self.labels] > 0.0, excess, excess * beyond[self.labels])
        return np.where(b == 0.0, zero, np.abs(g + self.slope(b)))

    def conjugate(self, z: Floats) -> float:
        """0 where ‖(|z_g| - l1)₊‖ ≤ price in every block, else inf."""
        excess = np.maximum(np.abs(z) - self.l1, 0.0)
        return 0.0 if bool((self.norms(excess) <= self.price).all()) else np.inf

    def scale(self, z: Floats) -> float:
        """1 over the largest pressure."""
        return 1.0 / max(1.0, float(np.max(self.pressure(z), initial=0.0)))

    def pressure(self, z: Floats) -> Floats:
        """Per block the least τ with ‖(|z_g| - τ l1)₊‖ ≤ τ price: ‖z_g‖/price where there is no L1 part."""
        size = np.abs(z)
        with np.errstate(over="ignore"):
            high = self.norms(size) / np.maximum(self.price, TINY)
        if self.l1.any():
            low = np.zeros_like(high)
            alone = np.zeros_like(high)
            with np.errstate(over="ignore"):
                np.maximum.at(alone, self.labels, size / np.maximum(self.l1, TINY))
            high = np.minimum(high, alone)
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                inside = self.norms(np.maximum(size - middle[self.labels] * self.l1, 0.0)) <= middle * self.price
                low, high = np.where(inside, low, middle), np.where(inside, middle, high)
        return high[self.labels]

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """Blocks that no pull within the radius lets in."""
        found: Bools = self.pressure(np.abs(z) + radius) < 1.0
        return found

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """Blocks that are not zero, or pulled by more than a share of what holds them."""
        return (self.norms(b)[self.labels] > 0.0) | (self.pressure(g) > share)

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """With z scaled down to where it is feasible."""
        scale = self.scale(np.abs(g) + slack)
        value = self.cost(b) + scale * float(g @ b) + float(slack @ np.abs(b))
        return Young(max(value, 0.0), 1.0 - scale)

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """Cyclic descent over blocks."""
        order = np.argsort(self.labels, kind="stable")
        found, starts = np.unique(self.labels[order], return_index=True)
        edges = np.append(starts, len(order)).astype(np.int64)
        _kernel.descend_blocks(S, self.l1, self.price[found], order.astype(np.int64), edges, b, g, sweeps)

    @property
    def toll(self) -> float:
        """Of a call of the compiled descent."""
        return 3e-5

    def work(self, b: Floats) -> int:
        """One row of the Gram for each coordinate that is not zero."""
        return int(np.count_nonzero(b)) * len(b)

    def face(self, b: Floats) -> Face:
        """Coordinates that are not zero."""
        return Face(np.flatnonzero(b))

    def slope(self, b: Floats) -> Floats:
        """l1 sign(b) + price b/‖b_g‖."""
        return self.l1 * np.sign(b) + self._over(self.norms(b))[self.labels] * b

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:
        """Add price/‖b_g‖ (I - uuᵀ), u = b_g/‖b_g‖."""
        size = self.norms(b)
        labels = self.labels[face.rows]
        stiff = self._over(size)[labels]
        unit = b[face.rows] / size[labels]
        system[np.diag_indices(len(labels))] += stiff
        order = np.argsort(labels, kind="stable")
        for block in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
            system[np.ix_(block, block)] -= np.outer(stiff[block] * unit[block], unit[block])

    def onto(self, b: Floats, moved: Floats) -> Floats:
        """To zero where a block turns round, or a sign under an L1 part."""
        with_l1 = np.where((self.l1 > 0.0) & (b * moved < 0.0), 0.0, moved)
        ahead = np.bincount(self.labels, weights=b * moved, minlength=len(self.price)) > 0.0
        return np.where(ahead[self.labels], with_l1, 0.0)
