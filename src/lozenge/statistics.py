"""Rows summed up: what the squared loss can be asked, answered from one matrix of products instead of from X.

With M = [X̃ 1 t]ᵀ diag(w) [X̃ 1 t], t = y - offset - base, the residual of a candidate is [X̃ 1 t]v for
v = (b, b₀ - base, -1), so that every sum over rows is a product with M.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.design.base import Cost
from lozenge.shards import Sums, Want, rounding_of

if TYPE_CHECKING:
    from lozenge.design.base import Affine, Floats, Indices
    from lozenge.shards import Fleet, Splits

MEMORY = 1 << 28  # bytes of products that are held whatever the size of X
SLICE = 3.0e9  # multiplications a second with M
GEMM_ROWS = 16384  # most rows that one matrix product sums in line


@dataclass(frozen=True, eq=False)
class Statistics:
    """A fleet whose rows have been summed up over one split; it answers as the rows would.

    Attributes
    ----------
    products : (p + 2, p + 2) M
    base : location that was taken off the response
    """

    products: Floats
    base: float
    affine: Affine
    rows: int
    _last: list[Floats] = field(default_factory=lambda: [np.zeros((0, 0))] * 2)  # v and M v, asked for twice in a row

    @property
    def columns(self) -> int:
        """p."""
        return len(self.products) - 2

    @property
    def rounding(self) -> float:
        """Relative rounding of one entry of M."""
        return rounding_of(self.rows) + min(self.rows, GEMM_ROWS) * float(np.finfo(np.float64).eps)

    def without(self, other: Statistics) -> Statistics:
        """The rows that are here and not there."""
        return Statistics(self.products - other.products, self.base, self.affine, self.rows)

    @property
    def nbytes(self) -> int:
        """Size of M."""
        return self.products.nbytes

    def cost(self, m: int) -> Cost:
        """Predicted seconds of what stands for products with X."""
        return Cost(len(self.products) ** 2 * m / SLICE, 0.0)

    def hold(self) -> None:
        """Nothing: there are no rows to descend on."""

    @property
    def shared(self) -> bool:
        """Whether problems other than one ask it."""
        return False

    @property
    def alone(self) -> None:
        """None: there are no rows."""
        return

    def evaluate(self, coef: Floats, cols: Indices, want: Want, rows: Splits | None = None) -> Sums:  # noqa: ARG002 - the fleet's signature; its split is already taken
        """Sums of m candidates, as `Fleet.evaluate` gives them for the squared loss."""
        M, p, m = self.products, self.columns, coef.shape[1]
        v = np.zeros((p + 2, m))
        v[cols] = coef
        v[p] -= self.base
        v[p + 1] = -1.0
        slopes = self._times(v)
        loss = np.maximum(0.5 * np.sum(v * slopes, axis=0), 0.0)
        found: dict[str, Any] = {"weight": np.full(m, M[p, p]), "loss": loss, "slope": slopes[p, None]}
        found["steep"] = found["weight"]
        # ‖r‖ by the triangle inequality: what rounding of the products can reach is relative to this.
        found["residual"] = np.square(np.sqrt(np.diagonal(M)) @ np.abs(v))
        if want.gradient is not None:
            found["gradient"] = slopes[: p + 1] if isinstance(want.gradient, str) else slopes[want.gradient]
        rooms = None if want.rooms is None else (want.rooms, want.rooms)
        for name, asked in (("gram", want.gram), ("rooms", rooms), ("plain_gram", want.plain_gram)):
            if asked is not None:
                found[name] = np.broadcast_to(M[np.ix_(*asked)][:, :, None], (*map(len, asked), m))
        if want.curve is not None:
            over, along = want.curve.along, want.curve.directions
            on = np.arange(p + 1) if isinstance(want.curve.on, str) else want.curve.on
            found["curve"] = M[np.ix_(on, over)] @ along
            found["bend"] = (M[p, over] @ along)[None]
            found["residual"] = np.square(np.sqrt(np.diagonal(M)[over]) @ np.abs(along))
        if want.dual is not None:
            # f + f* - uη = ½(f' - u)² with u = s(f' - X̃_uν).
            moves = want.dual.shift.any(axis=1)  # most often the constant alone
            s, u, nu = want.dual.scale, want.dual.cols[moves], want.dual.shift[moves]
            moved = np.sum(nu * slopes[u], axis=0)
            size = np.sum(nu * (M[np.ix_(u, u)] @ nu), axis=0)
            found["fenchel"] = np.square(1.0 - s) * loss + (1.0 - s) * s * moved + 0.5 * np.square(s) * size
            found["rough"] = np.zeros(m)  # squares, which do not cancel
        return Sums(**found)

    def _times(self, v: Floats) -> Floats:
        """M v."""
        last, slopes = self._last
        if not np.array_equal(last, v):
            used = np.flatnonzero(v.any(axis=1))
            # M is symmetric, and its rows lie together: a few of them are copied.
            few = 2 * len(used) < len(v)
            slopes = self.products[used].T @ v[used] if few else self.products @ v
            self._last[:] = v, slopes
        return slopes


def cheaper(fleet: Fleet, problems: int, alphas: int) -> bool:
    """Whether to sum up the rows first is predicted to take less time than to read them at every step.

    About half of the columns that can be kept are taken to be kept on the way.
    """
    n, p = fleet.rows, fleet.columns
    if 8 * (problems + 1) * (p + 2) ** 2 > max(MEMORY, fleet.nbytes):
        return False
    k = 0.5 * min(n, p)
    asked = problems * alphas
    cost = fleet.cost(1)
    by_rows = asked * cost.correlate * (1.0 + k / p) + problems * cost.products * (k / p) ** 2
    by_sums = cost.products + asked * p * k / SLICE
    return bool(by_sums < by_rows)


def summed(fleet: Fleet, splits: Splits, base: float) -> list[Statistics]:
    """Sum up the rows of each split in one pass over X."""
    nothing = np.zeros((0, len(splits))), np.zeros(0, dtype=np.int64)
    sums = fleet.evaluate(*nothing, Want(products=base), splits)
    return [
        Statistics(np.ascontiguousarray(sums.products[:, :, c]), base, fleet.affine, fleet.rows)
        for c in range(len(splits))
    ]
