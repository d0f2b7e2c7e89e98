"""A penalty of the user's own: any object with a value and a prox."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.form import SoftThreshold
from lozenge.penalties.proxed import Proxed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.penalties.base import Bools, Floats, Indices

WORSE = 1e-6  # of its cost: what a prox may miss of its minimum
SAFE = 0.9  # of 1/h: the step of the prox residual
WIDEST = 400  # doublings, or halvings, in the search for a threshold
BISECTIONS = 60
CLOSE = 1e-15  # relative width at which a bisection ends
SMALL = 2.0**-20  # a weight so small that αΩ over it is the slope at zero
BEND = 1e-5  # relative step of the differences of a slope
KEPT = 64  # values of α whose thresholds are kept


@dataclass(frozen=True, eq=False)
class Own:
    """αΩ(b) as an object tells it: what `lozenge.path(..., penalty=obj)` makes of ``obj``.

    Parameters
    ----------
    given : object with
        ``value(B, alpha)``, αΩ(b) ≥ 0 with Ω(0) = 0, inf outside its domain; B is (k,).
        ``prox(Z, step, alpha)``, (k,): argmin over b of ½‖b - z‖² + step·αΩ(b).

        Optional methods: ``slope(B, alpha)``, (k,), read where ``separable``: Newton's method then follows the descent;
        ``violation(B, grad, alpha)``, (k,), the distance of -grad to the subdifferential, shared out over coordinates;
        ``zero_interval(alpha, curvature)``, (k,) and (k,), the pulls at which one weight stays zero where all others
        are; ``alpha_max(pull)``; ``conjugate(Z, alpha)``, which gives a convex penalty a duality gap;
        ``kernel(alpha)``, two numbers or (k,) arrays (l1, l2) if αΩ(b) = Σ l1|b| + ½Σ l2 b²: the compiled route;
        ``with_weights(v)``, the same with penalty weights v (k,); ``take(cols)``, the same on these columns of X.

        Optional attributes: ``name``; ``convex`` (False); ``separable`` (False), Ω is a sum over coordinates, so that
        columns may be left out while they are zero; ``columns``, the only number of columns it works for.

    Raises
    ------
    TypeError, ValueError
        If a method is missing, or a name is taken; from ``on`` if weights or columns are asked for that it cannot have.

    Notes
    -----
    B is what the penalty acts on: weights times the standard deviations of their columns where the fit standardises, in
    the units of y. Columns that are constant, excluded or never penalised are not among the k.

    Without ``with_weights`` every penalty weight must be 1, 0 or inf. Without ``take`` it must work for any k, or say
    its ``columns``.

    A convex penalty with a conjugate is certified by a duality gap; pulls are taken as computed. All others are
    certified as stationary points: the violation, over α. Where there is no ``violation`` it is the prox residual
    |b - prox(b - s·grad, s, α)|/s at s = 0.9/Σhⱼ, hⱼ a bound on the curvature of the mean loss along column j (its
    mean square, times ¼ for logistic). 1/s is above the curvature in every direction: of a convex penalty the residual
    is 0 just at the optimum, of another one just where no proximal gradient step of any smaller size moves.

    Without ``alpha_max`` the usual grid starts at the smallest α with prox(s·pull, s, α) = 0, by bisection; if no α has
    that, as under a smooth penalty, ``alphas`` must be given.

    References
    ----------
    Parikh, Boyd (2014), Proximal algorithms, Foundations and Trends in Optimization 1, sections 2.3 and 4.2.

    Examples
    --------
    The largest magnitude, whose prox is what the projection on an L1 ball leaves (Moreau):

    >>> import numpy as np
    >>> import lozenge as lz
    >>> class Largest:
    ...     convex = True
    ...
    ...     def value(self, B, alpha):
    ...         return alpha * np.max(np.abs(B), initial=0.0)
    ...
    ...     def prox(self, Z, step, alpha):
    ...         size, radius = np.sort(np.abs(Z))[::-1], step * alpha
    ...         if size.sum() <= radius:
    ...             return np.zeros_like(Z)
    ...         level = (np.cumsum(size) - radius) / np.arange(1, len(Z) + 1)
    ...         return np.clip(Z, -level.max(), level.max())
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> fit = lz.path(X, X @ [3.0, 2.5], penalty=Largest(), alphas=[1.0])
    >>> fit.coefs.toarray().round(6)
    array([[2.25],
           [2.25]])
    >>> fit.certificates[0].kind
    'stationary'
    >>> laws = lz.testing.check_penalty(Largest())
    """

    given: Any
    name: str = field(init=False)  # the object's
    unit: float = 1.0
    step: float = 1.0
    cols: Indices | None = None
    weights: Floats | None = None
    thresholds: dict[float, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)

    METHODS: ClassVar[tuple[str, ...]] = ("value", "prox")

    def __post_init__(self) -> None:
        for method in self.METHODS:
            if not callable(getattr(self.given, method, None)) or isinstance(self.given, type):
                raise TypeError(
                    f"a penalty of your own is an instance with value(B, alpha) and prox(Z, step, alpha); got "
                    f"{str(self.given)[:60]!r}"
                )
        if self._has("kernel") and not self.convex:
            raise TypeError("kernel(alpha) says that the penalty is Σ l1|b| + ½Σ l2 b²; say convex = True beside it")
        named = getattr(self.given, "name", None)
        object.__setattr__(self, "name", named if isinstance(named, str) and named else type(self.given).__name__)

    @property
    def convex(self) -> bool:
        """What the object says; False if it says nothing."""
        return bool(getattr(self.given, "convex", False))

    @property
    def separable(self) -> bool:
        """Whether the object says that Ω is a sum over coordinates."""
        return bool(getattr(self.given, "separable", False)) or self._has("kernel")

    @property
    def screens(self) -> bool:
        """Whether columns may be left out: where Ω is a sum, and the object works without them."""
        return self.separable and (self._has("take") or getattr(self.given, "columns", None) is None)

    @property
    def gapped(self) -> bool:
        """Whether it is convex with a conjugate."""
        return self.convex and (self._has("conjugate") or self._has("kernel"))

    @property
    def bounds(self) -> None:
        """None that are known: a value of inf says where weights may not go."""
        return

    def parameters(self) -> dict[str, Any]:
        """None: they are the object's own business."""
        return {}

    def usual_weights(self, p: int) -> Floats:
        """1."""
        return np.ones(p)

    def named(self, names: Sequence[str]) -> Self:  # noqa: ARG002 - nothing is given by name
        """The same."""
        return self

    def copied(self, count: int) -> Self:  # noqa: ARG002 - nothing is laid out yet
        """The same, over all copies together."""
        return self

    def aliases(self, names: Sequence[str]) -> dict[str, list[int]]:  # noqa: ARG002 - columns have no other names
        """None."""
        return {}

    def with_weights(self, weights: Floats) -> Self:
        """On as many columns as there are weights, the first ones of X."""
        return self._laid(np.arange(len(weights)), weights)

    def on(self, cols: Indices, weights: Floats, unit: Floats) -> Self:  # noqa: ARG002 - what Ω acts on has no bounds
        """On columns of X, with their weights; a prox that is not the value's is refused here."""
        found = self._laid(cols, weights)
        found.tried()
        return found

    def _laid(self, cols: Indices, weights: Floats) -> Self:
        if not self._has("with_weights") and (weights != 1.0).any():
            raise ValueError(
                f"{self.name} has no method with_weights(v), so that penalty_weights may be 1, 0 or inf only; got "
                f"{weights[weights != 1.0][0]:g}. Give it the method, or leave penalty_weights out"
            )
        asked = getattr(self.given, "columns", None)
        if asked is not None and 0 < len(cols) != asked and not self._has("take"):
            raise ValueError(
                f"{self.name} works for {asked} columns (its attribute columns) and {len(cols)} are penalised here: "
                "columns that are constant, or whose penalty weight is 0 or inf, are not. Fit on as many, or give it a "
                "method take(cols)"
            )
        return replace(self, cols=cols, weights=weights, thresholds={})

    def tried(self) -> None:
        """Refuse a prox that is none of the value's: what it gives must be better than what is beside it."""
        z = np.linspace(-3.0, 2.0, len(self._here))
        for step, alpha in ((1.0, 0.5), (0.25, 1.0)):
            found = self.prox(z, step, alpha)

            def cost(b: Floats, step: float = step, alpha: float = alpha) -> float:
                return 0.5 * float(np.sum(np.square(b - z))) + step * self.value(b, alpha)

            best = cost(found)
            for other in (np.zeros_like(z), z, 0.9 * found, 1.1 * found, found + 0.1 * (z - found)):
                if not best <= cost(other) + WORSE * (1.0 + abs(best)):
                    raise ValueError(
                        f"prox of {self.name} is not that of its value: at step {step:g} and alpha {alpha:g} it gives "
                        f"a point of cost {best:.6g}, ½‖b - z‖² + step·value(b, alpha), where another has "
                        f"{cost(other):.6g}. lozenge.testing.check_penalty says which law it breaks"
                    )

    @property
    def jumps(self) -> bool:
        """No: its small problem is solved as it is."""
        return False

    @property
    def majorised(self) -> bool:
        """No: its small problem is solved as it is."""
        return False

    def yardstick(self, alpha: float) -> float:
        """The pull in units of which a violation is told: α."""
        return alpha

    def pooled(self, size: Floats) -> Floats:
        """What adaptive weights are taken from: the sizes themselves."""
        return size

    def norm(self, B: Floats) -> float:
        """Ω(b)."""
        return self.value(B, 1.0)

    def curved(self, curvature: Floats) -> Self:
        """With the step of the prox residual, given bounds on the curvature of the loss along each column."""
        total = float(np.sum(curvature))
        return replace(self, step=SAFE / total if 0.0 < total < np.inf else 1.0, thresholds={})

    def in_units(self, unit: float) -> Self:
        """The object is always asked in the user's units; b and pulls are divided by the unit, αΩ by its square."""
        return replace(self, unit=self.unit * unit, thresholds={})

    def take(self, cols: NDArray[np.intp]) -> Self:
        """On some coordinates; all of them in order where columns may not be left out."""
        if self.cols is None or self.weights is None:
            raise ValueError("this penalty is on no columns yet; call with_weights first")
        if not self.screens:
            k = len(self.cols)
            if len(cols) != k or (cols != np.arange(k)).any():
                raise ValueError(
                    f"{self.name} is not separable; take all {k} columns in order, not {len(cols)} of them"
                )
            return self
        kept = {alpha: (low[cols], high[cols]) for alpha, (low, high) in self.thresholds.items()}
        return replace(self, cols=self.cols[cols], weights=self.weights[cols], thresholds=kept)

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        if not len(B):
            return 0.0
        found = float(self.bound.value(self.unit * B, self.unit * alpha))
        if not found >= 0.0:
            raise ValueError(f"value of {self.name} must be a number, at least 0; got {found} at alpha {alpha:g}")
        return found / self.unit / self.unit

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """Argmin over b of ½‖b - z‖² + step·αΩ(b)."""
        return self._asked("prox", len(Z), self.unit * Z, step, self.unit * alpha)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """Derivative where b ≠ 0; nan where the object knows none."""
        if not self.bends:
            return np.full(len(B), np.nan)
        return self._asked("slope", len(B), self.unit * B, self.unit * alpha)

    @property
    def bends(self) -> bool:
        """Whether there is a slope for Newton's method."""
        return self.separable and self._has("slope")

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Add the differences of the slope."""
        if len(rows):
            system[np.diag_indices(len(rows))] += self.bend(B, alpha)[rows]

    def bend(self, B: Floats, alpha: float) -> Floats:
        """Second derivative where b ≠ 0, by differences of the slope; 0 where that is not finite."""
        h = np.where(B == 0.0, 1.0, BEND * np.abs(B))
        found = (self.slope(B + h, alpha) - self.slope(B - h, alpha)) / (2.0 * h)
        return np.where((B != 0.0) & np.isfinite(found), found, 0.0)

    def within(self, B: Floats) -> Bools:
        """All where there is a slope, else none: coordinates that Newton's method may move."""
        return np.full(len(B), self.bends)

    def allows(self, B: Floats) -> bool:  # noqa: ARG002 - where b may not be, its value is inf
        """Always."""
        return True

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """The object's own; else the prox residual."""
        if not len(B):
            return np.zeros(0)
        if self._has("violation"):
            return self._asked("violation", len(B), self.unit * B, self.unit * grad, self.unit * alpha)
        return np.abs(B - self.prox(B - self.step * grad, self.step, alpha)) / self.step

    def hold(self, B: Floats, pull: Floats, alpha: float) -> tuple[Floats, None]:  # noqa: ARG002 - the price alone is known
        """The price, and nothing else that holds a weight."""
        return self.price(alpha), None

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """The object's own; else where the prox at the step of the residual, or the value next to zero, puts it."""
        if not self._has("zero_interval"):
            return self.interval(alpha)
        low, high = self.bound.zero_interval(self.unit * alpha, curvature)
        k = len(curvature)
        return np.broadcast_to(np.divide(low, self.unit), k), np.broadcast_to(np.divide(high, self.unit), k)

    def interval(self, alpha: float) -> tuple[Floats, Floats]:
        """(k,) and (k,) pulls between which a zero stays at the step of the prox residual, all others being zero."""
        if alpha not in self.thresholds:
            k = self.size
            if self._has("zero_interval"):
                found = self.zero_interval(alpha, np.full(k, 1.0 / self.step))
            elif self.separable:
                found = -self._threshold(alpha, -1.0), self._threshold(alpha, 1.0)
            else:
                edges = [self._edge(j, k, alpha) for j in range(k)]
                found = np.array([low for low, _ in edges]), np.array([high for _, high in edges])
            if len(self.thresholds) >= KEPT:
                self.thresholds.clear()
            self.thresholds[alpha] = found
        return self.thresholds[alpha]

    def price(self, alpha: float) -> Floats:
        """The farther end of the interval."""
        low, high = self.interval(alpha)
        return np.maximum(high, -low)

    def alpha_max(self, pull: Floats) -> float:
        """The object's own; else the smallest α at which the prox sends the pulls to zero, inf if there is none."""
        if not pull.any():
            return 0.0
        if self._has("alpha_max"):
            return float(self.bound.alpha_max(self.unit * pull)) / self.unit

        def holds(alpha: float) -> bool:
            return not self.prox(self.step * pull, self.step, alpha).any()

        high = float(np.max(np.abs(pull)))
        for _ in range(WIDEST):
            if holds(high):
                break
            high *= 2.0
        else:
            return np.inf
        low = 0.5 * high
        for _ in range(WIDEST):
            if not holds(low):
                break
            low, high = 0.5 * low, low
        while high - low > CLOSE * high:
            middle = 0.5 * (low + high)
            if middle in {low, high}:
                break
            low, high = (low, middle) if holds(middle) else (middle, high)
        return high

    def grid_start(self, pull: Floats, size: Floats) -> float:  # noqa: ARG002 - no α stands for an αmax of inf
        """αmax."""
        return self.alpha_max(pull)

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """(αΩ)*(z), if the object knows it; else inf but at 0."""
        if not len(Z):
            return 0.0
        if self._has("conjugate"):
            found = float(self.bound.conjugate(self.unit * Z, self.unit * alpha))
            if np.isnan(found):
                raise ValueError(f"conjugate of {self.name} is nan at alpha {alpha:g}")
            return found / self.unit / self.unit
        if self._has("kernel"):
            return self.kernel(alpha).conjugate(Z)
        return np.inf if Z.any() else 0.0

    def kernel(self, alpha: float) -> SoftThreshold | Proxed:
        """The soft threshold that the object says it is; else the form that is solved by its prox."""
        if not self._has("kernel"):
            return Proxed(self, alpha)
        k = self.size
        l1, l2 = self.bound.kernel(self.unit * alpha)
        both = [np.array(np.broadcast_to(np.asarray(part, np.float64), k)) for part in (l1, l2)]
        if not all(np.isfinite(part).all() and (part >= 0.0).all() for part in both):
            raise ValueError(f"kernel of {self.name} must give l1 and l2 that are finite and at least 0")
        return SoftThreshold(both[0] / self.unit, both[1])

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold | Proxed:  # noqa: ARG002 - it touches itself anywhere
        """αΩ itself: its small problem is solved as it is, convex or not."""
        return self.kernel(alpha)

    @property
    def size(self) -> int:
        """Coordinates."""
        return len(self._here)

    def _has(self, method: str) -> bool:
        return callable(getattr(self.given, method, None))

    @property
    def _here(self) -> Indices:
        if self.cols is None:
            raise ValueError("this penalty is on no columns yet; call with_weights first")
        return self.cols

    @cached_property
    def bound(self) -> Any:
        """The object on its columns, with its weights."""
        found = self.given
        if self.cols is not None and self._has("take"):
            found = found.take(self.cols)
        if self.weights is not None and self._has("with_weights"):
            found = found.with_weights(self.weights)
        return found

    def _asked(self, method: str, k: int, *arguments: Any) -> Floats:
        """What a method gives, in units of ``unit``: (k,) finite numbers (a slope may be infinite)."""
        if not k:
            return np.zeros(0)
        found = np.asarray(getattr(self.bound, method)(*arguments), dtype=np.float64)
        if found.shape != (k,):
            raise ValueError(f"{method} of {self.name} must give shape ({k},), like its input; got {found.shape}")
        if method != "slope" and not np.isfinite(found).all():
            raise ValueError(f"{method} of {self.name} must give finite numbers; got {found[~np.isfinite(found)][0]}")
        scaled: Floats = found / self.unit + 0.0  # + 0.0: no negative zeros
        return scaled

    def _edge(self, j: int, k: int, alpha: float) -> tuple[float, float]:
        """-αΩ(-teⱼ)/t and αΩ(teⱼ)/t at a small t: what holds one weight where all others are zero."""
        one = np.zeros(k)
        one[j] = SMALL
        return -self.value(-one, alpha) / SMALL, self.value(one, alpha) / SMALL

    def _threshold(self, alpha: float, sign: float) -> Floats:
        """(k,) the largest t at which prox(±s·t, s, α) is zero, coordinate by coordinate; inf if it always is."""
        k = self.size

        def zero(t: Floats) -> Bools:
            found: Bools = self.prox(sign * self.step * t, self.step, alpha) == 0.0
            return found

        high = np.ones(k)
        for _ in range(WIDEST):
            stays = zero(high)
            if not stays.any():
                break
            high[stays] *= 2.0
        endless = zero(high)
        low = 0.5 * high
        for _ in range(WIDEST):
            moves = ~zero(low) & ~endless
            if not moves.any():
                break
            high[moves] = low[moves]
            low[moves] *= 0.5
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            stays = zero(middle)
            low, high = np.where(stays, middle, low), np.where(stays, high, middle)
        return np.where(endless, np.inf, low)
