"""What penalties that are concave in |b| share: a corner at zero whose pull fades as the weight grows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from lozenge.penalties.base import Separable, SoftThreshold

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats


@dataclass(frozen=True)
class Concave(Separable, ABC):
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

    def in_units(self, unit: float) -> Self:  # noqa: ARG002 - where λ bends the curve too, Ω_α(ub)/u² = Ω_(α/u)(b)
        """Ω' with Ω_α(ub)/u² = Ω'_(α/u)(b)."""
        return self

    def price(self, alpha: float) -> Floats:
        """λ."""
        return self._times(alpha)

    def kernel(self, alpha: float) -> SoftThreshold:
        """The tangent at zero: the lasso's penalty."""
        return SoftThreshold(self._times(alpha), self._times(0.0))

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold:
        """Σ ω'(|bⱼ|)|·|, which lies above Ω up to a constant and touches it at b."""
        return SoftThreshold(np.abs(self.slope(B, alpha)), np.zeros(len(B)))

    @abstractmethod
    def bend(self, B: Floats, alpha: float) -> Floats:
        """ω''(|b|) where b ≠ 0, which is at most 0."""

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """|grad + slope| where b ≠ 0, (|grad| - λ)₊ where b = 0."""
        beyond = np.maximum(np.abs(grad) - self.price(alpha), 0.0)
        return np.where(B == 0.0, beyond, np.abs(grad + self.slope(B, alpha)))

    def alpha_max(self, grad: Floats) -> float:
        """Max |grad| / v."""
        return float(np.max(np.abs(grad) / self._times(1.0), initial=0.0))

    def grid_start(self, grad: Floats, size: Floats) -> float:  # noqa: ARG002 - asked by penalties without a corner
        """αmax."""
        return self.alpha_max(grad)

    def conjugate(self, Z: Floats, alpha: float) -> float:  # noqa: ARG002 - the same at every α
        """Inf but at 0: Ω grows slower than any line, so that no dual point bounds it."""
        return np.inf if Z.any() else 0.0
