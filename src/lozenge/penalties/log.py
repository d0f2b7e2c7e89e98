"""The logarithm of the weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.concave import Concave

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats

HALVINGS = 60  # of the bracket in which the jump lies


@dataclass(frozen=True)
class Log(Concave):
    """Ω(b) = Σ vⱼ ε log(1 + |bⱼ|/ε): L1's corner at zero, and a pull αvⱼε/(ε + |b|) that fades with the weight.

    Parameters
    ----------
    epsilon : above 0
        The weight at which the pull is half of what it is at zero.

    Raises
    ------
    ValueError
        If ``epsilon`` is not positive and finite.

    References
    ----------
    Candès, Wakin, Boyd (2008), Enhancing sparsity by reweighted ℓ1 minimization, J. Fourier Anal. Appl. 14, eq. 8.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import Log
    >>> Log(epsilon=1.0).with_weights(np.ones(3)).prox(np.array([1.0, 2.0, 7.0]), step=1.0, alpha=1.0).round(3)
    array([0.   , 1.618, 6.873])
    """

    epsilon: float = 0.1

    name: ClassVar[str] = "log"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.epsilon < np.inf:
            raise ValueError(f"epsilon must be above 0 and finite; got {self.epsilon}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"epsilon": self.epsilon} | super().parameters()

    def _costs(self, B: Floats, alpha: float) -> Floats:
        return self._times(alpha * self.epsilon) * np.log1p(np.abs(B) / self.epsilon)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αvε/(ε + |b|) sign(b), with sign(0) = 1."""
        return np.where(B < 0, -1.0, 1.0) * self._times(alpha * self.epsilon) / (self.epsilon + np.abs(B))

    def bend(self, B: Floats, alpha: float) -> Floats:
        """-αvε/(ε + |b|)²."""
        return -self._times(alpha * self.epsilon) / np.square(self.epsilon + np.abs(B))

    def in_units(self, unit: float) -> Self:
        """ε is a weight, and has its unit."""
        return replace(super().in_units(unit), epsilon=self.epsilon / unit)

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """The larger root of (b - |z|)(b + ε) + λε = 0, λ = step·αv, where it is worth more than zero."""
        z, lam = np.abs(Z), self._times(step * alpha)
        found = np.sign(Z) * np.where(self._gain(z, lam) > 0.0, self._root(z, lam), 0.0) + 0.0
        return self._confined(found, Z, step, alpha)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±λ = ±αv where that is at most hε; else the pull at which the larger root is worth as much as zero."""
        lam = self._times(alpha) / curvature
        high = lam.copy()  # where 0 is no longer a minimum of its neighbourhood
        low = np.where(lam > self.epsilon, 2.0 * np.sqrt(lam * self.epsilon) - self.epsilon, lam)  # no root below
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            worth = self._gain(middle, lam) > 0.0
            low, high = np.where(worth, low, middle), np.where(worth, middle, high)
        return self._interval(curvature * low)

    def _root(self, z: Floats, lam: Floats) -> Floats:
        inside = np.maximum(np.square(z + self.epsilon) - 4.0 * lam * self.epsilon, 0.0)
        return np.maximum(0.5 * (z - self.epsilon + np.sqrt(inside)), 0.0)

    def _gain(self, z: Floats, lam: Floats) -> Floats:
        """By how much the larger root lowers the cost below that of zero."""
        b = self._root(z, lam)
        gain: Floats = b * (z - 0.5 * b) - lam * self.epsilon * np.log1p(b / self.epsilon)
        return gain
