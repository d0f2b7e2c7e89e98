"""The logistic loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses.base import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


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
class Logistic:
    """f(y, η) = log(1 + e^η) - yη, for y in {0, 1} with log-odds η.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Logistic
    >>> bool(np.isclose(Logistic().value(np.array([1.0]), np.array([0.0]))[0], np.log(2)))
    True
    """

    name: ClassVar[str] = "logistic"
    width: ClassVar[int] = 1
    smoothness: ClassVar[float] = 0.25
    quadratic: ClassVar[bool] = False

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
        return np.where(inside, _entropy_term(a) + _entropy_term(1.0 - a), np.inf)

    def saturated(self, y: Floats) -> Floats:
        """0, as η → ±∞."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """P(y = 1) = 1/(1 + e^(-η))."""
        return _expit(eta)

    def unit(self, y: Floats) -> float:  # noqa: ARG002 - the protocol's signature
        """1: the log-odds have their own unit."""
        return 1.0

    def check(self, y: NDArray[Any]) -> Target:
        """Code the smaller of two labels 0 and the larger 1."""
        classes = np.unique(y)
        if len(classes) != 2:
            shown = ", ".join(str(c)[:20] for c in classes[:4]) + (", …" if len(classes) > 4 else "")
            remedy = "one class cannot be told from another" if len(classes) < 2 else "for a number use loss='squared'"
            raise ValueError(f"y must hold two classes for the logistic loss; got {len(classes)} ({shown}): {remedy}")
        return Target((y == classes[1]).astype(np.float64), tuple(classes.tolist()))
