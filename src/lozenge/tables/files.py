"""Everything that opens a file."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lozenge.tables import delimited
from lozenge.tables.words import check_names, count, meant, show

if TYPE_CHECKING:
    import polars as pl

GZIP = b"\x1f\x8b"
READERS = {b"PAR1": "read_parquet", b"ARRO": "read_ipc", b"\xff\xff\xff\xff": "read_ipc_stream"}  # of polars


def read(source: str | Path, *, stdin: BinaryIO | None = None) -> pl.DataFrame:
    r"""Table in a file, every column typed by all of its cells.

    The first bytes tell the format: Parquet, Arrow (Feather 2, IPC) or text delimited by comma, semicolon or tab
    (whichever the header has most of), plain or gzipped.  In text, blanks around a cell are not part of it; rows with
    nothing in them are skipped; ``NA``, ``N/A``, ``NaN``, ``null``, ``?``, ``.`` and the empty cell are missing
    (``None`` only among numbers); a column of numbers is numeric unless one has a leading zero, for then it holds
    codes and stays text; ``true`` and ``false`` in any case are Boolean; with semicolons ``1,5`` is a number.  Text
    that is not UTF-8 is read as Windows-1252, with a warning.

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

    what = "standard input" if str(source) == "-" else f"'{show(source)}'"
    try:
        data = (stdin or sys.stdin.buffer).read() if str(source) == "-" else Path(source).read_bytes()
        data = gzip.decompress(data) if data[:2] == GZIP else data
        reader = READERS.get(data[:4])
        table: pl.DataFrame = getattr(pl, reader)(io.BytesIO(data)) if reader else delimited.table(data, what)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(source, error) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ValueError(f"{what} cannot be read: {show(str(error).partition(chr(10))[0], 160)}") from None
    check_names(table.columns, what)
    if table.height == 0:
        raise ValueError(f"{what} is an empty table: {count(table.width, 'column')} and no rows")
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
            if magic not in READERS:
                with gzip.open(file) if magic[:2] == GZIP else file as lines:
                    return delimited.header(lines, f"'{show(source)}'")[0]
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
        return ValueError(f"cannot read '{show(source)}': {show(getattr(error, 'strerror', 0) or error)}")
    here = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    return ValueError(f"no file '{show(source)}'" + meant(path.name, here))
