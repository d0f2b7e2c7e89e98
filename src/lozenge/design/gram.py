"""LᵀR from panels, by BLAS on one thread in each of a few threads of ours."""

from __future__ import annotations

from functools import partial
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING, Literal

import numpy as np

from lozenge.threads import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lozenge.design.base import Floats, Indices

    Pack = Callable[[Indices, int, int, Floats | None, Floats], None]

PANEL = 1 << 20  # float64 entries of packed panels: 8 MB, so that no product needs memory of the size of X
BLOCK = 512  # columns of a block of the product: smaller ones lose to the copies that BLAS makes
WORTH = 5e7  # multiplications and additions, 1 ms, below which threads cost more than they save


def weighted(pack: Pack, order: Literal["C", "F"], n: int, w: Floats, left: Indices, right: Indices) -> Floats:
    """X̃_Lᵀ diag(w) X̃_R, a panel of rows at a time.

    ``pack(cols, top, bottom, weights, out)`` copies rows, each times its weight.  Panels, blocks and the order in
    which they are added follow from the shapes alone, so the number of threads changes no bit.
    """
    same = np.array_equal(left, right)
    sign = -1.0 if w.max(initial=0.0) <= 0.0 else 1.0  # one of them for all rows, or no root
    root = np.sqrt(sign * w) if same and (sign * w).min(initial=0.0) >= 0.0 else None
    width = max(1, len(left) if root is not None else len(left) + len(right))
    count = -(-n // max(1, PANEL // width))
    room = np.empty(-(-n // count) * width)

    def panels() -> Iterable[tuple[Floats, Floats]]:
        for i in range(count):
            top, bottom = i * n // count, (i + 1) * n // count
            edge = (bottom - top) * len(left)
            L = room[:edge].reshape((bottom - top, len(left)), order=order)
            pack(left, top, bottom, root, L)
            if root is not None:
                yield L, L
            else:
                R = room[edge : edge + (bottom - top) * len(right)].reshape((bottom - top, len(right)), order=order)
                pack(right, top, bottom, w, R)
                yield L, R

    G = add_up(panels(), n, len(left), len(right), same=same)
    return G if root is None or sign > 0.0 else np.negative(G, out=G)


def add_up(panels: Iterable[tuple[Floats, Floats]], n: int, k: int, r: int, *, same: bool) -> Floats:
    """Σ LᵀR over panels of n rows in all, k columns by r; with ``same`` the sum is symmetric.

    What is shared out are blocks of columns and, where there are few of those, parts of the rows of a panel.
    """
    work = n * k * r * (1.0 if same else 2.0)
    large = work >= WORTH
    down, across = _cut(k, _blocks(k) if large else 1), _cut(r, _blocks(r) if large else 1)
    pairs = list(combinations_with_replacement(down, 2) if same else product(down, across))
    pairs.sort(key=lambda pair: same and pair[0] == pair[1])  # the halves, on the diagonal, come last
    parts = max(1, 4 // len(down) // len(across)) if large else 1
    sums = np.zeros((parts, k, r))

    def add(L: Floats, R: Floats, part: int, pair: tuple[slice, slice]) -> None:
        rows, (a, b) = _cut(len(L), parts)[part], pair
        sums[part, a, b] += L[rows, a].T @ R[rows, b]

    for L, R in panels:
        jobs = [partial(add, L, R, part, pair) for part, pair in product(range(parts), pairs)]
        if large:
            spread(jobs)
        else:
            for job in jobs:
                job()
    while len(sums) > 1:
        half = len(sums) // 2
        sums[:half] += sums[half:]
        sums = sums[:half]
    G: Floats = sums[0]
    if same:
        for a, b in pairs:
            if a != b:
                G[b, a] = G[a, b].T
    return G


def _blocks(count: int) -> int:
    blocks = max(1, -(-count // BLOCK))
    return 4 if blocks == 3 else blocks  # six products of which three are halves do not share out well


def _cut(count: int, parts: int) -> list[slice]:
    return [slice(i * count // parts, (i + 1) * count // parts) for i in range(parts)]
