"""What the engine asks of a penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SoftThreshold:
    """The kernel's form of a separable penalty: Σ l1ⱼ|bⱼ| + ½ Σ l2ⱼ bⱼ²."""

    l1: Floats
    l2: Floats

    def take(self, cols: NDArray[np.intp]) -> SoftThreshold:
        """Give the same on some coordinates."""
        return SoftThreshold(self.l1[cols], self.l2[cols])


class Penalty(Protocol):
    """Ω of (k,) penalised coordinates, times α; ``weights`` v are finite and positive here.

    Weights 0 and inf never reach a penalty: `Problem` frees or drops those columns.
    """

    name: ClassVar[str]
    convex: ClassVar[bool]

    def parameters(self) -> dict[str, float]:
        """The constructor's arguments, by name: what a model file keeps."""
        ...

    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty with v, one per coordinate."""
        ...

    def in_units(self, unit: float) -> Self:
        """Ω' with αΩ(ub)/u² = (α/u)Ω'(b): the penalty when the response is measured in units of u."""
        ...

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        ...

    def slope(self, B: Floats, alpha: float) -> Floats:
        """Derivative of αΩ where b ≠ 0; its limit from the right at 0."""
        ...

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """Argmin over b of ½(b - z)² + step·αΩ(b)."""
        ...

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """Distance of -grad to the subdifferential of αΩ at b, per coordinate."""
        ...

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """The pulls that leave a weight exactly zero."""
        ...

    def alpha_max(self, grad: Floats) -> float:
        """The smallest α at which every weight is zero when the gradient there is ``grad``."""
        ...

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """(αΩ)*(z) = sup over b of zᵀb - αΩ(b)."""
        ...

    def kernel(self, alpha: float) -> SoftThreshold:
        """The compiled descent's form of αΩ."""
        ...
