"""What penalties that are concave in |b| share: a corner at zero whose pull fades as the weight grows."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lozenge.penalties.separable import Separable

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats, Indices
    from lozenge.penalties.boxed import Boxed
    from lozenge.penalties.folded import Folded
    from lozenge.penalties.form import SoftThreshold


@dataclass(frozen=True)
class Concave(Separable):
    """Ω_α(b) = Σ ω(|bⱼ|), ω concave with slope λⱼ = αvⱼ at 0: each tangent is a weighted L1 penalty that lies above.

    References
    ----------
    Zou, Li (2008), One-step sparse estimates in nonconcave penalized likelihood models, Annals of Statistics 36,
    eq. 2.6 (the local linear approximation).
    """

    convex: ClassVar[bool] = False

    @abstractmethod
    def slope(self, B: Floats, alpha: float) -> Floats:
        """ω'(|b|) sign(b), with sign(0) = 1."""

    def price(self, alpha: float) -> Floats:
        """λ."""
        return self._times(alpha)

    def folded(self, alpha: float) -> Folded | None:  # noqa: ARG002 - asked by those that have it
        """αΩ itself, where ω' is constant and then falls on a line."""
        return None

    @property
    def majorised(self) -> bool:
        """Between bounds, and where there is no form for αΩ itself."""
        return self.bounded or self.folded(1.0) is None

    def kernel(self, alpha: float) -> SoftThreshold | Boxed | Folded:
        """αΩ itself, or the tangent at zero: the lasso's penalty."""
        itself = None if self.bounded else self.folded(alpha)
        return self._form(self._times(alpha), self._times(0.0)) if itself is None else itself

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold | Boxed:
        """Σ ω'(|bⱼ|)|·|, which lies above Ω up to a constant and touches it at b."""
        return self._form(np.abs(self.slope(B, alpha)), np.zeros(len(B)))

    @abstractmethod
    def bend(self, B: Floats, alpha: float) -> Floats:
        """ω''(|b|) where b ≠ 0, which is at most 0."""

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Add ω''."""
        system[np.diag_indices(len(rows))] += self.bend(B, alpha)[rows]

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """|grad + slope| where b ≠ 0, (|grad| - λ)₊ where b = 0; none where a bound holds b."""
        return self.tangent(B, alpha).missed(B, grad)

    def alpha_max(self, pull: Floats) -> float:
        """Max |pull| / v."""
        return float(np.max(self._pressing(pull) / self._times(1.0), initial=0.0))

    def grid_start(self, pull: Floats, size: Floats) -> float:  # noqa: ARG002 - asked by penalties without a corner
        """αmax."""
        return self.alpha_max(pull)

    def norm(self, B: Floats) -> float:
        """Ω at α = 1, which is no norm."""
        return self.value(B, 1.0)

    def conjugate(self, Z: Floats, alpha: float) -> float:  # noqa: ARG002 - the same at every α
        """Inf but at 0: Ω grows slower than any line, so that no dual point bounds it."""
        return np.inf if Z.any() else 0.0
