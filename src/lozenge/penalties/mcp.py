"""The minimax concave penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.penalties.concave import Concave
from lozenge.penalties.folded import Folded

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats


@dataclass(frozen=True)
class MCP(Concave):
    """Ω(b) = Σ ω(bⱼ), ω = λ|b| - b²/(2γ) up to |b| = γλ and γλ²/2 beyond, λ = αvⱼ: a corner that fades to no pull.

    α is inside Ω: it sets both the corner and where the pull ends.

    Parameters
    ----------
    gamma : above 1

    Raises
    ------
    ValueError
        If ``gamma`` is not above 1.

    References
    ----------
    Zhang (2010), Nearly unbiased variable selection under minimax concave penalty, Annals of Statistics 38, eq. 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import MCP
    >>> MCP(gamma=3.0).with_weights(np.ones(3)).prox(np.array([0.9, 2.0, 4.0]), step=1.0, alpha=1.0)
    array([0. , 1.5, 4. ])
    """

    gamma: float = 3.0

    name: ClassVar[str] = "mcp"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1.0 < self.gamma < np.inf:
            raise ValueError(f"gamma must be above 1 and finite; got {self.gamma}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"gamma": self.gamma} | super().parameters()

    def _costs(self, B: Floats, alpha: float) -> Floats:
        lam = self._times(alpha)
        size = np.minimum(np.abs(B), self.gamma * lam)
        found: Floats = lam * size - np.square(size) / (2.0 * self.gamma)
        return found

    def slope(self, B: Floats, alpha: float) -> Floats:
        """(λ - |b|/γ)₊ sign(b), with sign(0) = 1."""
        return np.where(B < 0, -1.0, 1.0) * np.maximum(self._times(alpha) - np.abs(B) / self.gamma, 0.0)

    def bend(self, B: Floats, alpha: float) -> Floats:
        """-1/γ up to |b| = γλ, 0 beyond."""
        return np.where(np.abs(B) <= self.gamma * self._times(alpha), -1.0 / self.gamma, 0.0)

    def folded(self, alpha: float) -> Folded:
        """It falls from the start."""
        lam = np.array(self._times(alpha))
        return Folded(lam, np.zeros_like(lam), self.gamma * lam)

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """sign(z)(|z| - sλ)₊/(1 - s/γ) up to |z| = γλ, z beyond, s the step; from s = γ on, z where |z| > λ√(sγ)."""
        z, lam = np.abs(Z), self._times(alpha)
        if step >= self.gamma:
            return self._confined(np.where(z > lam * np.sqrt(step * self.gamma), Z, 0.0), Z, step, alpha)
        shrunk = np.sign(Z) * np.maximum(z - step * lam, 0.0) / (1.0 - step / self.gamma)
        return self._confined(np.where(z <= self.gamma * lam, shrunk, Z) + 0.0, Z, step, alpha)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±λ min(1, √(γh))."""
        threshold = self._times(alpha) * np.minimum(1.0, np.sqrt(self.gamma * curvature))
        return self._interval(threshold)
