"""What penalties share that have a cusp or a step at zero: a weight that enters jumps."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from lozenge.penalties.form import TINY, Dualless
from lozenge.penalties.separable import Separable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.penalties.base import Floats, Indices
    from lozenge.penalties.boxed import Boxed
    from lozenge.penalties.form import Bools, SoftThreshold

TIE = 1e-12  # above the α at which a weight is worth as much as zero
ROUNDING = 1e-9  # of the least size of a weight: what passes for that size


@dataclass(frozen=True)
class Jumping(Separable):
    """Ω(b) = Σ ω(|bⱼ|), ω concave with an infinite slope at 0, or a step there.

    Zero is a local minimum whatever pulls; what is asked is more: that it is the best place for bⱼ, the others held,
    where the loss bends by h = ν‖xⱼ‖² at most (ν = sup f'', so that for the squared loss this is exact).

    References
    ----------
    Beck, Eldar (2013), Sparsity constrained nonlinear optimization, SIAM J. Optimization 23, definition 2.3
    (L-stationarity).
    """

    curvature: Floats | None = field(default=None, kw_only=True, repr=False)
    factor: float = field(default=1.0, kw_only=True, repr=False)

    @property
    def jumps(self) -> bool:
        """Whether a weight that enters jumps."""
        return True

    def yardstick(self, alpha: float) -> float:
        """The smallest pull that moves a weight from zero: here α is no pull."""
        return float(np.min(self.price(alpha), initial=np.inf)) if len(self._h) else alpha

    def curved(self, curvature: Floats) -> Self:
        """Give the same where the loss bends by at most h along each coordinate."""
        return replace(self, curvature=curvature)

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same on some coordinates."""
        return super().take(cols).curved(self._h[cols])

    @abstractmethod
    def least(self, alpha: float | Floats) -> Floats:
        """The smallest size that a weight has where it is better than zero, at the curvature h."""

    @abstractmethod
    def bend(self, B: Floats, alpha: float) -> Floats:
        """ω''(|b|) where b ≠ 0."""

    @abstractmethod
    def slope(self, B: Floats, alpha: float) -> Floats:
        """ω'(|b|) sign(b), with sign(0) = 1."""

    @abstractmethod
    def prox(self, Z: Floats, step: float | Floats, alpha: float) -> Floats:
        """Argmin over b of ½(b - z)² + step·αΩ(b), zero where it ties."""

    @abstractmethod
    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """The pulls at which zero is the best place."""

    def prices(self, alpha: float) -> Floats | None:  # noqa: ARG002 - asked by those that have them
        """(k,) the prices of entry, where Ω is nothing else but a ridge and weights have no bounds; else None."""
        return None

    @property
    def ridges(self) -> Floats:
        """(k,) the curvature of Ω where it has prices of entry."""
        return np.zeros(len(self._v))

    @property
    def bound(self) -> Floats:
        """(k,) h."""
        return self._h

    @property
    def _h(self) -> Floats:
        if self.curvature is None:
            raise ValueError("this penalty knows no curvature yet; call curved first")
        return self.curvature

    def threshold(self, pull: Floats, alpha: float) -> Floats:
        """(k,) the size of pull on its own side up to which zero is the best place.

        Where a bound u is nearer than the least size that is better than zero, u must be: pull > ½hu + ω(u)/u.
        """
        low, high = self.zero_interval(alpha, self._h)
        found = np.where(pull > 0.0, high, -low)
        if not self.bounded:
            return found
        room = np.where(pull > 0.0, self.upper, -self.lower)
        near = (room > 0.0) & (room < self.least(alpha))
        nearest = np.where(near, room, 1.0)
        return np.where(near, 0.5 * self._h * nearest + self._costs(nearest, alpha) / nearest, found)

    def price(self, alpha: float) -> Floats:
        """The pull up to which zero is the best place."""
        return self.zero_interval(alpha, self._h)[1]

    def kernel(self, alpha: float) -> Jump:
        """αΩ as the small problem knows it."""
        return Jump(self, alpha)

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold | Boxed:
        """Σ ω'(|bⱼ|)|·|, which lies above Ω up to a constant and touches it at b; where b = 0 nothing moves."""
        return self._form(np.abs(self.slope(B, alpha)), np.zeros(len(B)))

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Add ω''."""
        system[np.diag_indices(len(rows))] += self.bend(B, alpha)[rows]

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """|grad + slope| where b ≠ 0, the price if b is too small; what |grad| is beyond the threshold where b = 0."""
        beyond = np.maximum(np.abs(grad) - self.threshold(-grad, alpha), 0.0)
        with np.errstate(invalid="ignore", over="ignore"):
            force = grad + self.slope(B, alpha)
        if self.bounded:
            force = np.where((self.upper <= B) & (force < 0.0), 0.0, force)
            force = np.where((self.lower >= B) & (force > 0.0), 0.0, force)
        small = np.abs(B) < np.where(self.within(B), self.least(alpha) * (1.0 - ROUNDING), 0.0)
        level = np.where(small, np.maximum(np.abs(force), self.price(alpha)), np.abs(force))
        return np.where(B == 0.0, beyond, level)

    def grid_start(self, pull: Floats, size: Floats) -> float:  # noqa: ARG002 - asked by penalties without a corner
        """αmax."""
        return self.alpha_max(pull)

    @abstractmethod
    def enters(self, size: Floats) -> Floats:
        """(k,) the α below which a pull of this size moves a weight from zero, if no bound is in the way."""

    def alpha_max(self, pull: Floats) -> float:
        """The smallest α at which zero is the best place for every weight, the others being zero."""
        size = self._pressing(pull)
        found = self.enters(size)
        if self.bounded:
            room = np.where(pull > 0.0, self.upper, -self.lower)
            near = (room > 0.0) & (room < self.least(found))
            nearest = np.where(near, room, 1.0)
            alone = self._costs(nearest, 0.0)  # what it costs at every α
            earned = (size - 0.5 * self._h * nearest) * nearest - alone
            worth = np.maximum(earned, 0.0) / (self._costs(nearest, 1.0) - alone)
            found = np.where(near, worth, found)
        return float(np.max(found, initial=0.0)) * (1.0 + TIE)

    def norm(self, B: Floats) -> float:
        """Ω, which is no norm."""
        return self.value(B, 1.0)

    def conjugate(self, Z: Floats, alpha: float) -> float:  # noqa: ARG002 - the same at every α
        """Inf but at 0: Ω grows slower than any line, so that no dual point bounds it."""
        return np.inf if Z.any() else 0.0


@dataclass(frozen=True, eq=False)
class Jump(Dualless):
    """The form of a penalty that jumps."""

    shape: Jumping
    alpha: float

    @property
    def size(self) -> int:
        """Coordinates."""
        return len(self.shape.bound)

    def take(self, cols: Indices) -> Jump:
        """Give the same on some coordinates."""
        return Jump(self.shape.take(cols), self.alpha)

    def cost(self, b: Floats) -> float:
        """αΩ(b)."""
        return self.shape.value(b, self.alpha)

    def missed(self, b: Floats, g: Floats) -> Floats:
        """The penalty's violation."""
        return self.shape.violation(b, g, self.alpha)

    def pressure(self, z: Floats) -> Floats:
        """|z| over the pull up to which zero is the best place."""
        return np.abs(z) / np.maximum(self.shape.threshold(z, self.alpha), TINY)

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """B ≠ 0, or pulled by more than a share of that."""
        found: Bools = (b != 0.0) | (self.pressure(-g) > share)
        return found
