"""The squared hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses import responses
from lozenge.losses.base import Words
from lozenge.losses.elementwise import Elementwise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats, Target


@dataclass(frozen=True)
class SquaredHinge(Elementwise):
    """f(y, η) = ½ max(0, 1 - sη)², s = ±1 the class: that of a support vector machine with squared slacks.

    η is a score, not a log-odds; there are no probabilities.

    References
    ----------
    Fan, Chang, Hsieh, Wang, Lin (2008), LIBLINEAR: a library for large linear classification, JMLR 9, eq. 2.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import SquaredHinge
    >>> SquaredHinge().value(np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    array([0., 2.])
    """

    name: ClassVar[str] = "squared_hinge"
    words: ClassVar[Words] = Words("support vector classification", "score", "score")
    smoothness: ClassVar[float] = 1.0

    def value(self, y: Floats, eta: Floats) -> Floats:
        """½ max(0, 1 - sη)²."""
        return 0.5 * np.square(_short(y, eta))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """-s max(0, 1 - sη)."""
        return (1.0 - 2.0 * y) * _short(y, eta)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """1 where sη < 1, else 0."""
        return np.where(_short(y, eta) > 0.0, 1.0, 0.0)

    def room(self, y: Floats, eta: Floats) -> Floats:
        """1 - sη, between 0 and 1: f* ends at 0."""
        return np.minimum(_short(y, eta), 1.0)

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """c + ½c² with c = su ≤ 0; inf outside."""
        c = (2.0 * y - 1.0) * u
        return np.where(c <= 0.0, c * (1.0 + 0.5 * c), np.inf)

    def saturated(self, y: Floats) -> Floats:
        """0."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """The class, 0 or 1, that the sign of η says."""
        return np.where(eta > 0.0, 1.0, 0.0)

    def decided(self, eta: Floats) -> NDArray[np.intp]:
        """1 where η > 0."""
        return (eta > 0.0).astype(np.intp)

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Code the smaller of two labels 0 and the larger 1."""
        return responses.two_classes(y, self.name)


def _short(y: Floats, eta: Floats) -> Floats:
    """How far sη falls short of 1."""
    return np.maximum(1.0 - (2.0 * y - 1.0) * eta, 0.0)
