"""The absolute value with a cap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.penalties.concave import Concave

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats


@dataclass(frozen=True)
class CappedL1(Concave):
    """Ω(b) = Σ λ min(|bⱼ|, γλ), λ = αvⱼ: the lasso's penalty up to |b| = γλ, and no pull at all beyond.

    α is inside Ω: it sets both the corner and where the pull ends. A cap that is a multiple of λ rather than a weight
    has no unit, and means the same reach as γ does in MCP and SCAD.

    Parameters
    ----------
    gamma : above 0

    Raises
    ------
    ValueError
        If ``gamma`` is not positive and finite.

    Notes
    -----
    At the kink |b| = γλ every line with a slope between 0 and λ lies above Ω. ``slope`` and ``tangent`` take λ there,
    as the multi-stage relaxation does. No minimum lies on the kink.

    References
    ----------
    Zhang (2010), Analysis of multi-stage convex relaxation for sparse regularization, JMLR 11, section 2, with θ = γλ.

    Examples
    --------
    A weight is either shrunk as the lasso shrinks it or left as it is; it jumps by λ at z = (γ + ½)λ.

    >>> import numpy as np
    >>> from lozenge.penalties import CappedL1
    >>> CappedL1(gamma=3.0).with_weights(np.ones(4)).prox(np.array([0.9, 2.0, 3.5, 3.6]), step=1.0, alpha=1.0)
    array([0. , 1. , 2.5, 3.6])
    """

    gamma: float = 3.0

    name: ClassVar[str] = "capped_l1"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.gamma < np.inf:
            raise ValueError(f"gamma must be above 0 and finite; got {self.gamma}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"gamma": self.gamma} | super().parameters()

    def _costs(self, B: Floats, alpha: float) -> Floats:
        lam = self._times(alpha)
        found: Floats = lam * np.minimum(np.abs(B), self.gamma * lam)
        return found

    def slope(self, B: Floats, alpha: float) -> Floats:
        """λ sign(b) up to |b| = γλ, with sign(0) = 1, and 0 beyond."""
        lam = self._times(alpha)
        return np.where(B < 0, -1.0, 1.0) * np.where(np.abs(B) <= self.gamma * lam, lam, 0.0)

    def bend(self, B: Floats, alpha: float) -> Floats:  # noqa: ARG002 - two straight pieces
        """0."""
        return np.zeros(len(B))

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """sign(z)(|z| - sλ)₊ up to |z| = (γ + s/2)λ, z beyond, s the step; from s = 2γ on, z where |z| > λ√(2sγ)."""
        z, lam = np.abs(Z), self._times(alpha)
        # With t = sλ: at z >= γλ the flat part costs tγλ at b = z; the sloping one t(z - t/2) at z - t, or z²/2 at 0.
        reach = self.gamma + 0.5 * step if step < 2.0 * self.gamma else np.sqrt(2.0 * step * self.gamma)
        shrunk = np.sign(Z) * np.maximum(z - step * lam, 0.0)
        return self._confined(np.where(z <= reach * lam, shrunk, Z) + 0.0, Z, step, alpha)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±λ min(1, √(2γh))."""
        threshold = self._times(alpha) * np.minimum(1.0, np.sqrt(2.0 * self.gamma * curvature))
        return self._interval(threshold)
