"""CSV, Parquet and dataframes in; a matrix of numbers, and the recipe that made it, out.

The straight line is `read` → `encode` → `Encoding.apply` on the next file.  Nothing learnt here looks at the
target.  Rows are counted from 1 below the header, lines of a file from 1 with it.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import math
import re
import shlex
import sys
import warnings
import zlib
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import narwhals.stable.v2 as nw
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Encoding", "Factor", "Missingness", "Number", "Table", "columns", "encode", "read"]

SMALL = 20  # with so few cells, "more than half of the values differ" says nothing
LEVEL_CAP, KEPT_LEVEL_CAP = 100, 10_000  # levels of a text column: unasked, and under keep
PROSE = 5  # words in the average level
MISSING = "(missing)"
TEXT_GAPS = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "?", ".")
NUMBER_GAPS = (*TEXT_GAPS, "None")  # in text "None" is a level: no veneer is not a veneer nobody recorded
NUMBER_LIKE = re.compile(r"(?!0\d)[-+$€£]?\d[\d., '_]*%?")
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:?\d\d.*)?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000  # microseconds


# ---------------------------------------------------------------------------------- words for people
def _show(text: object, limit: int = 60) -> str:
    # A name from a file can steer a terminal, or fill it.
    full = str(text)
    cut = full if len(full) <= limit else full[: limit - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def _quoted(texts: Iterable[object], limit: int = 6) -> str:
    shown = [f"'{_show(text)}'" for text in texts]
    return ", ".join(shown[:limit]) + (f" and {len(shown) - limit} more" if len(shown) > limit else "")


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def _option(flag: str, name: str) -> str:
    return f"--{flag} {shlex.quote(_show(name))} (or {flag}=)"


def _unknown(name: str, names: Sequence[str]) -> ValueError:
    folded = [other for other in names if other.casefold() == name.casefold()]
    near = folded or difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean '{_show(near[0])}'?" if near else "."
    return ValueError(f"no column '{_show(name)}' in the table{hint} Columns: {_quoted(names, 20)}")


def _check_names(names: Sequence[Any], what: str = "the table") -> None:
    for place, name in enumerate(names, 1):
        if not (isinstance(name, str) and name.strip()):
            got = f"is named {_show(repr(name))}" if name or not isinstance(name, str) else "has no name"
            hint = "name it by text (an index written without a name looks like this: write the file without it)"
            raise ValueError(f"column {place} of {what} {got}; {hint}")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"{what} has several columns named {_quoted(twice)}; rename all but one")


# ---------------------------------------------------------------------------------- files
def read(source: str | Path, *, stdin: BinaryIO | None = None) -> pl.DataFrame:
    r"""Table in a file, every column typed by all of its cells.

    The first bytes tell the format: Parquet, Arrow (Feather 2, IPC) or text delimited by comma, semicolon or tab
    (whichever the header has most of), plain or gzipped.  In text, blanks around a cell are not part of it; rows
    with nothing in them are skipped; ``NA``, ``N/A``, ``NaN``, ``null``, ``?``, ``.`` and the empty cell are
    missing (``None`` only among numbers); a column of numbers is numeric unless one has a leading zero, for then
    it holds codes and stays text; ``true`` and ``false`` in any case are Boolean; with semicolons ``1,5`` is a
    number.  Text that is not UTF-8 is read as Windows-1252, with a warning.

    Parameters
    ----------
    source : str or Path
        A path, or ``"-"`` for standard input.
    stdin : binary file, optional
        What ``"-"`` reads; by default the standard input of the process.

    Raises
    ------
    ValueError
        The file is absent, damaged, ragged or empty, or its header names a column twice or not at all.

    Examples
    --------
    >>> import io
    >>> from lozenge import tables
    >>> tables.read("-", stdin=io.BytesIO(b"code,dose\n007,1.5\n012,NA\n")).to_dict(as_series=False)
    {'code': ['007', '012'], 'dose': [1.5, None]}
    """
    import polars as pl

    what = "standard input" if str(source) == "-" else f"'{_show(source)}'"
    readers: dict[bytes, Callable[..., Any]] = {
        b"PAR1": pl.read_parquet,
        b"ARRO": pl.read_ipc,
        b"\xff\xff\xff\xff": pl.read_ipc_stream,
    }
    try:
        data = (stdin or sys.stdin.buffer).read() if str(source) == "-" else Path(source).read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        reader = readers.get(data[:4])
        table: pl.DataFrame = reader(io.BytesIO(data)) if reader else _read_text(data, what)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(source, error) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ValueError(f"{what} cannot be read: {_show(str(error).partition(chr(10))[0], 160)}") from None
    _check_names(table.columns, what)
    if table.height == 0:
        raise ValueError(f"{what} is an empty table: {_count(table.width, 'column')} and no rows")
    return table


def columns(source: str | Path) -> list[str]:
    r"""Column names of a file; of text, only the header is read.

    Parameters
    ----------
    source : str or Path
        A path.  ``"-"`` is refused: a header read from a pipe is gone.

    Raises
    ------
    ValueError
        The file is absent or damaged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lozenge import tables
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "doses.csv")
    ...     _ = path.write_text("code;dose\n007;1,5\n")
    ...     tables.columns(path)
    ['code', 'dose']
    """
    if str(source) == "-":
        raise ValueError("the header of standard input cannot be read without using it up; give a path")
    try:
        with Path(source).open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic not in {b"PAR1", b"ARRO", b"\xff\xff\xff\xff"}:
                lines: Any = gzip.open(file) if magic[:2] == b"\x1f\x8b" else file
                return _header(lines, f"'{_show(source)}'")[0]
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(source, error) from None
    return read(source).columns


def _unreadable(source: str | Path, error: Exception) -> ValueError:
    path = Path(source)
    if not isinstance(error, FileNotFoundError):
        return ValueError(f"cannot read '{_show(source)}': {_show(getattr(error, 'strerror', 0) or error)}")
    here = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, here, n=1)
    return ValueError(f"no file '{_show(source)}'" + (f"; did you mean '{_show(near[0])}'?" if near else ""))


def _read_text(data: bytes, what: str) -> pl.DataFrame:
    import polars as pl

    data = _utf8(data, what)
    names, delimiter = _header(io.BytesIO(data), what)
    if not names:
        raise ValueError(f"{what} is empty")
    _check_names(names, what)
    try:
        table = pl.read_csv(io.BytesIO(data), separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError:
        _check_widths(data, delimiter, len(names), what)
        raise
    if len(names) > 1 and table.to_series(-1).has_nulls():
        _check_widths(data, delimiter, len(names), what)  # the parser fills a short line with gaps, unsaid
        table = table.filter(~pl.all_horizontal(pl.all().is_null()))
    table.columns = names
    return _typed(table, decimal_comma=delimiter == ";")


def _decoded(data: bytes) -> tuple[str, int | None]:
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        return data.decode("cp1252", errors="replace"), error.start


def _utf8(data: bytes, what: str) -> bytes:
    if (at := data.find(b"\0")) >= 0:
        hint = "this is no text (a spreadsheet, or UTF-16? save it as UTF-8 CSV), or it is damaged"
        raise ValueError(f"{what}, line {data.count(10, 0, at) + 1}: a NUL byte; {hint}")
    text, bad = _decoded(data)
    if bad is not None:
        line = data.count(10, 0, bad) + 1
        warnings.warn(f"{what}, line {line}: not UTF-8, read as Windows-1252 (Latin-1)", stacklevel=4)
        data = text.encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    return data if b"\n" in data else data.replace(b"\r", b"\n")


def _records(lines: Iterable[bytes], delimiter: str, what: str) -> Iterator[tuple[int, list[str]]]:
    limit = csv.field_size_limit(2**31 - 1)
    reader = csv.reader((_decoded(line)[0] for line in lines), delimiter=delimiter, strict=True)
    try:
        yield from ((reader.line_num, record) for record in reader)
    except csv.Error as error:
        raise ValueError(f"{what}, line {reader.line_num}: {error}; is a quote left open?") from None
    finally:
        csv.field_size_limit(limit)


def _header(lines: Iterable[bytes], what: str) -> tuple[list[str], str]:
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), b"").removeprefix(b"\xef\xbb\xbf")
    first = first.partition(b"\r")[0] if first.count(b"\r") > 1 else first
    bare = re.sub(rb'"[^"]*("|$)', b"", first)
    delimiter = max("\t,;", key=lambda mark: bare.count(mark.encode()))
    _, names = next(_records((line for part in ([first], rest) for line in part), delimiter, what), (0, []))
    return [name.strip() for name in names], delimiter


def _check_widths(data: bytes, delimiter: str, width: int, what: str) -> None:
    for line, record in _records(io.BytesIO(data), delimiter, what):
        if len(record) != width and any(cell.strip() for cell in record):
            raise ValueError(f"{what}, line {line}: {_count(len(record), 'cell')} where the header has {width}")


def _typed(text: pl.DataFrame, *, decimal_comma: bool) -> pl.DataFrame:
    import polars as pl

    # Whole-frame expressions, for a table may have 100,000 columns.
    words = text.select(pl.all().str.strip_chars().replace(list(TEXT_GAPS), None))
    bare = words.select(pl.all().replace(list(NUMBER_GAPS), None))
    if decimal_comma:
        every = bare.select(pl.all().str.contains(r"^[-+]?\d+(,\d+)?$").all()).row(0)
        commas = [name for name, plain in zip(bare.columns, every, strict=True) if plain]
        bare = bare.with_columns(pl.col(commas).str.replace(",", ".", literal=True))
    floats, integers = bare.cast(pl.Float64, strict=False), bare.cast(pl.Int64, strict=False)
    lower = bare.select(pl.all().str.to_lowercase())
    gaps = bare.null_count().row(0)
    coded = bare.select(pl.all().str.contains(r"^[-+]?0\d").any()).row(0)
    truth = lower.select(pl.all().is_in(["true", "false"]).all()).row(0)
    typed = []
    for j, gap in enumerate(gaps):
        numbers = [table.to_series(j) for table in (integers, floats)]
        fits = [] if coded[j] else [series for series in numbers if series.null_count() == gap]
        fits += [lower.to_series(j) == "true"] if truth[j] else [words.to_series(j)]
        typed.append(fits[0])
    return pl.DataFrame(typed)


# ---------------------------------------------------------------------------------- one column
KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "bool": (bool, np.bool_),  # before number: a bool is an int
    "number": (int, float, Decimal, np.integer, np.floating),
    "date": (date, timedelta),
}


@dataclass(frozen=True, eq=False)
class _Column:
    name: str
    kind: str  # of KINDS, or other
    dtype: str  # as the frame calls it
    values: NDArray[Any]  # float64 (dates in days), NaN for a missing cell; else objects, None for a missing cell
    missing: Bools

    def take(self, rows: Bools) -> _Column:
        return _Column(self.name, self.kind, self.dtype, self.values[rows], self.missing[rows])

    def refuse(self, row: int, value: object, wanted: str) -> ValueError:
        return ValueError(f"column '{_show(self.name)}', row {row + 1}: '{_show(value)}' instead of {wanted}")


def _open(frame: Any) -> nw.DataFrame[Any]:
    names = getattr(frame, "column_names", None)  # in pyarrow, columns are data
    _check_names(list(getattr(frame, "columns", ()) if names is None else names))
    try:
        return nw.from_native(frame, eager_only=True)
    except TypeError:
        got = type(frame).__name__
        raise ValueError(f"expected a pandas, polars or pyarrow table held in memory, got {got}") from None


def _column(series: nw.Series[Any]) -> _Column:
    dtype = series.dtype
    if dtype in {nw.Date, nw.Datetime, nw.Duration}:
        micros = series.dt.total_microseconds() if dtype == nw.Duration else series.dt.timestamp("us")
        return _numeric(series.name, "date", dtype, micros.cast(nw.Float64).to_numpy() / DAY)
    if dtype.is_numeric() or dtype == nw.Boolean:
        kind = "bool" if dtype == nw.Boolean else "number"
        return _numeric(series.name, kind, dtype, series.cast(nw.Float64).to_numpy())
    return _objects(series, [_text] if dtype in {nw.Categorical, nw.Enum} else [])


def _numeric(name: str, kind: str, dtype: object, numbers: Any) -> _Column:
    values = np.asarray(numbers, dtype=np.float64)
    column = _Column(name, kind, str(dtype), values, np.isnan(values))
    if (infinite := np.isinf(values)).any():
        raise column.refuse(int(infinite.argmax()), values[infinite.argmax()], "a finite number")
    return column


def _objects(series: nw.Series[Any], convert: list[Callable[[Any], str]]) -> _Column:
    cells, missing = series.to_list(), np.array(series.is_null().to_list(), dtype=bool)
    for step in convert:
        cells = [None if gap else step(cell) for cell, gap in zip(cells, missing, strict=True)]
    found: dict[str, int] = {}  # kind of cell → first row that has it
    types: dict[type, str] = {}
    for row in np.flatnonzero(~missing).tolist():
        sort = type(cells[row])
        if sort not in types:
            types[sort] = next((k for k, bases in KINDS.items() if issubclass(sort, bases)), sort.__name__)
            found.setdefault(types[sort], row)
    if len(found) > 1:
        told = [f"{kind} (row {row + 1}: '{_show(cells[row])}')" for kind, row in found.items()]
        raise ValueError(f"column '{_show(series.name)}' mixes {' and '.join(told[:2])}; make it one type")
    kind = next(iter(found), "text")
    if kind in {"number", "bool", "date"}:
        numbers = np.full(len(cells), np.nan)
        read_cell = _days if kind == "date" else _float
        numbers[~missing] = [read_cell(cells[row]) for row in np.flatnonzero(~missing)]
        return _numeric(series.name, kind, series.dtype, numbers)
    values = np.full(len(cells), None, dtype=object)
    for row in np.flatnonzero(~missing):  # one by one: a list of lists would become two-dimensional
        values[row] = cells[row]
    return _Column(series.name, kind if kind == "text" else "other", str(series.dtype), values, missing)


def _text(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _float(cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def _days(moment: Any) -> float:
    if isinstance(moment, timedelta):
        return moment / timedelta(microseconds=1) / DAY
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return float((moment - EPOCH) // timedelta(microseconds=1) / DAY)


def _parse(cell: str, *, days: bool = False) -> float | None:
    try:
        if days:
            return _days(datetime.fromisoformat(cell.strip())) if ISO_DATE.fullmatch(cell.strip()) else None
        return None if "_" in cell else float(cell)  # only Python reads 1_000
    except (ValueError, OverflowError):
        return None


# ---------------------------------------------------------------------------------- the recipe
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

    def fill(self, raw: Mapping[str, _Column], out: Floats) -> str:
        """Write its columns of X; return what there is to say."""
        values = _numbers(raw[self.column], days=self.days)
        gaps = np.isnan(values)
        out[:, 0] = np.where(gaps, self.median, values)
        cells = _count(int(gaps.sum()), "missing cell")
        return f"{_show(self.column)}: {cells} filled with the median, {self.median:g}." if gaps.any() else ""


@dataclass(frozen=True)
class Factor:
    """A raw column of levels: a 0/1 column ``names[k]`` for each level ``coded[k]``, None being a missing value.

    Levels in ``uncoded`` are known but have no column: the first of two.
    """

    column: str
    names: tuple[str, ...]
    coded: tuple[str | None, ...]
    uncoded: tuple[str | None, ...] = ()

    def fill(self, raw: Mapping[str, _Column], out: Floats) -> str:
        """Write its columns of X; return what there is to say."""
        code = {level: k for k, level in enumerate(self.coded)} | dict.fromkeys(self.uncoded, -1)
        cells = _levels(raw[self.column], code)
        codes = np.fromiter((code.get(cell, -2) for cell in cells), dtype=np.intp, count=len(cells))
        rows = np.flatnonzero(codes >= 0)
        out[rows, codes[rows]] = 1.0
        unseen = Counter(MISSING if cells[row] is None else cells[row] for row in np.flatnonzero(codes == -2))
        if not unseen:
            return ""
        told = f"{_count(unseen.total(), 'row')} with a level not seen in fitting ({_quoted(unseen)})"
        return f"{_show(self.column)}: {told}; its 0/1 columns are 0 there."


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

    def fill(self, raw: Mapping[str, _Column], out: Floats) -> str:
        """Write its columns of X; return what there is to say."""
        gaps = np.array([np.isnan(_numbers(raw[name], days=None)) for name in self.columns])
        out[:, 0] = gaps.any(axis=0)
        split = int((gaps.any(axis=0) & ~gaps.all(axis=0)).sum())
        return f"{_show(self.name)}: 1 also in {_count(split, 'row')} where not all are missing." if split else ""
