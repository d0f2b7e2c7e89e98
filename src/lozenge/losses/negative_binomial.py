"""The negative binomial loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import expit, gammaln

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.losses.poisson import exp, log_mean
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class NegativeBinomial(Elementwise):
    """f(y, η) = (y + θ) log(1 + e^η/θ) - yη, for counts with mean μ = e^η and variance μ + μ²/θ.

    As θ grows it becomes the Poisson loss.

    Parameters
    ----------
    theta : positive, known beforehand
        Small for counts that spread more than Poisson's.

    References
    ----------
    McCullagh, Nelder (1989), Generalized Linear Models, section 11.2; θ as in Venables, Ripley (2002), section 7.4.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import NegativeBinomial
    >>> bool(np.isclose(NegativeBinomial(theta=1.0).value(np.array([0.0]), np.array([0.0]))[0], np.log(2)))
    True
    """

    theta: float = 1.0

    name: ClassVar[str] = "negative_binomial"
    words: ClassVar[Words] = Words("negative binomial regression", "mean", "expected count")
    concordance: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.theta < np.inf:
            raise ValueError(
                f"theta must be positive and finite; got {self.theta}. Without a bound it is loss='poisson'"
            )

    def _odds(self, eta: Floats) -> Floats:
        return np.asarray(eta - np.log(self.theta))

    def value(self, y: Floats, eta: Floats) -> Floats:
        """(y + θ) log(1 + e^η/θ) - yη."""
        t = self._odds(eta)
        # The terms in t, taken together, so that (y + θ)t - yη is never formed by subtraction.
        level = np.where(t > 0.0, self.theta * t - y * np.log(self.theta), -y * eta)
        return np.asarray(level + (y + self.theta) * np.log1p(np.exp(-np.abs(t))))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """θ(e^η - y)/(θ + e^η)."""
        t = self._odds(eta)
        return np.asarray(self.theta * expit(t) - y * expit(-t))

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """(y + θ) θe^η/(θ + e^η)²."""
        t = self._odds(eta)
        return np.asarray((y + self.theta) * expit(t) * expit(-t))

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """v log(θr) + (θ - u) log(1 - r) with v = y + u, r = v/(y + θ) in [0, 1]; inf outside."""
        whole, v, rest = y + self.theta, y + u, self.theta - u
        inside = (v >= 0.0) & (rest >= 0.0)
        v, rest = np.where(inside, v, 0.0), np.where(inside, rest, 0.0)
        found = v * np.log(self.theta) + _entropy_term(v, rest, whole) + _entropy_term(rest, v, whole)
        return np.where(inside, found, np.inf)

    def grain(self, y: Floats, eta: Floats, slope: Floats, u: Floats) -> Floats:
        """(y + |u|) log θ, with which the other terms cancel; their exponents are differences."""
        far = abs(float(np.log(self.theta)))
        return 2.0 * (y + np.abs(u)) * far + np.abs(slope) * (1.0 + np.abs(eta) + far)

    def saturated(self, y: Floats) -> Floats:
        """f at e^η = y."""
        return -self.conjugate(y, np.zeros_like(y))

    def mean(self, eta: Floats) -> Floats:
        """e^η."""
        return exp(eta)

    def start(self, y: Floats, w: Floats) -> Floats:
        """The log of the mean."""
        return log_mean(y, w)

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:
        """With log(y! Γ(θ)/Γ(y + θ)) + y log θ."""
        theta = self.theta
        rest = gammaln(y + 1.0) + gammaln(theta) - gammaln(y + theta) + y * np.log(theta)
        return Likelihood(remainder=float(w @ rest), size=float(np.sum(w)))

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Refuse what is no number, or negative."""
        return Target(responses.at_least(y, self.name))


def _entropy_term(part: Floats, other: Floats, whole: Floats) -> Floats:
    """Part log(part/whole), with 0 log 0 = 0; from the other part where that is the smaller one."""
    most = part > other
    near, far = np.where(most, other / whole, 0.0), np.where(most | (part == 0.0), 1.0, part / whole)
    return np.asarray(part * np.where(most, np.log1p(-near), np.log(far)))
