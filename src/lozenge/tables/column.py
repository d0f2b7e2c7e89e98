"""One column of any frame, as floats with NaN or as texts with None."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.exceptions import DuplicateError

from lozenge.tables.cells import DAY, as_days, as_float, as_text
from lozenge.tables.words import check_names, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.results import Bools

KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "bool": (bool, np.bool_),  # before number: a bool is an int
    "number": (int, float, Decimal, np.integer, np.floating),
    "date": (date, timedelta),
}


@dataclass(frozen=True, eq=False)
class Column:
    """Cells of one kind: of `KINDS`, or ``other``; ``dtype`` is what the frame calls it, dates are in days."""

    name: str
    kind: str
    dtype: str
    values: NDArray[Any]
    missing: Bools

    @property
    def present(self) -> NDArray[Any]:
        """Values that are not missing."""
        return self.values[~self.missing]

    def take(self, rows: Bools) -> Column:
        """Some of its rows."""
        return replace(self, values=self.values[rows], missing=self.missing[rows])

    def refuse(self, row: int, value: object, wanted: str) -> ValueError:
        """Error that names the place."""
        return ValueError(f"column '{show(self.name)}', row {row + 1}: '{show(value)}' instead of {wanted}")


def open_frame(frame: Any) -> nw.DataFrame[Any]:
    """Check that it is a frame, with names for its columns."""
    try:
        table: nw.DataFrame[Any] = nw.from_native(frame, eager_only=True)
    except TypeError:
        got = type(frame).__name__
        raise ValueError(f"expected a pandas, polars or pyarrow table held in memory, got {got}") from None
    except DuplicateError:
        check_names(list(getattr(frame, "column_names", frame.columns)))
        raise
    check_names(table.columns)
    return table


def column(series: nw.Series[Any]) -> Column:
    """Column of a frame."""
    dtype = series.dtype
    if dtype in (nw.Date, nw.Datetime, nw.Duration):
        micros = series.dt.total_microseconds() if dtype == nw.Duration else series.dt.timestamp("us")
        return numeric(series.name, "date", dtype, micros.cast(nw.Float64).to_numpy() / DAY)
    if dtype.is_numeric() or dtype == nw.Boolean:
        kind = "bool" if dtype == nw.Boolean else "number"
        return numeric(series.name, kind, dtype, series.cast(nw.Float64).to_numpy())
    return _objects(series, category=dtype in (nw.Categorical, nw.Enum))


def numeric(name: str, kind: str, dtype: object, numbers: Any) -> Column:
    """Column of numbers, all of them finite, NaN where missing."""
    values = np.asarray(numbers, dtype=np.float64)
    made = Column(name, kind, str(dtype), values, np.isnan(values))
    if (infinite := np.isinf(values)).any():
        raise made.refuse(int(infinite.argmax()), values[infinite.argmax()], "a finite number")
    return made


def _objects(series: nw.Series[Any], *, category: bool) -> Column:
    missing = series.is_null().to_list()
    cells = [None if gap else cell for cell, gap in zip(series.to_list(), missing, strict=True)]
    if category:
        cells = [None if cell is None else as_text(cell) for cell in cells]
    sorts = {type(cell) for cell in cells if cell is not None}
    kinds = {sort: next((k for k, bases in KINDS.items() if issubclass(sort, bases)), sort.__name__) for sort in sorts}
    kind = next(iter(kinds.values()), "text")
    if len(set(kinds.values())) > 1:
        rows = {kinds[type(cell)]: row for row, cell in reversed([*enumerate(cells)]) if cell is not None}
        first = sorted((row, kind) for kind, row in rows.items())[:2]
        told = " and ".join(f"{kind} (row {row + 1}: '{show(cells[row])}')" for row, kind in first)
        raise ValueError(f"column '{show(series.name)}' mixes {told}; make it one type")
    if kind in {"bool", "number", "date"}:
        number = as_days if kind == "date" else as_float
        return numeric(series.name, kind, series.dtype, [np.nan if cell is None else number(cell) for cell in cells])
    values = np.full(len(cells), None, dtype=object)
    values[:] = cells if kind == "text" else None
    return Column(series.name, kind if kind == "text" else "other", str(series.dtype), values, np.array(missing, bool))
