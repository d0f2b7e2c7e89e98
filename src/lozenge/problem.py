"""One problem on a fleet: minimise over β  (1/Σw) Σᵢ wᵢ f(yᵢ, ηᵢ) + α Ω(β),  η = offset + β₀ + Zβ.

Z holds the columns as the penalty sees them, zⱼ = (x̃ⱼ - cⱼ)/sⱼ: centred where there is an intercept and divided by
the standard deviation where the fit standardises.  Z is never formed: the map between β and the design's coefficients
is a scaling and a rank-one correction through the constant column p, applied to coefficients, gradients and Grams.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lozenge.shards import Want

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.losses.base import Loss
    from lozenge.penalties.base import Penalty
    from lozenge.results import Bools, Split
    from lozenge.shards import Fleet
    from lozenge.statistics import Statistics

    Indices = NDArray[np.int64]

ROWS = 256  # of a Gram that are centred at once
# A standard deviation below this share of the column's largest entry is the rounding of its mean.
CONSTANT = 1e-14
ROUNDED = 4.0 * float(np.finfo(np.float64).eps)  # of an entry's size: what reading it so may round
FAR = 100.0  # (drift/sd)², the digits that a variance about another mean may lose


@dataclass(frozen=True, eq=False)
class Moments:
    """Σw, mean saturated loss, of each output mean offset and a first η, of each x̃ mean and sd (0: constant)."""

    weight: float
    saturated: float
    offset: Floats
    start: Floats
    mean: Floats
    sd: Floats


@dataclass(frozen=True, eq=False)
class Problem:
    """Objective, map of coordinates, and which columns are penalised, free or out.

    Attributes
    ----------
    weight : Σw of the split's rows
    saturated : mean of inf over η of f
    origin : (q,) constant η to set out from, less the mean offset
    centre, scale : (P + q,), with 0 and 1 for the constants
    usable : (P,) columns that are not constant
    weights : (P,) v as given
    free : unpenalised columns, the constants last if there is an intercept
    penalised : columns with a finite positive weight, in the order of ``penalty``'s coordinates
    norms : (P,) √(Σw z²/Σw) of each column; widest : (P,) bounds on its largest |z|
    bend : bound on f'', or where there is none what it is at the null model
    whole, penalty : over the columns of X, and over those that it penalises
    """

    fleet: Fleet | Statistics
    loss: Loss
    whole: Penalty
    penalty: Penalty
    split: Split | None
    weight: float
    saturated: float
    origin: Floats
    centre: Floats
    scale: Floats
    usable: Bools
    weights: Floats
    free: Indices
    penalised: Indices
    norms: Floats
    widest: Floats
    bend: float

    @property
    def p(self) -> int:
        """P, the weights that are not constants: the columns of X, as often as there are outputs of their own."""
        return len(self.usable)

    @cached_property
    def constants(self) -> Indices:
        """(q,) the columns that are 1 in one output each."""
        return np.arange(self.p, len(self.scale))

    @cached_property
    def _output(self) -> Indices:
        """(P + q,) of each column the constant that centres it; of a column of all outputs the first."""
        copies = 1 if self.loss.shared else self.loss.width
        return np.append(self.p + np.repeat(np.arange(copies), self.p // copies), self.constants)

    def cornered(self, cols: Indices) -> Indices:
        """The columns, with the constants that centre them behind."""
        return np.append(cols, self.constants)

    @cached_property
    def sizes(self) -> Floats:
        """Norms of the penalised columns."""
        return self.norms[self.priced]

    @cached_property
    def priced(self) -> slice | Indices:
        """The penalised columns, as a slice where they follow one another: nothing is copied to read those."""
        cols = self.penalised
        together = len(cols) > 0 and cols[-1] - cols[0] == len(cols) - 1
        return slice(int(cols[0]), int(cols[-1]) + 1) if together else cols

    def coefficients(self, beta: Floats, cols: Indices) -> tuple[Floats, Indices]:
        """β (k, m) on ``cols`` to the design's coefficients; the constants come last."""
        constant = cols >= self.p
        rest = cols[~constant]
        slopes = beta[~constant] / self.scale[rest, None]
        base = np.zeros((self.loss.width, beta.shape[1]))
        base[cols[constant] - self.p] = beta[constant]
        return np.vstack([slopes, base - self._moved(slopes, rest, self.centre)]), self.cornered(rest)

    def _moved(self, slopes: Floats, cols: Indices, centre: Floats) -> Floats:
        """(q, m) what centring takes off each output."""
        if self.loss.shared or self.loss.width == 1:
            return np.broadcast_to(centre[cols] @ slopes, (self.loss.width, slopes.shape[1]))
        at = self._output[cols]
        return np.stack([centre[cols[at == k]] @ slopes[at == k] for k in self.constants])

    def in_user_units(self, beta: Floats, cols: Indices) -> tuple[Floats, Floats]:
        """β (k,) on ``cols`` as weights of X as given, without the constants, and the (q,) intercepts."""
        scale, shift = self._affine
        constant = cols >= self.p
        rest = cols[~constant]
        slopes = beta[~constant] / self.scale[rest]
        level = np.zeros(self.loss.width)
        level[cols[constant] - self.p] = beta[constant]
        level -= self._moved(slopes[:, None], rest, shift + self.centre[: self.p])[:, 0]
        if not self.loss.levels:  # the loss does not see a level
            level = np.zeros_like(level)
        elif self.loss.redundant and (self.free >= self.p).any():
            level = level - np.mean(level)
        with np.errstate(over="ignore"):  # inf is refused by whoever hands it to the user
            return slopes * scale[rest], level

    def balanced(self, beta: Floats, cols: Indices, alpha: float = np.inf) -> tuple[Floats, Indices]:
        """β (k,) on ``cols`` with the unpenalised weights that the loss tells up to a constant at sum zero."""
        if not self.loss.redundant:
            return beta, cols
        whole = np.zeros(len(self.scale))
        whole[cols] = beta
        loose = self.loose(np.isfinite(self.weights) if alpha == 0.0 else self.weights == 0.0)
        by_output = whole[: self.p].reshape(self.loss.width, -1)
        by_output[:, loose] -= by_output[:, loose].mean(axis=0)
        cols = np.append(np.flatnonzero(whole[: self.p]), self.constants)
        return whole[cols], cols

    def loose(self, free: Bools) -> Bools:
        """(columns of X,) whose copies are all among some unpenalised ones."""
        return np.asarray((self.usable & free).reshape(self.loss.width, -1).all(axis=0))

    @cached_property
    def _affine(self) -> tuple[Floats, Floats]:
        """(P,) scale and shift of the design, for every copy of its columns."""
        affine = self.fleet.affine
        copies = self.p // len(affine.scale)
        return np.tile(affine.scale, copies), np.tile(affine.shift, copies)

    @cached_property
    def units(self) -> Floats:
        """(k,) what a weight of 1 of each penalised column is in β."""
        return self.scale[self.penalised] / self._affine[0][self.penalised]

    def excess(self, loss: float) -> float:
        """How far a mean loss is above the least there is."""
        return max(loss - self.saturated, 0.0)

    def grid_start(self, pull: Floats, loss: float) -> float:
        """Where a usual grid of α starts, given the pulls and the loss of the null model."""
        span = loss - self.saturated
        return self.penalty.grid_start(pull, self.sizes / np.sqrt(2.0 * span) if span > 0 else self.sizes)

    def wobble(self, beta: Floats, cols: Indices) -> float:
        """Bound on what rounding weights and intercepts to float64 in the units of X can move η as a whole."""
        shift = self._affine[1]
        rest = cols[cols < self.p]
        parts = (shift[rest] + self.centre[rest]) * beta[cols < self.p] / self.scale[rest]
        copies = self.loss.width if self.loss.shared else 1
        return 2.0 * copies * float(np.finfo(np.float64).eps) * float(np.sum(np.abs(parts)))

    def gradient(self, raw: Floats, slope: Floats, cols: Indices | slice = slice(None)) -> Floats:
        """Z_Sᵀ w f' / Σw from X̃_Sᵀ w f' and (q, m) Σ w f'."""
        centre = self.centre[cols]
        level = np.sum(slope, axis=0) if self.loss.shared else slope[self._output[cols] - self.p]
        with np.errstate(over="ignore", invalid="ignore"):  # of a step that its loss refuses
            centred = raw - centre[:, None] * level if centre.any() else raw
        return centred / (self.scale[cols, None] * self.weight)

    def gram(self, raw: Floats, left: Indices, right: Indices) -> Floats:
        """Z_Lᵀ D Z_R / Σw from X̃ᵀDX̃ on [left, constants] x [right, constants]: the constants centre the rest."""
        q = self.loss.width
        cl, cr = self._centring(left), self._centring(right)
        size, right_size = (self.scale[left] * self.weight)[:, None], self.scale[right]
        # raw - cl (C - D crᵀ) - B crᵀ, with B, C and D what raw has of the constants.
        lower = np.vstack([raw[-q:, :-q] - raw[-q:, -q:] @ cr.T, cr.T]) if cl.any() or cr.any() else None
        centred = np.empty((len(left), len(right)))
        for top in range(0, len(left), ROWS):
            rows = slice(top, min(top + ROWS, len(left)))
            part = raw[rows, :-q] / size[rows]
            if lower is not None:
                part -= (np.hstack([cl[rows], raw[rows, -q:]]) / size[rows]) @ lower
            np.divide(part, right_size, out=centred[rows])
        return centred

    def _centring(self, cols: Indices) -> Floats:
        """(k, q) what each column has of each constant."""
        if self.loss.shared:
            return np.repeat(self.centre[cols, None], self.loss.width, axis=1)
        return np.where(self._output[cols, None] == self.constants, self.centre[cols, None], 0.0)


