"""Arguments and options that commands share."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal

import typer


def _columns_of(ctx: typer.Context, incomplete: str) -> list[str]:
    from lozenge import tables

    file = ctx.params.get("file") or next(iter(ctx.args), "-")  # in args while an option lacks its value
    with suppress(ValueError, OSError):
        return [name for name in tables.columns(file) if name.startswith(incomplete)]
    return []


def features_of(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a feature of the model that is named."""
    from lozenge import io

    with suppress(ValueError, OSError):
        return [name for name in io.load(ctx.params.get("model") or "").feature_names if name.startswith(incomplete)]
    return []


def lessons_of(incomplete: str) -> list[str]:
    """Complete a lesson."""
    from lozenge.explain.lessons import LESSONS

    return [name for name in LESSONS if name.startswith(incomplete)]


def columns(text: str) -> Any:
    """An option that names columns of the table."""
    return typer.Option(metavar="COLUMN", help=text, autocompletion=_columns_of)


def bounds(text: str, size: str) -> Any:
    """An option that bounds weights."""
    return typer.Option(metavar="[NAME=]NUMBER", help=f"{text}, of all or of one, {size}; may be repeated.")


Color = Annotated[Literal["auto", "always", "never"], typer.Option(help="Stress headings on stdout.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="CSV, Parquet or Arrow table; - is standard input.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Targets = Annotated[list[str] | None, columns("To predict; several are fitted together.")]
Time = Annotated[str | None, columns("In place of a target, with --event: when it came, or was last not seen.")]
Event = Annotated[str | None, columns("1 where it came, 0 where it had not yet.")]
Start = Annotated[str | None, columns("With --time: from when on a row is at risk.")]
Strata = Annotated[str | None, columns("With --time: each value has a baseline of its own.")]
Offset = Annotated[str | None, columns("Added to the linear predictor.")]
Exposure = Annotated[str | None, columns("Counts or amounts are in proportion to it: its log is an offset.")]
Weight = Annotated[str | None, columns("Of the rows.")]
Together = Annotated[str | None, columns("Rows with the same value in it are held out together.")]
Forward = Annotated[str | None, columns("When a row was: a fold is tested on what came after it.")]
Named = Annotated[
    str,
    typer.Option(
        "--loss",
        metavar="NAME",
        help="auto, by the values of the target; squared, huber[:DELTA], quantile[:TAU]; logistic, squared_hinge, "
        "multinomial, ordinal; poisson, negative_binomial[:THETA], gamma, tweedie[:POWER]; cox, multitask.",
    ),
]
Order = Annotated[
    str | None, typer.Option(metavar="A,B,C", help="With --loss ordinal: the classes from least to most.")
]
Ties = Annotated[
    Literal["breslow", "efron"] | None, typer.Option(help="With --time: how events at the same time count.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, notes or hints; warnings stay.")]
Saved = Annotated[str, typer.Argument(metavar="MODEL", help="What lozenge fit -o wrote.")]
