"""The rules of what becomes of a raw column: a number, a factor, or left out, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lozenge.tables.cells import NUMBER_LIKE, parse
from lozenge.tables.parts import Factor, Number, as_numbers
from lozenge.tables.words import option, show

if TYPE_CHECKING:
    from lozenge.results import Floats
    from lozenge.tables.column import Column

SMALL = 20  # with so few cells, "more than half of the values differ" says nothing
LEVEL_CAP, KEPT_LEVEL_CAP = 100, 10_000  # levels of a text column: unasked, and under keep
PROSE = 5  # words in the average level


class LeftOut(NamedTuple):
    """What a column that is left out is, why that is a reason, and how to bring it in."""

    kind: str
    why: str
    how: str
    stress: str = ""  # before what is said of it


def plan(column: Column, *, kept: bool) -> Number | Factor | LeftOut:
    """Decide on a column; ``kept`` if the user asked for it.  Its derived columns have no names yet."""
    present = column.present
    bring = f"{option('keep', column.name)} brings it in"
    if not len(present):
        return LeftOut("empty", "it is missing everywhere", "fill it first")
    if column.kind == "other":
        if kept:
            raise ValueError(f"cannot keep '{show(column.name)}': it holds {column.dtype}; convert it first")
        return LeftOut("no encoding", f"it holds {column.dtype}", "convert it to numbers or text first")
    if column.kind == "number" or (column.kind == "bool" and not column.missing.any()):
        if kept or not integers_apart(column) or np.ptp(present) != len(present) - 1:
            return Number(column.name, _median(present))
        why = f"consecutive integers, {present.min():.0f} to {present.max():.0f}, each once"
        return LeftOut("identifier", why, f"{bring} as a number")
    levels = sorted(str(bool(cell)) if column.kind == "bool" else str(cell) for cell in set(present.tolist()))
    if column.kind == "date" or all(parse(level, days=True) is not None for level in levels):
        if kept:
            return Number(column.name, _median(as_numbers(column, days=True).present), days=True)
        return LeftOut("date", "it holds dates or times", f"{bring} as days (since 1970-01-01)")
    if not kept and (reason := _too_many(levels, len(present))):
        if odd := _odd_ones_out(levels):
            clean = "write such cells as plain numbers, or leave them empty, and it is read as a number"
            return LeftOut(
                "numbers in text", f"it looks like numbers but for cells such as '{show(odd)}'", clean, "Warning: "
            )
        return LeftOut(*reason, f"{bring} as a 0/1 column for each level")
    if len(levels) > KEPT_LEVEL_CAP:
        told = f"has {len(levels):,} levels, over the cap of {KEPT_LEVEL_CAP:,}"
        raise ValueError(f"column '{show(column.name)}' {told}; group them first")
    gap: list[str | None] = [None] if column.missing.any() else []
    if len(levels + gap) == 2:
        return Factor(column.name, (), (levels[-1],), (*levels[:-1], *gap))
    return Factor(column.name, (), (*levels, *gap))


def integers_apart(column: Column) -> bool:
    """Whether these are integers, more than `SMALL`, no two alike: so may be an identifier."""
    present = column.present
    whole = column.kind == "number" and len(present) > SMALL and bool((present == np.floor(present)).all())
    return whole and len(np.unique(present)) == len(present)


def _too_many(levels: list[str], cells: int) -> tuple[str, str] | None:
    prose = sum(len(level.split()) for level in levels) >= PROSE * len(levels)
    if 2 * len(levels) > cells > (SMALL // 2 if prose else SMALL):
        return "free text" if prose else "identifier", f"{len(levels):,} different texts in {cells:,} cells"
    if len(levels) > LEVEL_CAP:
        return "free text" if prose else "many levels", f"{len(levels):,} levels, over the cap of {LEVEL_CAP}"
    return None


def _odd_ones_out(levels: list[str]) -> str | None:
    """Give a level that is no plain number, if nearly all of them look like numbers."""
    like = sum(NUMBER_LIKE.fullmatch(level) is not None for level in levels)
    return next((level for level in levels if parse(level) is None), None) if like > 0.9 * len(levels) else None


def _median(present: Floats) -> float:
    middle = [(len(present) - 1) // 2, len(present) // 2]
    return float((np.partition(present, middle)[middle] / 2).sum())  # halves first: a sum may overflow
