"""A loss of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True, eq=False)
class OwnLoss(Elementwise):
    """Any object with ``value(y, eta)``, ``gradient(y, eta)``, ``curvature(y, eta)`` and ``check(y)``.

    The first three give f and its derivatives in η, elementwise; ``check`` gives y as float64, or raises ValueError.

    Parameters
    ----------
    given : object
        It may have more: ``conjugate(y, u)`` (then answers come with a duality gap, else with the largest violation of
        their conditions), ``saturated(y)`` (inf over η of f; 0 without), ``mean(eta)`` (what is foretold; η without),
        ``smoothness`` (a bound on f''; inf without), ``concordance`` (a bound on the third derivative over the second;
        inf without), ``bend(y, eta)`` and ``room(y, eta)`` (see `Elementwise`: what stands for f'' where that vanishes;
        f'' without) and ``name``, which is not one of lozenge's.  `lozenge.testing.check_loss` looks at all of it.

    Examples
    --------
    log cosh of the residual, a smooth relative of Huber's loss:

    >>> import numpy as np
    >>> import lozenge as lz
    >>> class LogCosh:
    ...     name, smoothness = "log_cosh", 1.0
    ...
    ...     def value(self, y, eta):
    ...         return np.logaddexp(eta - y, y - eta) - np.log(2.0)
    ...
    ...     def gradient(self, y, eta):
    ...         return np.tanh(eta - y)
    ...
    ...     def curvature(self, y, eta):
    ...         return 1.0 - np.tanh(eta - y) ** 2
    ...
    ...     def check(self, y):
    ...         return np.asarray(y, dtype=float)
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> lz.path(X, X @ [3.0, 0.5], loss=LogCosh(), alphas=[0.1]).certificates[0].kind
    'stationary'
    """

    given: Any

    words: ClassVar[Words] = Words("regression", "level", "level")
    METHODS: ClassVar[tuple[str, ...]] = ("value", "gradient", "curvature", "check")

    @property
    def name(self) -> str:  # type: ignore[override]
        """The object's, else its class's."""
        return str(getattr(self.given, "name", type(self.given).__name__))

    @property
    def smoothness(self) -> float:
        """The object's, else inf."""
        return float(getattr(self.given, "smoothness", np.inf))

    @property
    def concordance(self) -> float:
        """The object's, else inf."""
        return float(getattr(self.given, "concordance", np.inf))

    @property
    def gapped(self) -> bool:
        """Whether it has a conjugate."""
        return hasattr(self.given, "conjugate")

    def parameters(self) -> dict[str, Any]:
        """What it says of itself, else nothing."""
        asked = getattr(self.given, "parameters", None)
        return dict(asked()) if callable(asked) else {}

    def value(self, y: Floats, eta: Floats) -> Floats:
        """f(y, η)."""
        return np.array(self.given.value(y, eta))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """∂f/∂η."""
        return np.array(self.given.gradient(y, eta))

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """∂²f/∂η²."""
        return np.array(self.given.curvature(y, eta))

    def bend(self, y: Floats, eta: Floats) -> Floats:
        """The object's, else f''."""
        asked = getattr(self.given, "bend", None)
        return np.array(asked(y, eta)) if callable(asked) else self.curvature(y, eta)

    def room(self, y: Floats, eta: Floats) -> Floats:
        """The object's, else f''."""
        asked = getattr(self.given, "room", None)
        return np.array(asked(y, eta)) if callable(asked) else self.curvature(y, eta)

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """The object's."""
        return np.asarray(self.given.conjugate(y, u))

    def saturated(self, y: Floats) -> Floats:
        """The object's, else 0."""
        asked = getattr(self.given, "saturated", None)
        return np.asarray(asked(y)) if callable(asked) else np.zeros(len(y))

    def mean(self, eta: Floats) -> Floats:
        """The object's, else η."""
        asked = getattr(self.given, "mean", None)
        return np.asarray(asked(eta)) if callable(asked) else eta

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """The object's."""
        values = np.asarray(self.given.check(y), dtype=np.float64)
        if values.shape != y.shape[:1] or not np.isfinite(values).all():
            raise ValueError(
                f"check(y) of the loss {self.name} must give one finite number per row, shape ({len(y)},); got shape "
                f"{values.shape}"
            )
        return Target(values)
