"""What a message says of names and counts, and the names that are refused."""

from __future__ import annotations

import difflib
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def show(text: object, limit: int = 60) -> str:
    """Text cut and escaped: a name from a file can steer a terminal, or fill it."""
    full = str(text)
    cut = full if len(full) <= limit else full[: limit - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def quoted(texts: Iterable[object], limit: int = 6) -> str:
    """List of quoted texts."""
    shown = [f"'{show(text)}'" for text in texts]
    return ", ".join(shown[:limit]) + (f" and {len(shown) - limit} more" if len(shown) > limit else "")


def count(n: int, noun: str) -> str:
    """How many of what."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def option(flag: str, name: str) -> str:
    """Option of the command line, and of Python, that names this column."""
    return f"--{flag} {shlex.quote(show(name))} (or {flag}=)"


def meant(name: str, names: Iterable[str]) -> str:
    """Question after the nearest name, if one is near."""
    folded = {other.casefold(): other for other in names}
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    return f"; did you mean '{show(folded[near[0]])}'?" if near else ""


def check_known(asked: Iterable[str], names: Sequence[str]) -> None:
    """Refuse the first name asked for that is no column."""
    known = set(names)
    for name in asked:
        if name not in known:
            hint = meant(str(name), names) or "."
            raise ValueError(f"no column '{show(name)}' in the table{hint} Columns: {quoted(names, 20)}")


def check_names(names: Sequence[Any], what: str = "the table") -> None:
    """Refuse column names that are no text, empty, or given twice."""
    for place, name in enumerate(names, 1):
        if isinstance(name, str) and name.strip():
            continue
        nameless = "has no name; name it, or leave it out (row numbers written without a name look like this)"
        fault = nameless if isinstance(name, str) else f"is named {show(repr(name))}; make its name text"
        raise ValueError(f"column {place} of {what} {fault}")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"{what} has several columns named {quoted(twice)}; rename all but one")
