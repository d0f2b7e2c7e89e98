"""Plain text that fits a terminal: one line, one paragraph, one column of numbers."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from lozenge.explain.words import LEAST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH = 80
LABEL = 14  # columns of "R squared     "
MANY, FEW = 30, 10  # with more than MANY features a table shows FEW rows


class Line(NamedTuple):
    """One line of a screen: a head, which a terminal may stress, and the rest."""

    head: str
    rest: str = ""

    def __str__(self) -> str:
        return (self.head + self.rest).rstrip()


def plain(text: object) -> str:
    r"""Text that cannot steer a terminal: what is not printable is written as its escape.

    Examples
    --------
    >>> print(plain("red\x1b[31m"))
    red\x1b[31m
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def cells(text: str) -> int:
    """Columns that a terminal gives a text: two for a wide letter, none for a combining mark."""
    wide = sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in {"Mn", "Me"} for c in text)


def shorten(text: str, width: int) -> str:
    """Text in at most ``width`` columns, cut in the middle: names differ at their ends.

    Examples
    --------
    >>> shorten("mean temperature in July", 14)
    'mean te…n July'
    """
    if cells(text) <= width:
        return text
    head, tail = "", ""
    for letter in text:
        if cells(head + letter) > width // 2:
            break
        head += letter
    for letter in reversed(text):
        if cells(letter + tail) > width - 1 - cells(head):
            break
        tail = letter + tail
    return f"{head}…{tail}"


def wrap(text: str, first: int = 0, later: int = 0) -> list[str]:
    """Lines of a text that starts in column ``first``, indented by ``later`` from the second on."""
    lines, room = [""], WIDTH - first
    for word in plain(text).split(" "):
        space = " " if lines[-1] else ""
        if lines[-1] and cells(lines[-1]) + 1 + cells(word) > room:
            lines.append("")
            room, space = WIDTH - later, ""
        for letter in space + word:
            if cells(lines[-1] + letter) > room:
                lines.append("")
                room = WIDTH - later
            lines[-1] += letter
    return [lines[0], *(" " * later + line for line in lines[1:])]


def number(x: float, digits: int = 3) -> str:
    """Write a number with this many significant digits; an exponent from 1e6 and below 1e-4.

    Examples
    --------
    >>> [number(x) for x in (5.5678, 0.9996, 123456.7, 2.5e-7)]
    ['5.57', '1.00', '123457', '2.50e-07']
    """
    if x == 0 or not math.isfinite(x):
        return f"{x:.0f}"
    rounded = f"{x:.{digits - 1}e}"
    exponent = int(rounded.partition("e")[2])
    return f"{x:.{max(0, digits - 1 - exponent)}f}" if -4 <= exponent < 6 else rounded


def trimmed(x: float, digits: int = 4) -> str:
    """Give the number without the zeros at the end of its decimals."""
    text = number(x, digits)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def percent(share: float) -> str:
    """Give a share as whole per cent, 1 % where it is small but not zero."""
    if 0.0 < share < LEAST:
        return f"< {100 * LEAST:g} %"
    if 0.995 <= share < 1.0:
        return f"{math.floor(1e3 * share) / 10:g} %"  # 100 is kept for the whole
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1g} %"


def count(n: int, noun: str) -> str:
    """``1 row``, ``2,930 rows``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def labelled(label: str, text: str) -> list[Line]:
    """Set a label before its text; one too long for its column has a line of its own."""
    label = shorten(plain(label), WIDTH)
    lines = wrap(text, LABEL, LABEL)
    if cells(label) >= LABEL:
        return [Line(label), *(Line("", line) for line in (" " * LABEL + lines[0], *lines[1:]))]
    head = label + " " * (LABEL - cells(label))
    return [Line(head, lines[0]), *(Line("", line) for line in lines[1:])]


# -------------------------------------------------------------------------------- tables
def aligned(texts: Sequence[str]) -> list[str]:
    """Pad numbers so that their decimal points stand under one another.

    Examples
    --------
    >>> aligned(["5.470", "-218.9", "12"])
    ['   5.470', '-218.9  ', '  12    ']
    """
    parts = [(text[: (text + ".").index(".")], text[(text + ".").index(".") :]) for text in texts]
    left = max((len(whole) for whole, _ in parts), default=0)
    right = max((len(rest) for _, rest in parts), default=0)
    return [whole.rjust(left) + rest.ljust(right) for whole, rest in parts]


def table(title: str, names: Sequence[str], columns: Mapping[str, Sequence[str]], last: str = "") -> list[Line]:
    """Names and columns of numbers under a title; numbers keep their width, names and the words ``last`` the rest."""
    blocks = []
    for header, texts in columns.items():
        width = max([cells(header), *map(cells, texts)])
        blocks.append([" " * (width - cells(text)) + text for text in (header, *texts)])
    names = [plain(name) for name in names]
    room = WIDTH - sum(cells(block[0]) + 3 for block in blocks)
    wanted = max([len(title) + 1, *(cells(name) + 2 for name in names)])
    width = min(wanted, room if not last else max(room // 2, len(title) + 1))
    first = [title, *("  " + shorten(name, width - 2) for name in names)]
    lines = [
        "   ".join([name + " " * (width - cells(name)), *(block[row] for block in blocks)])
        for row, name in enumerate(first)
    ]
    return [Line(lines[0] + (f"   {last}" if last else "")), *(Line("", line) for line in lines[1:])]


def bar(share: float) -> str:
    """Ten places for a share, and the per cent.

    Examples
    --------
    >>> bar(0.46)
    '=====-----   46 %'
    """
    filled = min(10, int(10 * share + 0.5))
    return "=" * filled + "-" * (10 - filled) + f" {100 * share:4.0f} %"
