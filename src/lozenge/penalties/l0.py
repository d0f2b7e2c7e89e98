"""The number of weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.jumping import Jumping

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats
    from lozenge.penalties.boxed import Boxed
    from lozenge.penalties.form import SoftThreshold


@dataclass(frozen=True)
class L0(Jumping):
    """αΩ(b) = α Σ vⱼ[bⱼ ≠ 0] + ½ ridge Σ vⱼbⱼ²: a price of entry, the same for every size, and a ridge if asked.

    Parameters
    ----------
    ridge : 0 or positive; the same at every α

    References
    ----------
    Hocking, Leslie (1967), Selection of the best subset in regression analysis, Technometrics 9.
    Hazimeh, Mazumder (2020), Fast best subset selection, Operations Research 68, eq. 2.

    Examples
    --------
    A weight is worth its price where ½z² > α.

    >>> import numpy as np
    >>> from lozenge.penalties import L0
    >>> L0().with_weights(np.ones(3)).prox(np.array([1.0, 1.5, -3.0]), step=1.0, alpha=1.0)
    array([ 0. ,  1.5, -3. ])
    """

    ridge: float = 0.0

    name: ClassVar[str] = "l0"
    convex: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.ridge < np.inf:
            raise ValueError(f"ridge must be 0 or positive, and finite; got {self.ridge}")

    def parameters(self) -> dict[str, Any]:
        """The ridge, where there is one, and the bounds."""
        return ({"ridge": float(self.ridge)} if self.ridge else {}) | super().parameters()

    @property
    def ridges(self) -> Floats:
        """(k,) the curvature that the ridge adds to each weight."""
        return np.array(self._times(self.ridge))

    @property
    def box(self) -> Floats:
        """(k,) the size that no weight exceeds; inf where there is none."""
        return np.minimum(self.upper, -self.lower) if self.bounded else np.full(len(self._v), np.inf)

    def in_units(self, unit: float) -> Self:
        """α/u² = (α/u)/u."""
        return replace(super().in_units(unit), factor=self.factor / unit)

    def least(self, alpha: float | Floats) -> Floats:
        """√(2λ/(h + ρ)), ρ the ridge's curvature."""
        found: Floats = np.sqrt(self._times(2.0 * alpha * self.factor) / (self._h + self.ridges))
        return found

    def bend(self, B: Floats, alpha: float) -> Floats:  # noqa: ARG002 - the same at every height
        """ρ."""
        return np.where(B == 0.0, 0.0, self.ridges)

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold | Boxed:  # noqa: ARG002 - the step is flat
        """The ridge alone, which is Ω up to a constant where b ≠ 0; where b = 0 nothing moves."""
        return self._form(np.where(B == 0.0, np.inf, 0.0), self.ridges)

    def prices(self, alpha: float) -> Floats | None:
        """λ; None between bounds."""
        return None if self.bounded else np.array(self._times(alpha * self.factor))

    def enters(self, size: Floats) -> Floats:
        """pull²/(2(h + ρ)v)."""
        found: Floats = np.square(size) / (2.0 * (self._h + self.ridges) * self._times(self.factor))
        return found

    def _costs(self, B: Floats, alpha: float) -> Floats:
        found: Floats = self._times(alpha * self.factor) * (B != 0.0) + 0.5 * self._times(self.ridge) * np.square(B)
        return found

    def slope(self, B: Floats, alpha: float) -> Floats:  # noqa: ARG002 - a step has the same slope at every height
        """ρb, and inf at b = 0, where the value jumps."""
        return np.where(B == 0.0, np.inf, self._times(self.ridge) * B)

    def prox(self, Z: Floats, step: float | Floats, alpha: float) -> Floats:
        """z/(1 + step·ρ) where |z| > √(2 step·αv (1 + step·ρ)), else 0."""
        shrink = 1.0 + step * self._times(self.ridge)
        worth = np.abs(Z) > np.sqrt(self._times(2.0 * step * alpha * self.factor) * shrink)
        return self._confined(np.where(worth, Z / shrink, 0.0), Z, step, alpha)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±√(2αv(h + ρ))."""
        threshold = np.sqrt(self._times(2.0 * alpha * self.factor) * (curvature + self.ridges))
        return self._interval(threshold)
