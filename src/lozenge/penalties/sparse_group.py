"""The sparse group lasso's penalty."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.blocks import Blocks
from lozenge.penalties.group import Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.penalties.base import Floats, Indices


@dataclass(frozen=True)
class SparseGroup(Group):
    """Ω(b) = Σ_g v_g ((1 - ρ)‖b_g‖₂ + ρ‖b_g‖₁/√m_g), m_g the columns of g: groups vanish whole, and weights within.

    v_g is √m_g unless penalty weights are given: then the L1 part prices every column alike.

    Parameters
    ----------
    groups : (p,) labels, {name of the group: names of its columns}, or [names of its columns, ...]
        As in `Group`.
    l1_ratio : ρ in [0, 1]
        0 is the group lasso's penalty, 1 the lasso's.

    Raises
    ------
    ValueError
        If ``l1_ratio`` is outside [0, 1].

    References
    ----------
    Simon, Friedman, Hastie, Tibshirani (2013), A sparse-group lasso, JCGS 22, eq. 2.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import SparseGroup
    >>> half = SparseGroup(groups=[0, 0], l1_ratio=0.5).named(("a", "b")).on(np.arange(2), np.full(2, 2**0.5), None)
    >>> half.prox(np.array([3.0, 0.4]), step=1.0, alpha=1.0).round(6)
    array([1.792893, 0.      ])
    """

    l1_ratio: float = 0.5
    roots: Floats | None = field(default=None, kw_only=True, repr=False)

    name: ClassVar[str] = "sparse_group"

    def __post_init__(self) -> None:
        if not 0.0 <= self.l1_ratio <= 1.0:
            raise ValueError(f"l1_ratio must lie between 0 (group lasso) and 1 (lasso); got {self.l1_ratio}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1_ratio": self.l1_ratio} | super().parameters()

    def named(self, names: Sequence[str]) -> Self:
        """Groups by number, and √m of the group of each column."""
        made = super().named(names)
        return replace(made, roots=made.usual_weights(len(names)))

    def copied(self, count: int) -> Self:
        """The copies of a group's columns belong to it."""
        return super().copied(count).rooted(np.tile(self._roots, count))

    def on(self, cols: Indices, weights: Floats, unit: Floats) -> Self:
        """Some columns, whole groups of them but for those that cannot be penalised."""
        return super().on(cols, weights, unit).rooted(self._roots[cols])

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same on whole groups."""
        return super().take(cols).rooted(self._roots[cols])

    def rooted(self, roots: Floats) -> Self:
        """With √m of the group of each column."""
        return replace(self, roots=roots)

    @property
    def _roots(self) -> Floats:
        if self.roots is None:
            raise ValueError("this penalty has no columns yet; call named first")
        return self.roots

    def kernel(self, alpha: float) -> Blocks:
        """Both parts, at α."""
        l1 = alpha * self.l1_ratio * self._v / self._roots
        return Blocks(l1, self._labels, (1.0 - self.l1_ratio) * self._prices(alpha))

    def price(self, alpha: float) -> Floats:
        """αv_g (1 - ρ + ρ/√m_g): what holds a column on which alone its group is pulled."""
        return alpha * self._v * (1.0 - self.l1_ratio + self.l1_ratio / self._roots)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """The derivative where b ≠ 0; in a group that is zero the price, as if the column were alone."""
        kernel = self.kernel(alpha)
        inside = kernel.slope(B) + np.where(B == 0.0, kernel.l1, 0.0)
        return np.where(kernel.norms(B)[self._labels] > 0.0, inside, self.price(alpha))

    def alpha_max(self, pull: Floats) -> float:
        """The least α with ‖(|pull_g| - αρv_g/√m_g)₊‖ ≤ α(1 - ρ)v_g in every group."""
        return float(np.max(self.kernel(1.0).pressure(pull), initial=0.0))

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """0 where ‖(|z_g| - αρv_g/√m_g)₊‖ ≤ α(1 - ρ)v_g in every group, else inf."""
        return self.kernel(alpha).conjugate(Z)
