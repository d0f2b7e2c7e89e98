"""Rows that live together, and the one call that is made of them.

The seam: coefficients go down, sums come back, and no row leaves except by `predict`.  What crosses has the size of
columns and candidates, whatever the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lozenge.design.base import Cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.design.base import Affine, Design, Floats, Indices, Panel
    from lozenge.interior import Rows
    from lozenge.losses.base import Loss
    from lozenge.results import Bools, Split

    Splits = Sequence[Split | None]

GROUP = 16  # candidates worked on together, or as many more as keep an array over the rows small
SMALL = 1 << 21  # its entries: 16 MB
BITS = 52  # of a float64's integer
FEW = 16  # columns that are laid out at once
MILD = 250  # binary exponents whose squares neither over- nor underflow
ADDED = 16  # rows of products that are added up at once
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
    """Directions (k, m) on the columns ``along``, one per candidate, and the columns on which the answer is asked.

    With ``room`` it is asked of the room that a dual point has, and not of the curvature.
    """

    along: Indices
    directions: Floats
    on: Indices | Literal["all"]
    room: bool = False


@dataclass(frozen=True, eq=False)
class Want:
    """Which sums are asked for.

    With q outputs the columns of the first come first, then those of the next; the constants of all outputs are last,
    so that with one output column p is the constant 1.
    """

    loss: bool = False
    gradient: Indices | Literal["all"] | None = None
    gram: tuple[Indices, Indices] | None = None  # weighted by w f''
    exactly: bool = False  # the Gram is to be that of ∂²F itself, and not of what bounds it for Newton's model
    rooms: Indices | None = None  # a Gram weighted by the room that a dual point has
    plain_gram: tuple[Indices, Indices] | None = None  # weighted by w alone
    products: float | None = None  # a location to take off y
    moments: Floats | None = None  # (p,) the centre
    dual: Dual | None = None
    curve: Curve | None = None
    sharp: Floats | None = None  # (m,) widths of the corners of a loss that has some
    sharply: bool = False  # the loss alone is to be without them
    inner: Rows | None = None  # what stands for the loss


@dataclass(frozen=True, eq=False)
class Small:
    """A small problem on the columns of a panel, in the design's coefficients, around the candidate asked about.

    Attributes
    ----------
    start, l1, l2, centre : (k,); the centres count where there is no constant
    constant : whether the constant is free
    loss : a bound on the mean loss; goal : the duality gap to reach
    pull : (k,) about what it is at the start, which tells the columns near their price
    whole : whether the others count too
    """

    start: Floats
    l1: Floats
    l2: Floats
    centre: Floats
    constant: bool
    loss: float
    goal: float
    pull: Floats
    whole: bool


def _not_asked() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over rows, one column per candidate; they add.  What was not asked for is empty.

    Attributes
    ----------
    weight : (m,) Σw
    slope : (q, m) Σ w f'
    loss : (m,) Σ w f
    gradient : (P + q, m) or (|S|, m), X̃ᵀ w f'; P = p copies of a feature's weights
    gram : (l, r, m) X̃_Lᵀ diag(w f'') X̃_R, or diag(w) for ``plain_gram``, a matter of the design's own columns
    rooms : like ``gram``, at the room that a dual point has
    products : (p + 2, p + 2, m) [X̃ 1 t]ᵀ diag(w) [X̃ 1 t], t = y - offset - location
    saturated, offset : (m,) Σ w inf f and Σ w offset, with the moments
    first, second : (p, m) Σ w (x̃ - centre) and Σ w (x̃ - centre)²
    curve, bend : (|on|, m) X̃ᵀ diag(w f'') X̃d along each direction d, and (q, m) 1ᵀ diag(w f'') X̃d; ``residual`` is
        then that of f'' X̃d
    fenchel, rough : (m,) Σ w (f(y, η) + f*(y, u) - uη) >= 0 at the dual point u, and a bound on its rounding
    residual, steep : (m,) Σ w f'², and with the rooms Σ w f'' of the output that bends most
    start : (q, m) Σw times a constant η near the least loss, with the moments
    """

    weight: Floats
    slope: Floats = field(default_factory=_not_asked)
    loss: Floats = field(default_factory=_not_asked)
    gradient: Floats = field(default_factory=_not_asked)
    gram: Floats = field(default_factory=_not_asked)
    rooms: Floats = field(default_factory=_not_asked)
    plain_gram: Floats = field(default_factory=_not_asked)
    products: Floats = field(default_factory=_not_asked)
    saturated: Floats = field(default_factory=_not_asked)
    offset: Floats = field(default_factory=_not_asked)
    first: Floats = field(default_factory=_not_asked)
    second: Floats = field(default_factory=_not_asked)
    curve: Floats = field(default_factory=_not_asked)
    bend: Floats = field(default_factory=_not_asked)
    fenchel: Floats = field(default_factory=_not_asked)
    rough: Floats = field(default_factory=_not_asked)
    residual: Floats = field(default_factory=_not_asked)
    steep: Floats = field(default_factory=_not_asked)
    start: Floats = field(default_factory=_not_asked)

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def take(self, candidates: slice) -> Sums:
        """The sums of some candidates; they are the last axis of each."""
        return Sums(**{f.name: getattr(self, f.name)[..., candidates] for f in fields(self)})


