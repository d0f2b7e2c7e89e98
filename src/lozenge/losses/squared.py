"""The squared loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class Squared(Elementwise):
    """f(y, η) = ½(y - η)², for a real response with mean η.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Squared
    >>> Squared().value(np.array([3.0]), np.array([1.0]))
    array([2.])
    """

    name: ClassVar[str] = "squared"
    words: ClassVar[Words] = Words("linear regression", "level", "mean", canonical=True)
    smoothness: ClassVar[float] = 1.0
    concordance: ClassVar[float] = 0.0
    quadratic: ClassVar[bool] = True

    def value(self, y: Floats, eta: Floats) -> Floats:
        """½(y - η)²."""
        return 0.5 * np.square(eta - y)

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """Η - y."""
        return eta - y

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """1."""
        return np.ones(np.broadcast_shapes(y.shape, eta.shape))

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """½u² + uy."""
        return u * (0.5 * u + y)

    def saturated(self, y: Floats) -> Floats:
        """0, at η = y."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """Η."""
        return eta

    def unit(self, y: Floats) -> float:
        """Power of two of the largest |y|, so that squares neither overflow nor vanish."""
        largest = float(np.max(np.abs(y), initial=0.0))
        return float(np.ldexp(1.0, int(np.clip(np.frexp(largest)[1], -1000, 1000)))) if largest > 0 else 1.0

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:  # noqa: ARG002 - the protocol's signature
        """Gaussian, with the variance at its best."""
        return Likelihood(remainder=0.0, size=float(np.sum(w)), profiled=True)

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Refuse a response that is not numbers."""
        return Target(responses.numbers(y, self.name))
