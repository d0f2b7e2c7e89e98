"""What the lessons ask of a penalty, and what the engine asks beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lozenge.penalties.solvable import Solvable
    from lozenge.results import Hold

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class Shape(Protocol):
    """Ω of (k,) penalised coordinates, times α; ``weights`` v are finite and positive here."""

    name: ClassVar[str]

    @property
    def convex(self) -> bool:
        """Whether Ω is convex."""
        ...

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, by name, as plain numbers, texts and lists: what a model file keeps."""
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

    @property
    def screens(self) -> bool:
        """Whether columns that are surely zero may be left out of the small problem."""
        ...

    @property
    def gapped(self) -> bool:
        """Whether its conjugate gives a duality gap; else what is certified is a stationary point."""
        ...

    @property
    def jumps(self) -> bool:
        """Whether a weight that enters jumps, so that no tangent at zero leads there."""
        ...

    @property
    def majorised(self) -> bool:
        """Whether the small problem is solved under tangents, one after the other, and not under αΩ itself."""
        ...

    def yardstick(self, alpha: float) -> float:
        """The pull in units of which a violation is told."""
        ...

    def curved(self, curvature: Floats) -> Self:
        """Give the same where the mean loss bends by at most h (k,) along each coordinate."""
        ...

    def usual_weights(self, p: int) -> Floats:
        """(p,) the weights v where none are given."""
        ...

    def named(self, names: Sequence[str]) -> Self:
        """The same with all that was given by name or as one number laid out over the (p,) columns of X."""
        ...

    def copied(self, count: int) -> Self:
        """The same over so many copies of the columns, one behind the other: outputs with weights of their own."""
        ...

    def on(self, cols: Indices, weights: Floats, unit: Floats) -> Self:
        """Give the same on (k,) columns of X with weights v, where a weight of 1 is ``unit`` in what Ω acts on."""
        ...

    def in_units(self, unit: float) -> Self:
        """Ω' with αΩ(ub)/u² = (α/u)Ω'(b): the penalty when the response is measured in units of u."""
        ...

    def price(self, alpha: float) -> Floats:
        """(k,) the largest |pull| at which a zero stays: the slope of αΩ at 0⁺."""
        ...

    def hold(self, B: Floats, pull: Floats, alpha: float) -> tuple[Floats, Hold | None]:
        """(k,) the price that holds each coordinate of an answer b with these pulls, and what is set against it.

        None in place of the second: |pull| of each coordinate alone.
        """
        ...

    def tangent(self, B: Floats, alpha: float) -> Solvable:
        """A convex form that lies above αΩ, up to a constant, and touches it at b."""
        ...

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Add the second derivative of αΩ on some coordinates that may move, in place."""
        ...

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same on some coordinates, the others being zero."""
        ...

    @property
    def bounds(self) -> tuple[Floats, Floats] | None:
        """Lower and upper bounds of the coordinates, once they are laid out; None where there are none."""
        ...

    def within(self, B: Floats) -> Bools:
        """(k,) coordinates strictly between their bounds."""
        ...

    def pooled(self, size: Floats) -> Floats:
        """(p,) what adaptive weights are taken from, given the sizes of first weights on all columns."""
        ...

    def allows(self, B: Floats) -> bool:
        """Whether no bound is crossed."""
        ...

    def aliases(self, names: Sequence[str]) -> dict[str, list[int]]:
        """Names that stand for several columns, with these."""
        ...

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """Distance of -grad to the subdifferential of αΩ at b, per coordinate."""
        ...

    def alpha_max(self, pull: Floats) -> float:
        """The smallest α at which every weight is zero when these are the pulls there; inf if there is none."""
        ...

    def grid_start(self, pull: Floats, size: Floats) -> float:
        """Where a usual grid starts: αmax, or an α that stands for it.

        ``size`` (k,) is the spread of η that a weight of 1 makes, in units of the root of the null deviance per row.
        """
        ...

    def norm(self, B: Floats) -> float:
        """The norm of the ball that the path goes through: Ω, or its root where Ω is a square."""
        ...

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """(αΩ)*(z) = sup over b of zᵀb - αΩ(b)."""
        ...

    def kernel(self, alpha: float) -> Solvable:
        """αΩ as the small problem knows it; of one that is majorised, its tangent at zero."""
        ...