@dataclass(eq=False)
class Shard:
    """Design, response, weights, offset, fold labels and kinds of some rows."""

    design: Design
    loss: Loss
    y: Floats
    weights: Floats
    offset: Floats | None = None
    folds: NDArray[np.uint8] | None = None
    kinds: NDArray[np.intp] | None = None
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
        group = max(GROUP, SMALL // max(1, self.y.size))
        groups = [slice(start, min(start + group, m)) for start in range(0, m, group)]
        return _beside([self._group(coef[:, g], cols, want, rows[g], g) for g in groups])

    def predict(self, coef: Floats, cols: Indices) -> Floats:
        """η (n, m): the one thing that leaves row by row."""
        return self._shifted(self.linear(coef, cols))

    def bend(self, coef: Floats, cols: Indices, split: Split | None) -> tuple[Floats, Floats]:
        """w f' and w f'' row by row, at one candidate."""
        eta, w = self._eta(coef, cols), self._weights([split])
        return self.loss.slopes(self.y, w, eta)[:, 0], self.loss.bends(self.y, w, eta)[:, 0]

    def share(self, split: Split | None) -> Floats:
        """(n,) weights that add to 1."""
        w = self._weights([split])[:, 0]
        return np.asarray(w / w.sum())

    @property
    def columns(self) -> int:
        """P, one column for every weight that is not a constant's."""
        return self.design.shape[1] * self._copies

    @property
    def _copies(self) -> int:
        return 1 if self.loss.shared else self.loss.width

    def _places(self, cols: Indices) -> list[tuple[Bools, Indices]]:
        """Of each copy of the features: which of some columns are in it, and the design's columns that they are."""
        p = self.design.shape[1]
        copy = cols // p
        return [(copy == k, cols[copy == k] - k * p) for k in range(self._copies)]

    def _constants(self, cols: Indices) -> list[Bools]:
        """Of each output: which of some columns is its constant."""
        return [cols == self.columns + k for k in range(self.loss.width)]

    def linear(self, coef: Floats, cols: Indices) -> Floats:
        """X̃_S B without the offset, (n, m) or (n, m, q)."""
        return self._raised(self._sloped(coef, cols), coef, cols)

    def _sloped(self, coef: Floats, cols: Indices) -> Floats:
        """Without the constants."""
        q = self.loss.width
        parts = [self.design.predict(coef[own], on) for own, on in self._places(cols)]
        if q == 1:
            return parts[0]
        eta = np.empty((*parts[0].shape, q), order="F")
        for k in range(q):
            eta[:, :, k] = parts[k % len(parts)]
        return eta

    def _raised(self, eta: Floats, coef: Floats, cols: Indices) -> Floats:
        """With the constants, in place."""
        for k, own in enumerate(self._constants(cols)):
            if own.any():
                view = eta if eta.ndim == 2 else eta[:, :, k]
                view += coef[own]
        return eta

    def _group(self, coef: Floats, cols: Indices, want: Want, rows: Splits, g: slice) -> Sums:
        found: dict[str, Any] = {}
        w = self._weights(rows)
        found["weight"] = np.sum(w, axis=0)
        if want.moments is not None:
            found["first"], found["second"] = self._moments(w, rows, want.moments)
            found["saturated"] = self.loss.least(self.y, w)
            found["offset"] = self._offsets(w)
            found["start"] = self.loss.start(self.y, w) * found["weight"]
        if want.plain_gram is not None:
            found["plain_gram"] = self._plain(w, *want.plain_gram)
        if want.loss or any(part is not None for part in (want.gradient, want.gram, want.rooms, want.dual, want.curve)):
            # A step may lead to where nothing can be told apart from infinity: its loss refuses it.
            with np.errstate(over="ignore", invalid="ignore"):
                found |= self._at(self._eta(coef, cols), w, want, g)
        return Sums(**found)

    def _at(self, eta: Floats, w: Floats, want: Want, g: slice) -> dict[str, Any]:
        y = self.y
        loss = self.loss if want.sharp is None else self.loss.sharpened(want.sharp[g])
        found: dict[str, Any] = {}
        if want.loss:
            found["loss"] = (self.loss if want.sharply else loss).total(y, w, eta)
        if want.gradient is not None:
            R = (want.inner or loss).slopes(y, w, eta)
            found["residual"] = self._squares(R, w)
            found["slope"] = self._level(R)
            found["gradient"] = self._correlate(R, want.gradient)
        if want.gram is not None:
            exact = want.exactly and loss.bound
            found["gram"] = (
                self._moved(w, eta, *want.gram)
                if exact
                else self._gram((want.inner or loss).bends(y, w, eta), w, eta, *want.gram)
            )
        if want.rooms is not None:
            D, sides = loss.rooms(y, w, eta), (want.rooms, want.rooms)
            found["rooms"] = self._moved(w, eta, *sides) if loss.bound else self._gram(D, w, eta, *sides)
            found["steep"] = self._steep(D)
        if want.curve is not None:
            curve = want.curve
            d = self.linear(curve.directions[:, g], curve.along)
            if curve.room and not loss.bound:
                D = loss.rooms(y, w, eta)
                R = D * d if D.ndim == d.ndim else np.einsum("...kl,...l->...k", D, d)
            else:
                R = loss.along(y, w, eta, d)
            found["residual"] = self._squares(R, w)
            found["bend"] = self._level(R)
            found["curve"] = self._correlate(R, curve.on)
        if want.dual is not None:
            dual = want.dual
            shift = self.linear(dual.shift[:, g], dual.cols)
            found["fenchel"], found["rough"] = loss.young(y, w, eta, dual.scale[g], shift)
        return found

    def _offsets(self, w: Floats) -> Floats:
        """(q, m) Σ w offset."""
        if self.offset is None:
            return np.zeros((self.loss.width, w.shape[1]))
        return np.broadcast_to(np.atleast_2d(self.offset.T @ w), (self.loss.width, w.shape[1]))

    def _squares(self, R: Floats, w: Floats) -> Floats:
        """(m,) Σ w f'² from w f', over all outputs."""
        w = w.reshape(w.shape + (1,) * (R.ndim - 2))
        squares = np.divide(np.square(R), w, out=np.zeros_like(R), where=w > 0.0)
        shared = self.loss.width if self.loss.shared else 1  # |Σₖ rₖ|² ≤ q Σₖ |rₖ|²
        return np.asarray(shared * squares.sum(axis=(0, *range(2, R.ndim))))

    def _steep(self, D: Floats) -> Floats:
        """(m,) Σ w f'' where a feature moves its outputs by 1, of the output that bends most."""
        total = D.sum(axis=0)
        if total.ndim == 3:
            total = total.sum(axis=(1, 2))[:, None] if self.loss.shared else np.diagonal(total, axis1=1, axis2=2)
        return np.asarray(total if total.ndim == 1 else np.max(total, axis=1))

    def _level(self, R: Floats) -> Floats:
        """(q, m) the sums over rows of each output."""
        return np.atleast_2d(R.sum(axis=0).T)

    def _eta(self, coef: Floats, cols: Indices) -> Floats:
        # A certificate asks about the same candidates as the pass before it, and a constant is refitted beside weights
        # that stay: what the features make of η is kept for one more question.
        memo, slopes = self._memo, cols < self.columns  # of one moment: another thread may set it
        if memo is not None and np.array_equal(memo[0], cols) and np.array_equal(memo[1], coef[slopes]):
            sloped = memo[2]
        else:
            sloped = np.asfortranarray(self._sloped(coef, cols))
            self._memo = (cols.copy(), coef[slopes], sloped) if sloped.size <= MEMO else None
        return self._shifted(self._raised(sloped.copy(order="F"), coef, cols))

    def _shifted(self, eta: Floats) -> Floats:
        """With the offset, in place."""
        if self.offset is None:
            return eta
        # (n,), the same for all outputs, or (n, q)
        return np.add(eta, self.offset.reshape((len(eta), 1, -1)[: eta.ndim]), out=eta)

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
        size = self.design.shape[1] + border.shape[1]
        found = np.empty((max(member.shape), size, size))
        self.design.products(border, self.weights, lots, found[: len(lots)])
        # In place, a few rows at a time: they are as large as X may be, and once more would not be cheap.
        several = member.T.astype(np.float64)
        for top in range(0, size if member.size > 1 else 0, ADDED):
            part = found[: len(lots), top : top + ADDED].reshape(len(lots), -1)
            found[: len(rows), top : top + ADDED] = (several @ part).reshape(len(rows), -1, size)
        return np.moveaxis(found[: len(rows)], 0, -1)

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
        """X̃_Sᵀ R, of every output's own R."""
        p, m = self.design.shape[1], R.shape[1]
        sums = self._level(R)
        slices = R[:, :, None] if R.ndim == 2 else R
        if self.loss.shared:
            slices = np.asfortranarray(slices.sum(axis=2))[:, :, None]
        if isinstance(want, str):
            # One candidate after the other, as they are read from here on: rows of m would be m loops of p.
            out = np.empty((self.columns + self.loss.width, m), order="F")
            found = self.design.correlate(slices.reshape((len(R), -1), order="F"))
            for k in range(self._copies):
                out[k * p : (k + 1) * p] = found[:, k * m : (k + 1) * m]
            out[self.columns :] = sums
            return out
        out = np.empty((len(want), m))
        for k, (own, on) in enumerate(self._places(want)):
            out[own] = self.design.correlate(slices[:, :, k], on)
        for k, own in enumerate(self._constants(want)):
            out[own] = sums[k]
        return out

    def _gram(self, D: Floats, w: Floats, eta: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ D X̃_R, by the blocks of the outputs, less what binds the rows."""
        found = []
        for c in range(D.shape[1]):
            G = self._blocks(D[:, c], left, right)
            if self.loss.bound:
                G -= self._bound(w[:, c], eta[:, c], left, right)
            found.append(G)
        return found[0][:, :, None] if len(found) == 1 else np.stack(found, axis=2)

    def _bound(self, w: Floats, eta: Floats, left: Indices, right: Indices) -> Floats:
        """(UᵀX̃_L)ᵀ(UᵀX̃_R) of what binds the rows, a few columns of U at once."""
        cols, places = np.unique(np.concatenate([left, right]), return_inverse=True)
        found = np.hstack([self._correlate(U, cols) for U in self.loss.bonds(self.y, w, eta)])
        product: Floats = found[places[: len(left)]] @ found[places[len(left) :]].T
        return product

    def _moved(self, w: Floats, eta: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ ∂²F X̃_R, one column of R after the other, where rows are bound together."""
        G = np.empty((len(left), len(right), w.shape[1]))
        for r, column in enumerate(right):
            d = self.linear(np.ones((1, w.shape[1])), np.array([column]))
            G[:, r] = self._correlate(self.loss.along(self.y, w, eta, d), left)
        return G

    def _blocks(self, D: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ D X̃_R: a block for each copy of the features on either side, and the constants.

        D is (n, q, q), or where no output bends another (n, q), or with one output (n,).
        """
        q = self.loss.width
        apart = D.ndim == 2
        D = D.reshape(len(D), q, -1)
        level = np.diag(D.sum(axis=0)[:, 0]) if apart else D.sum(axis=0)
        P = self.columns
        if min(left.min(initial=P), right.min(initial=P)) >= P:
            return np.asarray(level[np.ix_(left - P, right - P)])
        L, R = self._side(left), self._side(right)
        # What is asked for on the right is often the last on the left: of such blocks one is the other's transpose.
        repeats = all(
            len(b) <= len(a) and np.array_equal(a[len(a) - len(b) :], b) for a, b in zip(L.on, R.on, strict=True)
        )
        G = np.zeros((len(left), len(right)))
        for k, above in enumerate(L.on):
            for each, beside in enumerate(R.on):
                if (apart and k != each) or not (len(above) and len(beside)):
                    continue
                own = len(above) - len(R.on[k]) if repeats and each < k else len(above)
                block = np.empty((0, len(beside)))
                if own:
                    d = D.sum(axis=(1, 2)) if self.loss.shared else D[:, k, 0 if apart else each]
                    block = self.design.gram(np.ascontiguousarray(d), above[:own], beside)
                if own < len(above):
                    known = G[_at(L.place[each], R.place[k])][len(L.on[each]) - len(beside) :].T
                    block = np.vstack([block, known])
                G[_at(L.place[k], R.place[each])] = block
        self._margin(D, L, R, G, apart=apart)
        self._margin(D, R, L, G.T, apart=apart)
        G[_at(L.constants, R.constants)] = level[np.ix_(L.outputs, R.outputs)]
        return G

    def _side(self, cols: Indices) -> Side:
        constants = np.flatnonzero(cols >= self.columns)
        of = self._places(cols)
        places = [_run(np.flatnonzero(own)) for own, _ in of]
        return Side(places, [on for _, on in of], _run(constants), cols[constants] - self.columns)

    def _margin(self, D: Floats, features: Side, levels: Side, G: Floats, *, apart: bool) -> None:
        """Fill in the sums of features with the constants of the outputs."""
        if not len(levels.outputs):
            return
        for k, (own, on) in enumerate(zip(features.place, features.on, strict=True)):
            if not len(on):
                continue
            edge = D.sum(axis=1) if self.loss.shared else D[:, k]
            if apart:
                at = levels.outputs == k
                margin = np.zeros((len(on), len(at)))
                margin[:, at] = self.design.correlate(np.asfortranarray(edge[:, :1]), on)
            else:
                margin = self.design.correlate(np.asfortranarray(edge[:, levels.outputs]), on)
            G[_at(own, levels.constants)] = margin

    def _plain(self, w: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ diag(w) X̃_R on the design's own columns; column p is the constant."""
        p = self.design.shape[1]
        L, R = left == p, right == p
        G = np.empty((len(left), len(right), w.shape[1]))
        for c in range(w.shape[1]):
            if not L.all() and not R.all():
                G[np.ix_(~L, ~R, [c])] = self.design.gram(w[:, c], left[~L], right[~R])[:, :, None]
        if L.any():
            G[np.ix_(L, ~R)] = self.design.correlate(w, right[~R])[None]
        if R.any():
            G[np.ix_(~L, R)] = self.design.correlate(w, left[~L])[:, None]
        G[np.ix_(L, R)] = np.sum(w, axis=0)
        return G


class Side(NamedTuple):
    """Some columns by the copies of the features that they are in, and the constants.

    Attributes
    ----------
    place, on : of each copy, where its columns are among those asked for, and the design's columns that they are
    constants, outputs : where the constants are, and the outputs that they are of
    """

    place: list[slice | Indices]
    on: list[Indices]
    constants: slice | Indices
    outputs: Indices


def _run(places: Indices) -> slice | Indices:
    """A slice, where places follow one another."""
    if not (np.diff(places) == 1).all():
        return places
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0)


def _at(rows: slice | Indices, columns: slice | Indices) -> Any:
    """The index of a block."""
    if isinstance(rows, slice) or isinstance(columns, slice):
        return rows, columns
    return np.ix_(rows, columns)


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
        """Minimise a small problem at the Hessian of a candidate; weights, their pulls, and what to add to every η.

        Of columns that were not looked at the pull is what it was.
        """
        if self._panel is None:
            raise RuntimeError("no column is held yet")
        slope, curvature = self._shard.bend(coef, cols, split)
        b, pull, rho = small.start.copy(), small.pull.copy(), slope / total
        q = small
        _, level = self._panel.descend(
            curvature / total, rho, q.centre, q.constant, q.l1, q.l2, b, q.loss, q.goal, pull, q.whole
        )
        return b, pull, level


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
        """P, one column for every weight that is not a constant's."""
        return self.shards[0].columns

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
    def extremes(self) -> tuple[Floats, Floats]:
        """Smallest and largest of each x̃, over the rows of all shards."""
        scale, shift, _ = self.affine
        low = np.min([shard.design.seen[:, 0] for shard in self.shards], axis=0)
        high = np.max([shard.design.seen[:, 1] for shard in self.shards], axis=0)
        return low * scale - shift, high * scale - shift

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
        return sum(shard.design.read.total for shard in self.shards) / self.nbytes

    @property
    def summable(self) -> bool:
        """Whether sums of products of X and one response say all that the loss asks."""
        return self.shards[0].loss.quadratic and self.shards[0].loss.width == 1

    @property
    def alone(self) -> Shard | None:
        """The only shard; None where the rows are not all in one place."""
        return self.shards[0] if len(self.shards) == 1 else None

    def hold(self) -> Held | None:
        """Room for columns to descend on; None where the rows are not all in one place."""
        shard = self.alone
        if shard is None or shard.loss.width > 1 or shard.loss.bound or shard.loss.sharpens:
            return None
        return Held(shard)

    def cost(self, m: int) -> Cost:
        """Predicted seconds of products with all of X."""
        copies = self.columns // self.shards[0].design.shape[1]
        costs = [shard.design.cost(m * copies) for shard in self.shards]
        return Cost(sum(c.correlate for c in costs), copies**2 * sum(c.products for c in costs))

    @property
    def kinds(self) -> NDArray[np.intp] | None:
        """(n,) kinds of the rows, that every part of them needs its share of; None where all are alike."""
        found = [shard.kinds for shard in self.shards if shard.kinds is not None]
        return np.concatenate(found) if found else None

    def predict(self, coef: Floats, cols: Indices) -> Floats:
        """η of all rows, (n, m) or (n, m, q)."""
        return np.concatenate([shard.predict(coef, cols) for shard in self.shards])

    def evaluate(self, coef: Floats, cols: Indices, want: Want, rows: Splits | None = None) -> Sums:
        """Sum every shard's answer in a fixed tree by shard number: the same bits wherever each was computed."""
        level = [shard.evaluate(coef, cols, want, rows) for shard in self.shards]
        while len(level) > 1:
            level = [level[i] + level[i + 1] if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
        return level[0]
