"""Rows that live together, and the one call that is made of them.

The seam: coefficients go down, sums come back, and no row leaves except by `predict`.  What crosses has the size of
columns and candidates, whatever the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lozenge.design.base import Cost
from lozenge.threads import spread, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lozenge.design.base import Affine, Design, Floats, Indices, Panel
    from lozenge.losses.base import Loss
    from lozenge.results import Bools, Split

    Splits = Sequence[Split | None]

GROUP = 16  # candidates worked on together, or as many more as keep an array over the rows small
SMALL = 1 << 21  # its entries: 16 MB
BITS = 52  # of a float64's integer
LONG = 1 << 15  # entries of η from which a loss is worth several threads
MILD = 250  # binary exponents whose squares neither over- nor underflow
MEMO = 1 << 22  # entries of the linear predictor that a shard remembers: 32 MB
TRAIN, TEST = 1, 2  # codes in the fold table; 0 is in neither part


@dataclass(frozen=True, eq=False)
class Dual:
    """The dual point u = scale·(f' - f''·X̃_S shift), one column per candidate."""

    scale: Floats
    cols: Indices
    shift: Floats


@dataclass(frozen=True, eq=False)
class Curve:
    """Directions (k, m) on the columns ``along``, one per candidate, and the columns on which the answer is asked."""

    along: Indices
    directions: Floats
    on: Indices


@dataclass(frozen=True, eq=False)
class Want:
    """Which sums are asked for.  Column p of every index set is the constant 1."""

    loss: bool = False
    gradient: Indices | Literal["all"] | None = None
    gram: tuple[Indices, Indices] | None = None  # weighted by w f''
    plain_gram: tuple[Indices, Indices] | None = None  # weighted by w alone
    products: float | None = None  # a location to take off y
    moments: Floats | None = None  # (p,) the centre
    dual: Dual | None = None
    curve: Curve | None = None


@dataclass(frozen=True, eq=False)
class Small:
    """A small problem on the columns of a panel, in the design's coefficients, around the candidate asked about.

    Attributes
    ----------
    start, l1, l2, centre : (k,); the centres count where there is no constant
    constant : whether the constant is free
    loss : a bound on the mean loss; goal : the duality gap to reach
    """

    start: Floats
    l1: Floats
    l2: Floats
    centre: Floats
    constant: bool
    loss: float
    goal: float


def _not_asked() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over rows, one column per candidate; they add.  What was not asked for is empty.

    Attributes
    ----------
    weight : (m,) Σw
    slope : (m,) Σ w f'
    loss : (m,) Σ w f
    gradient : (p + 1, m) or (|S|, m), X̃ᵀ w f'
    gram : (l, r, m) X̃_Lᵀ diag(w f'') X̃_R, or diag(w) for ``plain_gram``
    products : (p + 2, p + 2, m) [X̃ 1 t]ᵀ diag(w) [X̃ 1 t], t = y - offset - location
    saturated, offset : (m,) Σ w inf f and Σ w offset, with the moments
    first, second : (p, m) Σ w (x̃ - centre) and Σ w (x̃ - centre)²
    curve, bend : (|on|, m) X̃ᵀ diag(w f'') X̃d along each direction d, and (m,) 1ᵀ diag(w f'') X̃d
    fenchel : (m,) Σ w (f(y, η) + f*(y, u) - uη) >= 0 at the dual point u
    residual : (m,) Σ w f'²
    """

    weight: Floats
    slope: Floats = field(default_factory=_not_asked)
    loss: Floats = field(default_factory=_not_asked)
    gradient: Floats = field(default_factory=_not_asked)
    gram: Floats = field(default_factory=_not_asked)
    plain_gram: Floats = field(default_factory=_not_asked)
    products: Floats = field(default_factory=_not_asked)
    saturated: Floats = field(default_factory=_not_asked)
    offset: Floats = field(default_factory=_not_asked)
    first: Floats = field(default_factory=_not_asked)
    second: Floats = field(default_factory=_not_asked)
    curve: Floats = field(default_factory=_not_asked)
    bend: Floats = field(default_factory=_not_asked)
    fenchel: Floats = field(default_factory=_not_asked)
    residual: Floats = field(default_factory=_not_asked)

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def take(self, candidates: slice) -> Sums:
        """The sums of some candidates; they are the last axis of each."""
        return Sums(**{f.name: getattr(self, f.name)[..., candidates] for f in fields(self)})


@dataclass(eq=False)
class Shard:
    """Design, response, weights, offset and fold labels of some rows."""

    design: Design
    loss: Loss
    y: Floats
    weights: Floats
    offset: Floats | None = None
    folds: NDArray[np.uint8] | None = None
    _memo: tuple[Indices, Floats, Floats] | None = field(default=None, init=False)

    def evaluate(self, coef: Floats, cols: Indices, want: Want, rows: Splits | None = None) -> Sums:
        """Evaluate m candidates, (k, m) on the columns ``cols``, over the rows of each one's split.

        Parameters
        ----------
        coef : (k, m)
            In the design's units; column p, the constant, may be among ``cols``.
        want : Want
        rows : (m,) of Split or None
            None, for one or for all: every row counts.
        """
        m = coef.shape[1]
        rows = [None] * m if rows is None else rows
        if want.products is not None:
            return Sums(weight=np.sum(self._weights(rows), axis=0), products=self._products(rows, want.products))
        group = max(GROUP, SMALL // max(1, len(self.y)))
        groups = [slice(start, min(start + group, m)) for start in range(0, m, group)]
        return _beside([self._group(coef[:, g], cols, want, rows[g], g) for g in groups])

    def predict(self, coef: Floats, cols: Indices) -> Floats:
        """η (n, m): the one thing that leaves row by row."""
        eta = self.linear(coef, cols)
        return eta if self.offset is None else eta + self.offset[:, None]

    def bend(self, coef: Floats, cols: Indices, split: Split | None) -> tuple[Floats, Floats]:
        """w f' and w f'' row by row, at one candidate."""
        eta, w, y = self._eta(coef, cols), self._weights([split]), self.y[:, None]
        slope, curvature = _by_rows(self.loss.gradient, y, eta), _by_rows(self.loss.curvature, y, eta)
        return (w * slope)[:, 0], (w * curvature)[:, 0]

    def linear(self, coef: Floats, cols: Indices) -> Floats:
        """X̃_S B without the offset; column p is the constant."""
        p = self.design.shape[1]
        constant = cols == p
        eta = self.design.predict(coef[~constant], cols[~constant])
        if constant.any():
            eta += coef[constant]
        return eta

    def _group(self, coef: Floats, cols: Indices, want: Want, rows: Splits, g: slice) -> Sums:
        found: dict[str, Any] = {}
        w = self._weights(rows)
        found["weight"] = np.sum(w, axis=0)
        if want.moments is not None:
            found["first"], found["second"] = self._moments(w, rows, want.moments)
            found["saturated"] = self.loss.saturated(self.y) @ w
            found["offset"] = np.zeros(len(rows)) if self.offset is None else self.offset @ w
        if want.plain_gram is not None:
            found["plain_gram"] = self._gram(w, *want.plain_gram)
        if want.loss or any(part is not None for part in (want.gradient, want.gram, want.dual, want.curve)):
            found |= self._at(self._eta(coef, cols), w, want, g)
        return Sums(**found)

    def _at(self, eta: Floats, w: Floats, want: Want, g: slice) -> dict[str, Any]:
        y, loss = self.y[:, None], self.loss
        found: dict[str, Any] = {}
        if want.loss:
            found["loss"] = np.sum(w * _by_rows(loss.value, y, eta), axis=0)
        if want.gradient is not None:
            slope = _by_rows(loss.gradient, y, eta)
            found["residual"] = np.sum(w * np.square(slope), axis=0)
            R = np.asfortranarray(w * slope)
            found["slope"] = np.sum(R, axis=0)
            found["gradient"] = self._correlate(R, want.gradient)
        if want.gram is not None:
            found["gram"] = self._gram(w * _by_rows(loss.curvature, y, eta), *want.gram)
        if want.curve is not None:
            curve = want.curve
            R = np.asfortranarray(w * loss.curvature(y, eta) * self.linear(curve.directions[:, g], curve.along))
            found["bend"] = np.sum(R, axis=0)
            found["curve"] = self._correlate(R, curve.on)
        if want.dual is not None:
            dual = want.dual
            shift = self.linear(dual.shift[:, g], dual.cols)
            # Summed row by row and not as three large sums, so that it does not cancel.  A candidate so far out that
            # this overflows gets nan or inf here, and no certificate.
            with np.errstate(over="ignore", invalid="ignore"):
                u = dual.scale[g] * (loss.gradient(y, eta) - loss.curvature(y, eta) * shift)
                young = loss.value(y, eta) + loss.conjugate(y, u) - u * eta
            found["fenchel"] = np.sum(np.multiply(w, young, out=np.zeros_like(young), where=w > 0), axis=0)
        return found

    def _eta(self, coef: Floats, cols: Indices) -> Floats:
        # A certificate asks about the same candidates as the pass before it: η is kept for one more question.
        memo = self._memo  # of one moment: another thread may set it
        if memo is not None and np.array_equal(memo[0], cols) and np.array_equal(memo[1], coef):
            return memo[2]
        eta = np.asfortranarray(self.predict(coef, cols))
        self._memo = (cols.copy(), coef.copy(), eta) if eta.size <= MEMO else None
        return eta

    def _weights(self, rows: Splits) -> Floats:
        w = np.empty((len(self.y), len(rows)), order="F")
        for c, split in enumerate(rows):
            w[:, c] = self.weights
            if split is not None:
                if self.folds is None:
                    raise ValueError("this shard has no folds")
                code = TRAIN if split.part == "train" else TEST
                w[:, c] *= self.folds[:, split.fold] == code
        return w

    def _moments(self, w: Floats, rows: Splits, centre: Floats) -> tuple[Floats, Floats]:
        # Rows of equal weight have the moments that were seen when X came in.
        scale, shift, _ = self.design.affine
        extreme = bool((np.abs(np.frexp(scale)[1]) > MILD).any())
        if any(rows) or (w != w[0]).any() or extreme:
            return self.design.moments(w, centre)
        mean, spread = self.design.seen[:, 2] * scale - shift - centre, self.design.seen[:, 3] * np.square(scale)
        total = w.sum(axis=0)
        return np.outer(mean, total), np.outer(spread + np.square(mean), total)

    def _products(self, rows: Splits, base: float) -> Floats:
        """Rows of the same lot, in the same parts of all splits, are multiplied once, and lots then added."""
        lots, member = self._lots(rows)
        t = self.y - base if self.offset is None else self.y - self.offset - base
        border = np.column_stack([np.ones(len(t)), t])
        found = self.design.products(border, self.weights, lots)
        if member.size > 1:  # else it is the sum
            found = (member.T.astype(np.float64) @ found.reshape(len(lots), -1)).reshape(len(rows), *found.shape[1:])
        return np.moveaxis(found, 0, -1)

    def _lots(self, rows: Splits) -> tuple[list[NDArray[np.intp]], Bools]:
        """Rows by the splits they belong to, and (lots, m) which lot is in which split."""
        inside = self._weights(rows) > 0
        if len(rows) <= BITS:  # a row's splits as one number: whole rows are slow to sort
            _, first, lot = np.unique(
                inside @ np.ldexp(1.0, np.arange(len(rows))), return_index=True, return_inverse=True
            )
            pattern = inside[first]
        else:
            pattern, lot = np.unique(inside, axis=0, return_inverse=True)
        if not pattern[0].any():  # the first in order: rows that are in no split
            pattern, lot = pattern[1:], lot - 1
        if len(pattern) > len(rows):  # overlapping folds: a lot for each is cheaper
            return [np.flatnonzero(column) for column in inside.T], np.eye(len(rows), dtype=bool)
        return [np.flatnonzero(lot == k) for k in range(len(pattern))], pattern

    def _correlate(self, R: Floats, want: Indices | Literal["all"]) -> Floats:
        p = self.design.shape[1]
        if isinstance(want, str):
            # One candidate after the other, as they are read from here on: rows of m would be m loops of p.
            out = np.empty((p + 1, R.shape[1]), order="F")
            out[:p], out[p] = self.design.correlate(R), R.sum(axis=0)
            return out
        out = np.empty((len(want), R.shape[1]))
        constant = want == p
        out[~constant] = self.design.correlate(R, want[~constant])
        out[constant] = R.sum(axis=0)
        return out

    def _gram(self, D: Floats, left: Indices, right: Indices) -> Floats:
        p = self.design.shape[1]
        L, R = left == p, right == p
        G = np.empty((len(left), len(right), D.shape[1]))
        for c in range(D.shape[1]):
            if not L.all() and not R.all():
                G[np.ix_(~L, ~R, [c])] = self.design.gram(D[:, c], left[~L], right[~R])[:, :, None]
        if L.any():
            G[np.ix_(L, ~R)] = self.design.correlate(D, right[~R])[None]
        if R.any():
            G[np.ix_(~L, R)] = self.design.correlate(D, left[~L])[:, None]
        G[np.ix_(L, R)] = np.sum(D, axis=0)
        return G


class Held:
    """Columns of one shard, packed for descent on its rows; they stay with it."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._panel: Panel | None = None

    def __len__(self) -> int:
        return 0 if self._panel is None else len(self._panel)

    def append(self, cols: Indices) -> None:
        """Pack more columns behind those that are there."""
        self._panel = self._shard.design.pack(cols, self._panel)

    def descend(
        self, coef: Floats, cols: Indices, small: Small, total: float, split: Split | None
    ) -> tuple[Floats, Floats, float]:
        """Minimise a small problem at the Hessian of a candidate; weights, their pulls, and what to add to every η."""
        if self._panel is None:
            raise RuntimeError("no column is held yet")
        slope, curvature = self._shard.bend(coef, cols, split)
        b, pull, rho = small.start.copy(), np.empty_like(small.start), slope / total
        _, level = self._panel.descend(
            curvature / total, rho, small.centre, small.constant, small.l1, small.l2, b, small.loss, small.goal, pull
        )
        return b, pull, level


def _by_rows(function: Callable[[Floats, Floats], Floats], y: Floats, eta: Floats) -> Floats:
    """A loss's function, on as many threads as there are where the rows are many."""
    if eta.size < LONG:
        return function(y, eta)
    out = np.empty(eta.shape, order="F")

    def fill(rows: slice) -> None:
        out[rows] = function(y[rows], eta[rows])

    edges = np.linspace(0, len(eta), workers() + 1).astype(int).tolist()
    spread([partial(fill, slice(top, bottom)) for top, bottom in pairwise(edges)])
    return out


def rounding_of(rows: int) -> float:
    """Relative rounding of a sum over rows by the streaming kernels.

    They add in blocks of 512 with 8 lanes, then block by block: about 64 + n/512 additions in line.
    """
    return (72 + rows / 512) * float(np.finfo(np.float64).eps)


def _beside(parts: list[Sums]) -> Sums:
    """Join the sums of groups of candidates; candidates are the last axis of each."""
    if len(parts) == 1:
        return parts[0]
    columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(Sums)}
    return Sums(**{name: np.concatenate(column, axis=-1) for name, column in columns.items()})


