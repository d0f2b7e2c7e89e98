"""What goes to stderr: notes, warnings, errors, the progress bar; and the exit codes."""

from __future__ import annotations

import shlex
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Self

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lozenge.results import Path
    from lozenge.tables import Table

USAGE, UNCERTIFIED, INTERRUPTED = 2, 3, 130
EFFICIENT, MAD = 1.345, 1.4826  # sd of the noise: Huber's usual bound; and of it, median |r| where it is normal
NOTES = 8  # that are shown unless --all
BEFORE_BAR = 1.0  # seconds of work without a progress bar


def tell(kind: Literal["note", "warning", "error"], text: str) -> None:
    """Say something on stderr."""
    from lozenge.screens import plain

    with suppress(OSError):
        sys.stderr.write(f"lozenge: {kind}: {plain(' '.join(text.split()))}\n")
        sys.stderr.flush()


def tell_notes(notes: Iterable[str], *, quiet: bool, everything: bool) -> None:
    """Say what was done to a table, warnings always."""
    rest = []
    for note in notes:
        if note.startswith("Warning: "):
            tell("warning", note.removeprefix("Warning: "))
        else:
            rest.append(note)
    shown = 0 if quiet else len(rest) if everything or len(rest) <= NOTES + 1 else NOTES
    for note in rest[:shown]:
        tell("note", note)
    if 0 < shown < len(rest):
        tell("note", f"and {len(rest) - shown:,} more notes")


def tell_beyond(path: Path, table: Table) -> None:
    """Warn where the bound on a row's pull, which is in the units of the target, holds most rows."""
    import numpy as np

    from lozenge import fit, screens

    loss = screens.response.loss_of(path.model)
    if loss is None or loss.edges is None or not loss.edges.gamma:
        return
    far = np.abs(table.y - fit.linear(fit.chosen(path), table.X, offset=table.offset))
    (name,), bound = path.model.loss_parameters, loss.edges.hi
    usual = EFFICIENT * MAD * float(np.median(far))
    share = float(np.mean(far > bound))
    if share > 0.5:
        tell(
            "warning",
            f"{screens.percent(share)} of the rows are farther than {name} = {bound:g} from their {loss.words.of}: that"
            f" is next to a median, and {name} is in the units of {path.model.target or 'the target'}. Usual is"
            f" {EFFICIENT} standard deviations of the middle rows, here"
            f" --loss {path.model.loss}:{float(f'{usual:.2g}'):g}",
        )


def own_up(path: Path) -> None:
    """End with 3 where the α that answers was not certified."""
    status = path.status[path.chosen]
    if status is not type(status).CERTIFIED:
        axis = "size" if path.by_size else "alpha"
        tell("warning", f"{axis} {path.axis[path.chosen]:.3g} of this model is {status.value}")
        raise typer.Exit(3)


def tell_next(path: Path, output: str | None) -> None:
    """Say what may be asked next."""
    from lozenge import screens

    kept, zeros = screens.rows(path)
    feature = shlex.quote(path.feature_names[(zeros or kept)[0]])
    if output is None:
        tell("note", f"-o model.json keeps it, then: lozenge why model.json {feature}")
    else:
        tell("note", f"next: lozenge why {shlex.quote(output)} {feature}")


class Bar:
    """A progress bar on a terminal's stderr, after a second of work, gone at the end."""

    def __init__(self, *, quiet: bool, axis: str = "alpha") -> None:
        self._axis = axis
        self._wanted = not quiet and sys.stderr.isatty()
        self._start = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int, kept: int, gap: float) -> None:
        """Show how far it is."""
        if not self._wanted or time.monotonic() - self._start < BEFORE_BAR:
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn(f"{self._axis} {{task.completed}}/{{task.total}}"),
                BarColumn(),
                TextColumn("{task.fields[kept]} kept, gap {task.fields[gap]:.0e}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("", total=total, kept=kept, gap=gap)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total, kept=kept, gap=gap)
