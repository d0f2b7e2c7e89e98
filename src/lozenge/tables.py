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
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.exceptions import DuplicateError

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
        if not isinstance(name, str):
            name_it = f"is named {_show(repr(name))}; make its name text"
        elif not name.strip():
            name_it = (
                "has no name; name it, or leave it out (row numbers written without a name look like this)"
            )
        else:
            continue
        raise ValueError(f"column {place} of {what} {name_it}")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"{what} has several columns named {_quoted(twice)}; rename all but one")


# ---------------------------------------------------------------------------------- files
def read(source: str | Path, *, stdin: BinaryIO | None = None) -> pl.DataFrame:
    r"""Table in a file, every column typed by all of its cells.

    The first bytes tell the format: Parquet, Arrow (Feather 2, IPC) or text delimited by comma, semicolon
    or tab (whichever the header has most of), plain or gzipped.  In text, blanks around a cell are not part
    of it; rows with nothing in them are skipped; ``NA``, ``N/A``, ``NaN``, ``null``, ``?``, ``.`` and the
    empty cell are missing (``None`` only among numbers); a column of numbers is numeric unless one has a
    leading zero, for then it holds codes and stays text; ``true`` and ``false`` in any case are Boolean; with
    semicolons ``1,5`` is a number.  Text that is not UTF-8 is read as Windows-1252, with a warning.

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
                with gzip.open(file) if magic[:2] == b"\x1f\x8b" else file as lines:
                    return _header(lines, f"'{_show(source)}'")[0]
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(source, error) from None
    import polars as pl

    if magic == b"PAR1":
        with suppress(pl.exceptions.PolarsError):  # `read` says it better
            return list(pl.read_parquet_schema(source))
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
        table = table.filter(~pl.all_horizontal(pl.all().str.strip_chars().fill_null("") == ""))
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
        raise ValueError(f"{what}, line {reader.line_num}: {_show(error)}; is a quote left open?") from None
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
            cells = _count(len(record), "cell")
            raise ValueError(f"{what}, line {line}: {cells} where the header has {width}")


def _typed(text: pl.DataFrame, *, decimal_comma: bool) -> pl.DataFrame:
    import polars as pl

    n, p = text.shape  # all cells as one long column: a table may have 100,000 columns

    def every(fits: pl.Series) -> Bools:
        return np.asarray(fits.fill_null(value=True).to_numpy().reshape(p, n).all(axis=1))

    words = text.unpivot()["value"].rechunk().str.strip_chars().replace(list(TEXT_GAPS), None)
    bare = words.replace(list(NUMBER_GAPS), None)
    if decimal_comma:
        comma = pl.Series(np.repeat(every(bare.str.contains(r"^[-+]?\d+(,\d+)?$")), n))
        bare = bare.str.replace(",", ".", literal=True).zip_with(comma, bare)
    floats, integers = bare.cast(pl.Float64, strict=False), bare.cast(pl.Int64, strict=False)
    true = bare.str.to_lowercase().is_in(["true"])
    number = every(floats.is_not_null() | bare.is_null()) & every(~bare.str.contains(r"^[-+]?0\d"))
    integer = number & every(integers.is_not_null() | bare.is_null())
    truth = every(true | (bare.str.to_lowercase() == "false"))
    typed = []
    for j, name in enumerate(text.columns):
        source = integers if integer[j] else floats if number[j] else true if truth[j] else words
        typed.append(source.slice(j * n, n).alias(name))
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
    values: NDArray[Any]  # float64 with NaN for a missing cell, dates in days; else objects with None
    missing: Bools

    def take(self, rows: Bools) -> _Column:
        return _Column(self.name, self.kind, self.dtype, self.values[rows], self.missing[rows])

    def refuse(self, row: int, value: object, wanted: str) -> ValueError:
        return ValueError(f"column '{_show(self.name)}', row {row + 1}: '{_show(value)}' instead of {wanted}")


def _open(frame: Any) -> nw.DataFrame[Any]:
    try:
        table: nw.DataFrame[Any] = nw.from_native(frame, eager_only=True)
    except TypeError:
        got = type(frame).__name__
        raise ValueError(f"expected a pandas, polars or pyarrow table held in memory, got {got}") from None
    except DuplicateError:
        _check_names(list(getattr(frame, "column_names", frame.columns)))
        raise
    _check_names(table.columns)
    return table


def _column(series: nw.Series[Any]) -> _Column:
    dtype = series.dtype
    if dtype in (nw.Date, nw.Datetime, nw.Duration):
        micros = series.dt.total_microseconds() if dtype == nw.Duration else series.dt.timestamp("us")
        return _numeric(series.name, "date", dtype, micros.cast(nw.Float64).to_numpy() / DAY)
    if dtype.is_numeric() or dtype == nw.Boolean:
        kind = "bool" if dtype == nw.Boolean else "number"
        return _numeric(series.name, kind, dtype, series.cast(nw.Float64).to_numpy())
    return _objects(series, category=dtype in (nw.Categorical, nw.Enum))


def _numeric(name: str, kind: str, dtype: object, numbers: Any) -> _Column:
    values = np.asarray(numbers, dtype=np.float64)
    column = _Column(name, kind, str(dtype), values, np.isnan(values))
    if (infinite := np.isinf(values)).any():
        raise column.refuse(int(infinite.argmax()), values[infinite.argmax()], "a finite number")
    return column


def _objects(series: nw.Series[Any], *, category: bool) -> _Column:
    gaps = series.is_null().to_list()
    cells = [None if gap else cell for cell, gap in zip(series.to_list(), gaps, strict=True)]
    cells = [None if cell is None else _text(cell) for cell in cells] if category else cells
    missing = np.array(gaps, dtype=bool)
    present = [cell for cell in cells if cell is not None]
    found: dict[str, type] = {}
    for sort in set(map(type, present)):
        kinds = [kind for kind, bases in KINDS.items() if issubclass(sort, bases)]
        found.setdefault((kinds or [sort.__name__])[0], sort)
    if len(found) > 1:
        rows = {kind: next(i for i, cell in enumerate(cells) if type(cell) is t) for kind, t in found.items()}
        first = sorted((row, kind) for kind, row in rows.items())
        told = " and ".join(f"{kind} (row {row + 1}: '{_show(cells[row])}')" for row, kind in first[:2])
        raise ValueError(f"column '{_show(series.name)}' mixes {told}; make it one type")
    kind = next(iter(found), "text")
    if kind == "text":
        return _Column(series.name, kind, str(series.dtype), np.array(cells, dtype=object), missing)
    if kind not in KINDS:
        nothing = np.full(len(cells), None, dtype=object)
        return _Column(series.name, "other", str(series.dtype), nothing, missing)
    numbers = np.full(len(cells), np.nan)
    numbers[~missing] = [_days(cell) if kind == "date" else _float(cell) for cell in present]
    return _numeric(series.name, kind, series.dtype, numbers)


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
        gaps = raw[self.column].missing
        out[:, 0] = np.where(gaps, self.median, raw[self.column].values)
        cells = _count(int(gaps.sum()), "missing cell")
        return f"{_show(self.column)}: {cells} filled with the median, {self.median:g}." if gaps.any() else ""


@dataclass(frozen=True)
class Factor:
    """A raw column of levels: a 0/1 column ``names[k]`` for each level ``coded[k]``.

    None is a missing value.  Levels in ``uncoded`` are known but have no column: the first of two.
    """

    column: str
    names: tuple[str, ...]
    coded: tuple[str | None, ...]
    uncoded: tuple[str | None, ...] = ()

    def fill(self, raw: Mapping[str, _Column], out: Floats) -> str:
        """Write its columns of X; return what there is to say."""
        code = {level: k for k, level in enumerate(self.coded)} | dict.fromkeys(self.uncoded, -1)
        cells = _levels(raw[self.column], code)
        codes = np.array([code.get(cell, -2) for cell in cells], dtype=np.intp)
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
        gaps = np.array([raw[name].missing for name in self.columns])
        out[:, 0] = gaps.any(axis=0)
        split = int((gaps.any(axis=0) & ~gaps.all(axis=0)).sum())
        return (
            f"{_show(self.name)}: 1 also in {_count(split, 'row')} where not all are missing."
            if split
            else ""
        )


Part = Number | Factor | Missingness


def _as_numbers(column: _Column, *, days: bool) -> _Column:
    """Numbers of a raw column, read from its text where another reader left text."""
    if column.missing.all():
        return _numeric(column.name, "number", column.dtype, np.full(len(column.values), np.nan))
    wanted = "a date (YYYY-MM-DD)" if days else "a number"
    if column.kind in ({"date"} if days else {"number", "bool"}):
        return column
    numbers = np.full(len(column.values), np.nan)
    for row in np.flatnonzero(~column.missing).tolist():
        cell = column.values[row]
        if column.kind == "text" and not days and cell.strip() in NUMBER_GAPS:
            continue
        value = _parse(cell, days=days) if column.kind == "text" else None
        if value is None or not math.isfinite(value):
            raise column.refuse(row, cell if column.kind == "text" else column.dtype, wanted)
        numbers[row] = value
    return _numeric(column.name, "number", column.dtype, numbers)


def _levels(column: _Column, known: Iterable[str | None]) -> list[str | None]:
    """Levels of a raw column as text, spelt as the known ones are."""
    if column.kind in {"date", "other"} and not column.missing.all():
        raise column.refuse(int((~column.missing).argmax()), column.dtype, "text")
    if column.kind == "text" or column.missing.all():
        return [None if gap else cell for cell, gap in zip(column.values, column.missing, strict=True)]
    # Another reader may have taken the code "020" for the number 20, and "TRUE" for a truth value.
    truth = {"true": 1.0, "false": 0.0}
    worth = {level: truth.get(level.lower(), _parse(level)) for level in known if level is not None}
    times = Counter(worth.values())
    spelt = {value: level for level, value in worth.items() if times[value] == 1}
    spelt |= {value: level for level, value in worth.items() if value is not None and _text(value) == level}
    found = {value: spelt.get(value, _text(value)) for value in set(column.values[~column.missing].tolist())}
    return [None if gap else found[v] for v, gap in zip(column.values.tolist(), column.missing, strict=True)]


def _matrix(parts: Sequence[Part], raw: Mapping[str, _Column], n: int) -> tuple[Floats, tuple[str, ...]]:
    numbers = [part for part in parts if isinstance(part, Number)]
    raw = {**raw, **{part.column: _as_numbers(raw[part.column], days=part.days) for part in numbers}}
    X = np.zeros((n, sum(len(part.names) for part in parts)), order="F")
    notes, start = [], 0
    for part in parts:
        notes.append(part.fill(raw, X[:, start : start + len(part.names)]))
        start += len(part.names)
    return X, tuple(note for note in notes if note)


# What JSON may hold in a field, by the field's annotation.  bool is an int to Python, and NaN compares false.
FITS: dict[Any, Callable[[Any], bool]] = {
    "str": lambda v: type(v) is str,
    "bool": lambda v: type(v) is bool,
    "float": lambda v: type(v) in {int, float} and abs(v) <= sys.float_info.max,
    "tuple[str, ...]": lambda v: type(v) is list and len(v) > 0 and all(type(t) is str for t in v),
    "tuple[str | None, ...]": lambda v: type(v) is list and all(t is None or type(t) is str for t in v),
}
PARTS: dict[Any, Any] = {"number": Number, "factor": Factor, "missingness": Missingness}


def _part(item: Any) -> Part:
    kind = item.get("kind") if isinstance(item, dict) else None
    if type(kind) is not str or kind not in PARTS:
        raise ValueError(f"encoding: a part is one of {', '.join(PARTS)}, not {_show(repr(item))}")
    shape = {field.name: field.type for field in fields(PARTS[kind])}
    if set(item) != {"kind", *shape}:
        raise ValueError(f"encoding: a {kind} has the keys {', '.join(shape)}, not {_quoted(item)}")
    for key, form in shape.items():
        if not FITS[form](item[key]):
            raise ValueError(f"encoding: the {key} of a {kind} cannot be {_show(repr(item[key]))}")
    part: Part = PARTS[kind](**{k: tuple(item[k]) if type(item[k]) is list else item[k] for k in shape})
    return part


@dataclass(frozen=True)
class Encoding:
    r"""Recipe from raw columns to X, learnt by `encode`: plain data, safe to read from a stranger.

    X has the columns of each part in turn: `Number`, `Factor`, and last `Missingness`.

    Examples
    --------
    >>> import polars as pl
    >>> from lozenge import tables
    >>> frame = pl.DataFrame({"dose": [1.0, None, 4.0], "arm": ["a", "b", "a"], "y": [1, 2, 3]})
    >>> encoding = tables.encode(frame, "y").encoding
    >>> X, notes = encoding.apply(pl.DataFrame({"arm": ["b", "c"], "dose": [2.0, None]}))
    >>> X.tolist()
    [[2.0, 1.0, 0.0], [2.5, 0.0, 1.0]]
    >>> print(*notes, sep="\n")
    dose: 1 missing cell filled with the median, 2.5.
    arm: 1 row with a level not seen in fitting ('c'); its 0/1 columns are 0 there.
    """

    parts: tuple[Part, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        return tuple(name for part in self.parts for name in part.names)

    @property
    def sources(self) -> tuple[str, ...]:
        """Raw column that each column of X comes from; of several, the first."""
        return tuple(part.column for part in self.parts for _ in part.names)

    def apply(self, frame: Any) -> tuple[Floats, tuple[str, ...]]:
        """X of other rows, and notes on what had to be done to get it.

        Columns go by name; their order and further columns do not matter.  A level not seen in fitting has 0
        in all columns of its factor, and so has a missing value where none was seen; a missing number becomes
        the median of fitting.

        Parameters
        ----------
        frame : pandas, polars or pyarrow table

        Raises
        ------
        ValueError
            A raw column is absent, has text instead of numbers, or an infinite number.
        """
        table = _open(frame)
        wanted, there = list(dict.fromkeys(self.sources)), set(table.columns)
        for name in wanted:
            if name not in there:
                raise _unknown(name, table.columns)
        return _matrix(self.parts, {name: _column(table[name]) for name in wanted}, len(table))

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as dicts, lists, text, finite numbers and None: what JSON can hold."""
        records = [{"kind": type(part).__name__.lower(), **asdict(part)} for part in self.parts]
        return {"parts": [{k: list(v) if isinstance(v, tuple) else v for k, v in r.items()} for r in records]}

    @classmethod
    def from_dict(cls, d: Any) -> Encoding:
        """Recipe from what `to_dict` wrote; anything else is refused.

        Raises
        ------
        ValueError
            An unknown or absent key, a value of another type, a number that is not finite, a name used twice.
        """
        if not isinstance(d, dict) or set(d) != {"parts"} or type(d["parts"]) is not list or not d["parts"]:
            raise ValueError(f"encoding: expected {{'parts': [...]}}, got {_show(repr(d))}")
        parts = [_part(item) for item in d["parts"]]
        encoding = cls(tuple(parts))
        columns = [part.column for part in parts if not isinstance(part, Missingness)]
        numbers = {part.column for part in parts if isinstance(part, Number)}
        for part in parts:
            if isinstance(part, Missingness) and not numbers.issuperset(part.columns):
                raise ValueError(f"encoding: {_show(part.name)} names a column that is no number")
            if isinstance(part, Factor) and len(part.names) != len(part.coded):
                raise ValueError(f"encoding: '{_show(part.column)}' needs a name for each coded level")
        levels = [[*part.coded, *part.uncoded] for part in parts if isinstance(part, Factor)]
        for names in (encoding.feature_names, columns, *levels):
            if max(Counter(names).values()) > 1:
                raise ValueError("encoding: a feature, a column or a level comes twice")
        return encoding


