"""Losses whose slopes run straight from one edge to another, with those edges rounded."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from lozenge.losses.elementwise import Elementwise

if TYPE_CHECKING:
    from lozenge.losses.base import Edges, Floats

ROUNDS = 8  # of Newton's method for u; from where it starts four leave rounding


@dataclass(frozen=True)
class Edged(Elementwise):
    """f(y, η) = sup over lo <= u <= hi of u r - ½ γ u², r = y - η.

    With edges of width h it is the sup of  u r - ½ γ u² + h log(4 (hi - u)(u - lo)/(hi - lo)²), whose slope -u is
    within the edges, and smooth in r:  r = γu + h/(hi - u) - h/(u - lo).  Every such slope is a dual point of f itself.

    References
    ----------
    Chen, Mangasarian (1996), A class of smoothing functions for nonlinear and mixed complementarity problems, Comput.
    Optim. Appl. 5, section 2.
    """

    rounded: Floats | None = field(default=None, init=False, repr=False, compare=False)

    @property
    @abstractmethod
    def edges(self) -> Edges:
        """Bounds of u, and γ."""

    @abstractmethod
    def sharp_value(self, y: Floats, eta: Floats) -> Floats:
        """f."""

    @abstractmethod
    def sharp_gradient(self, y: Floats, eta: Floats) -> Floats:
        """∂f/∂η, one of them where it jumps."""

    @abstractmethod
    def sharp_curvature(self, y: Floats, eta: Floats) -> Floats:
        """∂²f/∂η², one of them where it jumps."""

    def sharpened(self, h: Floats) -> Self:
        """With edges of width h (m,), none where that is 0."""
        found = replace(self)
        object.__setattr__(found, "rounded", h)
        return found

    def value(self, y: Floats, eta: Floats) -> Floats:
        """f, or the smooth one."""
        sharp = self.sharp_value(y, eta)
        if self.rounded is None:
            return sharp
        gamma = self.edges.gamma
        r, (u, inside) = y - eta, self._dual(y, eta)
        smooth = u * r - 0.5 * gamma * np.square(u) + self.rounded * np.log(np.where(inside > 0.0, inside, 1.0))
        return np.where(self.rounded > 0.0, smooth, sharp)

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """∂f/∂η, or -u."""
        sharp = self.sharp_gradient(y, eta)
        return sharp if self.rounded is None else np.where(self.rounded > 0.0, -self._dual(y, eta)[0], sharp)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """∂²f/∂η², or 1/(γ + h/(hi - u)² + h/(u - lo)²)."""
        sharp = self.sharp_curvature(y, eta)
        if self.rounded is None:
            return sharp
        lo, hi, gamma = self.edges
        half = 0.5 * (hi - lo)
        _, inside = self._dual(y, eta)  # 1 - x², of which 1/(1 - x)² + 1/(1 + x)² = (4 - 2 inside)/inside²
        stiff = gamma * np.square(inside) + self.rounded * (4.0 - 2.0 * inside) / (half * half)
        return np.where(self.rounded > 0.0, np.square(inside) / np.where(stiff > 0.0, stiff, 1.0), sharp)

    def unsmoothed(self, y: Floats, eta: Floats) -> Floats:
        """f itself."""
        return self.sharp_value(y, eta)

    def _dual(self, y: Floats, eta: Floats) -> tuple[Floats, Floats]:
        """The slope less its sign, u, and 1 - x² of x = (u - mean of the edges)/half their distance.

        With v = 1 - |x| the condition reads  a(1 - v) + c(1 - v)/(v(2 - v)) = q  for q >= 0, convex and falling in v.
        It is solved outright where a = 0, and else with ½ for (1 - v)/(2 - v), from where Newton's method falls to it.
        """
        lo, hi, gamma = self.edges
        middle, half = 0.5 * (hi + lo), 0.5 * (hi - lo)
        h = np.ones(1) if self.rounded is None else np.where(self.rounded > 0.0, self.rounded, 1.0)
        a, c, signed = gamma * half, 2.0 * h / half, y - eta - gamma * middle
        q = np.abs(signed)
        if a == 0.0:
            root = np.hypot(c, 2.0 * q)
            v = c * (1.0 + c / (root + 2.0 * q)) / (c + root)
        else:
            over = q - a
            root = np.sqrt(np.square(over) + 2.0 * a * c)
            v = np.where(over > 0.0, c / (np.abs(over) + root), (np.abs(over) + root) / (2.0 * a))
            v = np.clip(v, np.finfo(np.float64).tiny, 1.0)
            for _ in range(ROUNDS):
                span = v * (2.0 - v)
                missed = a * (1.0 - v) + c * (1.0 - v) / span - q
                fall = a + c * (1.0 / span + 2.0 * np.square((1.0 - v) / span))
                v = np.clip(v + missed / fall, 0.5 * v, 1.0)
        return middle + np.copysign(half * (1.0 - v), signed), v * (2.0 - v)
