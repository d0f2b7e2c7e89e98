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

# A standard deviation below this share of the column's largest entry is the rounding of its mean.
CONSTANT = 1e-14
FAR = 100.0  # (drift/sd)², the digits that a variance about another mean may lose


@dataclass(frozen=True, eq=False)
class Moments:
    """Per problem: Σw, mean saturated loss, mean offset, mean of each x̃ and its standard deviation (0: constant)."""

    weight: float
    saturated: float
    offset: float
    mean: Floats
    sd: Floats


@dataclass(frozen=True, eq=False)
class Problem:
    """Objective, map of coordinates, and which columns are penalised, free or out.

    Attributes
    ----------
    weight : Σw of the split's rows
    saturated, offset : means of inf over η of f, and of the offset
    centre, scale : (p + 1,), with 0 and 1 for the constant
    usable : (p,) columns that are not constant
    weights : (p,) v as given
    free : unpenalised columns, the constant p last if there is an intercept
    penalised : columns with a finite positive weight, in the order of ``penalty``'s coordinates
    norms : (p,) √(Σw z²/Σw) of each column
    whole, penalty : over the columns of X, and over those that it penalises
    """

    fleet: Fleet | Statistics
    loss: Loss
    whole: Penalty
    penalty: Penalty
    split: Split | None
    weight: float
    saturated: float
    offset: float
    centre: Floats
    scale: Floats
    usable: Bools
    weights: Floats
    free: Indices
    penalised: Indices
    norms: Floats

    @property
    def p(self) -> int:
        """Columns of X."""
        return len(self.scale) - 1

    @cached_property
    def sizes(self) -> Floats:
        """Norms of the penalised columns."""
        return self.norms[self.penalised]

    def coefficients(self, beta: Floats, cols: Indices) -> tuple[Floats, Indices]:
        """β (k, m) on ``cols`` to the design's coefficients; the constant comes last."""
        constant = cols == self.p
        rest = cols[~constant]
        slopes = beta[~constant] / self.scale[rest, None]
        base = beta[constant].sum(axis=0) - self.centre[rest] @ slopes
        return np.vstack([slopes, base]), np.append(rest, self.p)

    def in_user_units(self, beta: Floats, cols: Indices) -> tuple[Floats, float]:
        """β (k,) on ``cols`` as weights of X as given, without the constant, and the intercept."""
        affine = self.fleet.affine
        constant = cols == self.p
        rest = cols[~constant]
        slopes = beta[~constant] / self.scale[rest]
        intercept = float(beta[constant].sum() - (affine.shift[rest] + self.centre[rest]) @ slopes)
        with np.errstate(over="ignore"):  # inf is refused by whoever hands it to the user
            return slopes * affine.scale[rest], intercept

    @cached_property
    def units(self) -> Floats:
        """(k,) what a weight of 1 of each penalised column is in β."""
        return self.scale[self.penalised] / self.fleet.affine.scale[self.penalised]

    def grid_start(self, pull: Floats, loss: float) -> float:
        """Where a usual grid of α starts, given the pulls and the loss of the null model."""
        span = loss - self.saturated
        return self.penalty.grid_start(pull, self.sizes / np.sqrt(2.0 * span) if span > 0 else self.sizes)

    def wobble(self, beta: Floats, cols: Indices) -> float:
        """Bound on what rounding weights and intercept to float64 in the units of X can move η as a whole."""
        affine = self.fleet.affine
        rest = cols != self.p
        parts = (affine.shift[cols[rest]] + self.centre[cols[rest]]) * beta[rest] / self.scale[cols[rest]]
        return 2.0 * float(np.finfo(np.float64).eps) * float(np.sum(np.abs(parts)))

    def gradient(self, raw: Floats, slope: Floats, cols: Indices | slice = slice(None)) -> Floats:
        """Z_Sᵀ w f' / Σw from X̃_Sᵀ w f' and Σ w f'."""
        centre = self.centre[cols]
        centred = raw - centre[:, None] * slope if centre.any() else raw
        return centred / (self.scale[cols, None] * self.weight)

    def gram(self, raw: Floats, left: Indices, right: Indices) -> Floats:
        """Z_Lᵀ D Z_R / Σw from X̃ᵀDX̃ on [left, p] x [right, p]: the constant's row and column centre the rest."""
        cl, cr = self.centre[left], self.centre[right]
        centred = raw[:-1, :-1].copy()
        if cl.any():
            centred -= np.outer(cl, raw[-1, :-1] - raw[-1, -1] * cr)
        if cr.any():
            centred -= np.outer(raw[:-1, -1], cr)
        centred /= (self.scale[left] * self.weight)[:, None]
        centred /= self.scale[right]
        return centred


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
    rows = (sums.weight, sums.saturated / sums.weight, sums.offset / sums.weight)
    return [Moments(*found) for found in zip(*(row.tolist() for row in rows), means.T, sd.T, strict=True)]


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
    affine = fleet.affine
    constant = moments.sd == 0
    scale = np.where(constant, 1.0, moments.sd) if standardize else affine.scale
    centre = moments.mean if fit_intercept else -affine.shift
    empty = np.zeros(0, dtype=np.int64)
    bare = Problem(
        fleet=fleet,
        loss=loss,
        whole=penalty,
        penalty=penalty,
        split=split,
        weight=moments.weight,
        saturated=moments.saturated,
        offset=moments.offset,
        centre=np.append(centre, 0.0),
        scale=np.append(scale, 1.0),
        usable=~constant if standardize or fit_intercept else np.ones(len(constant), dtype=bool),
        weights=weights,
        free=np.array([fleet.columns]) if fit_intercept else empty,
        penalised=empty,
        norms=np.hypot(moments.sd, moments.mean - centre) / scale,
    )
    return reweighted(bare, weights)


def reweighted(problem: Problem, weights: Floats) -> Problem:
    """The same problem with other penalty weights v: 0 frees a column, inf takes it out."""
    free = np.flatnonzero(problem.usable & (weights == 0))
    penalised = np.flatnonzero(problem.usable & (weights > 0) & np.isfinite(weights))
    constant = problem.free[problem.free == problem.p]
    made = replace(
        problem,
        weights=weights,
        free=np.append(free, constant).astype(np.int64),
        penalised=penalised.astype(np.int64),
    )
    return repriced(made, problem.whole)


def repriced(problem: Problem, penalty: Penalty) -> Problem:
    """The same problem under another penalty, which is given over all columns of X."""
    cols = problem.penalised
    placed = penalty.on(cols, problem.weights[cols], problem.units)
    curvature = problem.loss.smoothness * np.square(problem.norms[cols])
    return replace(problem, whole=penalty, penalty=placed.curved(curvature))
