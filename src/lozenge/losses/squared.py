"""The squared loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses.base import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class Squared:
    """f(y, η) = ½(y - η)², for a real response with mean η.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Squared
    >>> Squared().value(np.array([3.0]), np.array([1.0]))
    array([2.])
    """

    name: ClassVar[str] = "squared"
    width: ClassVar[int] = 1
    smoothness: ClassVar[float] = 1.0
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

    def check(self, y: NDArray[Any]) -> Target:
        """Refuse a response that is not numbers."""
        if y.dtype.kind not in "biuf":
            example = y.flat[0]
            raise ValueError(
                f"y must be numbers for the squared loss; got {type(example).__name__} values such as "
                f"{str(example)[:40]!r}. Use loss='logistic' if there are two classes"
            )
        return Target(y.astype(np.float64), ())
