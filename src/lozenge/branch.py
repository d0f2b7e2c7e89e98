"""Best subsets proved to be best, by branch and bound.

A node says of some columns that they are in and of others that they are out; what the rest can still reach is bounded,
and nodes that cannot beat the best subset found so far by more than the tolerance are dropped.  With a ridge, a box or
curvature to spare the bound is that of the perspective relaxation (`perspective`); columns whose reduced cost settles
them are fixed, first at the root, where fewer columns leave S more curvature to spare.  With none of these, up to 40
columns are searched by leaps and bounds.  The search may be stopped at any time: its bound is the lowest of all that
was not looked at.

References
----------
Furnival, Wilson (1974), Regressions by leaps and bounds, Technometrics 16.
Hazimeh, Mazumder, Saab (2022), Sparse regression at scale, Math. Programming 196.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from lozenge import _kernel
from lozenge.perspective import SPARE, regularised, split, unpenalised
from lozenge.subset import Quadratic, Subset, columns_of, improved, limit, quadratic, settle, sized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from lozenge.results import Bools, Indices

EVERY = 0.05  # seconds between two records
LEAPS = 40  # columns that can be searched without a ridge or a box
SHRUNK = 0.9  # of the columns left by a root: with fewer, it is worth another
GROWN = 100  # the largest size that a first candidate is grown to by every size on the way

Method = Literal["perspective", "leaps"]


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a search stands.

    Attributes
    ----------
    nodes, open : looked at, and waiting
    best : the best subset so far
    bound : no subset has a lower objective
    gap : (best.objective - bound) / scale
    proven : gap <= tol, and the search is over
    method : ``perspective`` or ``leaps``
    """

    nodes: int
    open: int
    best: Subset
    bound: float
    gap: float
    proven: bool
    method: Method


def branch(
    S: ArrayLike,
    linear: ArrayLike,
    *,
    size: int | None = None,
    price: ArrayLike = 0.0,
    l2: ArrayLike = 0.0,
    box: ArrayLike = np.inf,
    tol: float = 1e-6,
    scale: float | None = None,
    start: Iterable[int] = (),
) -> Iterator[Progress]:
    """min ½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ² + Σ priceⱼ·1(bⱼ ≠ 0), ‖b‖₀ ≤ size, |bⱼ| ≤ boxⱼ, step by step to a proof.

    Parameters
    ----------
    S, linear, l2, box, price : as in `subset.quadratic`
    size : the largest number of columns; any by default
    tol : a subset counts as best where none can be better by more than tol·scale
    scale : the objective of the null model, ½ Σ w y² / Σ w of the centred response; by default what the first candidate
        lowers the objective by
    start : a support to begin with, besides that of a local search

    Yields
    ------
    `Progress`, about every 50 ms, the first one before any branching and the last one with ``proven`` true.  Where
    rounding is in the way of the tolerance the last one has ``proven`` false.

    Raises
    ------
    ValueError
        For arguments out of range, and where there are more than 40 columns and nothing bounds the weights.

    Examples
    --------
    >>> S, linear = [[1.0, 0.6, 0.6], [0.6, 1.0, 0.0], [0.6, 0.0, 1.0]], [1.2, 1.0, 1.0]
    >>> *_, last = branch(S, linear, size=2, l2=0.1)
    >>> last.best.support, last.proven
    (array([1, 2]), True)
    """
    q = quadratic(S, linear, l2=l2, box=box, price=price)
    most = limit(q, size)
    if not 0.0 <= tol < np.inf:
        raise ValueError(f"tol must be a finite number >= 0: got {tol!r}. Give the gap at which to stop, such as 1e-6")
    if scale is not None and not 0.0 < scale < np.inf:
        raise ValueError(f"scale must be a finite number > 0: got {scale!r}. Give the objective of the null model")
    kept = np.flatnonzero(((np.diagonal(q.matrix) + q.l2 > 0.0) | (q.linear != 0.0)) & np.isfinite(q.price))
    method = _method(q, kept)
    return _search(q, kept, most, tol, scale, columns_of(start, len(q.linear)), method)


def _method(q: Quadratic, kept: Indices) -> Method:
    inside = split(part(q, kept))
    curved = bool((inside.l2 >= SPARE * np.diagonal(inside.matrix)).all())
    if curved and regularised(inside):
        return "perspective"
    if len(kept) <= LEAPS:
        return "leaps"
    if regularised(inside):
        return "perspective"
    raise ValueError(
        f"a best subset of {len(kept)} columns cannot be proved without a ridge or a box: got l2 = 0 and no box "
        f"for some, and columns that nearly depend on one another. Give l2 > 0 (a hundredth to a tenth of the diagonal "
        f"of S), a finite box, or at most {LEAPS} columns"
    )


def part(q: Quadratic, columns: Indices) -> Quadratic:
    """The problem on some of its columns."""
    return Quadratic(
        q.within(columns),
        q.linear[columns],
        q.l2[columns],
        q.box[columns],
        q.price[columns],
    )


def _first(q: Quadratic, most: int, start: Indices) -> Subset:
    """The best of what local search finds from the start, from nothing and from the sizes on the way."""
    tries = [improved(q, support, most) for support in (start[:0], start)]
    if most <= min(GROWN, len(q.linear)) and not q.price.any():
        tries += sized(q, [most])
    return min(tries, key=lambda found: found.objective)


def _search(
    q: Quadratic, kept: Indices, most: int, tol: float, scale: float | None, start: Indices, method: Method
) -> Iterator[Progress]:
    best = _first(q, most, start)
    unit = scale if scale is not None else (-best.objective if best.objective < 0.0 else 1.0)
    slack, floor, looked = tol * unit, np.inf, 0
    # The relaxation is never below the minimum on all columns, whose eigenvalues cost more than the rest of a root.
    least = unpenalised(q) if method == "leaps" else -np.inf

    def record(search: _kernel.Tree | _kernel.Leaps) -> Progress:
        nonlocal best
        nodes, waiting, value, under, over = search.progress
        if value < best.objective:
            found = settle(q, kept[np.sort(np.asarray(search.best, dtype=np.intp))])
            best = found if found.objective < best.objective else best
        under = max(min(under, floor, best.objective), min(least, best.objective))
        gap = (best.objective - under) / unit
        return Progress(looked + nodes, waiting, best, under, gap, over and gap <= tol * (1.0 + 1e-9), method)

    if method == "leaps":
        p = part(q, kept)
        search: _kernel.Tree | _kernel.Leaps = _kernel.Leaps(p.matrix, p.linear, p.l2, p.box, p.price, most, slack)
        search.offer(_within(best, kept))
    else:
        while True:
            p = split(part(q, kept))
            tree = search = _kernel.Tree(p.matrix, p.linear, p.l2, p.box, p.price, most, slack)
            tree.offer(_within(best, kept))
            tree.root()
            shown = record(tree)
            out: Bools = np.asarray(tree.settled) == 2
            left = kept[~out]
            if shown.proven or len(left) > SHRUNK * len(kept) or not np.isin(best.support, left).all():
                break
            yield replace(shown, proven=False)
            # What was ruled out is no better than this, whatever the next root finds.
            floor = min(floor, best.objective - slack)
            looked += shown.nodes
            kept = left
    while True:
        shown = record(search)
        yield shown
        if search.progress[4]:
            return
        search.advance(EVERY)


def _within(best: Subset, kept: Indices) -> NDArray[np.int64]:
    return np.searchsorted(kept, best.support).astype(np.int64)