def measure(fleet: Fleet, splits: list[Split | None]) -> list[Moments]:
    """Means and standard deviations over the rows of each split, in one pass for all of them, or none."""
    nothing = np.zeros((0, len(splits))), np.zeros(0, dtype=np.int64)
    centre = fleet.centre
    sums = fleet.evaluate(*nothing, Want(moments=centre), splits)
    drift = sums.first / sums.weight
    variance = sums.second / sums.weight - np.square(drift)
    # Squares about a mean do not cancel.  Weights may put a split's mean far from that of all rows: then once more.
    if (np.square(drift[:, 0]) > FAR * variance[:, 0]).any():
        centre = centre + drift[:, 0]
        sums = fleet.evaluate(*nothing, Want(moments=centre), splits)
        drift = sums.first / sums.weight
        variance = sums.second / sums.weight - np.square(drift)
    means = centre[:, None] + drift
    # Both terms carry rounding relative to drift²; what is below it is a constant seen through that rounding.
    size = fleet.affine.size[:, None]
    rounding = np.maximum(1e-13 * np.square(drift), np.square(CONSTANT * size))
    sd = np.sqrt(np.where(variance <= rounding, 0.0, variance))
    rows = (sums.weight.tolist(), (sums.saturated / sums.weight).tolist())
    columns = ((sums.offset / sums.weight).T, (sums.start / sums.weight).T, means.T, sd.T)
    return [Moments(*found) for found in zip(*rows, *columns, strict=True)]


