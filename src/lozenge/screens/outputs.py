"""Kept weights of several outputs: a row per feature, a column per class or response."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lozenge.screens.response import levels
from lozenge.screens.text import FEW, MANY, WIDTH, Line, cells, count, number, plain, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.results import Path

NAME, LEAST = 26, 12  # columns of a feature's name at most, and at least
HEADER = 12  # of a class's name at most
ZERO = "."  # what an exact zero is drawn as


def by_output(path: Path, coef: NDArray[np.float64], listed: Sequence[int]) -> list[Line] | None:
    """Lines of the kept weights per standard deviation; None with one output, or more than eighty columns hold.

    Parameters
    ----------
    coef : (p·q,) at the chosen α
    listed : the weights that a list would show: all of them, or the first
    """
    outputs = path.model.outputs
    if not outputs:
        return None
    p = len(coef) // len(outputs)
    grid = (coef * path.model.scale).reshape(len(outputs), p).T
    free = ((path.model.penalty_weights == 0) & ~path.model.constant).reshape(len(outputs), p).T
    kept = np.flatnonzero((grid != 0).any(axis=1) | free.any(axis=1))
    order = kept[np.argsort(-np.abs(grid[kept]).max(axis=1), kind="stable")]
    everything = p <= MANY or len(listed) >= np.count_nonzero((grid != 0) | free)
    shown = order if everything else order[:FEW]
    names = [feature(path, int(j)) for j in shown]
    rows = [grid[j].tolist() for j in shown]
    table = _table(outputs, names, rows, _intercepts(path))
    if table is None:
        return None
    title = f"KEPT {np.count_nonzero((grid != 0) | free):,} of {len(coef):,} weights"
    lines = [Line(f"{title}, in {len(kept):,} of {count(p, 'feature')}"), *table]
    if more := len(order) - len(shown):
        lines.append(Line("", f"  and {count(more, 'more feature')} (--all)"))
    where = ", intercepts at 0" if _intercepts(path) else ""
    return [*lines, Line("", f"  Per SD{where}; {ZERO} is an exact zero. --json has the table's units.")]


def feature(path: Path, j: int) -> str:
    """Name of the column that a weight is of."""
    outputs = path.model.outputs
    name = path.feature_names[j]
    return name.removesuffix(f"[{outputs[j // (len(path.feature_names) // len(outputs))]}]") if outputs else name


def _intercepts(path: Path) -> list[float]:
    return np.atleast_1d(path.intercepts[path.chosen]).tolist() if levels(path.model) else []


def _table(
    outputs: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[float]], intercepts: Sequence[float]
) -> list[Line] | None:
    """The widest table that fits: names of classes are cut first, then digits, then gaps."""
    wide = max([LEAST, *(cells(plain(name)) for name in names)])
    for header in range(HEADER, 3, -1):
        found = _laid_out(outputs, names, rows, intercepts, min(wide, NAME), 3, 2, header)
        if found is not None:
            return found
    for digits, gap in ((3, 1), (2, 2), (2, 1)):
        for name in (min(wide, NAME), LEAST):
            found = _laid_out(outputs, names, rows, intercepts, name, digits, gap, 4)
            if found is not None:
                return found
    return None


def _laid_out(
    outputs: Sequence[str],
    names: Sequence[str],
    rows: Sequence[Sequence[float]],
    intercepts: Sequence[float],
    name: int,
    digits: int,
    gap: int,
    header: int,
) -> list[Line] | None:
    texts = cells_of(rows, digits)
    levels = [[number(x, digits) for x in intercepts]] if intercepts else []
    heads = [plain(output) for output in outputs]
    widths = [
        max([min(cells(head), header), *(len(row[k]) for row in [*texts, *levels])]) for k, head in enumerate(heads)
    ]
    if 2 + name + sum(gap + width for width in widths) > WIDTH:
        return None

    def line(label: str, parts: Sequence[str]) -> str:
        label = shorten(plain(label), name)
        fields = [" " * (gap + width - cells(part)) + part for part, width in zip(parts, widths, strict=True)]
        return "  " + label + " " * (name - cells(label)) + "".join(fields)

    lines = [Line(line("", [shorten(head, width) for head, width in zip(heads, widths, strict=True)]))]
    lines += [Line("", line(label, parts)) for label, parts in zip(names, texts, strict=True)]
    return lines + [Line("", line("(intercept)", parts)) for parts in levels]


def cells_of(rows: Sequence[Sequence[float]], digits: int) -> list[list[str]]:
    """Weights with the decimals with which the largest has so many digits; with exponents where it needs one."""
    largest = max((abs(x) for row in rows for x in row), default=0.0)
    decimals = max(0, digits - 1 - math.floor(math.log10(largest))) if 1e-4 <= largest < 1e6 else None
    return [[_cell(x, digits, decimals) for x in row] for row in rows]


def _cell(x: float, digits: int, decimals: int | None) -> str:
    if x == 0:
        return ZERO
    return number(x, digits) if decimals is None else f"{x:.{decimals}f}"
