"""Best subsets of a small quadratic by local search.

    minimise over b:  ½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ² + Σ priceⱼ·1(bⱼ ≠ 0),  ‖b‖₀ ≤ size,  |bⱼ| ≤ boxⱼ

S is a Gram matrix (positive semi-definite up to rounding, of any rank).  ``by_size`` grows, shrinks and exchanges
supports of every size, ``by_price`` does so for a falling price; both end where no exchange of one feature for another
(with ``exchange=2``: of up to two for up to two) lowers the objective.  Such a support is also a fixed point of
coordinate descent with the hard threshold: what descent judges with the other weights held, an exchange judges with
them refitted.  How far from the optimum it can be, `perspective.bound` says; `branch.branch` closes the gap.

A loss that is not squared calls `improved` on its quadratic model: at the weights b with gradient g and Hessian H (mean
loss, so H = Xᵀdiag(w f'')X/Σw) that is ½ xᵀHx - (Hb - g)ᵀx, so that S = H and linear = Hb - g.  The subset that the
model prefers is refitted, and taken where the loss agrees (`sizes`): a step on the way between two subsets would keep
both.

References
----------
Zhu, Wen, Zhu, Zhang, Wang (2020), A polynomial algorithm for best-subset selection problem, PNAS 117.
Hazimeh, Mazumder (2020), Fast best subset selection, Operations Research 68.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.factor import Factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from lozenge.results import Floats, Indices

PASSES = 10  # up and down the sizes or prices; each after the first begins only where one improved
REFINEMENTS = 3
SWEEPS = 10_000


class Columns:
    """S = ZᵀZ by its columns, (n, p): rows of S are computed when a search first asks for them.

    A search for k of p columns looks at the rows of those that it lets in, a few times k, in O(np) each; all of S takes
    O(np²), and p² numbers.
    """

    def __init__(self, Z: ArrayLike) -> None:
        self.Z = np.ascontiguousarray(Z, dtype=np.float64)
        self.rows = _kernel.Products(self.Z)
        self.shape = (self.Z.shape[1],) * 2


@dataclass(frozen=True, eq=False)
class Quadratic:
    """The problem, every array of full length: ``box`` is inf where there is none, ``price`` where a column is barred.

    Attributes
    ----------
    S : (p, p), or the columns that it is made of
    linear, l2, box, price : (p,)
    """

    S: Floats | Columns
    linear: Floats
    l2: Floats
    box: Floats
    price: Floats

    def exchange(self) -> _kernel.Exchange:
        """The empty support, ready to grow."""
        S = self.S.rows if isinstance(self.S, Columns) else self.S
        return _kernel.Exchange(S, self.linear, self.l2, self.box, self.price)

    def within(self, columns: Indices) -> Floats:
        """S on some columns."""
        if isinstance(self.S, Columns):
            Z = self.S.Z[:, columns]
            return np.ascontiguousarray(Z.T @ Z)
        return np.ascontiguousarray(self.S[np.ix_(columns, columns)])

    @cached_property
    def matrix(self) -> Floats:
        """All of S."""
        return self.S.Z.T @ self.S.Z if isinstance(self.S, Columns) else self.S


@dataclass(frozen=True, eq=False)
class Subset:
    """A support and its best weights.

    Attributes
    ----------
    support : (k,) columns whose weight is not zero, in order
    b : (p,)
    objective : of the problem, prices included; 0 for b = 0
    """

    support: Indices
    b: Floats
    objective: float


def quadratic(
    S: ArrayLike | Columns, linear: ArrayLike, *, l2: ArrayLike = 0.0, box: ArrayLike = np.inf, price: ArrayLike = 0.0
) -> Quadratic:
    """½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ² + Σ priceⱼ·1(bⱼ ≠ 0), |bⱼ| ≤ boxⱼ, checked.

    Parameters
    ----------
    S : (p, p) positive semi-definite, or its `Columns`
    linear : (p,)
    l2, box, price : (p,) or a number, >= 0

    Raises
    ------
    ValueError
        Where shapes disagree, a number is negative or NaN, or S or linear is not finite.

    Examples
    --------
    >>> quadratic([[2.0, 1.0], [1.0, 2.0]], [1.0, 0.0], l2=0.1).l2
    array([0.1, 0.1])
    """
    matrix = S if isinstance(S, Columns) else np.ascontiguousarray(S, dtype=np.float64)
    vector = np.ascontiguousarray(linear, dtype=np.float64)
    p = len(vector) if vector.ndim == 1 else -1
    if matrix.shape != (p, p):
        raise ValueError(
            f"S must be (p, p) and linear (p,): got shapes {matrix.shape} and {vector.shape}. Give the Gram matrix of "
            "the columns and their products with the response"
        )
    held = matrix.Z if isinstance(matrix, Columns) else matrix
    if not (np.isfinite(held).all() and np.isfinite(vector).all()):
        raise ValueError("S and linear must be finite: got nan or inf. Leave out the columns that they come from")
    if held is matrix and p and np.min(np.diagonal(held)) < 0.0:
        j = int(np.argmin(np.diagonal(held)))
        raise ValueError(f"S must be positive semi-definite: S[{j}, {j}] is {held[j, j]:.3g}. Give a Gram matrix")
    return Quadratic(
        matrix, vector, _numbers("l2", l2, p, np.inf), _numbers("box", box, p, None), _numbers("price", price, p, None)
    )


def _numbers(name: str, given: ArrayLike, p: int, below: float | None) -> Floats:
    """One number >= 0 a column; infinite ones only where ``below`` is None."""
    found = np.asarray(given, dtype=np.float64)
    if found.shape not in {(), (p,)}:
        raise ValueError(f"{name} must be a number or have shape ({p},): got shape {found.shape}. Give one per column")
    found = np.ascontiguousarray(np.broadcast_to(found, (p,)))
    if not (found >= 0.0).all() or (below is not None and not (found < below).all()):
        wrong = found[~(found >= 0.0) | ~(found < np.inf)][0]
        kind = "numbers >= 0" if below is None else "finite numbers >= 0"
        raise ValueError(f"{name} must hold {kind}: got {wrong}. Give 0 where there is none")
    return found


def limit(q: Quadratic, size: int | None) -> int:
    """How many columns may be chosen; all of them where no size is asked."""
    if size is None:
        return len(q.linear)
    if isinstance(size, bool) or int(size) != size or size < 0:
        raise ValueError(f"size must be an integer >= 0: got {size!r}. Give the largest number of features to keep")
    return min(int(size), len(q.linear))


def solve_on(
    S: ArrayLike | Columns,
    linear: ArrayLike,
    support: Iterable[int],
    *,
    l2: ArrayLike = 0.0,
    box: ArrayLike = np.inf,
    price: ArrayLike = 0.0,
) -> Subset:
    """(S_AA + l2) b_A = linear_A, inside the box: the best weights on a support A, by a fresh Cholesky and refinement.

    Columns that others of the support span get weight zero, and a column whose weight is zero is not in the answer's
    support.

    Parameters
    ----------
    S, linear, l2, box, price : as in `quadratic`
    support : distinct columns

    Raises
    ------
    ValueError
        As `quadratic` does, and for columns that are not there or are named twice.

    Examples
    --------
    >>> solve_on([[1.0, 0.5], [0.5, 1.0]], [1.0, 0.0], [0, 1]).b
    array([ 1.33333333, -0.66666667])
    """
    q = quadratic(S, linear, l2=l2, box=box, price=price)
    return settle(q, columns_of(support, len(q.linear)))


def columns_of(support: Iterable[int], p: int) -> Indices:
    """Distinct columns of p, in order, or a ValueError."""
    found = np.sort(np.fromiter((int(j) for j in support), dtype=np.intp))
    if len(found) and (found[0] < 0 or found[-1] >= p or (np.diff(found) == 0).any()):
        raise ValueError(
            f"support must name distinct columns from 0 to {p - 1}: got {found.tolist()}. Check the indices"
        )
    return found


def settle(q: Quadratic, support: Indices) -> Subset:
    """The best weights on a support of a checked problem."""
    columns = support[np.isfinite(q.price[support])]
    M = q.within(columns) + np.diag(q.l2[columns])
    c, box = q.linear[columns], q.box[columns]
    x = _refined(M, c)
    if (np.abs(x) > box).any():
        x = _inside(M, c, box, np.clip(x, -box, box))
    columns, x, M, c = columns[x != 0.0], x[x != 0.0], M[np.ix_(x != 0.0, x != 0.0)], c[x != 0.0]
    b = np.zeros(len(q.linear))
    b[columns] = x
    objective = float(0.5 * x @ (M @ x) - c @ x + np.sum(q.price[columns]))
    return Subset(columns, b, objective)


def _refined(M: Floats, rhs: Floats) -> Floats:
    factor = Factor.of(M)
    x = factor.solve(rhs)
    kept = factor.independent
    for _ in range(REFINEMENTS):
        residual = np.zeros_like(rhs)
        residual[kept] = rhs[kept] - M[np.ix_(kept, kept)] @ x[kept]
        x = x + factor.solve(residual)
    return x


def _inside(M: Floats, c: Floats, box: Floats, x: Floats) -> Floats:
    """Minimise ½ xᵀMx - cᵀx in a box: descent finds which weights are at it, a solve the others."""
    curvature = np.diagonal(M)
    slope = M @ x - c
    for _ in range(SWEEPS):
        before = x.copy()
        for j in np.flatnonzero(curvature > 0.0):
            to = min(max(x[j] - slope[j] / curvature[j], -box[j]), box[j])
            if to != x[j]:
                slope += M[j] * (to - x[j])
                x[j] = to
        if np.max(np.abs(x - before)) <= 1e-15 * np.max(np.abs(x)):
            break
    free = np.abs(x) < box
    exact = x.copy()
    exact[free] = _refined(M[np.ix_(free, free)], c[free] - M[np.ix_(free, ~free)] @ x[~free])
    better = 0.5 * exact @ M @ exact - c @ exact <= 0.5 * x @ M @ x - c @ x
    return exact if better and (np.abs(exact) <= box).all() else x


def by_size(
    S: ArrayLike | Columns,
    linear: ArrayLike,
    sizes: int | Sequence[int],
    *,
    l2: ArrayLike = 0.0,
    box: ArrayLike = np.inf,
    price: ArrayLike = 0.0,
    exchange: int = 1,
) -> list[Subset]:
    """min ½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ²  subject to ‖b‖₀ ≤ k, |bⱼ| ≤ boxⱼ, for each size k, by local search.

    Each size starts from the one below grown by a column and from the one above shrunk by one, up and down until no
    size improves.

    Parameters
    ----------
    S, linear, l2, box, price : as in `quadratic`
    sizes : K for 1, ..., K, or the sizes
    exchange : 1 or 2, how many features an exchange may take out and let in; 2 costs O(k²p²) an exchange

    Returns
    -------
    One `Subset` a size, in the order of ``sizes``.  A support is smaller than asked where no further column helps.

    Raises
    ------
    ValueError
        For arguments out of range.

    Examples
    --------
    >>> S = [[1.0, 0.6, 0.6], [0.6, 1.0, 0.0], [0.6, 0.0, 1.0]]
    >>> [found.support.tolist() for found in by_size(S, [1.2, 1.0, 1.0], 2)]
    [[0], [1, 2]]
    """
    q = quadratic(S, linear, l2=l2, box=box, price=price)
    asked = list(range(1, limit(q, sizes) + 1)) if isinstance(sizes, int) else [limit(q, k) for k in sizes]
    return sized(q, asked, _depth(exchange))


def sized(q: Quadratic, asked: list[int], depth: int = 1) -> list[Subset]:
    """`by_size` of a checked problem."""
    top = max(asked, default=0)
    held = q.exchange()
    found: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    tried: dict[tuple[int, int], list[int]] = {}

    def follow(origin: int, k: int) -> bool:
        """Search size k from the support of a neighbouring size, unless that was done; whether it is an improvement."""
        start = found[origin][1]
        if tried.get((origin, k)) == start:
            return False
        tried[origin, k] = start
        if held.members != start:
            held.set(_index(start))
        if origin < k:
            held.grow()
        elif len(start) > k:
            held.shrink()
        held.search(k, depth)
        if held.objective >= found.get(k, (np.inf, []))[0]:
            return False
        found[k] = (held.objective, held.members)
        return True

    for _ in range(PASSES):
        grown = [follow(k - 1, k) for k in range(1, top + 1)]
        shrunk = [follow(k + 1, k) for k in range(top - 1, 0, -1)]
        if not any(grown) and not any(shrunk):
            break
    return [settle(q, _index(found[k][1])) for k in asked]


def by_price(
    S: ArrayLike | Columns,
    linear: ArrayLike,
    alphas: Sequence[float] | Floats,
    *,
    weights: ArrayLike = 1.0,
    size: int | None = None,
    l2: ArrayLike = 0.0,
    box: ArrayLike = np.inf,
    exchange: int = 1,
) -> list[Subset]:
    """min ½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ² + α Σ weightsⱼ·1(bⱼ ≠ 0), |bⱼ| ≤ boxⱼ, for each α, by local search.

    Columns are added, dropped and exchanged.  Each price starts from the support of the next larger one, then from that
    of the next smaller one, until no price improves.

    Parameters
    ----------
    S, linear, l2, box : as in `quadratic`
    alphas : (L,) >= 0, in any order
    weights : (p,) or a number, >= 0; inf bars a column
    size : the largest number of columns; any by default
    exchange : 1 or 2, as in `by_size`

    Returns
    -------
    One `Subset` an α, in the order of ``alphas``.

    Raises
    ------
    ValueError
        For arguments out of range.

    Examples
    --------
    >>> [found.support.tolist() for found in by_price([[1.0, 0.0], [0.0, 1.0]], [2.0, 1.0], [3.0, 1.0, 0.1])]
    [[], [0], [0, 1]]
    """
    prices = _alphas(alphas)
    unit, depth = quadratic(S, linear, l2=l2, box=box, price=weights), _depth(exchange)
    problems = [priced(unit, alpha) for alpha in prices]
    most = limit(unit, size)
    found: list[tuple[float, list[int]]] = [(np.inf, [])] * len(prices)
    falling = sorted(range(len(prices)), key=lambda i: -prices[i])

    def follow(order: list[int]) -> bool:
        improved = False
        start: list[int] = []
        for i in order:
            held = problems[i].exchange()
            for support in (start, found[i][1]) if np.isfinite(found[i][0]) else (start,):
                held.set(_index(support))
                held.search(most, depth)
                if held.objective < found[i][0]:
                    found[i], improved = (held.objective, held.members), True
            start = found[i][1]
        return improved

    for turn in range(PASSES):
        if not follow(falling if turn % 2 == 0 else falling[::-1]):
            break
    return [settle(q, _index(members)) for q, (_, members) in zip(problems, found, strict=True)]


def priced(q: Quadratic, alpha: float) -> Quadratic:
    """The problem whose prices are α times those of ``q``; a barred column stays so at α = 0."""
    barred = np.isinf(q.price)
    price = np.where(barred, np.inf, alpha * np.where(barred, 0.0, q.price))
    return Quadratic(q.S, q.linear, q.l2, q.box, price)


def improve(
    S: ArrayLike | Columns,
    linear: ArrayLike,
    support: Iterable[int],
    *,
    size: int | None = None,
    l2: ArrayLike = 0.0,
    box: ArrayLike = np.inf,
    price: ArrayLike = 0.0,
    exchange: int = 1,
) -> Subset:
    """½ bᵀSb - linearᵀb + ½ Σ l2ⱼ bⱼ² + Σ priceⱼ·1(bⱼ ≠ 0) lowered from a support, until no exchange lowers it further.

    What a loop calls at each quadratic model of its loss; see the module.

    Parameters
    ----------
    S, linear, l2, box, price : as in `quadratic`
    support : where to start; where it is larger than ``size``, the columns that cost least leave first
    size : the largest number of columns; any by default
    exchange : 1 or 2, as in `by_size`

    Raises
    ------
    ValueError
        For arguments out of range.

    Examples
    --------
    >>> S = [[1.0, 0.6, 0.6], [0.6, 1.0, 0.0], [0.6, 0.0, 1.0]]
    >>> improve(S, [1.2, 1.0, 1.0], [0, 1], size=2).support
    array([1, 2])
    """
    q = quadratic(S, linear, l2=l2, box=box, price=price)
    return improved(q, columns_of(support, len(q.linear)), limit(q, size), _depth(exchange))


def improved(q: Quadratic, support: Indices, most: int, depth: int = 1) -> Subset:
    """What exchanges make of a support of a checked problem."""
    held = q.exchange()
    held.set(support.astype(np.int64))
    while len(held.members) > most:
        held.shrink()
    held.search(most, depth)
    return settle(q, _index(held.members))


def _alphas(alphas: Sequence[float] | Floats) -> Floats:
    prices = np.asarray(alphas, dtype=np.float64)
    if prices.ndim != 1 or not ((prices >= 0.0) & (prices < np.inf)).all():
        raise ValueError(f"alphas must be finite numbers >= 0 in one row: got {alphas!r}. Give the price of a feature")
    return prices


def _depth(exchange: int) -> int:
    if exchange not in {1, 2}:
        raise ValueError(f"exchange must be 1 or 2: got {exchange!r}. 1 is quick, 2 compares pairs of features")
    return exchange


def _index(members: Iterable[int]) -> Indices:
    return np.sort(np.fromiter(members, dtype=np.int64))
