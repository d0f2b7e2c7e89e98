"""What penalties share that are sums over coordinates: weights and bounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.boxed import Boxed
from lozenge.penalties.form import SoftThreshold
from lozenge.results import Hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.penalties.base import Floats, Indices
    from lozenge.penalties.form import Bools


@dataclass(frozen=True)
class Separable(ABC):
    """A penalty that is a sum over coordinates, each with a weight vⱼ and bounds lowerⱼ ≤ bⱼ ≤ upperⱼ.

    Bounds are in the user's units: one number for all columns, (p,) of them, or by name.  They must allow 0.
    """

    convex: ClassVar[Any]  # bool; a property where it depends on a parameter

    lower: Any = field(default=None, kw_only=True, repr=False)
    upper: Any = field(default=None, kw_only=True, repr=False)
    positive: bool = field(default=False, kw_only=True, repr=False)
    weights: Floats | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        for name, value in (("lower", self.lower), ("upper", self.upper)):
            numbers = [] if value is None else [each for each in _numbers(value) if each is not None]
            array = np.asarray(numbers)
            if array.size and array.dtype.kind not in "iuf":
                raise TypeError(f"{name} must be a number, one number per column, or {{name: number}}; got {value!r}")
            wrong = np.isnan(array) | (array > 0.0 if name == "lower" else array < 0.0)
            if wrong.any():
                side = "at most 0" if name == "lower" else "at least 0"
                raise ValueError(
                    f"{name} must be {side}, so that a weight may be zero; got {array[wrong][0]:g}. Where a weight "
                    "must stay away from zero, move it into the offset: offset = x * bound"
                )
        if self.positive and self.lower is not None:
            raise ValueError("positive=True is lower=0; leave one of them out")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments: those of bounds, where there are any."""
        found: dict[str, Any] = {"positive": True} if self.positive else {}
        for name, value in (("lower", self.lower), ("upper", self.upper)):
            if value is not None:
                plain = _plain(value)
                if plain is not None:
                    found[name] = plain
        return found

    @property
    def screens(self) -> bool:
        """Whether columns that are surely zero may be left out of the small problem."""
        return True

    @property
    def gapped(self) -> bool:
        """Whether its conjugate gives a duality gap: where it is convex."""
        return bool(self.convex)

    @property
    def jumps(self) -> bool:
        """Whether a weight that enters jumps, so that no tangent at zero leads there."""
        return False

    @property
    def majorised(self) -> bool:
        """Whether the small problem is solved under tangents, one after the other, and not under αΩ itself."""
        return False

    def yardstick(self, alpha: float) -> float:
        """The pull in units of which a violation is told: α."""
        return alpha

    def curved(self, curvature: Floats) -> Self:  # noqa: ARG002 - asked by those that jump
        """Give the same where the loss bends by at most h along each coordinate."""
        return self

    def usual_weights(self, p: int) -> Floats:
        """1."""
        return np.ones(p)

    def named(self, names: Sequence[str]) -> Self:
        """Bounds laid out over the columns; None where nothing is bounded."""
        lower = np.zeros(len(names)) if self.positive else _laid_out(self.lower, names, "lower", -np.inf)
        upper = _laid_out(self.upper, names, "upper", np.inf)
        if lower is not None or upper is not None:
            lower = np.full(len(names), -np.inf) if lower is None else lower
            upper = np.full(len(names), np.inf) if upper is None else upper
        return replace(self, lower=lower, upper=upper, positive=False)

    def copied(self, count: int) -> Self:
        """The same bounds in every copy."""
        low, high = (None if bound is None else np.tile(bound, count) for bound in (self.lower, self.upper))
        return replace(self, lower=low, upper=high)

    def on(self, cols: Indices, weights: Floats, unit: Floats) -> Self:
        """Weights and bounds of some columns, in the units that the penalty acts on."""
        if not self.bounded:
            return self.with_weights(weights)
        return replace(self, weights=weights, lower=self.lower[cols] * unit, upper=self.upper[cols] * unit)

    def in_units(self, unit: float) -> Self:
        """Bounds are weights, and have their unit."""
        low, high = (None if bound is None else bound / unit for bound in (self.lower, self.upper))
        return replace(self, lower=low, upper=high)

    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty with v."""
        return replace(self, weights=weights)

    def costs(self, B: Floats, alpha: float) -> Floats:
        """(k,) what each coordinate costs."""
        return self._costs(B, alpha)

    @abstractmethod
    def _costs(self, B: Floats, alpha: float) -> Floats:
        """(k,) what each coordinate costs."""

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b); that b is within its bounds is not looked into."""
        return float(np.sum(self._costs(B, alpha)))

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same on some coordinates."""
        if not self.bounded:
            return self.with_weights(self._v[cols])
        return replace(self, weights=self._v[cols], lower=self.lower[cols], upper=self.upper[cols])

    @property
    def bounds(self) -> tuple[Floats, Floats] | None:
        """Lower and upper, once they are laid out; None where nothing is bounded."""
        return (self.lower, self.upper) if self.bounded else None

    @property
    def bounded(self) -> bool:
        """Whether a coordinate is, once bounds are laid out."""
        return self.lower is not None

    def within(self, B: Floats) -> Bools:
        """Coordinates strictly between their bounds."""
        if not self.bounded:
            return np.ones(len(B), dtype=bool)
        found: Bools = (self.lower < B) & (self.upper > B)
        return found

    def pooled(self, size: Floats) -> Floats:
        """What adaptive weights are taken from: the sizes themselves."""
        return size

    def allows(self, B: Floats) -> bool:
        """Whether no bound is crossed."""
        return not self.bounded or bool(((self.lower <= B) & (self.upper >= B)).all())

    def aliases(self, names: Sequence[str]) -> dict[str, list[int]]:  # noqa: ARG002 - columns have no other names
        """None."""
        return {}

    @abstractmethod
    def price(self, alpha: float) -> Floats:
        """(k,) the largest |pull| at which a zero stays."""

    def hold(self, B: Floats, pull: Floats, alpha: float) -> tuple[Floats, Hold | None]:
        """Prices; |pull| is set against them but where a bound holds b, or holds at zero what is pulled beyond it."""
        if not self.bounded:
            return self.price(alpha), None
        blocked = np.where(B == 0.0, self._pressing(pull) < np.abs(pull), ~self.within(B))
        against = np.where(B == 0.0, self._pressing(pull), np.abs(pull))
        kind = tuple(np.where(blocked, "bound", "price").tolist())
        return self.price(alpha), Hold(kind, against, np.full(len(B), -1))

    def _confined(self, found: Floats, Z: Floats, step: float | Floats, alpha: float) -> Floats:
        """The prox between bounds, from the one without: that, the nearest bound, or zero, whichever costs least.

        Away from the minimum the objective of the prox has at most one local minimum more, at zero.
        """
        if not self.bounded:
            return found
        nearest = np.clip(found, self.lower, self.upper)
        cost = 0.5 * np.square(nearest - Z) + step * self._costs(nearest, alpha)
        return np.where((nearest != found) & (0.5 * np.square(Z) <= cost), 0.0, nearest) + 0.0

    def _interval(self, threshold: Floats) -> tuple[Floats, Floats]:
        """±threshold; no end on a side that a bound at zero closes.  A bound farther out can only widen it."""
        if not self.bounded:
            return -threshold, threshold
        closed = self.lower == 0.0, self.upper == 0.0
        return np.where(closed[0], -np.inf, -threshold), np.where(closed[1], np.inf, threshold)

    def _pressing(self, pull: Floats) -> Floats:
        """|pull|; 0 where it pulls against a bound at zero."""
        if not self.bounded:
            return np.abs(pull)
        closed = np.where(pull > 0.0, self.upper == 0.0, self.lower == 0.0)
        return np.where(closed, 0.0, np.abs(pull))

    def _form(self, l1: Floats, l2: Floats) -> SoftThreshold | Boxed:
        return Boxed(l1, l2, self.lower, self.upper) if self.bounded else SoftThreshold(l1, l2)

    def _times(self, number: float | Floats) -> Floats:
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


def _numbers(given: Any) -> list[Any]:
    return list(given.values()) if hasattr(given, "values") else np.atleast_1d(given).tolist()


def _plain(given: Any) -> Any:
    """As JSON holds it: None for no bound."""
    if hasattr(given, "items"):
        return {str(name): _finite(value) for name, value in given.items()}
    return _finite(given) if np.ndim(given) == 0 else [_finite(value) for value in given]


def _finite(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _or(value: Any, none: float) -> Any:
    return none if value is None else value


def _laid_out(given: Any, names: Sequence[str], what: str, none: float) -> Floats | None:
    """(p,) bounds from one number, a number per column, or some by name; None where there is none at all."""
    if given is None:
        return None
    if hasattr(given, "items"):
        unknown = [name for name in given if name not in set(names)]
        if unknown:
            raise ValueError(f"{what} names no feature {unknown[0]!r}")
        found = np.array([_or(given.get(name), none) for name in names], dtype=np.float64)
    else:
        values = np.array([_or(value, none) for value in np.atleast_1d(given)], dtype=np.float64)
        if len(values) not in {1, len(names)}:
            raise ValueError(f"{what} needs one number, or one per column, {len(names)} of them; got {len(values)}")
        found = np.broadcast_to(values, len(names)).copy()
    return found if np.isfinite(found).any() else None