# ---------------------------------------------------------------------------------- learning the recipe
@dataclass(frozen=True, eq=False)
class Table:
    """What `encode` returns: numbers to fit, and how they came to be.

    Attributes
    ----------
    X : (n, p) float64, Fortran order
    y : (n,) float64, or object array of str for a text target
    feature_names : tuple of str
    encoding : Encoding
    notes : tuple of str
        Sentences for the user: rows dropped; columns left out, why, and how to bring them in; cells filled;
        columns encoded; likely leaks.
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


def encode(
    frame: Any,
    target: str,
    *,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    drop_missing_target: bool = False,
) -> Table:
    """X and y of a table: numbers stay, each level has a 0/1 column, missing numbers the median and a mark.

    Text has a column ``name=level`` for every level in sorted order, a missing value being a level of its
    own, ``name=(missing)``.  No level is dropped: under a penalty the answer would depend on which one was,
    and the penalty settles the redundancy.  Two levels make one column, named for the second (a level and
    missing values: for the level).  Boolean columns are 0/1, and factors if cells are missing.  A number
    column with missing cells gets a column ``name is missing``; identical ones are merged.

    Left out, with a note, unless in ``keep``: text of which more than half of its more than 20 cells differ
    (10 if it is prose, five words or more to a cell); integers that are consecutive when sorted, more than 20
    and all different; dates and durations (kept as days, dates since 1970-01-01 UTC); text with more than 100
    levels (kept up to 10,000).  Always left out: columns missing everywhere.

    Parameters
    ----------
    frame : pandas, polars or pyarrow table
    target : str
        Column to predict: numbers, Boolean (0/1) or text (classes).
    drop, keep : sequence of str
        Columns to leave out, and to bring in that would be left out.
    drop_missing_target : bool
        Drop the rows whose target is missing, before anything is learnt; otherwise they are refused.

    Raises
    ------
    ValueError
        A name is unknown, double, empty or not text; a number is infinite; a column mixes types; nothing is
        left.

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
    table = _open(frame)
    drop, keep = ([names] if isinstance(names, str) else list(names) for names in (drop, keep))
    _check_request(table, target, drop, keep)
    y, rows = _target(_column(table[target]), drop_missing=drop_missing_target)
    raw = {name: _column(table[name]).take(rows) for name in table.columns if name not in {target, *drop}}
    plans = {name: _plan(column, kept=name in keep) for name, column in raw.items()}
    out = {name: plan for name, plan in plans.items() if isinstance(plan, _LeftOut)}
    parts = [plan for plan in plans.values() if not isinstance(plan, _LeftOut)]
    dropped = len(rows) - len(y)
    notes = [f"{_count(dropped, 'row')} without '{_show(target)}' dropped."] if dropped else []
    notes += [f"{_show(name)} left out ({plan.kind}): {plan.why}; {plan.how}." for name, plan in out.items()]
    if not parts:
        raise ValueError(" ".join(["nothing to learn from: every column is left out.", *notes[:20]]))
    encoding = _named(parts, raw)
    X, _ = _matrix(encoding.parts, raw, len(y))
    notes += _told(encoding, raw, keep) + _leaks(X, y, encoding)
    factors = sum(isinstance(part, Factor) for part in parts)
    summary = {
        "rows": len(y),
        "rows_dropped": dropped,
        "columns": len(table.columns) - 1,
        "features": X.shape[1],
        "numeric": len(parts) - factors,
        "factors": factors,
        "columns_left_out": len(out),
        "missing_cells": sum(int(raw[part.column].missing.sum()) for part in parts),
    }
    left_out = {name: plan.kind for name, plan in out.items()}
    return Table(X, y, encoding.feature_names, encoding, tuple(notes), summary, left_out)


