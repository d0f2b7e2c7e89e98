"""The gamma loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import xlogy

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.losses.poisson import exp, log_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class Gamma(Elementwise):
    """f(y, η) = η + y e^(-η), for positive amounts with mean e^η and a spread in proportion to it.

    References
    ----------
    McCullagh, Nelder (1989), Generalized Linear Models, chapter 8, under the log link.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Gamma
    >>> Gamma().value(np.array([3.0]), np.array([0.0]))
    array([3.])
    """

    name: ClassVar[str] = "gamma"
    words: ClassVar[Words] = Words("gamma regression", "mean", "expected amount")
    concordance: ClassVar[float] = 1.0

    def value(self, y: Floats, eta: Floats) -> Floats:
        """η + y e^(-η)."""
        return eta + _ratio(y, eta)

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """1 - y e^(-η)."""
        return 1.0 - _ratio(y, eta)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """y e^(-η)."""
        return _ratio(y, eta)

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """v log(v/y) - v with v = 1 - u ≥ 0; inf outside."""
        v = 1.0 - u
        inside = v >= 0.0
        v = np.where(inside, v, 0.0)
        return np.where(inside, xlogy(v, v) - v * np.log(y) - v, np.inf)

    def grain(self, y: Floats, eta: Floats, slope: Floats, u: Floats) -> Floats:
        """|η|, with which y e^(-η) cancels, and v ≤ 1 + |u|; their exponents and logarithms are differences."""
        return (1.0 + np.abs(slope) + np.abs(u)) * (1.0 + np.abs(eta) + np.abs(np.log(y)))

    def saturated(self, y: Floats) -> Floats:
        """1 + log y, at e^η = y."""
        return 1.0 + np.log(y)

    def mean(self, eta: Floats) -> Floats:
        """e^η."""
        return exp(eta)

    def start(self, y: Floats, w: Floats) -> Floats:
        """The log of the mean."""
        return log_mean(y, w)

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Refuse what is no number, or not positive."""
        return Target(responses.at_least(y, self.name, positive=True))


def _ratio(y: Floats, eta: Floats) -> Floats:
    # Not y·e^(-η): that overflows before the product does.
    return exp(np.log(y) - eta)
