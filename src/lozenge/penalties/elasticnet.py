"""The elastic net."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from lozenge.penalties.base import Separable, SoftThreshold

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats

SMALLEST_RATIO = 1e-3  # below this l1_ratio a grid starts as the ridge's does, which no finite α makes zero
FAINT = 1e-3  # of the root of the null deviance: the spread of η that the strongest column makes where it starts


@dataclass(frozen=True)
class ElasticNet(Separable):
    """Ω(b) = Σ vⱼ (ρ|bⱼ| + ½(1 - ρ) bⱼ²).

    Parameters
    ----------
    l1_ratio : ρ in [0, 1]
        1 is the lasso's penalty, 0 the ridge's.

    Raises
    ------
    ValueError
        If ``l1_ratio`` is outside [0, 1].

    References
    ----------
    Zou, Hastie (2005), Regularization and variable selection via the elastic net, JRSS B 67.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import ElasticNet
    >>> ElasticNet(l1_ratio=0.5).with_weights(np.ones(1)).value(np.array([2.0]), alpha=1.0)
    2.0
    """

    l1_ratio: float = 0.5
    ridge_unit: float = 1.0

    name: ClassVar[str] = "elasticnet"
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.l1_ratio <= 1.0:
            raise ValueError(f"l1_ratio must lie between 0 (ridge) and 1 (lasso); got {self.l1_ratio}")

    def parameters(self) -> dict[str, float]:
        """The constructor's arguments."""
        return {"l1_ratio": self.l1_ratio}

    def in_units(self, unit: float) -> Self:
        """Ω' with αΩ(ub)/u² = (α/u)Ω'(b): the ridge part takes the factor u, the L1 part none."""
        return replace(self, ridge_unit=unit)

    def price(self, alpha: float) -> Floats:
        """αρv."""
        return self._times(alpha * self.l1_ratio)

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold:  # noqa: ARG002 - convex: the penalty itself
        """αΩ."""
        return self.kernel(alpha)

    def bend(self, B: Floats, alpha: float) -> Floats:  # noqa: ARG002 - the same everywhere
        """α(1 - ρ)v."""
        return self.kernel(alpha).l2

    def kernel(self, alpha: float) -> SoftThreshold:
        """l1 = αρv, l2 = α(1 - ρ)v."""
        ridge = alpha * (1.0 - self.l1_ratio) * self.ridge_unit
        return SoftThreshold(self._times(alpha * self.l1_ratio), self._times(ridge))

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        kernel = self.kernel(alpha)
        return float(kernel.l1 @ np.abs(B) + 0.5 * (kernel.l2 @ np.square(B)))

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αv (ρ sign(b) + (1 - ρ) b), with sign(0) = 1."""
        kernel = self.kernel(alpha)
        return np.where(B < 0, -kernel.l1, kernel.l1) + kernel.l2 * B

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """sign(z)(|z| - step·αρv)₊ / (1 + step·α(1 - ρ)v)."""
        kernel = self.kernel(alpha)
        shrunk = np.maximum(np.abs(Z) - step * kernel.l1, 0.0)
        return np.sign(Z) * shrunk / (1.0 + step * kernel.l2) + 0.0  # + 0.0: no negative zeros

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """|grad + slope| where b ≠ 0, (|grad| - αρv)₊ where b = 0."""
        kernel = self.kernel(alpha)
        return np.where(
            B == 0.0,
            np.maximum(np.abs(grad) - kernel.l1, 0.0),
            np.abs(grad + np.sign(B) * kernel.l1 + kernel.l2 * B),
        )

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:  # noqa: ARG002 - a convex corner's width does not depend on it
        """[-αρv, αρv]."""
        threshold = alpha * self.l1_ratio
        return self._times(-threshold), self._times(threshold)

    def alpha_max(self, grad: Floats) -> float:
        """Max |grad| / (ρv); inf at ρ = 0, where only α = ∞ makes a weight that is pulled at all zero."""
        if self.l1_ratio == 0.0:
            return np.inf if grad.any() else 0.0
        return float(np.max(np.abs(grad) / self._times(self.l1_ratio), initial=0.0))

    def grid_start(self, grad: Floats, size: Floats) -> float:
        """αmax; for ρ below 1e-3 the α at which the ridge leaves the strongest column alone an η of 1e-3 in ``size``.

        That is max |grad|·size / (1e-3 v), free of y's unit as the ridge's α is: with squared loss and standardised
        columns 1,000 times the largest correlation.
        """
        if self.l1_ratio >= SMALLEST_RATIO:
            return self.alpha_max(grad)
        return float(np.max(np.abs(grad) * size / self._times(FAINT * self.ridge_unit), initial=0.0))

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """Σ (|z| - αρv)₊² / (2α(1 - ρ)v); at ρ = 1, 0 inside the box |z| ≤ αv and inf outside."""
        kernel = self.kernel(alpha)
        excess = np.maximum(np.abs(Z) - kernel.l1, 0.0)
        if not excess.any():
            return 0.0
        if not kernel.l2.all():
            return np.inf
        return float(np.sum(np.square(excess) / (2.0 * kernel.l2)))
