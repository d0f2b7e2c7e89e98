"""What it would cost to have another feature, or one less: every exchange with a subset, all weights refitted.

    minimise over b on a support:  ½ bᵀMb - cᵀb,  M = S + diag(l2)

With K = M_AA⁻¹ and b = Kc_A on the support A, losing i costs ½ bᵢ²/Kᵢᵢ; j then earns ½ r²/s, where without i

    r = cⱼ - M_jA b + uᵢ bᵢ/Kᵢᵢ,   s = Mⱼⱼ - M_jA u + uᵢ²/Kᵢᵢ,   u = K M_Aj

so that all exchanges are two products with K.  In a box they are lower bounds, from which the cheapest is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge.factor import DEPENDENT
from lozenge.subset import Quadratic, settle

if TYPE_CHECKING:
    from lozenge.results import Floats, Indices


@dataclass(frozen=True, eq=False)
class Rises:
    """What the objective would rise by.

    Attributes
    ----------
    rise : (p,) of a kept column, without it; of another, with it in the place of ``other``
    other : (p,) the column that leaves for it, where that costs least; -1 where none has to
    """

    rise: Floats
    other: Indices


def rises(q: Quadratic, support: Indices, most: int) -> Rises:
    """The rise of every column of a checked problem whose best weights on a support are the answer.

    Parameters
    ----------
    support : (k,) columns whose weight is not zero
    most : the largest number of columns; with fewer kept, another may enter and none has to leave

    Examples
    --------
    The last two columns are alike: either may stand in for the other.

    >>> import numpy as np
    >>> from lozenge.subset import quadratic
    >>> q = quadratic([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]], [2.0, 1.0, 1.0])
    >>> found = rises(q, np.array([0, 1]), 2)
    >>> found.rise, found.other
    (array([2. , 0.5, 0. ]), array([-1, -1,  1]))
    """
    p, k = len(q.linear), len(support)
    found, other = np.zeros(p), np.full(p, -1)
    rest = np.setdiff1d(np.arange(p), support)
    here = settle(q, support)
    loss = _losses(q, support)
    table = _table(q, support, rest, loss) if k >= most else _entries(q, support, rest)[None, :]
    places = support if k >= most else np.array([-1])
    if not np.isfinite(q.box).any():
        found[support] = loss
        if len(places):
            first = np.argmin(table, axis=0)
            found[rest], other[rest] = table[first, np.arange(len(rest))], places[first]
        return Rises(found, other)
    # The objective here is that of the box, and those of the table are not: they may be too low, never too high.
    shift = here.objective - _free(q, support)
    for i in support:
        found[i] = settle(q, support[support != i]).objective - here.objective
    for at, j in enumerate(rest if len(places) else rest[:0]):
        best = np.inf
        for place in np.argsort(table[:, at]):
            if table[place, at] - shift >= best:
                break
            out = places[place]
            value = settle(q, np.sort(np.append(support[support != out], j))).objective - here.objective
            if value < best:
                best, other[j] = value, out
        found[j] = best
    return Rises(found, other)


def _inverse(q: Quadratic, support: Indices) -> tuple[Floats, Floats]:
    """M_AA⁻¹ and the best weights, without a box."""
    M = q.matrix[np.ix_(support, support)] + np.diag(q.l2[support])
    unit = np.sqrt(np.diagonal(M))
    K = np.linalg.inv(M / unit / unit[:, None]) / unit / unit[:, None]
    return K, K @ q.linear[support]


def _free(q: Quadratic, support: Indices) -> float:
    """The objective on a support without a box."""
    _, b = _inverse(q, support)
    return -0.5 * float(q.linear[support] @ b)


def _losses(q: Quadratic, support: Indices) -> Floats:
    """What losing each kept column costs."""
    K, b = _inverse(q, support)
    cost: Floats = 0.5 * np.square(b) / np.diagonal(K)
    return cost


def _beside(q: Quadratic, support: Indices, rest: Indices) -> tuple[Floats, Floats, Floats]:
    """(u, r, s): K M_Aj, what is left for j, and what of j the support does not span."""
    K, b = _inverse(q, support)
    across = q.matrix[np.ix_(support, rest)]
    u = K @ across
    own = np.diagonal(q.matrix)[rest] + q.l2[rest]
    return u, q.linear[rest] - across.T @ b, own - np.sum(across * u, axis=0)


def _earned(r: Floats, s: Floats, own: Floats) -> Floats:
    """½ r²/s; 0 where j is spanned to rounding."""
    seen = s > DEPENDENT * own
    earned: Floats = np.where(seen, 0.5 * np.square(r) / np.where(seen, s, 1.0), 0.0)
    return earned


def _entries(q: Quadratic, support: Indices, rest: Indices) -> Floats:
    """What the objective rises by where a column enters and none leaves: not above zero."""
    _, r, s = _beside(q, support, rest)
    entered: Floats = -_earned(r, s, np.diagonal(q.matrix)[rest] + q.l2[rest])
    return entered


def _table(q: Quadratic, support: Indices, rest: Indices, loss: Floats) -> Floats:
    """(k, rest) what each exchange costs."""
    K, b = _inverse(q, support)
    u, r, s = _beside(q, support, rest)
    size = np.diagonal(K)[:, None]
    own = np.broadcast_to(np.diagonal(q.matrix)[rest] + q.l2[rest], u.shape)
    costs: Floats = loss[:, None] - _earned(r + u * (b[:, None] / size), s + np.square(u) / size, own)
    return costs
