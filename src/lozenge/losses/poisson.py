"""The Poisson loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import gammaln, xlogy

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class Poisson(Elementwise):
    """f(y, η) = e^η - yη, for counts, or rates weighted by their exposure, with mean e^η.

    An exposure t enters as offset = log t, or as the weight of the rate y/t: the weights come out the same.

    References
    ----------
    McCullagh, Nelder (1989), Generalized Linear Models, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Poisson
    >>> Poisson().value(np.array([3.0]), np.array([0.0]))
    array([1.])
    """

    name: ClassVar[str] = "poisson"
    words: ClassVar[Words] = Words("Poisson regression", "mean", "expected count", canonical=True)
    concordance: ClassVar[float] = 1.0

    def value(self, y: Floats, eta: Floats) -> Floats:
        """e^η - yη."""
        return exp(eta) - y * eta

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """e^η - y."""
        return exp(eta) - y

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """e^η."""
        return np.asarray(exp(eta + 0.0 * y))

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """v log v - v with v = y + u ≥ 0; inf outside."""
        v = y + u
        inside = v >= 0.0
        v = np.where(inside, v, 0.0)
        return np.where(inside, xlogy(v, v) - v, np.inf)

    def grain(self, y: Floats, eta: Floats, slope: Floats, u: Floats) -> Floats:  # noqa: ARG002 - the protocol's signature
        """Yη, with which e^η cancels, and v ≤ y + |u|."""
        return y * (1.0 + 2.0 * np.abs(eta)) + np.abs(u)

    def saturated(self, y: Floats) -> Floats:
        """y - y log y, at e^η = y."""
        return np.asarray(y - xlogy(y, y))

    def mean(self, eta: Floats) -> Floats:
        """e^η."""
        return exp(eta)

    def start(self, y: Floats, w: Floats) -> Floats:
        """The log of the mean."""
        return log_mean(y, w)

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:
        """With log y!."""
        return Likelihood(remainder=float(w @ gammaln(y + 1.0)), size=float(np.sum(w)))

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Refuse what is no number, or negative."""
        return Target(responses.at_least(y, self.name))


def exp(eta: Floats) -> Floats:
    """e^η, inf where that is no float."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(eta))


def log_mean(y: Floats, w: Floats) -> Floats:
    """(1, m) the log of the mean of y, 0 where that is 0."""
    with np.errstate(invalid="ignore"):
        mean = (y @ w) / np.sum(w, axis=0)
    return np.log(np.where(mean > 0.0, mean, 1.0))[None]