def _check_request(table: nw.DataFrame[Any], target: str, drop: list[str], keep: list[str]) -> None:
    for name in (target, *drop, *keep):
        if name not in table.columns:
            raise _unknown(str(name), table.columns)
    if target in {*drop, *keep}:
        raise ValueError(f"'{_show(target)}' is the target: it can be neither dropped nor kept as a feature")
    if both := set(drop) & set(keep):
        raise ValueError(f"asked both to drop and to keep {_quoted(sorted(both))}; choose one")
    if len(table) == 0:
        raise ValueError("the table is empty: it has no rows")
    if set(table.columns) == {target, *drop}:
        raise ValueError(f"nothing to learn from: no columns beside the target '{_show(target)}'")


def _target(column: _Column, *, drop_missing: bool) -> tuple[NDArray[Any], Bools]:
    shown, gaps = _show(column.name), int(column.missing.sum())
    if gaps == len(column.missing):
        raise ValueError(f"the target '{shown}' is missing in every row")
    if column.kind in {"date", "other"}:
        raise ValueError(f"the target '{shown}' holds {column.dtype}; convert it to numbers or text first")
    if gaps and not drop_missing:
        where = f"missing in {gaps:,} of {_count(len(column.missing), 'row')}"
        hint = "--drop-missing-target (or drop_missing_target=True) drops them"
        raise ValueError(f"the target '{shown}' is {where}; {hint}")
    return column.values[~column.missing], ~column.missing


