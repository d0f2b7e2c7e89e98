"""What the lessons ask of a penalty, and what the engine asks beyond it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class Separable:
    """A penalty that is a sum over coordinates, each with a weight vⱼ."""

    weights: Floats | None = field(default=None, kw_only=True, repr=False)

    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty with v."""
        return replace(self, weights=weights)

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same on some coordinates."""
        return self.with_weights(self._v[cols])

    def _times(self, number: float) -> Floats:
        """A number times v; read-only, and without memory of its own where all weights are the same."""
        if self._common is None:
            return number * self._v
        return np.broadcast_to(number * self._common, self._v.shape)

    @property
    def _v(self) -> Floats:
        if self.weights is None:
            raise ValueError("this penalty has no weights yet; call with_weights first")
        return self.weights

    @cached_property
    def _common(self) -> np.float64 | None:
        """The weight that all coordinates have, if they have the same."""
        v = self._v
        return v[0] if len(v) and bool((v == v[0]).all()) else None


class Shape(Protocol):
    """Ω of (k,) penalised coordinates, times α; ``weights`` v are finite and positive here."""

    name: ClassVar[str]

    @property
    def convex(self) -> bool:
        """Whether Ω is convex."""
        ...

    def parameters(self) -> dict[str, float]:
        """The constructor's arguments, by name: what a model file keeps."""
        ...

    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty with v, one per coordinate."""
        ...

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        ...

    def slope(self, B: Floats, alpha: float) -> Floats:
        """Derivative of αΩ where b ≠ 0; at 0 that from the right, inf where the value jumps."""
        ...

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """Argmin over b of ½(b - z)² + step·αΩ(b), zero where it ties."""
        ...

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """The pulls p for which 0 is an argmin over b of ½h b² - p b + αΩ(b), h the curvature."""
        ...


class Penalty(Shape, Protocol):
    """What a path with a certificate needs of a penalty.

    Weights 0 and inf never reach it: `Problem` frees or drops those columns.
    """

    def in_units(self, unit: float) -> Self:
        """Ω' with αΩ(ub)/u² = (α/u)Ω'(b): the penalty when the response is measured in units of u."""
        ...

    def price(self, alpha: float) -> Floats:
        """(k,) the largest |pull| at which a zero stays: the slope of αΩ at 0⁺."""
        ...

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold:
        """A penalty of the kernel's form that lies above αΩ, up to a constant, and touches it at b."""
        ...

    def bend(self, B: Floats, alpha: float) -> Floats:
        """Second derivative of αΩ where b ≠ 0."""
        ...

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same on some coordinates."""
        ...

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """Distance of -grad to the subdifferential of αΩ at b, per coordinate."""
        ...

    def alpha_max(self, grad: Floats) -> float:
        """The smallest α at which every weight is zero when the gradient there is ``grad``; inf if there is none."""
        ...

    def grid_start(self, grad: Floats, size: Floats) -> float:
        """Where a usual grid starts: αmax, or an α that stands for it.

        ``size`` (k,) is the spread of η that a weight of 1 makes, in units of the root of the null deviance per row.
        """
        ...

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """(αΩ)*(z) = sup over b of zᵀb - αΩ(b)."""
        ...

    def kernel(self, alpha: float) -> SoftThreshold:
        """The compiled descent's form of αΩ; of a concave one, of its tangent at zero."""
        ...
