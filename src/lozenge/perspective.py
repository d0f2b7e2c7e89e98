"""A lower bound of the best subset from the perspective relaxation.

With zⱼ in [0, 1] in place of 1(bⱼ ≠ 0),

    minimise over b, z:  ½ bᵀSb - linearᵀb + Σ ½ l2ⱼ bⱼ²/zⱼ + Σ priceⱼ zⱼ,  Σ z ≤ size,  |bⱼ| ≤ boxⱼ zⱼ

is convex and below the optimum.  Every b̂ gives a bound of it: with r = linear - S b̂,

    -½ b̂ᵀSb̂ - max over z of Σ zⱼ (ψⱼ(rⱼ) - priceⱼ),   ψ(t) = max over |b| ≤ box of tb - ½ l2 b²

so how well the relaxation was solved decides how good the bound is, never whether it holds.  It needs l2 > 0 or a box
for every column.  Curvature that S has to spare stands in for a ridge: S - D and l2 + D with a diagonal D for which
S - D is still positive semi-definite are the same problem, and a better relaxation of it.

References
----------
Günlük, Linderoth (2010), Perspective reformulations of mixed integer nonlinear programs, Math. Programming 124.
Frangioni, Gentile (2007), SDP diagonalizations and perspective cuts, Operations Research Letters 35.
Xie, Deng (2020), Scalable algorithms for the sparse ridge regression, SIAM J. Optimization 30.
Hazimeh, Mazumder, Saab (2022), Sparse regression at scale, Math. Programming 196.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lozenge import _kernel
from lozenge.subset import Quadratic, limit, quadratic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike

    from lozenge.results import Floats

ROUNDING = 4.0 * float(np.finfo(float).eps)  # of an eigenvalue, per column, relative to the largest
SPARE = 1e-3  # of a diagonal: less curvature to spare is not worth looking for
LOOSE = 1e-9  # of the unpenalised minimum where S is singular

Source = Literal["perspective", "unpenalised"]


@dataclass(frozen=True)
class Bound:
    """No choice of columns has a lower objective than ``value``.

    ``source``: ``perspective``, the relaxation above; ``unpenalised``, the minimum on all columns, without prices or a
    limit on their number, where neither a ridge nor a box nor curvature to spare gives a better one.
    """

    value: float
    source: Source


def bound(
    S: ArrayLike,
    linear: ArrayLike,
    *,
    size: int | None = None,
    price: ArrayLike = 0.0,
    l2: ArrayLike = 0.0,
    box: ArrayLike = np.inf,
) -> Bound:
    """A value that ½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ² + Σ priceⱼ·1(bⱼ ≠ 0) cannot go below for ‖b‖₀ ≤ size, |bⱼ| ≤ boxⱼ.

    Parameters
    ----------
    S, linear, l2, box, price : as in `subset.quadratic`
    size : the largest number of columns; any by default

    Raises
    ------
    ValueError
        For arguments out of range.

    Examples
    --------
    >>> found = bound([[1.0, 0.0], [0.0, 1.0]], [2.0, 1.0], size=1, l2=1.0)
    >>> round(found.value, 6), found.source  # the optimum keeps the first column, at ½·2²/(1 + 1) = 1
    (-1.0, 'perspective')
    """
    q = quadratic(S, linear, l2=l2, box=box, price=price)
    return next(bounds(q, [limit(q, size)]))


def bounds(q: Quadratic, sizes: Iterable[int], least: float | None = None) -> Iterator[Bound]:
    """`bound` of a checked problem, for one size after the other; ``least``: what `unpenalised` gives, where known."""
    least, inside = unpenalised(q) if least is None else least, split(q)
    curved = regularised(inside)
    for most in sizes:
        relaxed = -np.inf
        if curved:
            relaxed = _kernel.Tree(inside.matrix, inside.linear, inside.l2, inside.box, inside.price, most, 0.0).root()
        yield Bound(relaxed, "perspective") if relaxed >= least else Bound(least, "unpenalised")


def regularised(q: Quadratic) -> bool:
    """Whether every column that may be chosen has a ridge, a box or no pull at all."""
    still = (np.diagonal(q.matrix) <= 0.0) & (q.linear == 0.0)
    return bool(((q.l2 > 0.0) | np.isfinite(q.box) | np.isinf(q.price) | still).all())


def split(q: Quadratic) -> Quadratic:
    """The same problem with the curvature that S has to spare moved into its ridge.

    The share is δ of every diagonal entry, the smallest eigenvalue of S scaled to a unit diagonal less its rounding; it
    is below zero by that rounding where S is singular, which makes bounds hold for S as it is stored.
    """
    diagonal = np.diagonal(q.matrix)
    held = np.flatnonzero((diagonal > 0.0) & np.isfinite(q.price))
    if not len(held):
        return q
    moved = np.zeros(len(diagonal))
    moved[held] = spare(q.matrix[np.ix_(held, held)]) * diagonal[held]
    S = q.matrix.copy()
    S[np.diag_indices(len(S))] = np.maximum(diagonal - moved, 0.0)
    return Quadratic(S, q.linear, q.l2 + moved, q.box, q.price)


def spare(S: Floats) -> float:
    """δ with S - δ·diag(S) positive semi-definite, rounding allowed for; negative where S is singular to rounding."""
    from scipy.linalg import eigh
    from scipy.linalg.lapack import dpotrf

    p = len(S)
    unit = np.sqrt(np.diagonal(S))
    U = S / unit / unit[:, None]
    rounding = ROUNDING * p
    # A Cholesky factor exists or not at a fraction of the price of an eigenvalue.
    if dpotrf(U - SPARE * np.eye(p), lower=1, clean=0)[1] == 0:
        largest = float(np.max(np.sum(np.abs(U), axis=0)))
        return float(eigh(U, eigvals_only=True, subset_by_index=[0, 0])[0]) - rounding * largest
    added = 2.0 * rounding
    while added < 1.0 and dpotrf(U + added * np.eye(p), lower=1, clean=0)[1] != 0:
        added *= 4.0
    return -(added + 2.0 * rounding)


def unpenalised(q: Quadratic) -> float:
    """min over b of ½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ² on all columns that may be chosen, less its rounding.

    Directions that S does not see count as if it saw them by its rounding.
    """
    held = np.flatnonzero(np.isfinite(q.price))
    if not len(held):
        return 0.0
    M = q.matrix[np.ix_(held, held)] + np.diag(q.l2[held])
    unit = np.sqrt(np.diagonal(M))
    unit[unit == 0.0] = 1.0
    values, vectors = np.linalg.eigh(M / unit / unit[:, None])
    along = vectors.T @ (q.linear[held] / unit)
    floor = ROUNDING * len(held) * max(float(values[-1]), 1.0)
    seen = values > floor
    # Rounding of an eigenvalue by up to ``floor`` moves its term by that share of it.
    terms = 0.5 * np.square(along) / np.where(seen, np.maximum(values - floor, 0.25 * floor), floor)
    # Where S is singular, weights x on nearly dependent columns gain eps·‖x‖² from its rounding, for x far larger than
    # the minimiser of least norm that the terms describe.
    return -float(np.sum(terms)) * (1.0 + (LOOSE if not seen.all() else ROUNDING * len(held)))
