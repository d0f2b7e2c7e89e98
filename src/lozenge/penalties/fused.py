"""The form of total variation along the coordinates, with an L1 part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.penalties.byprox import ByProx
from lozenge.penalties.face import Face
from lozenge.penalties.form import Young

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.penalties.form import Bools, Floats, Indices

ROUNDING = 1e-12  # of Σ|z|: a total below it is one of numbers that cancel
STEPS = 100  # of Newton on the dual norm: about five are needed, at most one per face that the path to it meets
EDGE = 1e-13  # by which a scaled point is moved inside


@dataclass(frozen=True, eq=False)
class Fused(ByProx):
    """fused Σ |bⱼ₊₁ - bⱼ| + sparse Σ |bⱼ| over k coordinates in their order."""

    k: int
    fused: float
    sparse: float

    @property
    def ridge(self) -> Floats:
        """0."""
        return np.zeros(self.k)

    def take(self, cols: Indices) -> Fused:
        """Itself, if all are taken in order."""
        if len(cols) != self.k or (cols != np.arange(self.k)).any():
            raise ValueError(
                f"tv ties each column to its neighbours; take all {self.k} in order, not {len(cols)} of them"
            )
        return self

    def cost(self, b: Floats) -> float:
        """Σ of both parts."""
        return float(self.fused * np.sum(np.abs(np.diff(b))) + self.sparse * np.sum(np.abs(b)))

    def prox(self, z: Floats, step: float) -> Floats:
        """The prox of the differences alone, then soft thresholding; O(k).

        Friedman, Hastie, Höfling, Tibshirani (2007), Pathwise coordinate optimization, AOAS 1, proposition 1.
        """
        return _soft(_smoothed(z, np.full(max(self.k - 1, 0), step * self.fused)), step * self.sparse)

    def missed(self, b: Floats, g: Floats) -> Floats:
        """What the projection of -g on the subdifferential at b leaves, per coordinate.

        The subdifferential is a product over runs of equal neighbours. Less the pulls of the runs on each other and,
        where b ≠ 0, of the L1 part, that of a run is the subdifferential at 0 of the penalty of the run alone; what a
        projection on such a set leaves is the prox of that penalty.
        """
        step = np.sign(np.diff(b))
        between = np.concatenate([[0.0], self.fused * step, [0.0]])
        rest = -g + between[1:] - between[:-1] - self.sparse * np.sign(b)
        left = _smoothed(rest, np.where(step == 0.0, self.fused, 0.0))
        return np.abs(np.where(b == 0.0, _soft(left, self.sparse), left))

    def conjugate(self, z: Floats) -> float:
        """0 where the prox of z is zero, to rounding, and inf elsewhere; without an L1 part only where Σz is 0."""
        if not z.any():
            return 0.0
        if self.sparse == 0.0:
            inside = cancels(z) and bool((np.abs(np.cumsum(z)[:-1]) <= self.fused).all())
        else:
            inside = bool((np.abs(_smoothed(z, np.full(self.k - 1, self.fused))) <= self.sparse).all())
        return 0.0 if inside else np.inf

    def dual_norm(self, z: Floats) -> float:
        """The least factor of both prices at which the prox sends z to zero; inf where none does.

        With an L1 part by Newton's method on the distance of z to the set that the prox sends to zero, a convex and
        falling function of the factor: from b = prox(z) to zᵀb/Ω(b).  It rises to the answer and ends at it, to
        rounding.
        """
        if not z.any():
            return 0.0
        if self.sparse == 0.0:
            return float(np.max(np.abs(np.cumsum(z)[:-1]), initial=0.0) / self.fused) if cancels(z) else np.inf
        factor = 0.0
        for _ in range(STEPS):
            b = self.prox(z, factor)
            if not b.any():
                break
            reached = float(z @ b) / self.cost(b)
            if reached <= factor:
                break
            factor = reached
        return factor

    def scale(self, z: Floats) -> float:
        """1 over the dual norm."""
        return (1.0 - EDGE) / max(1.0, self.dual_norm(z))

    def pressure(self, z: Floats) -> Floats:
        """Inf: no coordinate may be left out, each being tied to its neighbours."""
        return np.full(len(z), np.inf)

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:  # noqa: ARG002 - tied to their neighbours
        """All."""
        return np.ones(len(b), dtype=bool)

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """With z scaled down to where it is feasible; what is not known of z is scaled by its own norm."""
        if self.sparse == 0.0:
            return Young(np.inf, 0.0)
        unknown = float(np.max(slack, initial=0.0)) / self.sparse
        scale = (1.0 - EDGE) / max(1.0, self.dual_norm(-g) + unknown)
        value = self.cost(b) + scale * float(g @ b) + float(slack @ np.abs(b))
        return Young(max(value, 0.0), 1.0 - scale)

    def face(self, b: Floats) -> Face:
        """Runs of equal neighbours, but for those that the L1 part holds at zero."""
        rows = np.flatnonzero(b) if self.sparse > 0.0 else np.arange(self.k)
        runs = np.cumsum(np.diff(b, prepend=np.nan) != 0.0)[rows]
        _, tied = np.unique(runs, return_inverse=True)
        return Face(rows, tied, np.ones(len(rows)))

    def slope(self, b: Floats) -> Floats:
        """The derivative along the run, shared by its members, with sign(0) = 1 in the L1 part."""
        starts = np.flatnonzero(np.diff(b, prepend=np.nan) != 0.0)
        step = np.sign(np.diff(b[starts]))
        push = self.fused * (np.concatenate([[0.0], step]) - np.concatenate([step, [0.0]]))[: len(starts)]
        lengths = np.diff(starts, append=len(b))
        return np.repeat(push / lengths, lengths) + np.where(b < 0, -self.sparse, self.sparse)

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:
        """Nothing: the norm is linear on a face."""

    def onto(self, b: Floats, moved: Floats) -> Floats:
        """Neighbouring runs that would pass one another meet at their mean, and what turns its sign is zero."""
        found = np.where((self.sparse > 0.0) & (b * moved < 0.0), 0.0, moved)
        passed = np.diff(b) * np.diff(found) < 0.0
        if not passed.any():
            return found
        runs = np.cumsum(np.diff(b, prepend=np.nan) != 0.0) - 1
        met = runs - np.cumsum(np.concatenate([[False], passed]))
        level: Floats = (np.bincount(met, weights=found) / np.bincount(met))[met]
        return level


def _smoothed(z: Floats, prices: Floats) -> Floats:
    """Argmin over b of ½‖b - z‖² + Σ priceⱼ|bⱼ₊₁ - bⱼ|."""
    found = np.empty(len(z))
    _kernel.tv_prox(np.ascontiguousarray(z), prices, found)
    return found


def _soft(z: Floats, threshold: float) -> Floats:
    """Each entry moved towards zero by the threshold."""
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0.0) + 0.0  # + 0.0: no negative zeros


def cancels(z: NDArray[np.float64]) -> bool:
    """Whether the total is zero to rounding."""
    return bool(abs(np.sum(z)) <= ROUNDING * np.sum(np.abs(z)))
