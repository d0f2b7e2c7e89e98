"""The minimax concave penalty on the norms of groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.penalties.blocks import Blocks
from lozenge.penalties.grouped import Grouped
from lozenge.penalties.mcp import MCP

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats, Indices


@dataclass(frozen=True)
class GroupMCP(Grouped):
    """Ω(b) = Σ_g ω(‖b_g‖₂), ω MCP's with λ = αv_g: a group enters whole, and its pull fades as its norm grows.

    v_g is √(columns of the group) unless penalty weights are given.

    Parameters
    ----------
    groups : (p,) labels, {name of the group: names of its columns}, or [names of its columns, ...]
        As in `Group`.
    gamma : above 1

    Raises
    ------
    ValueError
        If ``gamma`` is not above 1.

    References
    ----------
    Huang, Breheny, Ma (2012), A selective review of group selection in high-dimensional models, Statistical Science 27,
    section 3.2. Breheny, Huang (2015), Group descent algorithms for nonconvex penalized linear and logistic regression
    models with grouped predictors, Statistics and Computing 25.

    Examples
    --------
    Within reach the norm 5 is shrunk as MCP shrinks a weight; a group with a norm of γλ or more is left as it is.

    >>> import numpy as np
    >>> from lozenge.penalties import GroupMCP
    >>> two = GroupMCP(groups=[0, 0, 1], gamma=3.0).with_weights(np.array([2.0, 2.0, 1.0]))
    >>> two.prox(np.array([3.0, 4.0, 3.5]), step=1.0, alpha=1.0).round(6)
    array([2.7, 3.6, 3.5])
    """

    groups: Any = None
    gamma: float = 3.0

    name: ClassVar[str] = "group_mcp"
    convex: ClassVar[bool] = False

    def __post_init__(self) -> None:
        MCP(gamma=self.gamma)

    @property
    def gapped(self) -> bool:
        """No: it is not convex."""
        return False

    @property
    def majorised(self) -> bool:
        """Yes."""
        return True

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"gamma": self.gamma} | super().parameters()

    def kernel(self, alpha: float) -> Blocks:
        """The tangent at zero: the group lasso's penalty."""
        return Blocks(np.zeros(len(self._v)), self._labels, self._prices(alpha))

    def tangent(self, B: Floats, alpha: float) -> Blocks:
        """Σ ω'(‖b_g‖)‖·‖, which lies above Ω up to a constant and touches it at b."""
        form = self.kernel(alpha)
        return Blocks(form.l1, form.labels, self._each.slope(form.norms(B), alpha))

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Add ω'/‖b_g‖ (I - uuᵀ) + ω'' uuᵀ, u = b_g/‖b_g‖, on all coordinates of the groups that are not zero."""
        form = self.tangent(B, alpha)
        size, bend = form.norms(B), self._each.bend(form.norms(B), alpha)
        for label in np.unique(form.labels[rows]):
            own = np.flatnonzero(form.labels[rows] == label)
            unit = B[rows][own] / size[label]
            flat = form.price[label] / size[label]
            block = np.outer((bend[label] - flat) * unit, unit)
            block[np.diag_indices(len(own))] += flat
            system[np.ix_(own, own)] += block

    def price(self, alpha: float) -> Floats:
        """αv_g, for the norm of the group's pulls."""
        return alpha * self._v

    def value(self, B: Floats, alpha: float) -> float:
        """Ω_α(b)."""
        return self._each.value(self.kernel(alpha).norms(B), alpha)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """ω'(‖b_g‖) b/‖b_g‖; in a group that is zero αv_g, as if the column were alone."""
        form = self.tangent(B, alpha)
        return np.where(form.norms(B)[self._labels] > 0.0, form.slope(B), self.price(alpha))

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """z_g/‖z_g‖ times MCP's prox of ‖z_g‖."""
        size = self.kernel(alpha).norms(Z)
        left = np.divide(self._each.prox(size, step, alpha), size, out=np.zeros_like(size), where=size > 0.0)
        return Z * left[self._labels] + 0.0

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """|grad + slope| where the group is not zero; else what of |grad| its norm is beyond αv_g."""
        return self.tangent(B, alpha).missed(B, grad)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±αv_g min(1, √(γh)), for a column on which alone its group is pulled."""
        threshold = self.price(alpha) * np.minimum(1.0, np.sqrt(self.gamma * curvature))
        return -threshold, threshold

    def alpha_max(self, pull: Floats) -> float:
        """Max ‖pull_g‖ / v_g."""
        return float(np.max(self.kernel(1.0).pressure(pull), initial=0.0))

    def grid_start(self, pull: Floats, size: Floats) -> float:  # noqa: ARG002 - asked by penalties without a corner
        """αmax."""
        return self.alpha_max(pull)

    def conjugate(self, Z: Floats, alpha: float) -> float:  # noqa: ARG002 - the same at every α
        """Inf but at 0: Ω grows slower than any line, so that no dual point bounds it."""
        return np.inf if Z.any() else 0.0

    @cached_property
    def _each(self) -> MCP:
        """MCP on the norms."""
        return MCP(gamma=self.gamma).with_weights(np.maximum(self._prices(1.0), np.finfo(np.float64).tiny))
