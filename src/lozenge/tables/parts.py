"""Parts of a recipe: what becomes of a raw column, and the columns of X that it fills."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge.tables.cells import NUMBER_GAPS, as_text, parse
from lozenge.tables.column import Column, numeric
from lozenge.tables.words import count, quoted, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lozenge.results import Floats

MISSING = "(missing)"


@dataclass(frozen=True)
class Number:
    """A raw column that stays a column of numbers, missing cells filled by the median of the present ones."""

    column: str
    median: float
    days: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns of X."""
        return (self.column,)

    def fill(self, raw: Mapping[str, Column], out: Floats) -> str:
        """Write its columns of X; return what there is to say."""
        gaps = raw[self.column].missing
        out[:, 0] = np.where(gaps, self.median, raw[self.column].values)
        cells = count(int(gaps.sum()), "missing cell")
        return f"{show(self.column)}: {cells} filled with the median, {self.median:g}." if gaps.any() else ""


@dataclass(frozen=True)
class Factor:
    """A raw column of levels: a 0/1 column ``names[k]`` for each level ``coded[k]``.

    None is a missing value.  Levels in ``uncoded`` are known but have no column: the first of two.
    """

    column: str
    names: tuple[str, ...]
    coded: tuple[str | None, ...]
    uncoded: tuple[str | None, ...] = ()

    def fill(self, raw: Mapping[str, Column], out: Floats) -> str:
        """Write its columns of X; return what there is to say."""
        code = {level: k for k, level in enumerate(self.coded)} | dict.fromkeys(self.uncoded, -1)
        cells = as_levels(raw[self.column], code)
        codes = np.array([code.get(cell, -2) for cell in cells], dtype=np.intp)
        rows = np.flatnonzero(codes >= 0)
        out[rows, codes[rows]] = 1.0
        unseen = Counter(MISSING if cells[row] is None else cells[row] for row in np.flatnonzero(codes == -2))
        if not unseen:
            return ""
        told = f"{count(unseen.total(), 'row')} with a level not seen in fitting ({quoted(unseen)})"
        return f"{show(self.column)}: {told}; its 0/1 columns are 0 there."


@dataclass(frozen=True)
class Missingness:
    """A 0/1 column: 1 where any of these number columns is missing."""

    name: str
    columns: tuple[str, ...]

    @property
    def column(self) -> str:
        """The first of its raw columns."""
        return self.columns[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns of X."""
        return (self.name,)

    def fill(self, raw: Mapping[str, Column], out: Floats) -> str:
        """Write its columns of X; return what there is to say."""
        gaps = np.array([raw[name].missing for name in self.columns])
        out[:, 0] = gaps.any(axis=0)
        split = int((gaps.any(axis=0) & ~gaps.all(axis=0)).sum())
        return f"{show(self.name)}: 1 also in {count(split, 'row')} where not all are missing." if split else ""


Part = Number | Factor | Missingness


def matrix(parts: Sequence[Part], raw: Mapping[str, Column], n: int) -> tuple[Floats, tuple[str, ...]]:
    """X of n rows, and what there is to say."""
    numbers = [part for part in parts if isinstance(part, Number)]
    raw = {**raw, **{part.column: as_numbers(raw[part.column], days=part.days) for part in numbers}}
    X = np.zeros((n, sum(len(part.names) for part in parts)), order="F")
    notes, start = [], 0
    for part in parts:
        notes.append(part.fill(raw, X[:, start : start + len(part.names)]))
        start += len(part.names)
    return X, tuple(note for note in notes if note)


def as_numbers(column: Column, *, days: bool, wanted: str = "a number") -> Column:
    """Numbers of a raw column, read from its text where another reader left text."""
    wanted = "a date (YYYY-MM-DD)" if days else wanted
    if column.kind in ({"date"} if days else {"number", "bool"}):
        return column
    numbers = np.full(len(column.values), np.nan)
    for row in np.flatnonzero(~column.missing).tolist():
        cell = column.values[row] if column.kind == "text" else column.dtype
        if not days and cell.strip() in NUMBER_GAPS:
            continue
        value = parse(cell, days=days)
        if value is None or not math.isfinite(value):
            raise column.refuse(row, cell, wanted)
        numbers[row] = value
    return numeric(column.name, "number", column.dtype, numbers)


def as_levels(column: Column, known: Iterable[str | None]) -> list[str | None]:
    """Levels of a raw column as text, spelt as the known ones are."""
    if column.kind == "text":
        return list(column.values)
    if column.kind in {"date", "other"} and not column.missing.all():
        raise column.refuse(int((~column.missing).argmax()), column.dtype, "text")
    # Another reader may have taken the code "020" for the number 20, and "TRUE" for a truth value.
    truth = {"true": 1.0, "false": 0.0}
    worth = {level: truth.get(level.lower(), parse(level)) for level in known if level is not None}
    times = Counter(worth.values())
    spelt = {value: level for level, value in worth.items() if times[value] == 1}
    spelt |= {value: level for level, value in worth.items() if value is not None and as_text(value) == level}
    found = {value: spelt.get(value, as_text(value)) for value in set(column.present.tolist())}
    return [None if gap else found[v] for v, gap in zip(column.values.tolist(), column.missing, strict=True)]
