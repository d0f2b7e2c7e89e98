"""What goes to stdout and into files."""

from __future__ import annotations

import json
import os
import shlex
import sys
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import typer

from lozenge.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from lozenge.results import Comparison, Lesson, Path
    from lozenge.screens import Line
    from lozenge.tables import Table

PICTURES = (".png", ".pdf", ".svg")
PAGES = (".html", ".htm")


def check_outputs(file: str, *, force: bool, **asked: str | None) -> None:
    """Refuse files that could not be written, before any work: after an hour of it is no time to find out."""
    for option, endings in (("plot", PICTURES), ("report", PAGES), ("page", PAGES)):
        wanted = asked.get(option)
        if wanted is not None and FilePath(wanted).suffix.lower() not in endings:
            raise typer.BadParameter(
                f"a file in {', '.join(endings)}; got '{wanted}'",
                param_hint="-o" if option == "page" else f"--{option}",
            )
    given = {option: FilePath(name) for option, name in asked.items() if name is not None}
    named = list(given.values())
    for name in named:
        if not name.parent.is_dir():
            raise ValueError(f"no folder '{name.parent}' to write '{name}' in; create it first")
        if name.is_dir():
            raise ValueError(f"'{name}' is a folder; name a file in it")
        if name.exists() and FilePath(file).exists() and name.samefile(file):
            raise ValueError(f"'{name}' is the table itself; name another file")
        if name.exists() and not force:
            raise ValueError(f"'{name}' exists; name another file, or overwrite it with --force")
        if not os.access(name.parent, os.W_OK):
            raise ValueError(f"the folder '{name.parent}' cannot be written to; name another")
    options = ["-o" if option == "output" else f"--{option}" for option in given]
    for (one, first), (other, second) in combinations(zip(options, named, strict=True), 2):
        if first.resolve() == second.resolve():
            raise ValueError(f"{one} and {other} both name '{first}'; give each a file of its own")


def write(path: Path | None, output: str | None, made: dict[str, bytes], *, force: bool, quiet: bool) -> None:
    """Write a model, and what was made of it; say so."""
    from lozenge import io

    if path is not None and output is not None:
        path.save(output, force=force)
    for name, content in made.items():
        io.write(content, name, force=force)
    for name in ([output] if output else []) + list(made):
        if not quiet:
            tell("note", f"wrote {name}")


def picture_of(record: Path | Lesson | Comparison, file: str) -> bytes:
    """The bytes of a figure, in the format that the name ends with."""
    from io import BytesIO

    buffer = BytesIO()
    figure: Any = record.plot().figure
    figure.savefig(buffer, format=FilePath(file).suffix[1:].lower())
    return buffer.getvalue()


def page_of(ctx: typer.Context, path: Path, table: Table, file: str) -> str:
    """The page of a fit, which tells what it was made of."""
    import hashlib

    from lozenge import screens
    from lozenge.report import Setting, page

    known = file != "-"
    setting = Setting(
        file=FilePath(file).name if known else "standard input",
        target=screens.target(path, table),
        summary=table.summary,
        notes=table.notes,
        command=shlex.join(["lozenge", *(ctx.obj or ())]),
        fingerprint=hashlib.sha256(FilePath(file).read_bytes()).hexdigest() if known else "",
    )
    return page(path, setting)


@contextmanager
def answering() -> Iterator[TextIO]:
    """Standard output, flushed; a reader who has seen enough is no fault."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered would fail once more when the interpreter closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # whose reader has seen enough
            raise ValueError(f"cannot write to standard output: {error.strerror}") from None  # noqa: TRY004 - not of type


def print_lines(lines: Iterable[Line], color: str) -> None:
    """Print lines, their headings stressed where that is wanted."""
    stress = _in_color(color)
    with answering() as stdout:
        for line in lines:
            stdout.write(f"\x1b[1m{line.head}\x1b[0m{line.rest}\n" if stress and line.head else f"{line}\n")


def _in_color(color: str) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def print_text(text: str) -> None:
    """Print a text as it is."""
    with answering() as stdout:
        if hasattr(stdout, "reconfigure"):
            stdout.reconfigure(encoding="utf-8")  # names are read back by another program
        stdout.write(text.rstrip("\n") + "\n")


def exported(path: Path) -> bytes:
    """The bytes of an ONNX model."""
    try:
        found: bytes = path.to_onnx().SerializeToString()
    except ImportError as error:
        raise ValueError(f"{error}: pip install 'lozenge[onnx]' brings what writes ONNX") from error
    return found


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object."""
    with answering() as stdout:
        stdout.write(json.dumps(record, allow_nan=False) + "\n")


def print_csv(rows: Iterable[list[object]]) -> None:
    """Print rows as CSV."""
    import csv

    with answering() as stdout:
        if hasattr(stdout, "reconfigure"):
            stdout.reconfigure(encoding="utf-8")  # a class keeps its letters, whatever the terminal's are
        csv.writer(stdout, lineterminator="\n").writerows(rows)