@dataclass(frozen=True, eq=False)
class Fleet:
    """Shards of one X, in this process."""

    shards: tuple[Shard, ...]

    @property
    def columns(self) -> int:
        """p."""
        return self.shards[0].design.shape[1]

    @property
    def rows(self) -> int:
        """n, over all shards."""
        return sum(len(shard.y) for shard in self.shards)

    @property
    def affine(self) -> Affine:
        """How the columns are read; the shards share it."""
        return self.shards[0].design.affine

    @property
    def centre(self) -> Floats:
        """Mean of each x̃ over the rows of all shards, unweighted."""
        counts = np.array([len(shard.y) for shard in self.shards], dtype=np.float64)
        means = np.stack([shard.design.seen[:, 2] for shard in self.shards])
        share = counts / counts.sum()
        centre: Floats = np.sum(share[:, None] * (means * self.affine.scale - self.affine.shift), axis=0)
        return centre

    @property
    def rounding(self) -> float:
        """Relative rounding of one correlation X̃ᵀr, in units of ‖x̃‖‖r‖."""
        return rounding_of(max(len(shard.y) for shard in self.shards))

    @property
    def shared(self) -> bool:
        """Whether several problems ask it, best side by side."""
        return True

    @property
    def nbytes(self) -> int:
        """Size of X."""
        return sum(shard.design.nbytes for shard in self.shards)

    @property
    def passes(self) -> float:
        """Bytes of X read so far over the size of X."""
        return sum(shard.design.bytes_read for shard in self.shards) / self.nbytes

    def hold(self) -> Held | None:
        """Room for columns to descend on; None where the rows are not all in one place."""
        return Held(self.shards[0]) if len(self.shards) == 1 else None

    def cost(self, m: int) -> Cost:
        """Predicted seconds of products with all of X."""
        costs = [shard.design.cost(m) for shard in self.shards]
        return Cost(sum(c.correlate for c in costs), sum(c.products for c in costs))

    def evaluate(self, coef: Floats, cols: Indices, want: Want, rows: Splits | None = None) -> Sums:
        """Sum every shard's answer in a fixed tree by shard number: the same bits wherever each was computed."""
        level = [shard.evaluate(coef, cols, want, rows) for shard in self.shards]
        while len(level) > 1:
            level = [level[i] + level[i + 1] if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
        return level[0]
