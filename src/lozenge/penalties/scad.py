"""The smoothly clipped absolute deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.penalties.concave import Concave
from lozenge.penalties.folded import Folded

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats


@dataclass(frozen=True)
class SCAD(Concave):
    """Ω(b) = Σ ω(bⱼ): ω' is λ up to |b| = λ = αvⱼ, then falls to 0 at γλ: the lasso's corner, and no pull on the large.

    α is inside Ω: it sets the corner and where the pull begins to fade.

    Parameters
    ----------
    gamma : above 2

    Raises
    ------
    ValueError
        If ``gamma`` is not above 2.

    References
    ----------
    Fan, Li (2001), Variable selection via nonconcave penalized likelihood and its oracle properties, JASA 96, eq. 2.7.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import SCAD
    >>> SCAD(gamma=3.0).with_weights(np.ones(4)).prox(np.array([0.9, 1.5, 2.5, 4.0]), step=1.0, alpha=1.0)
    array([0. , 0.5, 2. , 4. ])
    """

    gamma: float = 3.7

    name: ClassVar[str] = "scad"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2.0 < self.gamma < np.inf:
            raise ValueError(f"gamma must be above 2 and finite; got {self.gamma}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"gamma": self.gamma} | super().parameters()

    def _costs(self, B: Floats, alpha: float) -> Floats:
        return self._each(np.abs(B), self._times(alpha))

    def slope(self, B: Floats, alpha: float) -> Floats:
        """min(λ, (γλ - |b|)₊/(γ - 1)) sign(b), with sign(0) = 1."""
        lam = self._times(alpha)
        fading = np.maximum(self.gamma * lam - np.abs(B), 0.0) / (self.gamma - 1.0)
        return np.where(B < 0, -1.0, 1.0) * np.minimum(lam, fading)

    def bend(self, B: Floats, alpha: float) -> Floats:
        """-1/(γ - 1) between λ and γλ, 0 outside."""
        size, lam = np.abs(B), self._times(alpha)
        return np.where((size > lam) & (size <= self.gamma * lam), -1.0 / (self.gamma - 1.0), 0.0)

    def folded(self, alpha: float) -> Folded:
        """It falls from λ on."""
        lam = np.array(self._times(alpha))
        return Folded(lam, lam, self.gamma * lam)

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """The best of the minima of the three pieces of Ω: up to λ, up to γλ, beyond."""
        z, lam, end = np.abs(Z), self._times(alpha), self.gamma * self._times(alpha)
        bend = 1.0 - step / (self.gamma - 1.0)
        first = np.clip(z - step * lam, 0.0, lam)
        # Where the middle piece is concave its minimum is at an end, and both ends belong to the other pieces.
        middle = np.clip((z - step * end / (self.gamma - 1.0)) / bend, lam, end) if bend > 0 else first
        found = np.stack([first, middle, np.maximum(z, end)])
        cost = 0.5 * np.square(found - z) + step * self._each(found, lam)
        best = np.take_along_axis(found, cost.argmin(axis=0)[None], axis=0)[0]
        return self._confined(np.sign(Z) * best + 0.0, Z, step, alpha)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±λ, or less where h < 1/(γ - 1) and the flat part is the better place.

        With s = 1/h, a pull sz beyond γλ is worth its price where z > λ√(s(γ + 1)); short of γλ the end of the flat
        part is, where z > λ(γ² + s(γ + 1))/(2γ).
        """
        lam, s, g = self._times(alpha), 1.0 / curvature, self.gamma
        beyond, end = np.sqrt(s * (g + 1.0)), (g * g + s * (g + 1.0)) / (2.0 * g)
        threshold = lam * np.minimum(1.0, curvature * np.where(beyond >= g, beyond, end))
        return self._interval(threshold)

    def _each(self, size: Floats, lam: Floats) -> Floats:
        g = self.gamma
        middle = (2.0 * g * lam * size - np.square(size) - np.square(lam)) / (2.0 * (g - 1.0))
        beyond = 0.5 * np.square(lam) * (g + 1.0)
        return np.where(size <= lam, lam * size, np.where(size <= g * lam, middle, beyond))