@dataclass(frozen=True)
class _LeftOut:
    kind: str
    why: str
    how: str


def _plan(column: _Column, *, kept: bool) -> Number | Factor | _LeftOut:
    present = column.values[~column.missing]
    bring = f"{_option('keep', column.name)} brings it in"
    if not len(present):
        return _LeftOut("empty", "it is missing everywhere", "fill it first")
    if column.kind == "other":
        if kept:
            raise ValueError(f"cannot keep '{_show(column.name)}': it holds {column.dtype}; convert it first")
        return _LeftOut("no encoding", f"it holds {column.dtype}", "convert it to numbers or text first")
    if column.kind == "number" or (column.kind == "bool" and not column.missing.any()):
        if kept or not _integers_apart(column) or np.ptp(present) != len(present) - 1:
            return Number(column.name, _median(present))
        why = f"consecutive integers, {present.min():.0f} to {present.max():.0f}, each once"
        return _LeftOut("identifier", why, f"{bring} as a number")
    distinct = set(present.tolist())
    levels = sorted(str(bool(cell)) if column.kind == "bool" else str(cell) for cell in distinct)
    if column.kind == "date" or all(_parse(level, days=True) is not None for level in levels):
        if kept:
            days = _as_numbers(column, days=True).values[~column.missing]
            return Number(column.name, _median(days), days=True)
        return _LeftOut("date", "it holds dates or times", f"{bring} as days (since 1970-01-01)")
    if not kept and (reason := _too_many(levels, len(present))):
        return _LeftOut(*reason, f"{bring} as a 0/1 column for each level")
    if len(levels) > KEPT_LEVEL_CAP:
        told = f"has {len(levels):,} levels, over the cap of {KEPT_LEVEL_CAP:,}"
        raise ValueError(f"column '{_show(column.name)}' {told}; group them first")
    gap: list[str | None] = [None] if column.missing.any() else []
    if len(levels + gap) == 2:
        return Factor(column.name, (), (levels[-1],), (*levels[:-1], *gap))
    return Factor(column.name, (), (*levels, *gap))


