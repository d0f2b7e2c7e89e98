"""Columns that are no features: what is explained, and what goes beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge.tables.cells import as_text, parse
from lozenge.tables.column import Column, column
from lozenge.tables.parts import as_numbers
from lozenge.tables.words import check_known, count, quoted, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import narwhals.stable.v2 as nw
    from numpy.typing import NDArray

    from lozenge.results import Bools, Floats

FEW = 1_000  # values of a column of strata
CALLED = {
    "together": "column that folds keep together",
    "forward": "order of the folds",
}  # where the word alone says less


@dataclass(frozen=True)
class Roles:
    """Which columns are no features, and what they are instead.

    Attributes
    ----------
    target : columns to predict; none where there are times and events
    time, event, start, strata : of a survival response
    offset, exposure : what is added to η, and what the log of is
    weight : of the rows
    together : rows with the same value are tested together in a cross-validation
    forward : when a row was: each fold is tested on what came after the rows it is trained on

    Examples
    --------
    >>> from lozenge.tables import Roles
    >>> Roles(time="week", event="arrest").title
    'arrest'
    """

    target: tuple[str, ...] = ()
    time: str | None = None
    event: str | None = None
    start: str | None = None
    strata: str | None = None
    offset: str | None = None
    exposure: str | None = None
    weight: str | None = None
    together: str | None = None
    forward: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(name for _, name in self._named())

    @property
    def title(self) -> str:
        """What is explained."""
        return ", ".join(self.target) or self.event or ""

    @property
    def explained(self) -> dict[str, str]:
        """What each column that is explained is called, in the order of the response's."""
        kinds = ("time", "event", "start", "strata")
        return {name: kind for kind, name in self._named() if kind == "target" or kind in kinds}

    def role(self, name: str) -> str:
        """What a column is called that is no feature."""
        kind = next(kind for kind, each in self._named() if each == name)
        return CALLED.get(kind, kind)

    def check(self, columns: Sequence[str]) -> None:
        """Refuse a column that is not there, or that would be two things at once.

        Raises
        ------
        ValueError
        """
        if not self._whole:
            raise ValueError("name what is explained: one target or several, or else the time and the event")
        check_known(self.columns, columns)
        for name in self.columns:
            kinds = [kind for kind, each in self._named() if each == name]
            if len(set(kinds)) < len(kinds):
                raise ValueError(f"'{show(name)}' is named twice as {kinds[0]}; once is enough")
            if len(kinds) > 1:
                raise ValueError(f"'{show(name)}' is named as {' and as '.join(kinds)}; a column can be one of them")

    def to_dict(self) -> dict[str, Any]:
        """Return the names as plain data, without those that are not given."""
        named = {key: list(value) if key == "target" else value for key, value in asdict(self).items()}
        return {key: value for key, value in named.items() if value}

    @classmethod
    def from_dict(cls, d: Any) -> Roles:
        """Read what `to_dict` wrote; anything else is refused.

        Raises
        ------
        ValueError
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(d, dict) or set(d) - known:
            raise ValueError(f"encoding: roles are {', '.join(sorted(known))}, not {show(repr(d))}")
        target = d.get("target", [])
        texts = [value for key, value in d.items() if key != "target"]
        if type(target) is not list or any(type(text) is not str for text in [*target, *texts]):
            raise ValueError(f"encoding: roles are names of columns, not {show(repr(d))}")
        found = cls(**{**d, "target": tuple(target)})
        if max(Counter(found.columns).values(), default=0) > 1 or (found.columns and not found._whole):
            raise ValueError(f"encoding: roles that no table could have: {show(repr(d))}")
        return found

    @property
    def _whole(self) -> bool:
        """Whether something is explained, and one thing: targets, or times and events."""
        survival = (self.time, self.event, self.start, self.strata)
        return not any(survival) if self.target else None not in survival[:2]

    def _named(self) -> Iterator[tuple[str, str]]:
        yield from (("target", name) for name in self.target)
        for field in fields(self):
            name = getattr(self, field.name)
            if field.name != "target" and name is not None:
                yield field.name, name


class Response(NamedTuple):
    """What is explained, of the rows that have it.

    Attributes
    ----------
    y : (n,) float64, or texts; with several columns a structured array of float64, one field per column
    rows : which rows of the table these are
    """

    y: NDArray[Any]
    rows: Bools


def response(table: nw.DataFrame[Any], roles: Roles, *, drop_missing: bool) -> Response:
    """Read what is explained.

    Raises
    ------
    ValueError
        A cell is missing, unless its row may be dropped, or holds what it cannot.
    """
    read = {name: column(table[name]) for name in roles.explained}
    for name, kind in roles.explained.items():
        _check(read[name], "the target" if kind == "target" else f"the {kind}", drop_missing=drop_missing)
    rows = ~np.logical_or.reduce([found.missing for found in read.values()])
    if not rows.any():
        raise ValueError(f"no row has all of {quoted(read)}")
    if len(roles.target) == 1:
        return Response(read[roles.target[0]].values[rows], rows)
    if roles.target:
        return Response(_side_by_side({name: _target(found, rows) for name, found in read.items()}), rows)
    return Response(_side_by_side(_survival(read, roles, rows)), rows)


def _check(found: Column, what: str, *, drop_missing: bool) -> None:
    shown, rows, gaps = show(found.name), len(found.missing), int(found.missing.sum())
    if gaps == rows:
        raise ValueError(f"{what} '{shown}' is missing in every row")
    if found.kind in {"date", "other"}:
        raise ValueError(f"{what} '{shown}' holds {found.dtype}; convert it to numbers or text first")
    if gaps and not drop_missing:
        hint = "--drop-missing-target (or drop_missing_target=True) drops them"
        raise ValueError(f"{what} '{shown}' is missing in {gaps:,} of {count(rows, 'row')}; {hint}")


def _target(found: Column, rows: Bools) -> Floats:
    if found.kind == "text":
        raise ValueError(f"the target '{show(found.name)}' is text, and several targets are fitted together as numbers")
    return np.asarray(found.values[rows], dtype=np.float64)


def _survival(read: dict[str, Column], roles: Roles, rows: Bools) -> dict[str, Floats]:
    """Times and events, by the names that a loss has for them."""
    cells = {kind: read[name] for name, kind in roles.explained.items()}
    event = amounts(cells["event"], rows, "1 for an event or 0 for none (true and false will do)", _truth)
    found = {"event": event}
    if "start" in cells:
        found["start"] = amounts(cells["start"], rows, "a time", np.isfinite)
        since = as_numbers(cells["start"], days=False).values
        wanted = f"a time after the start '{show(roles.start)}'"
        found["time"] = amounts(cells["time"], rows, wanted, lambda time: time > since)
    else:
        found["time"] = amounts(cells["time"], rows, "a time, zero or positive", lambda time: time >= 0.0)
    if "strata" in cells:
        found["strata"] = _numbered(cells["strata"].take(rows))
    return found


def _truth(x: Floats) -> Bools:
    return np.isin(x, (0.0, 1.0))


def _numbered(cells: Column) -> Floats:
    """Numbers of the different values of a column."""
    values, codes = np.unique(cells.values, return_inverse=True)
    if len(values) > FEW:
        raise ValueError(f"the strata '{show(cells.name)}' has {len(values):,} values; strata are groups of many rows")
    return codes.astype(np.float64)


def _side_by_side(columns: dict[str, Floats]) -> NDArray[Any]:
    found = np.empty(len(next(iter(columns.values()))), dtype=[(name, np.float64) for name in columns])
    for name, values in columns.items():
        found[name] = values
    return found


class Beside(NamedTuple):
    """What goes beside a response: (n,) each, or None."""

    offset: Floats | None
    weight: Floats | None
    together: NDArray[Any] | None = None
    forward: Floats | None = None


def beside(table: nw.DataFrame[Any], roles: Roles, rows: Bools) -> Beside:
    """Read offset, exposure and weights of some rows.

    Raises
    ------
    ValueError
        A cell is missing or holds what it cannot.
    """
    weight = None
    if roles.weight is not None:
        weight = amounts(column(table[roles.weight]), rows, "a weight, zero or positive", lambda x: x >= 0.0)
        if not weight.any():
            raise ValueError(f"the weight '{show(roles.weight)}' is 0 in every row; at least one row must count")
    return Beside(offset(table, roles, rows), weight, _together(table, roles, rows), _forward(table, roles, rows))


def _together(table: nw.DataFrame[Any], roles: Roles, rows: Bools) -> NDArray[Any] | None:
    """Numbers of the groups of rows."""
    if roles.together is None:
        return None
    found = column(table[roles.together])
    _no_gaps(found, rows, "rows of one value are tested together")
    return np.unique(found.values[rows], return_inverse=True)[1]


def _forward(table: nw.DataFrame[Any], roles: Roles, rows: Bools) -> Floats | None:
    """When each row was, as a number."""
    if roles.forward is None:
        return None
    found = column(table[roles.forward])
    _no_gaps(found, rows, "rows go by it from the past forward")
    first = next(iter(found.present.tolist()), "")
    days = found.kind == "date" or (found.kind == "text" and parse(first, days=True) is not None)
    wanted = "a number, or a date (YYYY-MM-DD) in every row"
    return np.asarray(as_numbers(found, days=days, wanted=wanted).values[rows], dtype=np.float64)


def _no_gaps(found: Column, rows: Bools, why: str) -> None:
    if (rows & found.missing).any():
        row = int((rows & found.missing).argmax())
        raise ValueError(
            f"'{show(found.name)}' has no value in row {row + 1:,}, and {why}; mend the cell or leave its row out"
        )


def offset(table: nw.DataFrame[Any], roles: Roles, rows: Bools) -> Floats | None:
    """What is added to η: the offset and the log of the exposure; None without either.

    Raises
    ------
    ValueError
        A column is absent, or a cell is missing or holds what it cannot.
    """
    found = None
    for kind, name in (("offset", roles.offset), ("exposure", roles.exposure)):
        if name is None:
            continue
        if name not in table.columns:
            without = "a column of 0 leaves it out" if kind == "offset" else "a column of 1 asks for rates"
            raise ValueError(
                f"no column '{show(name)}' in the table, which the model takes as its {kind}; add it, or {without}"
            )
        cells = column(table[name])
        if kind == "offset":
            extra = amounts(cells, rows, "a number, which is added to the linear predictor", np.isfinite)
        else:
            extra = np.log(amounts(cells, rows, "an exposure above 0, whose log is the offset", lambda x: x > 0.0))
        found = extra if found is None else found + extra
    return found


def amounts(found: Column, rows: Bools, wanted: str, fine: Callable[[Floats], Bools]) -> Floats:
    """Numbers of some rows, each one fine.

    Raises
    ------
    ValueError
        Naming the first cell that is not.
    """
    numbers = as_numbers(found, days=False, wanted=wanted)
    bad = rows & (numbers.missing | ~fine(numbers.values))
    if bad.any():
        row = int(bad.argmax())
        cell = "" if numbers.missing[row] else as_text(float(numbers.values[row]))
        raise ValueError(f"{found.refuse(row, cell, wanted)}; mend the cell or leave its row out")
    return numbers.values[rows]
