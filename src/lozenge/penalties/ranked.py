"""The form of the sorted L1 norm: the larger a coordinate's rank, the larger its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.penalties.byprox import ByProx
from lozenge.penalties.face import Face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.penalties.form import Bools, Floats, Indices

SLACK = 2.0 * float(np.finfo(np.float64).eps)  # within which a point on the edge of the dual ball is told as outside
EDGE = 1e-14  # by which a scaled point is moved inside
AGAIN = 8  # sweeps over the weights that are not zero, after each over all
SORT = 50  # multiplications that a coordinate costs where its pull is looked at


@dataclass(frozen=True, eq=False)
class Ranked(ByProx):
    """Σ priceⱼ|b|₍ⱼ₎, |b|₍₁₎ ≥ |b|₍₂₎ ≥ …, prices that do not increase."""

    prices: Floats

    @property
    def ridge(self) -> Floats:
        """0."""
        return np.zeros(len(self.prices))

    @property
    def toll(self) -> float:
        """Of one call."""
        return 2e-5

    def work(self, b: Floats) -> int:
        """Rows of the Gram for the weights that are not zero, twice, and those of a copy where they are few."""
        k, kept = len(b), int(np.count_nonzero(b))
        own = kept if 2 * kept <= k else k
        return kept * (2 * k + AGAIN * own) + SORT * k

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """One cluster after the other to its best magnitude, and apart where that is better.

        References
        ----------
        Larsson, Klopfenstein, Massias, Wallin (2023), Coordinate descent for SLOPE, AISTATS, section 3.
        """
        _kernel.descend_ranked(S, np.ascontiguousarray(self.prices), b, g, sweeps, AGAIN)

    def take(self, cols: Indices) -> Ranked:
        """Give the same where all other coordinates are zero: they hold the last ranks."""
        return Ranked(self.prices[: len(cols)])

    def cost(self, b: Floats) -> float:
        """Σ price|b| by rank."""
        size = np.sort(np.abs(b[b != 0.0]))[::-1]
        return float(self.prices[: len(size)] @ size)

    def prox(self, z: Floats, step: float) -> Floats:
        """sign(z) times the positive part of the non-increasing sequence nearest to |z|₍ⱼ₎ - step·priceⱼ."""
        size = np.abs(z)
        order = np.argsort(-size)
        level = pooled(size[order] - step * self.prices, np.ones(len(z)))
        found = np.empty(len(z))
        found[order] = np.maximum(level, 0.0)
        return np.sign(z) * found + 0.0  # + 0.0: no negative zeros

    def missed(self, b: Floats, g: Floats) -> Floats:
        """What the projection of -g on the subdifferential at b leaves, per coordinate.

        The subdifferential is a product over clusters, and its distance is the Euclidean norm of what is returned. A
        cluster of non-zero weights has the permutations of its prices and their means, with the weights' signs: what
        is left is the non-increasing sequence nearest to the sorted pulls less the prices. The zeros have the unit
        ball of the dual norm of theirs: what is left is the prox of their pulls.
        """
        # A zero that is pulled by no more than the last price is left nothing, and pools with none that is left more.
        own = np.flatnonzero((b != 0.0) | ~(np.abs(g) <= self.prices[-1:]))  # with what is no number
        size, force = np.abs(b[own]), g[own]
        pull = np.where(size == 0.0, np.abs(force), -np.sign(b[own]) * force)
        order = np.lexsort((-pull, -size))
        ranked = size[order]
        starts = np.flatnonzero(np.diff(ranked, prepend=np.inf))
        level = pooled(pull[order] - self.prices[: len(own)], np.ones(len(own)), starts.astype(np.int64))
        left = np.zeros(len(b))
        left[own[order]] = np.where(ranked == 0.0, np.maximum(level, 0.0), np.abs(level))
        return left

    def conjugate(self, z: Floats) -> float:
        """0 inside the unit ball of the dual norm, inf outside and within 2 eps of its edge."""
        # Extended precision where the machine has it: the sums then round below the slack.
        # What is below the last price cannot be the first to exceed.
        size = np.abs(z)
        size = np.sort(size[~(size * (1.0 + 2.0 * SLACK) <= self.prices[-1:])])[::-1].astype(np.longdouble)
        allowed = np.cumsum(self.prices[: len(size)].astype(np.longdouble))
        return np.inf if (np.cumsum(size) * (1.0 + SLACK) > allowed).any() else 0.0

    def scale(self, z: Floats) -> float:
        """1 over the dual norm."""
        # What is below the last price lowers a ratio above 1, and one below 1 is not asked for.
        size = np.abs(z)
        size = np.sort(size[~(size <= self.prices[-1:])])[::-1]
        norm = np.max(np.cumsum(size) / np.cumsum(self.prices[: len(size)]), initial=0.0)
        return (1.0 - EDGE) / max(1.0, float(norm))

    def pressure(self, z: Floats) -> Floats:
        """(k,) the factor by which prices must grow for each weight to be kept at zero by these pulls.

        Above 1 just where the screening algorithm says that the weight may be non-zero: up to the rank at which
        Σ (|z|₍ⱼ₎ - priceⱼ) is largest, the first such rank. (The published algorithm takes the last: pulls that meet
        their price exactly are then kept too.) As a function of rank it is the slope of the least concave majorant of
        Σ|z|₍ⱼ₎ over Σ priceⱼ.
        """
        size = np.abs(z)
        order = np.argsort(-size)
        found = np.empty(len(z))
        found[order] = pooled(size[order], np.ascontiguousarray(self.prices))
        return found

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """B ≠ 0, or pulled by more than a share of what holds it."""
        found: Bools = (b != 0.0) | (self.pressure(g) > share)
        return found

    def face(self, b: Floats) -> Face:
        """Magnitudes that are not zero, each with all coordinates that have it."""
        rows = np.flatnonzero(b)
        _, tied = np.unique(-np.abs(b[rows]), return_inverse=True)
        return Face(rows, tied, np.sign(b[rows]))

    def slope(self, b: Floats) -> Floats:
        """The mean price of the ranks that a magnitude holds, times the sign, with sign(0) = 1."""
        _, labels, counts = np.unique(-np.abs(b), return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        total = np.concatenate([[0.0], np.cumsum(self.prices)])
        each: Floats = ((total[ends] - total[ends - counts]) / counts)[labels]
        return np.where(b < 0, -each, each)

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:
        """Nothing: the norm is linear on a face."""

    def onto(self, b: Floats, moved: Floats) -> Floats:
        """Magnitudes that would overtake one another meet, and those that would turn negative are zero."""
        face = self.face(b)
        if face.tied is None or face.signs is None or not len(face.rows):
            return moved
        first = np.unique(face.tied, return_index=True)[1]
        size, counts = (face.signs * moved[face.rows])[first], np.bincount(face.tied).astype(np.float64)
        level = np.maximum(pooled(size * counts, counts), 0.0)
        return face.spread(level, len(b))


def pooled(total: Floats, weight: Floats, starts: NDArray[np.int64] | None = None) -> Floats:
    """(k,) the non-increasing sequence nearest to total/weight within each run; one run if ``starts`` is left out."""
    found = np.empty(len(total))
    _kernel.pool(total, weight, np.zeros(min(len(total), 1), np.int64) if starts is None else starts, found)
    return found
