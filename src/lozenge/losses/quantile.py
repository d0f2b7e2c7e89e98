"""The quantile loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses import responses
from lozenge.losses.base import Edges, Target, Words
from lozenge.losses.edged import Edged
from lozenge.losses.huber import weighted_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class Quantile(Edged):
    """f(y, η) = τ r₊ + (1 - τ) r₋, r = y - η, for the τ-quantile of a real response: the pinball loss.

    It has a corner at r = 0.  What is solved has rounded ones of a width that goes to 0 (`Edged`); what is certified is
    the gap of f itself.

    Parameters
    ----------
    tau : between 0 and 1, exclusive; 0.5 is the median

    References
    ----------
    Koenker, Bassett (1978), Regression quantiles, Econometrica 46, eq. 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Quantile
    >>> Quantile(tau=0.9).value(np.array([1.0, -1.0]), np.array([0.0, 0.0])).round(12)
    array([0.9, 0.1])
    """

    tau: float = 0.5

    name: ClassVar[str] = "quantile"
    words: ClassVar[Words] = Words("quantile regression", "level", "quantile")
    sharpens: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0.0 < self.tau < 1.0:
            raise ValueError(f"tau must lie between 0 and 1, exclusive; got {self.tau}. The median is tau=0.5")
        called = "median" if self.tau == 0.5 else f"{self.tau:g}-quantile"
        object.__setattr__(self, "words", type(self).words._replace(of=called))

    @property
    def edges(self) -> Edges:
        """τ - 1 and τ, with a corner between them."""
        return Edges(self.tau - 1.0, self.tau, 0.0)

    def sharp_value(self, y: Floats, eta: Floats) -> Floats:
        """τ r₊ + (1 - τ) r₋."""
        r = y - eta
        return np.maximum(self.tau * r, (self.tau - 1.0) * r)

    def sharp_gradient(self, y: Floats, eta: Floats) -> Floats:
        """-τ or 1 - τ, 0 at the corner."""
        r = y - eta
        return np.where(r > 0.0, -self.tau, np.where(r < 0.0, 1.0 - self.tau, 0.0))

    def sharp_curvature(self, y: Floats, eta: Floats) -> Floats:
        """0."""
        return np.zeros(np.broadcast_shapes(y.shape, eta.shape))

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """Yu, the sharp loss's, where -τ ≤ u ≤ 1 - τ; inf outside."""
        return np.where((u >= -self.tau) & (u <= 1.0 - self.tau), y * u, np.inf)

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
        return Target(responses.squarable(y, self.name))
