"""Learning a recipe from a frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.tables.column import Column, column, open_frame
from lozenge.tables.encoding import Encoding
from lozenge.tables.notes import leaks, told
from lozenge.tables.parts import MISSING, Factor, Missingness, Number, Part, matrix
from lozenge.tables.roles import Beside, Roles, beside, response
from lozenge.tables.rules import LeftOut, plan
from lozenge.tables.words import check_known, count, quoted, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import narwhals.stable.v2 as nw
    from numpy.typing import NDArray

    from lozenge.results import Floats, Indices


@dataclass(frozen=True, eq=False)
class Table:
    """What `encode` returns: numbers to fit, and how they came to be.

    Attributes
    ----------
    X : (n, p) float64, Fortran order
    y : (n,) float64, or object array of str for a text target
        With several columns a structured array, one field per column.
    beside : what goes beside y
    rows : (n,) numbers of the rows in the table, from 1
    feature_names : tuple of str
    encoding : Encoding
    notes : tuple of str
        Sentences for the user: rows dropped; columns left out, why, and how to bring them in; cells filled; columns
        encoded; likely leaks.
    summary : dict
        Counts: rows, rows_dropped, columns, features, numeric, factors, columns_left_out, missing_cells.
    left_out : dict
        Raw column → identifier, free text, many levels, date, empty, or no encoding.
    """

    X: Floats
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    encoding: Encoding
    notes: tuple[str, ...]
    summary: dict[str, int]
    left_out: dict[str, str]
    beside: Beside
    rows: Indices

    @property
    def offset(self) -> Floats | None:
        """(n,) what is added to η, or None."""
        return self.beside.offset

    @property
    def weight(self) -> Floats | None:
        """(n,) of the rows, or None."""
        return self.beside.weight


def encode(
    frame: Any,
    target: str | Roles,
    *,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    drop_missing_target: bool = False,
) -> Table:
    """X and y of a table: numbers stay, each level has a 0/1 column, missing numbers the median and a mark.

    Text has a column ``name=level`` for every level in sorted order, a missing value being a level of its own,
    ``name=(missing)``.  No level is dropped: under a penalty the answer would depend on which one was, and the penalty
    settles the redundancy.  Two levels make one column, named for the second (a level and missing values: for the
    level).  Boolean columns are 0/1, and factors if cells are missing.  A number column with missing cells gets a
    column ``name is missing``; identical ones are merged.

    Left out, with a note, unless in ``keep``: text of which more than half of its more than 20 cells differ (10 if it
    is prose, five words or more to a cell); integers that are consecutive when sorted, more than 20 and all different;
    dates and durations (kept as days, dates since 1970-01-01 UTC); text with more than 100 levels (kept up to 10,000).
    Always left out: columns missing everywhere.

    Parameters
    ----------
    frame : pandas, polars or pyarrow table
    target : str or Roles
        Column to predict: numbers, Boolean (0/1) or text (classes); `Roles` names several, or times and events, and
        columns of offsets, exposures and weights.
    drop, keep : sequence of str
        Columns to leave out, and to bring in that would be left out.
    drop_missing_target : bool
        Drop the rows whose target is missing, before anything is learnt; otherwise they are refused.

    Raises
    ------
    ValueError
        A name is unknown, double, empty or not text; a number is infinite; a column mixes types; nothing is left.

    Examples
    --------
    >>> import polars as pl
    >>> from lozenge import tables
    >>> frame = pl.DataFrame({"dose": [1.0, None, 4.0], "arm": ["a", "b", None], "y": [1, 2, 4]})
    >>> table = tables.encode(frame, "y")
    >>> table.feature_names
    ('dose', 'arm=a', 'arm=b', 'arm=(missing)', 'dose is missing')
    >>> table.X.tolist()
    [[1.0, 1.0, 0.0, 0.0, 0.0], [2.5, 0.0, 1.0, 0.0, 1.0], [4.0, 0.0, 0.0, 1.0, 0.0]]
    """
    table = open_frame(frame)
    roles = Roles((target,)) if isinstance(target, str) else target
    drop, keep = ([names] if isinstance(names, str) else list(names) for names in (drop, keep))
    _check_request(table, roles, drop, keep)
    y, rows = response(table, roles, drop_missing=drop_missing_target)
    extra = beside(table, roles, rows)
    raw = {name: column(table[name]).take(rows) for name in table.columns if name not in {*roles.columns, *drop}}
    plans = {name: plan(found, kept=name in keep) for name, found in raw.items()}
    out = {name: made for name, made in plans.items() if isinstance(made, LeftOut)}
    parts = [made for made in plans.values() if not isinstance(made, LeftOut)]
    dropped = len(rows) - len(y)
    notes = [f"{count(dropped, 'row')} without {quoted(roles.explained)} dropped."] if dropped else []
    notes += [
        f"{made.stress}{show(name)} left out ({made.kind}): {made.why}; {made.how}." for name, made in out.items()
    ]
    if not parts:
        raise ValueError(" ".join(["nothing to learn from: every column is left out.", *notes[:20]]))
    encoding = replace(_named(parts, raw), roles=roles)
    X, _ = matrix(encoding.parts, raw, len(y))
    notes += told(encoding, raw, keep) + leaks(X, y, encoding)
    factors = sum(isinstance(part, Factor) for part in parts)
    summary = {
        "rows": len(y),
        "rows_dropped": dropped,
        "columns": len(table.columns) - len(roles.columns),
        "features": X.shape[1],
        "numeric": len(parts) - factors,
        "factors": factors,
        "columns_left_out": len(out),
        "missing_cells": sum(int(raw[part.column].missing.sum()) for part in parts),
    }
    left_out = {name: made.kind for name, made in out.items()}
    places = np.flatnonzero(rows) + 1
    return Table(X, y, encoding.feature_names, encoding, tuple(notes), summary, left_out, extra, places)


def again(frame: Any, encoding: Encoding) -> Table:
    """X and y by a recipe learnt before, on the table that it was learnt on; rows without a target are dropped.

    Raises
    ------
    ValueError
        A column is absent, or holds what the recipe cannot take.
    """
    table, roles = open_frame(frame), encoding.roles
    for name in roles.columns:
        if name not in table.columns:
            raise ValueError(f"no column '{show(name)}' in the table, the {roles.role(name)} of the fit")
    y, rows = response(table, roles, drop_missing=True)
    extra = beside(table, roles, rows)
    X, notes = encoding.apply(table.filter(rows.tolist()).to_native())
    numeric = sum(isinstance(part, Number) for part in encoding.parts)
    used = {part.column for part in encoding.parts if not isinstance(part, Missingness)}
    raw = {name: column(table[name]).take(rows) for name in used}
    summary = {
        "rows": len(y),
        "rows_dropped": len(rows) - len(y),
        "columns": len(table.columns) - len(roles.columns),
        "features": X.shape[1],
        "numeric": numeric,
        "factors": sum(isinstance(part, Factor) for part in encoding.parts),
        "columns_left_out": len(table.columns) - len(roles.columns) - len(used),
        "missing_cells": sum(int(found.missing.sum()) for found in raw.values()),
    }
    places = np.flatnonzero(rows) + 1
    return Table(X, y, encoding.feature_names, encoding, notes, summary, {}, extra, places)


def _check_request(table: nw.DataFrame[Any], roles: Roles, drop: Sequence[str], keep: Sequence[str]) -> None:
    roles.check(table.columns)
    check_known((*drop, *keep), table.columns)
    for name in (*drop, *keep):
        if name in roles.columns:
            raise ValueError(
                f"'{show(name)}' is the {roles.role(name)}: it can be neither dropped nor kept as a feature"
            )
    if both := set(drop) & set(keep):
        raise ValueError(f"asked both to drop and to keep {quoted(sorted(both))}; choose one")
    if len(table) == 0:
        raise ValueError("the table is empty: it has no rows")
    if set(table.columns) == {*roles.columns, *drop}:
        beside = f"the target '{show(roles.title)}'" if len(roles.columns) == 1 else quoted(roles.columns)
        raise ValueError(f"nothing to learn from: no columns beside {beside}")


def _named(parts: Sequence[Number | Factor], raw: Mapping[str, Column]) -> Encoding:
    """Give every derived column a name of its own, and missing numbers their marks."""
    taken = {part.column for part in parts}

    def fresh(name: str) -> str:
        while name in taken:
            name += "'"
        taken.add(name)
        return name

    named: list[Part] = []
    alike: dict[bytes, list[str]] = {}
    for part in parts:
        if isinstance(part, Number):
            named.append(part)
            if raw[part.column].missing.any():
                alike.setdefault(np.packbits(raw[part.column].missing).tobytes(), []).append(part.column)
            continue
        gap = MISSING
        while gap in part.coded:
            gap = f"({gap})"
        names = tuple(fresh(f"{part.column}={gap if level is None else level}") for level in part.coded)
        named.append(Factor(part.column, names, part.coded, part.uncoded))
    marks = [Missingness(fresh(f"{', '.join(group)} is missing"), tuple(group)) for group in alike.values()]
    return Encoding((*named, *marks))
