"""The Tweedie losses, between Poisson and gamma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.losses.poisson import exp, log_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats

STEPS = 60  # of a safeguarded Newton: each at least halves a bracket
NEAR = 1e-15
FAR = 30.0  # e^30 and e^30 - 1 have the same thirteen digits


@dataclass(frozen=True)
class Tweedie(Elementwise):
    """f(y, η), half the unit deviance with variance μ^power, for amounts that may be exactly zero, with mean μ = e^η.

    f = y^b (expm1(-aδ)/a + expm1(bδ)/b),  a = power - 1,  b = 2 - power,  δ = η - log y;  e^(bη)/b where y = 0

    Where a or b is 0 its term is in the limit -δ or δ: half the Poisson deviance, half the gamma deviance.

    Parameters
    ----------
    power : between 1, as of Poisson's law, and 2, as of the gamma law
        Outside, the loss is not convex in η.

    References
    ----------
    Jørgensen (1987), Exponential dispersion models, JRSS B 49, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Tweedie
    >>> Tweedie(power=1.5).value(np.array([0.0, 4.0]), np.log([4.0, 4.0])).round(12)
    array([4., 0.])
    """

    power: float = 1.5

    name: ClassVar[str] = "tweedie"
    words: ClassVar[Words] = Words("Tweedie regression", "mean", "expected amount")

    def __post_init__(self) -> None:
        if not 1.0 <= self.power <= 2.0:
            raise ValueError(
                f"power must lie between 1 and 2, where the Tweedie loss is convex under the log link; got {self.power}"
            )

    @property
    def concordance(self) -> float:
        """The larger of a and b."""
        return max(self._shares)

    @property
    def _shares(self) -> tuple[float, float]:
        """A and b."""
        return self.power - 1.0, 2.0 - self.power

    def value(self, y: Floats, eta: Floats) -> Floats:
        """Half the unit deviance."""
        a, b = self._shares
        log = _log(y)
        size, delta = np.power(np.where(y > 0.0, y, 1.0), b), eta - log
        # (e^(xδ) - 1)/x is δ in the limit; far out y^b e^(xδ) is taken in one, since e^(xδ) alone may overflow.
        with np.errstate(over="ignore", invalid="ignore"):
            rise = np.where(b * delta > FAR, exp(b * eta) - size, size * np.expm1(b * delta)) / b if b else delta
            fall = np.where(a * delta < -FAR, exp(log - a * eta) - size, size * np.expm1(-a * delta)) / a if a else 0.0
            positive = rise + (fall if a else -size * delta)
        return np.where(y > 0.0, positive, exp(b * eta) / b if b else np.inf)

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """e^(bη) - y e^(-aη)."""
        return exp(self._shares[1] * eta) - self._pull(y, eta)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """b e^(bη) + a y e^(-aη)."""
        a, b = self._shares
        rise, pull = exp(b * eta) if b else 0.0, self._pull(y, eta)
        return b * rise + (a * pull if a else 0.0 * y)

    def _pull(self, y: Floats, eta: Floats) -> Floats:
        a = self._shares[0]
        return np.where(y > 0.0, exp(_log(y) - a * eta), 0.0) if a else y

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """uη - f(y, η) where f' = u, found by Newton's method and rounded up; closed where a or b is 0.

        u ≥ 0 where y = 0; inf outside.
        """
        a, b = self._shares
        y, u = np.broadcast_arrays(y, u)
        some = y > 0.0
        out = np.full(u.shape, np.inf)
        zero = ~some & (u >= 0.0)
        v = u[zero]
        out[zero] = np.where(v > 0.0, v * (np.log(np.where(v > 0.0, v, 1.0)) - 1.0) / b, 0.0) if b else np.inf
        y, u = y[some], u[some]
        if not (a and b):
            # v log(v/y) + u(log y - 1) with v = y + u, and v log v + u(log y + 1) with v = 1 - u.
            whole, less, sign = (y, -u, -1.0) if b else (np.ones_like(y), u, 1.0)
            closed = _entropy(less, whole) + u * (np.log(y) + sign)
            out[some] = np.where(less <= whole, closed, np.inf)
            return out
        eta, missed, bend = self._level(y, u)
        # What is left of the slope adds at most its square over the curvature to the supremum.
        out[some] = u * eta - self.value(y, eta) + missed * (missed / bend)
        return out

    def _level(self, y: Floats, u: Floats) -> tuple[Floats, Floats, Floats]:
        """Η with e^(bη) - y e^(-aη) = u, what it misses, and the curvature there; each entry for itself."""
        a, b = self._shares
        log = np.log(y)
        size = np.power(y, b)
        # e^(bη) = u + y e^(-aη) ≤ u + y^b where u ≥ 0, and likewise on the other side.
        low = log - _log_sum(np.maximum(-u, 0.0), size) / a
        high = log + _log_sum(np.maximum(u, 0.0), size) / b
        with np.errstate(over="ignore"):
            eta = np.clip(log + u / size, low, high)
        missed = bend = np.zeros_like(eta)
        for _ in range(STEPS):
            up, down = exp(b * eta), exp(log - a * eta)
            missed, bend = u - (up - down), b * up + a * down
            astray = np.abs(missed) > NEAR * (1.0 + np.abs(eta) + np.abs(log)) * (up + down)
            if not astray.any():
                break
            low, high = np.where(missed > 0.0, eta, low), np.where(missed < 0.0, eta, high)
            tried = eta + missed / bend
            eta = np.where(astray, np.where((tried >= low) & (tried <= high), tried, 0.5 * (low + high)), eta)
        return eta, missed, bend

    def grain(self, y: Floats, eta: Floats, slope: Floats, u: Floats) -> Floats:
        """Near e^η = y the terms are f' and u times a δ that is itself a difference."""
        return (np.abs(slope) + np.abs(u)) * (1.0 + np.abs(eta) + np.abs(_log(y)))

    def saturated(self, y: Floats) -> Floats:
        """0."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """e^η."""
        return exp(eta)

    def start(self, y: Floats, w: Floats) -> Floats:
        """The log of the mean."""
        return log_mean(y, w)

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Refuse what is no number, or negative; with power 2, zeros too."""
        return Target(responses.at_least(y, self.name, positive=self.power == 2.0))


def _log(y: Floats) -> Floats:
    return np.asarray(np.log(np.where(y > 0.0, y, 1.0)))


def _entropy(less: Floats, whole: Floats) -> Floats:
    """v log(v/whole), v = whole - less, 0 where that is negative; to the digits of less where that is small."""
    share = np.clip(less, 0.0, whole) / whole
    some = share < 1.0
    logs = _log_sum(np.maximum(-less, 0.0), whole) + np.log1p(-np.where(some, share, 0.0))
    return np.where(some, (whole - less) * logs, 0.0)


def _log_sum(more: Floats, size: Floats) -> Floats:
    """log(1 + more/size), also where the ratio overflows."""
    with np.errstate(over="ignore"):
        ratio = more / size
    far = ratio > 1e15
    return np.where(far, np.log(np.where(far, more, 1.0)) - np.log(size), np.log1p(np.where(far, 0.0, ratio)))
