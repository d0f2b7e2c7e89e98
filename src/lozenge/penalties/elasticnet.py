"""The elastic net."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.separable import Separable

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats, Indices
    from lozenge.penalties.boxed import Boxed
    from lozenge.penalties.form import SoftThreshold

SMALLEST_RATIO = 1e-3  # below this l1_ratio a grid starts as the ridge's does, which no finite α makes zero
REMEMBERED = 256  # forms
FAINT = 1e-3  # of the root of the null deviance: the spread of η that the strongest column makes where it starts


@dataclass(frozen=True)
class ElasticNet(Separable):
    """Ω(b) = Σ vⱼ (ρ|bⱼ| + ½(1 - ρ) bⱼ²).

    Parameters
    ----------
    l1_ratio : ρ in [0, 1]
        1 is the lasso's penalty, 0 the ridge's.
    lower, upper : number, (p,) or {name: number}, optional
        Bounds on the weights in the user's units; they must allow 0.
    positive : bool
        ``lower=0`` for all.

    Raises
    ------
    ValueError
        If ``l1_ratio`` is outside [0, 1], or a bound does not allow 0.

    References
    ----------
    Zou, Hastie (2005), Regularization and variable selection via the elastic net, JRSS B 67.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import ElasticNet
    >>> ElasticNet(l1_ratio=0.5).with_weights(np.ones(1)).value(np.array([2.0]), alpha=1.0)
    2.0
    """

    l1_ratio: float = 0.5
    ridge_unit: float = field(default=1.0, kw_only=True, repr=False)

    name: ClassVar[str] = "elasticnet"
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.l1_ratio <= 1.0:
            raise ValueError(f"l1_ratio must lie between 0 (ridge) and 1 (lasso); got {self.l1_ratio}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1_ratio": self.l1_ratio} | super().parameters()

    def in_units(self, unit: float) -> Self:
        """Ω' with αΩ(ub)/u² = (α/u)Ω'(b): the ridge part takes the factor u, the L1 part none."""
        return replace(super().in_units(unit), ridge_unit=unit)

    def price(self, alpha: float) -> Floats:
        """αρv."""
        return self._times(alpha * self.l1_ratio)

    def tangent(self, B: Floats, alpha: float) -> SoftThreshold | Boxed:  # noqa: ARG002 - convex: the penalty itself
        """αΩ."""
        return self.kernel(alpha)

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:  # noqa: ARG002 - the same everywhere
        """Add α(1 - ρ)v."""
        system[np.diag_indices(len(rows))] += self.kernel(alpha).l2[rows]

    def kernel(self, alpha: float) -> SoftThreshold | Boxed:
        """l1 = αρv, l2 = α(1 - ρ)v."""
        found = self._forms.get(alpha)
        if found is None:
            ridge = alpha * (1.0 - self.l1_ratio) * self.ridge_unit
            found = self._form(self._times(alpha * self.l1_ratio), self._times(ridge))
            if self._common is not None and len(self._forms) < REMEMBERED:
                self._forms[alpha] = found
        return found

    @cached_property
    def _forms(self) -> dict[float, SoftThreshold | Boxed]:
        """Those of some α, where they need no memory of their own: a path asks for each many times."""
        return {}

    def _costs(self, B: Floats, alpha: float) -> Floats:
        kernel = self.kernel(alpha)
        return kernel.l1 * np.abs(B) + 0.5 * (kernel.l2 * np.square(B))

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        return self.kernel(alpha).cost(B)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αv (ρ sign(b) + (1 - ρ) b), with sign(0) = 1."""
        kernel = self.kernel(alpha)
        return np.where(B < 0, -kernel.l1, kernel.l1) + kernel.l2 * B

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """sign(z)(|z| - step·αρv)₊ / (1 + step·α(1 - ρ)v), clipped to the bounds."""
        kernel = self.kernel(alpha)
        shrunk = np.maximum(np.abs(Z) - step * kernel.l1, 0.0)
        found = np.sign(Z) * shrunk / (1.0 + step * kernel.l2) + 0.0  # + 0.0: no negative zeros
        return np.clip(found, self.lower, self.upper) if self.bounded else found

    def norm(self, B: Floats) -> float:
        """Σv|b| at ρ = 1, (Σvb²)^½ at ρ = 0; between them Ω itself."""
        if self.l1_ratio == 0.0:
            return float(np.sqrt(self._times(1.0) @ np.square(B)))
        return self.value(B, 1.0)

    def dual_norm(self, Z: Floats) -> float:
        """Max |z|/v at ρ = 1, (Σz²/v)^½ at ρ = 0."""
        if self.l1_ratio == 0.0:
            return float(np.sqrt(np.sum(np.square(Z) / self._times(1.0))))
        return float(np.max(np.abs(Z) / self._times(1.0), initial=0.0))

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """|grad + slope| where b ≠ 0, (|grad| - αρv)₊ where b = 0; none where a bound holds b."""
        return self.kernel(alpha).missed(B, grad)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:  # noqa: ARG002 - a convex corner's width does not depend on it
        """[-αρv, αρv]; without end on a side that a bound at zero closes."""
        return self._interval(self._times(alpha * self.l1_ratio))

    def alpha_max(self, pull: Floats) -> float:
        """Max |pull| / (ρv); inf at ρ = 0, where only α = ∞ makes a weight that is pulled at all zero."""
        pressing = self._pressing(pull)
        if self.l1_ratio == 0.0:
            return np.inf if pressing.any() else 0.0
        return float(np.max(pressing / self._times(self.l1_ratio), initial=0.0))

    def grid_start(self, pull: Floats, size: Floats) -> float:
        """αmax; for ρ below 1e-3 the α at which the ridge leaves the strongest column alone an η of 1e-3 in ``size``.

        That is max |pull|·size / (1e-3 v), free of y's unit as the ridge's α is: with squared loss and standardised
        columns 1,000 times the largest correlation.
        """
        if self.l1_ratio >= SMALLEST_RATIO:
            return self.alpha_max(pull)
        return float(np.max(self._pressing(pull) * size / self._times(FAINT * self.ridge_unit), initial=0.0))

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """Σ (|z| - αρv)₊² / (2α(1 - ρ)v); at ρ = 1, 0 inside the box |z| ≤ αv and inf outside; less between bounds."""
        return self.kernel(alpha).conjugate(Z)