def _too_many(levels: list[str], cells: int) -> tuple[str, str] | None:
    prose = sum(len(level.split()) for level in levels) >= PROSE * len(levels)
    if 2 * len(levels) > cells > (SMALL // 2 if prose else SMALL):
        why = f"{len(levels):,} different texts in {cells:,} cells"
        return ("free text" if prose else "identifier", why)
    if len(levels) > LEVEL_CAP:
        why = f"{len(levels):,} levels, over the cap of {LEVEL_CAP}"
        return ("free text" if prose else "many levels", why)
    return None


def _integers_apart(column: _Column) -> bool:
    present = column.values[~column.missing]
    whole = column.kind == "number" and len(present) > SMALL and bool((present == np.floor(present)).all())
    return whole and len(np.unique(present)) == len(present)


def _median(present: Floats) -> float:
    middle = [(len(present) - 1) // 2, len(present) // 2]
    return float((np.partition(present, middle)[middle] / 2).sum())  # halves first: a sum may overflow


def _named(parts: Sequence[Number | Factor], raw: Mapping[str, _Column]) -> Encoding:
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


def _told(encoding: Encoding, raw: Mapping[str, _Column], keep: Sequence[str]) -> list[str]:
    factors = [part for part in encoding.parts if isinstance(part, Factor)]
    marks = [part for part in encoding.parts if isinstance(part, Missingness)]
    notes = []
    if factors:
        made = _count(sum(len(part.names) for part in factors), "0/1 column")
        told = _quoted(part.column for part in factors)
        notes.append(f"{_count(len(factors), 'text column')} encoded as {made}: {told}.")
    if marks:
        filled = [column for mark in marks for column in mark.columns]
        cells = _count(sum(int(raw[name].missing.sum()) for name in filled), "missing cell")
        notes.append(f"{cells} filled with medians, and marked by '… is missing' columns: {_quoted(filled)}.")
    same = "missing in the same rows: one '… is missing' column for all"
    notes += [f"{_quoted(mark.columns)} are {same}." for mark in marks if len(mark.columns) > 1]
    for part in encoding.parts:
        if isinstance(part, Number) and part.column not in keep and _integers_apart(raw[part.column]):
            away = f"if it is an identifier, {_option('drop', part.column)} leaves it out"
            notes.append(f"{_show(part.column)} is another integer on every row, kept as a number; {away}.")
    for factor in (factor for factor in factors if raw[factor.column].dtype == "String"):
        texts = [level for level in (*factor.coded, *factor.uncoded) if level is not None]
        if sum(NUMBER_LIKE.fullmatch(text) is not None for text in texts) > 0.9 * len(texts):
            odd = next((text for text in texts if _parse(text) is None), texts[0])
            notes.append(f"{_show(factor.column)} looks like numbers but is text ('{_show(odd)}').")
    return notes


def _leaks(X: Floats, y: NDArray[Any], encoding: Encoding) -> list[str]:
    # |correlation| = 1 with the target, or with the indicator of one of its classes.
    n, p = X.shape
    classes, codes = np.unique(y, return_inverse=True) if y.dtype == object else (np.empty(0), y)
    if n < 3 or len(classes) > SMALL:
        return []
    Y = _unit((codes[:, None] == np.arange(len(classes))).astype(float) if len(classes) else y[:, None])
    width = max(1, 2**22 // n)  # columns at a time: a second X would not do
    blocks = [np.abs(_unit(X[:, j : j + width]).T @ Y).max(axis=1) for j in range(0, p, width)]
    return [
        f"Warning: '{_show(encoding.feature_names[j])}' determines the target exactly; if made from it,"
        f" {_option('drop', encoding.sources[j])} leaves it out."
        for j in np.flatnonzero(np.concatenate(blocks) > 1 - 1e-12)
    ]


def _unit(columns: Floats) -> Floats:
    scaled = columns / np.maximum(np.abs(columns).max(axis=0), sys.float_info.min)
    centred = scaled - scaled.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(norms > 1e-12 * math.sqrt(len(columns)), norms, np.inf))
