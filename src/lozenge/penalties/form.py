"""A penalty at one α on the coordinates of a small problem: what solves it there, and what it says of an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np

from lozenge.penalties.face import Face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Indices = NDArray[np.intp]

TINY = float(np.finfo(np.float64).tiny)


class Young(NamedTuple):
    """αΩ(b) + (αΩ)*(sz) - s zᵀb, at least 0, and the share 1 - s that z had to be scaled down by to be feasible."""

    value: float
    lost: float


class Form(Protocol):
    """αΩ on k coordinates, α inside; ``g`` is the gradient of the loss, ``z`` a pull, minus a gradient."""

    @property
    def smooth(self) -> bool:
        """Whether nothing keeps a coordinate at zero."""
        ...

    @property
    def ridge(self) -> Floats:
        """(k,) the curvature that it adds everywhere."""
        ...

    def take(self, cols: Indices) -> Self:
        """Give the same on some coordinates, the others being zero."""
        ...

    def cost(self, b: Floats) -> float:
        """αΩ(b)."""
        ...

    def missed(self, b: Floats, g: Floats) -> Floats:
        """(k,) distance of -g to the subdifferential at b, shared out over the coordinates."""
        ...

    def conjugate(self, z: Floats) -> float:
        """Sup over b of zᵀb - αΩ(b)."""
        ...

    def scale(self, z: Floats) -> float:
        """The largest s up to 1 with a finite conjugate at sz."""
        ...

    def pressure(self, z: Floats) -> Floats:
        """(k,) what pulls on a zero over what holds it: up to 1 it stays."""
        ...

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """(k,) coordinates that are zero in every optimum, whose pulls are known to lie within ``radius`` of z."""
        ...

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """(k,) coordinates that are not zero, or pulled by more than a share of what holds them there."""
        ...

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """Fenchel-Young of the pair (b, -g), pulls being known to within ``slack``."""
        ...


def scaled_young(form: Form, b: Floats, g: Floats, slack: Floats) -> Young:
    """Fenchel-Young with z scaled down to where its conjugate is finite, of a form without a shorter way."""
    widest = np.copysign(np.abs(g) + slack, -g)
    scale = form.scale(widest)
    conjugate = form.conjugate(scale * (1.0 - 1e-15) * widest)
    value = form.cost(b) + conjugate + scale * float(g @ b) + float(slack @ np.abs(b))
    return Young(max(value, 0.0), 1.0 - scale)


@dataclass(frozen=True, eq=False)
class SoftThreshold:
    """Σ l1ⱼ|bⱼ| + ½ Σ l2ⱼ bⱼ²: the form that the compiled descent and exchange know."""

    l1: Floats
    l2: Floats

    @property
    def smooth(self) -> bool:
        """Whether there is no L1 part."""
        return not self.l1.any()

    @property
    def ridge(self) -> Floats:
        """l2."""
        return self.l2

    def take(self, cols: Indices) -> SoftThreshold:
        """Give the same on some coordinates."""
        return SoftThreshold(self.l1[cols], self.l2[cols])

    def face(self, b: Floats) -> Face:
        """Coordinates that are not zero."""
        return Face(np.flatnonzero(b))

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:  # noqa: ARG002 - the same at every b
        """Add l2 to the diagonal."""
        system[np.diag_indices(len(face.rows))] += self.l2[face.rows]

    def cost(self, b: Floats) -> float:
        """Σ l1|b| + ½ Σ l2 b²."""
        rows = np.flatnonzero(b)
        b = b[rows]
        return float(self.l1[rows] @ np.abs(b) + 0.5 * (self.l2[rows] @ np.square(b)))

    def missed(self, b: Floats, g: Floats) -> Floats:
        """|g + l1 sign(b) + l2 b| where b ≠ 0, (|g| - l1)₊ where b = 0."""
        level = np.abs(g + np.sign(b) * self.l1 + self.l2 * b)
        return np.where(b == 0.0, np.maximum(np.abs(g) - self.l1, 0.0), level)

    def conjugate(self, z: Floats) -> float:
        """Σ (|z| - l1)₊² / (2 l2); where l2 = 0, 0 inside the box |z| ≤ l1 and inf outside."""
        excess = np.maximum(np.abs(z) - self.l1, 0.0)
        if not excess.any():
            return 0.0
        if not self.l2.all():
            return np.inf
        return float(np.sum(np.square(excess) / (2.0 * self.l2)))

    def scale(self, z: Floats) -> float:
        """Min l1 / |z| over coordinates without a ridge part."""
        return 1.0 / max(1.0, float(np.max(self.pressure(z)[self._bare], initial=0.0)))

    @cached_property
    def _bare(self) -> slice | Bools:
        """Coordinates without a ridge part: none, all, or some."""
        bare: Bools = self.l2 == 0.0
        return bare if bare.any() and not bare.all() else slice(len(bare) if bare.any() else 0)

    def pressure(self, z: Floats) -> Floats:
        """|z| / l1."""
        with np.errstate(over="ignore"):  # a price of 0 asks for every column that pulls at all
            return np.abs(z) / np.maximum(self.l1, TINY)

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """|z| + radius < l1."""
        found: Bools = np.abs(z) + radius < self.l1
        return found

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """B ≠ 0 or |g| > share·l1."""
        found: Bools = (b != 0.0) | (np.abs(g) > share * self.l1)
        return found

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """Per coordinate and without cancellation; a pull beyond l1 asks for a scale where there is no ridge part."""
        size, aligned = np.abs(b), -g * np.sign(b)
        over = np.maximum(np.abs(g) + slack - self.l1, 0.0)
        young = (self.l1 - aligned) * size + 0.5 * self.l2 * np.square(b)
        if (self.l2 > 0).all():
            beyond = np.where(aligned > self.l1, np.abs(aligned - self.l1 - self.l2 * size) + slack, over)
            young = np.where(aligned > self.l1, 0.0, young) + np.square(beyond) / (2 * self.l2)
            return Young(float(young.sum()), 0.0)
        shrink = float(np.max(over / np.maximum(self.l1, TINY), initial=0.0))
        # Scaling θ by s = 1/(1 + shrink) costs 1 - s of its pull.
        lost = shrink / (1.0 + shrink)
        pulled = abs(float(aligned @ size))
        return Young(max(float(young.sum()), 0.0) + float(slack @ size) + lost * pulled, lost)


@dataclass(frozen=True, eq=False)
class Dualless(ABC):
    """What forms say that no dual point bounds: not convex, they grow slower than any line."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Coordinates."""

    @property
    def smooth(self) -> bool:
        """Never."""
        return False

    @property
    def ridge(self) -> Floats:
        """0."""
        return np.zeros(self.size)

    def conjugate(self, z: Floats) -> float:
        """Inf but at 0."""
        return np.inf if z.any() else 0.0

    def scale(self, z: Floats) -> float:
        """0 but at 0."""
        return 0.0 if z.any() else 1.0

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """None."""
        return np.zeros(np.broadcast(z, radius).shape, dtype=bool)

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:  # noqa: ARG002 - no dual point
        """Unbounded."""
        return Young(np.inf, 0.0)
