"""The group lasso's penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.penalties.blocks import Blocks
from lozenge.penalties.face import Face
from lozenge.penalties.grouped import Grouped

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats, Indices


@dataclass(frozen=True)
class Group(Grouped):
    """Ω(b) = Σ_g v_g‖b_g‖₂: the norm has a corner where all of a group is zero, so that it enters or leaves whole.

    v_g is √(columns of the group), of X and not of its weights for several outputs, unless penalty weights are given.

    Parameters
    ----------
    groups : (p,) labels, {name of the group: names of its columns}, or [names of its columns, ...]
        Every column belongs to one group; those that a mapping or a list leaves out are groups of their own, and so
        are all of them without ``groups``.  Of several outputs, all weights of a column belong to its group.

    Raises
    ------
    ValueError
        Where the path is fitted, if the groups do not fit the columns of X or overlap.

    References
    ----------
    Yuan, Lin (2006), Model selection and estimation in regression with grouped variables, JRSS B 68, eq. 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import Group
    >>> two = Group(groups=[0, 0, 1]).with_weights(np.ones(3))
    >>> two.prox(np.array([3.0, 4.0, 0.5]), step=1.0, alpha=1.0)
    array([2.4, 3.2, 0. ])
    """

    groups: Any = None

    name: ClassVar[str] = "group"

    def kernel(self, alpha: float) -> Blocks:
        """The norms of the groups, at αv_g."""
        return Blocks(np.zeros(len(self._v)), self._labels, self._prices(alpha))

    def tangent(self, B: Floats, alpha: float) -> Blocks:  # noqa: ARG002 - convex: the penalty itself
        """αΩ."""
        return self.kernel(alpha)

    def stiffen(self, system: Floats, rows: Indices, B: Floats, alpha: float) -> None:
        """Add αv_g/‖b_g‖ (I - uuᵀ), u = b_g/‖b_g‖."""
        self.kernel(alpha).stiffen(system, Face(rows), B)

    def price(self, alpha: float) -> Floats:
        """αv_g, for the norm of the group's pulls."""
        return alpha * self._v

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        return self.kernel(alpha).cost(B)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αv_g b/‖b_g‖; in a group that is zero αv_g, as if the column were alone."""
        kernel = self.kernel(alpha)
        return np.where(kernel.norms(B)[self._labels] > 0.0, kernel.slope(B), self.price(alpha))

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """z_g (1 - step·αv_g/‖z_g‖)₊."""
        return self.kernel(alpha).prox(Z, step)

    def dual_norm(self, Z: Floats) -> float:
        """Max ‖z_g‖/v_g."""
        return self.alpha_max(Z)

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """|grad + slope| where the group is not zero; else what of |grad| its norm is beyond αv_g."""
        return self.kernel(alpha).missed(B, grad)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:  # noqa: ARG002 - a convex corner's width does not depend on it
        """±αv_g, for a column on which alone its group is pulled."""
        return -self.price(alpha), self.price(alpha)

    def alpha_max(self, pull: Floats) -> float:
        """Max ‖pull_g‖ / v_g."""
        return float(np.max(self.kernel(1.0).pressure(pull), initial=0.0))

    def grid_start(self, pull: Floats, size: Floats) -> float:  # noqa: ARG002 - asked by penalties without a corner
        """αmax."""
        return self.alpha_max(pull)

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """0 where every ‖z_g‖ ≤ αv_g, else inf."""
        return self.kernel(alpha).conjugate(Z)
