"""Delimited text: its bytes in, a polars frame with every column typed by all of its cells out."""

from __future__ import annotations

import csv
import io
import re
import warnings
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from lozenge.tables.cells import NUMBER_GAPS, TEXT_GAPS
from lozenge.tables.words import check_names, count, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from lozenge.results import Bools

BOM = b"\xef\xbb\xbf"


def table(data: bytes, what: str) -> pl.DataFrame:
    """Frame that the text holds; ``what`` names the text in messages."""
    import polars as pl

    data = _utf8(data, what)
    names, delimiter = header(io.BytesIO(data), what)
    if not names:
        raise ValueError(f"{what} is empty")
    check_names(names, what)
    try:
        text = pl.read_csv(io.BytesIO(data), separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError:
        _check_widths(data, delimiter, len(names), what)
        raise
    if len(names) > 1 and text.to_series(-1).has_nulls():
        _check_widths(data, delimiter, len(names), what)  # the parser fills a short line with gaps, unsaid
        text = text.filter(~pl.all_horizontal(pl.all().str.strip_chars().fill_null("") == ""))
    text.columns = names
    return _typed(text, decimal_comma=delimiter == ";")


def header(lines: Iterable[bytes], what: str) -> tuple[list[str], str]:
    """Column names, none if there is only blank; and the delimiter."""
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), b"").removeprefix(BOM)
    first = first.partition(b"\r")[0] if first.count(b"\r") > 1 else first
    bare = re.sub(rb'"[^"]*("|$)', b"", first)
    delimiter = max("\t,;", key=lambda mark: bare.count(mark.encode()))
    _, names = next(_records(chain([first], rest), delimiter, what), (0, []))
    return [name.strip() for name in names], delimiter


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
    data = data.removeprefix(BOM)
    return data if b"\n" in data else data.replace(b"\r", b"\n")


def _records(lines: Iterable[bytes], delimiter: str, what: str) -> Iterator[tuple[int, list[str]]]:
    limit = csv.field_size_limit(2**31 - 1)
    reader = csv.reader((_decoded(line)[0] for line in lines), delimiter=delimiter, strict=True)
    try:
        yield from ((reader.line_num, record) for record in reader)
    except csv.Error as error:
        raise ValueError(f"{what}, line {reader.line_num}: {show(error)}; is a quote left open?") from None
    finally:
        csv.field_size_limit(limit)


def _check_widths(data: bytes, delimiter: str, width: int, what: str) -> None:
    for line, record in _records(io.BytesIO(data), delimiter, what):
        if len(record) != width and any(cell.strip() for cell in record):
            cells = count(len(record), "cell")
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
