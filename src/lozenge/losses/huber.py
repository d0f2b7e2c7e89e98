"""Huber's loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses import responses
from lozenge.losses.base import Edges, Target, Words
from lozenge.losses.edged import Edged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats

DAMPED = 1.0 / 32.0  # of the curvature of the parabola that touches the loss at ±r


@dataclass(frozen=True)
class Huber(Edged):
    """f(y, η) = ½r² up to |r| = δ, then δ|r| - ½δ², r = y - η, for a real response with outliers.

    Parameters
    ----------
    delta : positive, in the units of y
        1.345 standard deviations of the noise give 95 % of the efficiency of least squares where it is normal.

    References
    ----------
    Huber (1964), Robust estimation of a location parameter, Annals of Mathematical Statistics 35, eq. 4.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Huber
    >>> Huber(delta=1.0).value(np.array([1.0, 5.0]), np.array([0.0, 0.0]))
    array([0.5, 4.5])
    """

    delta: float = 1.345

    name: ClassVar[str] = "huber"
    words: ClassVar[Words] = Words("robust regression (Huber)", "level", "centre")
    smoothness: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.delta < np.inf:
            raise ValueError(f"delta must be positive and finite; got {self.delta}")

    @property
    def edges(self) -> Edges:
        """-δ and δ, with f'' = 1 between them."""
        return Edges(-self.delta, self.delta, 1.0)

    def sharp_value(self, y: Floats, eta: Floats) -> Floats:
        """½r², δ|r| - ½δ² beyond δ."""
        r = np.abs(eta - y)
        inside = np.minimum(r, self.delta)
        return inside * (r - 0.5 * inside)

    def sharp_gradient(self, y: Floats, eta: Floats) -> Floats:
        """-r, at most δ in size."""
        return np.clip(eta - y, -self.delta, self.delta)

    def sharp_curvature(self, y: Floats, eta: Floats) -> Floats:
        """1 up to δ, then 0."""
        return np.where(np.abs(eta - y) <= self.delta, 1.0, 0.0)

    def bend(self, y: Floats, eta: Floats) -> Floats:
        """1 up to δ, then a share of δ/|r|, the curvature of the parabola that touches f at ±r and lies above it."""
        if self.rounded is not None:
            return self.curvature(y, eta)
        r = np.abs(eta - y)
        return np.where(r <= self.delta, 1.0, DAMPED * self.delta / np.maximum(r, self.delta))

    def room(self, y: Floats, eta: Floats) -> Floats:
        """1 - |r|/δ, 0 beyond δ: f* ends at ±δ."""
        if self.rounded is not None:
            return self.curvature(y, eta)
        return np.maximum(1.0 - np.abs(eta - y) / self.delta, 0.0)

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """½u² + uy with |u| ≤ δ; inf outside."""
        return np.where(np.abs(u) <= self.delta, u * (0.5 * u + y), np.inf)

    def saturated(self, y: Floats) -> Floats:
        """0, at η = y."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """Η."""
        return eta

    def start(self, y: Floats, w: Floats) -> Floats:
        """The weighted median."""
        return weighted_quantile(y, w, 0.5)

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Refuse a response that is not numbers."""
        return Target(responses.squarable(y, self.name))


def weighted_quantile(y: Floats, w: Floats, share: float) -> Floats:
    """(1, m) the smallest entry of y that a share of the weight does not exceed."""
    order = np.argsort(y)
    below = np.cumsum(w[order], axis=0)
    places = np.sum(below < share * below[-1], axis=0)
    return np.asarray(y[order[np.minimum(places, len(y) - 1)]])[None]
