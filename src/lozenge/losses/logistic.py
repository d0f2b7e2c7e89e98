"""The logistic loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses import responses
from lozenge.losses.base import Words
from lozenge.losses.elementwise import Elementwise
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats, Target


def _margin(y: Floats, eta: Floats) -> Floats:
    # With t = (1 - 2y)η both classes share one formula, f = log(1 + e^t), and the small one of p, 1 - p is never
    # formed by subtraction.
    return (1.0 - 2.0 * y) * eta


def _expit(t: Floats) -> Floats:
    e = np.exp(-np.abs(t))  # in (0, 1]: cannot overflow
    return np.where(t >= 0, 1.0, e) / (1.0 + e)


def _entropy_term(a: Floats) -> Floats:
    # a log a, with 0 log 0 = 0.
    return a * np.log(np.where(a > 0, a, 1.0))


@dataclass(frozen=True)
class Logistic(Elementwise):
    """f(y, η) = log(1 + e^η) - yη, for y in {0, 1} with log-odds η.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Logistic
    >>> bool(np.isclose(Logistic().value(np.array([1.0]), np.array([0.0]))[0], np.log(2)))
    True
    """

    name: ClassVar[str] = "logistic"
    words: ClassVar[Words] = Words("logistic regression", "odds", "odds", canonical=True)
    smoothness: ClassVar[float] = 0.25
    concordance: ClassVar[float] = 1.0

    def value(self, y: Floats, eta: Floats) -> Floats:
        """log(1 + e^t), t = (1 - 2y)η."""
        t = _margin(y, eta)
        return np.maximum(t, 0.0) + np.log1p(np.exp(-np.abs(t)))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """1/(1 + e^(-η)) - y."""
        return (1.0 - 2.0 * y) * _expit(_margin(y, eta))

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """p(1 - p)."""
        t = _margin(y, eta)
        return _expit(t) * _expit(-t)

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """v log v + (1 - v) log(1 - v) with v = y + u in [0, 1]; inf outside."""
        a = (1.0 - 2.0 * y) * u  # v where y = 0, 1 - v where y = 1: the formula is symmetric
        inside = (a >= 0.0) & (a <= 1.0)
        a = np.where(inside, a, 0.0)
        # log1p: the logarithm of what is near 1 would have lost the digits of a small a.
        rest = (1.0 - a) * np.log1p(-np.where(a < 1.0, a, 0.0))
        return np.where(inside, _entropy_term(a) + rest, np.inf)

    def saturated(self, y: Floats) -> Floats:
        """0, as η → ±∞."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """P(y = 1) = 1/(1 + e^(-η))."""
        return _expit(eta)

    def decided(self, eta: Floats) -> NDArray[np.intp]:
        """1 where the odds are above even."""
        return (eta > 0).astype(np.intp)

    def chances(self, eta: Floats) -> Floats:
        """1 - P(y = 1) and P(y = 1)."""
        return np.column_stack([1.0 - self.mean(eta), self.mean(eta)])

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:  # noqa: ARG002 - the protocol's signature
        """F is minus the log-likelihood."""
        return Likelihood(remainder=0.0, size=float(np.sum(w)))

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Code the smaller of two labels 0 and the larger 1."""
        return responses.two_classes(y, self.name)