def build(
    fleet: Fleet,
    loss: Loss,
    penalty: Penalty,
    moments: Moments,
    weights: Floats,
    *,
    split: Split | None = None,
    fit_intercept: bool = True,
    standardize: bool = True,
) -> Problem:
    """Bind a penalty to the columns of one split.

    Without an intercept the shift that the design applies for conditioning is taken back, z = (x̃ + shift)/s.
    A constant column has weight 0 where the fit standardises or has an intercept: it is neither free nor penalised.
    """
    affine, q = fleet.affine, loss.width
    constant = moments.sd == 0
    scale = np.where(constant, 1.0, moments.sd) if standardize else affine.scale
    centre = moments.mean if fit_intercept else -affine.shift
    copies = 1 if loss.shared else q
    width = np.hypot(moments.sd, moments.mean - centre) / scale
    low, high = fleet.extremes
    size = affine.size + np.abs(affine.shift) + np.abs(centre)
    widest = np.maximum(high - centre, centre - low) + ROUNDED * size
    usable = ~constant if standardize or fit_intercept else np.ones(len(constant), dtype=bool)
    bare = Problem(
        fleet=fleet,
        loss=loss,
        whole=penalty,
        penalty=penalty,
        split=split,
        weight=moments.weight,
        saturated=moments.saturated,
        origin=moments.start - moments.offset,
        centre=np.append(np.tile(centre, copies), np.zeros(q)),
        scale=np.append(np.tile(scale, copies), np.ones(q)),
        usable=np.tile(usable, copies),
        weights=weights,
        free=fleet.columns + np.arange(loss.levels if fit_intercept else 0),
        penalised=np.zeros(0, dtype=np.int64),
        norms=np.tile(width, copies),
        widest=np.tile(widest / scale, copies),
        bend=loss.smoothness,
    )
    return reweighted(bare, weights)


def reweighted(problem: Problem, weights: Floats) -> Problem:
    """The same problem with other penalty weights v: 0 frees a column, inf takes it out."""
    free = np.flatnonzero(problem.usable & (weights == 0))
    if problem.loss.redundant:  # where all copies are free the last cannot be told from the others' sum
        rest = problem.p - problem.p // problem.loss.width
        free = free[(free < rest) | ~problem.loose(weights == 0)[free % (problem.p - rest)]]
    penalised = np.flatnonzero(problem.usable & (weights > 0) & np.isfinite(weights))
    constants = problem.free[problem.free >= problem.p]
    made = replace(
        problem,
        weights=weights,
        free=np.append(free, constants).astype(np.int64),
        penalised=penalised.astype(np.int64),
    )
    return repriced(made, problem.whole)


def repriced(problem: Problem, penalty: Penalty) -> Problem:
    """The same problem under another penalty, which is given over all columns of X."""
    cols = problem.penalised
    placed = penalty.on(cols, problem.weights[cols], problem.units)
    curvature = problem.bend * np.square(problem.norms[cols])
    return replace(problem, whole=penalty, penalty=placed.curved(curvature))


def bent(problem: Problem, bend: float) -> Problem:
    """The same problem where no bound on f'' is known, with what it is at the null model."""
    known = bool(np.isfinite(problem.loss.smoothness))
    return problem if known else repriced(replace(problem, bend=bend), problem.whole)
