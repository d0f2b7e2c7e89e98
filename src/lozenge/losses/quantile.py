"""The quantile loss."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.losses.huber import weighted_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


DAMPED = 1.0 / 32.0


@dataclass(frozen=True)
class Quantile(Elementwise):
    """f(y, η) = τ r₊ + (1 - τ) r₋, r = y - η, for the τ-quantile of a real response: the pinball loss.

    It has a corner at r = 0.  What is solved is  τ r + h log(1 + e^(-r/h)) ≥ f,  at most h log 2 above it, for widths h
    that go to 0; what is certified is the gap of f itself, for which every slope of the smooth one is a dual point.

    Parameters
    ----------
    tau : between 0 and 1, exclusive; 0.5 is the median

    References
    ----------
    Koenker, Bassett (1978), Regression quantiles, Econometrica 46, eq. 2.1. Chen, Mangasarian (1996), A class of
    smoothing functions for nonlinear and mixed complementarity problems, Comput. Optim. Appl. 5, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Quantile
    >>> Quantile(tau=0.9).value(np.array([1.0, -1.0]), np.array([0.0, 0.0])).round(12)
    array([0.9, 0.1])
    """

    tau: float = 0.5
    width_of_corner: Floats | None = field(default=None, init=False, repr=False, compare=False)

    name: ClassVar[str] = "quantile"
    words: ClassVar[Words] = Words("quantile regression", "level", "quantile")
    sharpens: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0.0 < self.tau < 1.0:
            raise ValueError(f"tau must lie between 0 and 1, exclusive; got {self.tau}. The median is tau=0.5")
        called = "median" if self.tau == 0.5 else f"{self.tau:g}-quantile"
        object.__setattr__(self, "words", type(self).words._replace(of=called))

    def sharpened(self, h: Floats) -> Self:
        """Smooth, with corners of width h (m,)."""
        found = replace(self)
        object.__setattr__(found, "width_of_corner", h)
        return found

    def value(self, y: Floats, eta: Floats) -> Floats:
        """(τ - ½)r + s - h + h log(h/(2(h + s))), s = √(h² + r²/4); without a width τ r₊ + (1 - τ) r₋."""
        r, h = y - eta, self.width_of_corner
        if h is None:
            return np.maximum(self.tau * r, (self.tau - 1.0) * r)
        s = np.hypot(h, 0.5 * r)
        return np.asarray((self.tau - 0.5) * r + s - h - h * np.log(2.0 * (1.0 + s / h)))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """½ - τ - r/(4(h + s)); without a width -τ or 1 - τ, 0 at the corner."""
        r, h = y - eta, self.width_of_corner
        if h is None:
            return np.where(r > 0.0, -self.tau, np.where(r < 0.0, 1.0 - self.tau, 0.0))
        return np.asarray(0.5 - self.tau - r / (4.0 * (h + np.hypot(h, 0.5 * r))))

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """h/(4s(h + s)); without a width 0."""
        r, h = y - eta, self.width_of_corner
        if h is None:
            return np.zeros(r.shape)
        s = np.hypot(h, 0.5 * r)
        return np.asarray(h / (4.0 * s * (h + s)))

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """Yu, the sharp loss's, where -τ ≤ u ≤ 1 - τ; inf outside."""
        return np.where((u >= -self.tau) & (u <= 1.0 - self.tau), y * u, np.inf)

    def unsmoothed(self, y: Floats, eta: Floats) -> Floats:
        """τ r₊ + (1 - τ) r₋."""
        return Quantile(self.tau).value(y, eta)

    def saturated(self, y: Floats) -> Floats:
        """0, at η = y."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """The quantile, η."""
        return eta

    def start(self, y: Floats, w: Floats) -> Floats:
        """The weighted quantile."""
        return weighted_quantile(y, w, self.tau)

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Refuse a response that is not numbers."""
        return Target(responses.numbers(y, self.name))
