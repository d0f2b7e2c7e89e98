"""The squared loss of several responses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.losses.squared import Squared
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class MultiTask(Elementwise):
    """f(y, η) = ½‖y - η‖², for several real responses of the same rows.

    Under ``penalty="group"`` a feature enters for all responses or none, αΩ = α Σⱼ vⱼ‖bⱼ‖₂ over the rows bⱼ of the
    weights; under ``"l1"`` every response has its own path.

    Parameters
    ----------
    tasks : number of responses, found in y where it is 0

    References
    ----------
    Obozinski, Taskar, Jordan (2010), Joint covariate selection and joint subspace selection for multiple classification
    problems, Statistics and Computing 20, eq. 4.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import MultiTask
    >>> float(MultiTask(tasks=2).value(np.array([3.0, 1.0]), np.array([1.0, 1.0])))
    2.0
    """

    tasks: int = 0

    name: ClassVar[str] = "multitask"
    words: ClassVar[Words] = Words("multi-response regression", "level", "mean", canonical=True)
    smoothness: ClassVar[float] = 1.0
    concordance: ClassVar[float] = 0.0
    quadratic: ClassVar[bool] = True

    @property
    def width(self) -> int:
        """One output per response."""
        return self.tasks

    def on(self, target: Target) -> Self:
        """With as many responses as there are."""
        return replace(self, tasks=target.values.shape[1])

    def value(self, y: Floats, eta: Floats) -> Floats:
        """½‖y - η‖²."""
        return np.asarray(0.5 * np.sum(np.square(eta - y), axis=-1))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """Η - y."""
        return eta - y

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """The diagonal of I: no response bends another."""
        return np.ones(np.broadcast_shapes(y.shape, eta.shape))

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """½‖u‖² + uᵀy."""
        return np.asarray(np.sum(u * (0.5 * u + y), axis=-1))

    def saturated(self, y: Floats) -> Floats:
        """0, at η = y."""
        return np.zeros(y.shape[:-1])

    def mean(self, eta: Floats) -> Floats:
        """Η."""
        return eta

    def unit(self, y: Floats) -> float:
        """Power of two of the largest |y|."""
        return Squared().unit(y)

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:
        """Gaussian and independent, with one variance for all responses at its best."""
        return Likelihood(remainder=0.0, size=float(np.sum(w)) * y.shape[1], profiled=True)

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:
        """Refuse a response that is not columns of numbers."""
        if y.ndim != 2:
            raise ValueError(
                f"y must have one column per response for loss={self.name!r}; got shape {y.shape}. With one response "
                "use loss='squared'"
            )
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y must be numbers for loss={self.name!r}; got dtype {y.dtype}")
        return Target(y.astype(np.float64), (), names or tuple(map("y{}".format, range(y.shape[1]))))
