"""What the engine asks of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Target(NamedTuple):
    """A checked response: float64 values, and the class labels in code order if it had any."""

    values: Floats
    classes: tuple[Any, ...]


class Loss(Protocol):
    """One observation's loss f(y, η), convex in η; every method works elementwise and broadcasts y against η.

    Attributes
    ----------
    name : as in the registry
    width : outputs per observation
    smoothness : bound on f'' over all η, or inf
    quadratic : f'' is constant in η, so that one Newton step is exact
    """

    name: ClassVar[str]
    width: ClassVar[int]
    smoothness: ClassVar[float]
    quadratic: ClassVar[bool]

    def value(self, y: Floats, eta: Floats) -> Floats:
        """f(y, η)."""
        ...

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """∂f/∂η."""
        ...

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """∂²f/∂η²."""
        ...

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """f*(y, u) = sup over η of uη - f(y, η); inf outside its domain."""
        ...

    def saturated(self, y: Floats) -> Floats:
        """inf over η of f(y, η)."""
        ...

    def mean(self, eta: Floats) -> Floats:
        """E[y | η]."""
        ...

    def unit(self, y: Floats) -> float:
        """A power of two u with f(uy, uη) = u² f(y, η), chosen so that y/u is of order one; 1 if f has no such law."""
        ...

    def check(self, y: NDArray[Any]) -> Target:
        """Code y, or raise ValueError that says which value is wrong."""
        ...
