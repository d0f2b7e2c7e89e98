"""The command line: read, call, write.  Answers go to stdout, everything else to stderr.

Only typer is imported at the top: ``lozenge --help`` loads neither NumPy nor any other module of the library.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import shlex
import sys
import time
import warnings
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

    import numpy as np
    from numpy.typing import NDArray

    from lozenge.losses import Loss, Target
    from lozenge.penalties import Penalty
    from lozenge.penalties.balls import Ball
    from lozenge.results import Comparison, Lesson, Path
    from lozenge.screens import Line
    from lozenge.tables import Encoding, Roles, Table

USAGE, UNCERTIFIED, INTERRUPTED = 2, 3, 130
EFFICIENT, MAD = 1.345, 1.4826  # sd of the noise: Huber's usual bound; and of it, median |r| where it is normal
NOTES = 8  # that are shown unless --all
LARGEST_GROUPS = 16 * 2**20  # bytes of a file of groups
BEFORE_BAR = 1.0  # seconds of work without a progress bar
PICTURES = (".png", ".pdf", ".svg")
PAGES = (".html", ".htm")
# What other programs call things.
ELSEWHERE = {
    "--lambda": "--select ALPHA",
    "--alpha": "--select ALPHA",
    "--family": "--loss",
    "--nfolds": "--cv",
    "--exposures": "--exposure",
    "--weights": "--weight",
    "--sample-weight": "--weight",
    "--status": "--event",
    "--stratum": "--strata",
    "--folds": "--cv",
    "--l1-ratio": "--penalty elasticnet:RATIO",
    "--label": "--target",
    "--unpenalized": "--unpenalised",
}

app = typer.Typer(
    name="lozenge",
    help="Sparse linear models that are exact, fast, and able to say why a weight is zero.",
    epilog="Exit codes: 0 certified, 1 data or file error, 2 usage, 3 answered, not certified; 130 Ctrl-C.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _columns_of(ctx: typer.Context, incomplete: str) -> list[str]:
    from lozenge import tables

    file = ctx.params.get("file") or next(iter(ctx.args), "-")  # in args while an option lacks its value
    with suppress(ValueError, OSError):
        return [name for name in tables.columns(file) if name.startswith(incomplete)]
    return []


def _features_of(ctx: typer.Context, incomplete: str) -> list[str]:
    from lozenge import io

    with suppress(ValueError, OSError):
        return [name for name in io.load(ctx.params.get("model") or "").feature_names if name.startswith(incomplete)]
    return []


def _lessons_of(incomplete: str) -> list[str]:
    from lozenge.explain.lessons import LESSONS

    return [name for name in LESSONS if name.startswith(incomplete)]


def _columns(text: str) -> Any:
    return typer.Option(metavar="COLUMN", help=text, autocompletion=_columns_of)


def _bounds_of(text: str, size: str) -> Any:
    return typer.Option(metavar="[NAME=]NUMBER", help=f"{text}, of all or of one, {size}; may be repeated.")


Color = Annotated[Literal["auto", "always", "never"], typer.Option(help="Stress headings on stdout.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="CSV, Parquet or Arrow table; - is standard input.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Targets = Annotated[list[str] | None, _columns("To predict; several are fitted together.")]
Time = Annotated[str | None, _columns("In place of a target, with --event: when it came, or was last not seen.")]
Event = Annotated[str | None, _columns("1 where it came, 0 where it had not yet.")]
Start = Annotated[str | None, _columns("With --time: from when on a row is at risk.")]
Strata = Annotated[str | None, _columns("With --time: each value has a baseline of its own.")]
Offset = Annotated[str | None, _columns("Added to the linear predictor.")]
Exposure = Annotated[str | None, _columns("Counts or amounts are in proportion to it: its log is an offset.")]
Weight = Annotated[str | None, _columns("Of the rows.")]
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


# -------------------------------------------------------------------------------- commands
def _version(wanted: bool) -> None:
    if wanted:
        import lozenge

        with _answering() as stdout:
            stdout.write(f"lozenge {lozenge.__version__}\n")
        raise typer.Exit


@app.callback()
def _lozenge(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def fit(
    ctx: typer.Context,
    file: File,
    target: Targets = None,
    loss: Named = "auto",
    time: Time = None,
    event: Event = None,
    start: Start = None,
    strata: Strata = None,
    offset: Offset = None,
    exposure: Exposure = None,
    weight: Weight = None,
    order: Order = None,
    ties: Ties = None,
    penalty: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="l1, l2, elasticnet[:RATIO], lq[:Q], l0[:RIDGE], mcp, scad, log or capped_l1[:NUMBER]; group, "
            "sparse_group[:RATIO] or group_mcp[:NUMBER], which take factors whole; slope[:Q]; tv[:RATIO], along the "
            "columns.",
        ),
    ] = "l1",
    positive: Annotated[bool, typer.Option("--positive", help="No weight below 0.")] = False,
    lower: Annotated[list[str] | None, _bounds_of("Least weight", "at most 0")] = None,
    upper: Annotated[list[str] | None, _bounds_of("Largest weight", "at least 0")] = None,
    groups: Annotated[
        str | None,
        typer.Option(metavar="FILE", help='With --penalty group: {"name": [columns, ...]}, .json; else factors.'),
    ] = None,
    select: Annotated[str, typer.Option(metavar="RULE", help="Which alpha: 1se, min or a number.")] = "1se",
    radius: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help="In place of an alpha: with l1, l2 or group the largest norm, with l0 the most features.",
        ),
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="With l0 and --radius: search on to a proof; Ctrl-C ends that search.")
    ] = False,
    drop: Annotated[list[str] | None, _columns("Leave out; may be repeated.")] = None,
    keep: Annotated[list[str] | None, _columns("Bring in what would be left out; may be repeated.")] = None,
    unpenalised: Annotated[list[str] | None, _columns("Or feature: never penalised; may be repeated.")] = None,
    cv: Annotated[int, typer.Option(metavar="FOLDS", help="Of the cross-validation; 0: none.", min=0)] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the folds.", min=0)] = 0,
    tol: Annotated[float, typer.Option(metavar="GAP", help="Largest that is certified.")] = 1e-6,
    drop_missing_target: Annotated[
        bool, typer.Option("--drop-missing-target", help="Drop rows without a target.")
    ] = False,
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="FILE", help="Keep the model.")] = None,
    plot: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the path: .png, .pdf, .svg.")] = None,
    report: Annotated[str | None, typer.Option(metavar="FILE", help="Write all of it on one page: .html.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    as_json: Json = False,
    everything: Annotated[bool, typer.Option("--all", help="Every row of both tables, every note.")] = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Fit a model to a table; say how near each zero is."""
    if radius is not None:
        _refuse_beside_radius(ctx, cv)
        cv = 0  # which goes over alphas
    rule, tol = "radius" if radius is not None else _rule(select, cv), _tolerance(tol)
    response = _Response(_loss(loss, order, ties), _roles(target, time, event, start, strata, offset, exposure, weight))
    response.check()
    if prove and radius is None:
        raise typer.BadParameter("it goes with --penalty l0 --radius FEATURES", param_hint="--prove")
    asked = _Asked(
        _penalty(penalty), positive, _numbers(lower or (), "--lower"), _numbers(upper or (), "--upper"), groups
    )
    asked.check()
    options: dict[str, Any] = {"cv": cv or None, "seed": seed, "tol": tol}
    _check_outputs(file, force=force, output=output, plot=plot, report=report)
    _refuse_terminal(ctx, file)

    from lozenge import screens, tables

    table = tables.encode(
        tables.read(file), response.roles, drop=drop or (), keep=keep or (), drop_missing_target=drop_missing_target
    )
    _tell_notes(table.notes, quiet=quiet, everything=everything)
    options["loss"], found = response.on(table, cv, quiet=quiet)
    made_of = asked.on(table, free=unpenalised or (), several=bool(found.outputs), quiet=quiet)
    options |= {"penalty": made_of} if radius is None else {"constraint": _ball(made_of, radius, prove=prove)}
    path = _solve(table, rule, free=unpenalised or (), quiet=quiet, **options)
    _tell_edge(path)
    _tell_beyond(path, table)
    if as_json:
        _print_json(screens.record(path, _rule_name(rule)))
    else:
        path = _entered(path, everything=everything)
        name = "standard input" if file == "-" else FilePath(file).name
        _print(_screen(path, table, name, rule, everything=everything), color)
    made = {}  # all of them before any is written
    if plot is not None:
        made[plot] = _picture(path, plot)
    if report is not None:
        made[report] = _page(ctx, path, table, file, _rule_name(rule)).encode()
    _write(path, output, made, force=force, quiet=quiet)  # last: an answer that cannot be kept is still an answer
    if not (quiet or as_json):
        _tell_next(path, output)
    if not screens.is_certified(path):
        raise typer.Exit(UNCERTIFIED)


@app.command()
def why(
    model: Saved,
    feature: Annotated[str, typer.Argument(metavar="FEATURE", autocompletion=_features_of)],
    data: Annotated[str | None, typer.Option(metavar="FILE", help="The table it was fitted on, to say more.")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FEATURE",
            help="With --data: what if it, or all levels of a column, were not there? May be repeated.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say why a feature has the weight it has."""
    if without and data is None:
        raise typer.BadParameter(
            "a model without its rows cannot be fitted again: name them, --data FILE", param_hint="--without"
        )

    from lozenge import io, screens

    path = io.load(model) if data is None else _revived(model, data, quiet=quiet)[0]
    _check_feature(path, feature)
    rivals = [each for name in without or () for each in _rivals(path, name)]
    reason = path.why(feature)
    instead = path.what_if(feature, rivals) if rivals else None
    if as_json:
        _print_json(screens.finite(reason.to_dict() | ({} if instead is None else {"what_if": asdict(instead)})))
    else:
        texts = [str(reason)] + ([str(instead)] if instead else [])
        _print([screens.Line("", line) for text in texts for line in screens.wrap(text)], "never")
    _own_up(path)


@app.command()
def report(
    ctx: typer.Context,
    model: Saved,
    file: File,
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="The page: .html.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write the page of a saved model, with the table that it was fitted on."""
    _check_outputs(file, force=force, page=output)
    _refuse_terminal(ctx, file)

    path, table = _revived(model, file, quiet=quiet)
    made = {output: _page(ctx, path, table, file, _rule_of(path)).encode()}
    _write(None, None, made, force=force, quiet=quiet)
    _own_up(path)


@app.command()
def predict(ctx: typer.Context, model: Saved, file: File) -> None:
    """Predict the rows of a table; CSV to stdout.

    Means or quantiles; classes, with probabilities or a score; or the risk of an event, against a row of zeros.
    """
    _refuse_terminal(ctx, file)

    from lozenge import io, tables

    path = io.load(model)
    encoding = _encoding(path)
    if encoding is None:
        raise ValueError(
            f"'{model}' was saved from Python, without the recipe of a table; predict there:"
            " lozenge.load(file).predict(X)"
        )
    names, frame = encoding.feature_names, tables.read(file)
    used = {names[j % len(names)] for j in path.coefs[:, [path.chosen]].nonzero()[0]}
    X, notes = encoding.apply(frame, used=used)
    offset = encoding.offset(frame)
    _tell_notes(notes, quiet=False, everything=False)
    _print_csv(_predictions(path, X, offset))
    _own_up(path)


@app.command()
def lesson(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", autocompletion=_lessons_of)] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name them all.")] = False,
    data: Annotated[str | None, typer.Option(metavar="FILE", help="Run it on a table.")] = None,
    target: Annotated[str | None, typer.Option(metavar="COLUMN", help="To predict, with --data.")] = None,
    select: Annotated[str, typer.Option(metavar="RULE", help="With --data: 1se, min or a number.")] = "1se",
    drop: Annotated[list[str] | None, _columns("With --data: leave out; may be repeated.")] = None,
    drop_missing_target: Annotated[
        bool, typer.Option("--drop-missing-target", help="With --data: drop rows without a target.")
    ] = False,
    plot: Annotated[str | None, typer.Option(metavar="FILE", help="Draw it: .png, .pdf, .svg.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Run a classic argument for why L1 makes zeros and L2 does not, on toy numbers or on a table."""
    from lozenge import screens, tables
    from lozenge.explain.lessons import LESSONS

    if listed or name is None:
        if not listed:
            _tell("note", "lozenge lesson NAME runs one")
        _print(screens.contents({each: run().claim for each, run in LESSONS.items()}), color)
        return
    if name not in LESSONS:
        raise typer.BadParameter(f"{', '.join(LESSONS)}{_meant(name, LESSONS)}; got '{name}'", param_hint="NAME")
    if (data is None) != (target is None):
        raise typer.BadParameter("--data FILE and --target COLUMN go together", param_hint="--data")
    rule = _rule(select, 10)
    _check_outputs(data or "", force=force, plot=plot)
    if data is None or target is None:
        found = LESSONS[name]()
    else:
        _refuse_terminal(ctx, data)
        table = tables.encode(tables.read(data), target, drop=drop or (), drop_missing_target=drop_missing_target)
        found = LESSONS[name](_taught(table, rule, quiet=quiet))
    _print(screens.lesson(found), color)
    if plot is not None:
        _write(None, None, {plot: _picture(found, plot)}, force=force, quiet=quiet)


@app.command()
def compare(
    ctx: typer.Context,
    file: File,
    target: Targets = None,
    penalty: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="To compare, as in fit; may be repeated. By default l1, l2, elasticnet, mcp, scad, log.",
        ),
    ] = None,
    loss: Named = "auto",
    time: Time = None,
    event: Event = None,
    start: Start = None,
    strata: Strata = None,
    offset: Offset = None,
    exposure: Exposure = None,
    weight: Weight = None,
    order: Order = None,
    ties: Ties = None,
    select: Annotated[str, typer.Option(metavar="RULE", help="Which alpha: 1se, min or a number.")] = "1se",
    cv: Annotated[int, typer.Option(metavar="FOLDS", help="Of the cross-validation; 0: none.", min=0)] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the folds.", min=0)] = 0,
    tol: Annotated[float, typer.Option(metavar="GAP", help="Largest that is certified.")] = 1e-6,
    drop: Annotated[list[str] | None, _columns("Leave out; may be repeated.")] = None,
    drop_missing_target: Annotated[
        bool, typer.Option("--drop-missing-target", help="Drop rows without a target.")
    ] = False,
    plot: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the weights: .png, .pdf, .svg.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    feature: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Say which penalties keep it; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every feature, every note.")] = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> None:
    """Fit several penalties on the same rows and folds; set their zeros and weights side by side."""
    rule, tol = _rule(select, cv), _tolerance(tol)
    response = _Response(_loss(loss, order, ties), _roles(target, time, event, start, strata, offset, exposure, weight))
    response.check()
    asked = [_Asked(_penalty(text)) for text in penalty] if penalty else None
    _check_outputs(file, force=force, plot=plot)
    _refuse_terminal(ctx, file)

    from lozenge import contest, screens, tables

    table = tables.encode(tables.read(file), response.roles, drop=drop or (), drop_missing_target=drop_missing_target)
    _tell_notes(table.notes, quiet=quiet, everything=everything)
    task, target_of = response.on(table, cv, quiet=quiet)
    named = [each for name in feature or () for each in _features(table, name, target_of.outputs)]
    with _Bar(quiet=quiet) as bar:
        found = contest.compare(
            table.X,
            table.y,
            penalties=None
            if asked is None
            else [each.on(table, several=bool(target_of.outputs), quiet=quiet) for each in asked],
            rule=rule,
            cv=cv or None,
            seed=seed,
            tol=tol,
            loss=task,
            sample_weight=table.weight,
            offset=table.offset,
            feature_names=table.feature_names,
            progress=bar,
        )
    _print(screens.comparison(found, everything=everything), color)
    for text in map(found.contrast, named):
        _print([screens.Line("", line) for line in screens.wrap(text)], color)
    if plot is not None:
        _write(None, None, {plot: _picture(found, plot)}, force=force, quiet=quiet)
    if not found.certified.all():
        raise typer.Exit(UNCERTIFIED)


def _taught(table: Table, rule: str | float, *, quiet: bool) -> Path:
    """The lasso on a table, as ``fit`` makes it."""
    _tell_notes(table.notes, quiet=quiet, everything=False)
    cv = 10 if isinstance(rule, str) else 0
    loss, _ = _Response(None, table.encoding.roles).on(table, cv, quiet=quiet)
    return _entered(_solve(table, rule, quiet=quiet, loss=loss, cv=cv or None))


@app.command()
def demo(quiet: Quiet = False, color: Color = "auto") -> None:
    """Fit and explain two real tables; writes nothing."""
    from lozenge import screens, tables

    for file, target, frame in _demo_tables():
        table = tables.encode(frame, target)
        loss, _ = _Response(None, table.encoding.roles).on(table, 10, quiet=True)
        path = _entered(_solve(table, "1se", quiet=quiet, loss=loss, cv=10))
        lines = [screens.Line(f"$ lozenge fit {file} --target {target}"), screens.Line("")]
        lines += _screen(path, table, file, "1se")
        for j in screens.telling(path):
            name = path.feature_names[j]
            lines += [
                screens.Line(""),
                screens.Line(f">>> print(path.why({name!r}))"),
                screens.Line(""),
            ]
            lines += [screens.Line("", line) for line in screens.wrap(str(path.why(j)))]
        _print([*lines, screens.Line(""), screens.Line("")], color)
    _tell("note", "yours: lozenge fit FILE --target COLUMN")


# -------------------------------------------------------------------------------- what was asked
def _tolerance(tol: float) -> float:
    if not 0 < tol < float("inf"):
        raise typer.BadParameter(f"a number above 0; got {tol:g}", param_hint="--tol")
    return tol


def _rule(select: str, cv: int) -> str | float:
    if cv == 1:
        raise typer.BadParameter("2 folds or more, or 0 for no cross-validation; got 1", param_hint="--cv")
    if select in {"1se", "min"}:
        if cv == 0:
            raise typer.BadParameter(
                f"the rule {select} needs a cross-validation: leave --cv at 10, or name an alpha",
                param_hint="--select",
            )
        return select
    with suppress(ValueError):
        if 0 < float(select) < float("inf"):
            return float(select)
    raise typer.BadParameter(f"1se, min or an alpha above 0; got '{select}'", param_hint="--select")


def _refuse_beside_radius(ctx: typer.Context, cv: int) -> None:
    """A radius is one answer: nothing is chosen."""
    for name in ("select", "cv"):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT" and (name == "select" or cv):
            raise typer.BadParameter(
                "--radius asks for one answer, and leaves nothing to choose; leave one of them out",
                param_hint=f"--{name}",
            )


def _ball(penalty: Penalty, radius: float, *, prove: bool) -> Ball:
    from lozenge.penalties.balls import around

    try:
        found = around(penalty, radius)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--radius") from None
    if prove and not found.counts:
        raise typer.BadParameter(f"best subsets are proved, --penalty l0; got {penalty.name}", param_hint="--prove")
    return cast("Ball", replace(cast("Any", found), prove=True)) if prove else found


def _rule_name(rule: str | float) -> str:
    return rule if isinstance(rule, str) else "alpha"


def _penalty(text: str) -> Penalty:
    from lozenge import gate

    try:
        return gate.penalty(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--penalty") from None


def _numbers(texts: Iterable[str], option: str) -> dict[str, float]:
    """Numbers by name; "" stands for all."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, digits = text.rpartition("=")
        try:
            number = float(digits)
        except ValueError:
            raise typer.BadParameter(f"NUMBER or NAME=NUMBER; got '{text}'", param_hint=option) from None
        if name in found:
            raise typer.BadParameter(f"'{name or text}' is bounded twice", param_hint=option)
        found[name] = number
    return found


@dataclass(frozen=True)
class _Asked:
    """A penalty as it was asked for, before the columns are known that its bounds and groups are of."""

    penalty: Penalty
    positive: bool = False
    lower: dict[str, float] = field(default_factory=dict)
    upper: dict[str, float] = field(default_factory=dict)
    groups: str | None = None

    def check(self) -> None:
        """Refuse what no table could mend."""
        if self._bounds and not self._takes("lower"):
            raise typer.BadParameter(
                f"{self.penalty.name} takes no bounds; l1, l2, elasticnet, lq, l0, mcp, scad, log and capped_l1 do",
                param_hint=next(iter(self._bounds)),
            )
        if self.positive and self.lower:
            raise typer.BadParameter("it is --lower 0; leave one of them out", param_hint="--positive")
        for option, numbers in (("lower", self.lower), ("upper", self.upper)):
            if numbers:
                _made(self.penalty, f"--{option}", **{option: list(numbers.values())})
        if self.groups is not None and not self._takes("groups"):
            raise typer.BadParameter(
                f"{self.penalty.name} takes no groups; group, sparse_group and group_mcp do", param_hint="--groups"
            )

    def on(self, table: Table, free: Sequence[str] = (), *, several: bool = False, quiet: bool = False) -> Penalty:
        """The penalty on the columns of a table; groups are its factors unless a file says otherwise."""
        found, names = self.penalty, table.feature_names
        if self.positive:
            found = _made(self.penalty, "--positive", positive=True)
        for option, numbers in (("lower", self.lower), ("upper", self.upper)):
            if numbers:
                found = _made(found, f"--{option}", **{option: _spread(numbers, table, f"--{option}")})
        if self._bounds:
            self._check_free(found, _free(table.encoding, free), names)
        blocks: dict[str, list[str]] | None = None
        if self._takes("groups"):
            blocks = table.encoding.blocks if self.groups is None else _grouped(self.groups, table)
            found = _made(found, "--groups", groups=blocks)
        try:
            found.named(names)
        except ValueError as error:
            hint = "--groups" if self.groups is not None else "--penalty"
            raise typer.BadParameter(str(error), param_hint=hint) from None
        if blocks is not None and not quiet:
            alone = len(names) - sum(map(len, blocks.values()))
            many = "group of columns enters or leaves" if len(blocks) == 1 else "groups of columns enter or leave"
            text = f"{len(blocks):,} {many} whole, {alone:,} column{'s' * (alone != 1)} alone"
            _tell("note", text + (", each for all outputs or none" if several else ""))
        return found

    @property
    def _bounds(self) -> dict[str, Any]:
        given = {"--positive": self.positive, "--lower": self.lower, "--upper": self.upper}
        return {option: value for option, value in given.items() if value}

    def _takes(self, parameter: str) -> bool:
        return hasattr(self.penalty, parameter)

    def _check_free(self, found: Penalty, free: Iterable[str], names: Sequence[str]) -> None:
        low, high = found.named(names).bounds or ((), ())
        inside = {name for name, a, b in zip(names, low, high, strict=False) if a > -math.inf or b < math.inf}
        for name in free:
            if name in inside:
                raise typer.BadParameter(
                    f"'{name}' is never penalised, so it cannot be bounded; bound the others by name, --lower NAME=0",
                    param_hint=next(iter(self._bounds)),
                )


def _made(penalty: Any, option: str, **changes: Any) -> Penalty:
    try:
        return cast("Penalty", replace(penalty, **changes))
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _spread(numbers: dict[str, float], table: Table, option: str) -> dict[str, float]:
    """Numbers by feature: one for all, and those of the columns and features that are named."""
    found = dict.fromkeys(table.feature_names, numbers[""]) if "" in numbers else {}
    for name, number in numbers.items():
        if name:
            found |= dict.fromkeys(_named(table, name, option), number)
    return found


def _named(table: Table, name: str, option: str) -> list[str]:
    try:
        return _features(table, name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _grouped(file: str, table: Table) -> dict[str, list[str]]:
    """Groups of features from a file; the factors that it does not name stay whole."""
    if FilePath(file).stat().st_size > LARGEST_GROUPS:
        raise ValueError(f"'{file}' is larger than {LARGEST_GROUPS // 2**20} MiB; groups are a JSON object of lists")
    try:
        tree = json.loads(FilePath(file).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ValueError(f'\'{file}\' is no JSON; groups are {{"name": ["column", ...], ...}}') from None
    if not isinstance(tree, dict) or not all(
        isinstance(columns, list) and columns and all(isinstance(each, str) for each in columns)
        for columns in tree.values()
    ):
        raise typer.BadParameter(f'\'{file}\' must hold {{"name": ["column", ...], ...}}', param_hint="--groups")
    found = {
        name: [feature for column in columns for feature in _named(table, column, "--groups")]
        for name, columns in tree.items()
    }
    taken = {feature for features in found.values() for feature in features}
    for column, features in table.encoding.blocks.items():
        rest = [feature for feature in features if feature not in taken]
        if len(rest) > 1:
            found[column if column not in found else f"{column} (rest)"] = rest
    return found


def _refuse_terminal(ctx: typer.Context, file: str) -> None:
    if file == "-" and sys.stdin.isatty():
        typer.echo(f"{ctx.get_help()}\n", err=True)
        _tell("error", f"standard input is a terminal; pipe a table: cat data.csv | {ctx.command_path} ...")
        raise typer.Exit(USAGE)


def _check_outputs(file: str, *, force: bool, **asked: str | None) -> None:
    # Before any work: after an hour of it is no time to find that the answer cannot be kept.
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


def _number(label: str) -> float | None:
    """The number that a label is; none in ``01``, which a table keeps as text."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if label in {f"{value:g}", str(value)} else None


def _loss(text: str, order: str | None, ties: str | None) -> Loss | None:
    """The loss that is asked for; None where the target decides."""
    from lozenge import gate

    if text == "auto":
        if order is not None:
            raise typer.BadParameter("it goes with --loss ordinal", param_hint="--order")
        return None if ties is None else _with("cox", "--ties", ties=ties)
    try:
        found = gate.loss(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--loss") from None
    if order is not None:
        labels = [label.strip() for label in order.split(",")]
        numbers = [_number(label) for label in labels]
        return _with(found, "--order", order=labels if None in numbers else numbers)
    return found if ties is None else _with(found, "--ties", ties=ties)


def _with(loss: Any, option: str, **changes: Any) -> Loss:
    """A loss with a parameter that only one of them has."""
    from lozenge.losses import LOSSES

    found = LOSSES[loss]() if isinstance(loss, str) else loss
    (name,) = changes
    if not hasattr(found, name):
        takes = ", ".join(each for each in LOSSES if hasattr(LOSSES[each](), name))
        raise typer.BadParameter(f"{found.name} takes none; {takes} does", param_hint=option)
    return cast("Loss", replace(cast("Any", found), **changes))


def _roles(
    target: Sequence[str] | None,
    time: str | None,
    event: str | None,
    start: str | None,
    strata: str | None,
    offset: str | None,
    exposure: str | None,
    weight: str | None,
) -> Roles:
    from lozenge.tables import Roles

    return Roles(tuple(target or ()), time, event, start, strata, offset, exposure, weight)


@dataclass(frozen=True)
class _Response:
    """A loss as it was asked for, None for auto, and the columns that it is of, before their values are known."""

    loss: Loss | None
    roles: Roles

    def check(self) -> None:
        """Refuse what no table could mend."""
        roles, survival = self.roles, self.loss is not None and self.loss.words.effect == "hazard"
        if survival and roles.time is None:
            raise typer.BadParameter("cox is of --time COLUMN and --event COLUMN", param_hint="--loss")
        for option, name in (("--event", roles.event), ("--start", roles.start), ("--strata", roles.strata)):
            if name is not None and roles.time is None:
                raise typer.BadParameter("it goes with --time COLUMN", param_hint=option)
        if roles.time is not None and roles.event is None:
            raise typer.BadParameter("it goes with --event COLUMN, 1 where it came and 0 else", param_hint="--time")
        if roles.time is not None and roles.target:
            raise typer.BadParameter("--time and --event say what is explained: leave it out", param_hint="--target")
        if roles.time is not None and self.loss is not None and not survival:
            raise typer.BadParameter("--time and --event are for --loss cox", param_hint="--loss")
        if not roles.explained:
            raise typer.BadParameter(
                "name the column to predict; for times to an event --time and --event", param_hint="--target"
            )

    def on(self, table: Table, cv: int, *, quiet: bool) -> tuple[Loss, Target]:
        """The loss, and what it reads in the table; or a refusal that says why it cannot take these values."""
        from lozenge import gate, tables
        from lozenge.screens import klass

        roles, y = self.roles, table.y
        if len(y) < 2:
            raise ValueError("one row is not enough to fit; got a table with 1 row")
        for name in roles.target:
            each = y if y.dtype.names is None else y[name]
            if (each == each[0]).all():
                raise ValueError(f"the target '{name}' is '{klass(each[0])}' in every row: there is nothing to explain")
        loss = self.loss
        if loss is None:
            try:
                call = tables.calls_for(y, roles)
            except ValueError as error:
                raise ValueError(f"the target '{roles.title}': {error}") from None
            loss = gate.loss(call.loss)
            if not quiet:
                _tell("note", f"'{roles.title}' {call.why}" + (f" ({call.others})" if call.others else ""))
        try:
            target = loss.check(*gate.response(y, len(y)))
        except ValueError as error:
            raise ValueError(_in_options(str(error), table)) from None
        loss = loss.on(target)
        self._check_beside(loss)
        _check_rows(table, target, cv)
        return loss, target

    def _check_beside(self, loss: Loss) -> None:
        """Refuse an exposure or an offset that this loss has no place for."""
        from lozenge.losses import LOSSES

        if self.roles.exposure is not None and loss.words.effect != "mean":
            takes = ", ".join(name for name, kind in LOSSES.items() if kind.words.effect == "mean")
            raise typer.BadParameter(
                f"counts and amounts are in proportion to it: {takes}; got --loss {loss.name}, for which there is"
                " --offset",
                param_hint="--exposure",
            )
        if self.roles.offset is not None and loss.width > 1 and not loss.shared:
            raise typer.BadParameter(
                f"{loss.name} has {loss.width} linear predictors, and one column says nothing of which",
                param_hint="--offset",
            )


def _in_options(said: str, table: Table) -> str:
    """What a loss says of y, in the words of the command line, which counts rows from 1 in the table as it was read."""
    from lozenge.tables.calls import slip

    text = re.sub(r"loss='(\w+)'", r"--loss \1", said)
    text = re.sub(r"\brow (\d+)", lambda found: f"row {table.rows[int(found[1])]}", text)
    text = re.sub(r"lz\.losses\.Ordinal\(.*?\)", "--order low,medium,high", text).replace("str_ values", "text")
    if text.startswith("y "):
        text = f"the target '{table.encoding.roles.title}' {text.removeprefix('y ')}"
    if odd := slip(table.y) if table.y.dtype == object else "":
        text += f". '{odd}' makes the column text: mend that cell if it holds numbers"
    return text


def _check_rows(table: Table, target: Target, cv: int) -> None:
    import numpy as np

    if (table.X[0] == table.X).all():
        raise ValueError(f"every feature is constant: {_quoted(table.feature_names)}; there is nothing to learn from")
    if cv > len(table.y):
        raise ValueError(f"--cv {cv} needs {cv} rows; the table has {len(table.y)}. Take fewer folds")
    if not cv or target.kinds is None:
        return
    from lozenge.losses.responses import label

    instead = "name an alpha without one: --cv 0 --select ALPHA"
    kinds, counts = np.unique(target.kinds, return_counts=True)
    if target.classes and counts.min() < 2:
        few = _quoted([label(target.classes[k]) for k in kinds[counts < 2]])
        raise ValueError(f"one row only is {few}, and a cross-validation needs two of each class; {instead}")
    if not target.classes and np.count_nonzero(target.kinds) < 2:
        raise ValueError(f"one row only has an event, and a cross-validation needs two; {instead}")


def _free(encoding: Encoding, names: Iterable[str]) -> dict[str, float]:
    """Weight 0 for every named feature, and for every feature of a named column."""
    sources = dict(zip(encoding.feature_names, encoding.sources, strict=True))
    free: dict[str, float] = {}
    for name in names:
        found = [feature for feature, source in sources.items() if name in {feature, source}]
        if not found:
            raise ValueError(f"--unpenalised: {_no_feature(name, dict.fromkeys([*sources.values(), *sources]))}")
        free |= dict.fromkeys(found, 0.0)
    return free


def _levels(encoding: Encoding | None, column: str) -> list[str]:
    """Features that a column of the table became."""
    if encoding is None:
        return []
    sources = zip(encoding.feature_names, encoding.sources, strict=True)
    return [feature for feature, source in sources if source == column]


def _encoding(path: Path) -> Encoding | None:
    """The recipe of a model's table; of a file from before it had roles, the model knows the target."""
    from lozenge import tables

    if path.encoding is None:
        return None
    found = tables.Encoding.from_dict(path.encoding)
    if not found.roles.explained and path.model.target is not None:
        found = replace(found, roles=tables.Roles((path.model.target,)))
    return found


def _features(table: Table, name: str, outputs: tuple[str, ...] = ()) -> list[str]:
    """One feature of a table, or all that a column of it became; of several outputs, its weight for each."""
    from lozenge.fit import weight_names

    every = weight_names(table.feature_names, outputs)
    levels = [name] if name in table.feature_names else _levels(table.encoding, name)
    found = [name] if name in every else list(weight_names(tuple(levels), outputs))
    if not found:
        raise ValueError(_no_feature(name, table.feature_names))
    return found


def _rivals(path: Path, name: str) -> list[str]:
    """One weight of a model, or all that a feature, or a column of its table, became."""
    found = [name] if name in path.feature_names else _became(path, name)
    if not found:
        _check_feature(path, name)
    return found


def _became(path: Path, name: str) -> list[str]:
    """The weights of a feature, or of those that a column became."""
    from lozenge import fit as fits

    features = [name] if name in fits.columns(path) else _levels(_encoding(path), name)
    return list(fits.weight_names(tuple(features), path.model.outputs))


def _check_feature(path: Path, name: str) -> None:
    if name in path.feature_names:
        return
    if found := _became(path, name):
        what = "feature" if path.model.outputs and f"{name}[{path.model.outputs[0]}]" in found else "column"
        became = "has the weights" if what == "feature" else "became"
        raise ValueError(f"the {what} '{name}' {became} {_quoted(found)}; ask for one of these")
    encoding = _encoding(path)
    if encoding is not None and name in encoding.roles.columns:
        raise ValueError(f"'{name}' is the {encoding.roles.role(name)}; features: {_quoted(path.feature_names)}")
    raise ValueError(_no_feature(name, path.feature_names))


def _no_feature(name: str, names: Iterable[str]) -> str:
    return f"no feature '{name}'{_meant(name, names) or '.'} Features: {_quoted(names)}"


def _meant(name: str, names: Iterable[str]) -> str:
    folded = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f"; did you mean '{folded[near[0]]}'?" if near else ""


def _quoted(names: Iterable[str], limit: int = 12) -> str:
    quoted = [f"'{name}'" for name in names]
    return ", ".join(quoted[:limit]) + (f" and {len(quoted) - limit:,} more" if len(quoted) > limit else "")


# -------------------------------------------------------------------------------- the work
def _solve(
    table: Table,
    rule: str | float,
    *,
    free: Sequence[str] = (),
    quiet: bool = False,
    **options: Any,
) -> Path:
    from lozenge import fit as fits

    names = table.feature_names
    options |= {"sample_weight": table.weight, "offset": table.offset}
    if weight := _free(table.encoding, free):
        options["penalty_weights"] = weight
    ball = options.get("constraint")
    with _Bar(quiet=quiet, axis="size" if ball is not None and ball.counts else "alpha") as bar:
        path = fits.path(table.X, table.y, feature_names=names, progress=bar, **options)
        path = path if rule == "radius" else fits.choose(path, rule)
    model = replace(path.model, target=table.encoding.roles.title)
    return replace(path, encoding=table.encoding.to_dict(), model=model)


def _entered(path: Path, *, everything: bool = False) -> Path:
    """The path with the α at which the features enter that a screen lists; of several outputs it lists zeros alone."""
    from lozenge import fit as fits
    from lozenge import screens

    listed = screens.shown(path, everything=everything)
    kept = () if path.model.outputs else listed.kept[: screens.DETAILED]
    return fits.refined(path, [*kept, *listed.zeros[: screens.DETAILED]])


def _revived(model: str, file: str, *, quiet: bool) -> tuple[Path, Table]:
    """A saved path with its data behind it again."""
    from lozenge import fit as fits
    from lozenge import io, tables

    path = io.load(model)
    encoding = _encoding(path)
    if encoding is None or path.model.target is None:
        raise ValueError(f"'{model}' was saved from Python, without the recipe of a table; use path.why there")
    table = tables.again(tables.read(file), encoding)
    _tell_notes(table.notes, quiet=quiet, everything=False)
    return fits.revive(path, table.X, table.y, sample_weight=table.weight, offset=table.offset), table


def _rule_of(path: Path) -> str:
    from lozenge.explain.why import chosen_by

    rule = chosen_by(path)
    return "alpha" if rule == "last" else rule


def _screen(path: Path, table: Table, file: str, rule: str | float, *, everything: bool = False) -> list[Line]:
    from lozenge import screens

    listed = screens.shown(path, everything=everything)
    # Other losses give what is used no exact split over the features that use it.
    told = listed.zeros[: screens.DETAILED] if screens.quadratic(path.model) else ()
    return screens.fit(
        path,
        listed,
        reasons=[path.why(j) for j in told],
        file=file,
        summary=table.summary,
        target=screens.target(path, table),
        rule=_rule_name(rule),
    )


def _predictions(path: Path, X: NDArray[np.float64], offset: NDArray[np.float64] | None) -> Iterator[list[object]]:
    """Means, quantiles or classes; with the classes' probabilities or the score, and the risk with its logarithm."""
    import numpy as np

    from lozenge import fit
    from lozenge.screens import klass, probable, words

    solution, model = fit.chosen(path), path.model
    predicted = np.asarray(solution.predict(X, offset=offset))
    effect = words(model).effect
    if effect == "hazard":
        yield ["risk", "linear_predictor"]
        yield from map(list, zip(predicted.tolist(), fit.linear(solution, X, offset=offset).tolist(), strict=True))
    elif probable(model):
        yield ["prediction", *(f"probability_{klass(label)}" for label in model.classes)]
        odds = solution.predict_proba(X, offset=offset).tolist()
        yield from ([klass(label), *row] for label, row in zip(predicted.tolist(), odds, strict=True))
    elif model.classes:
        yield ["prediction", words(model).of]
        scores = fit.linear(solution, X, offset=offset).tolist()
        yield from ([klass(label), score] for label, score in zip(predicted.tolist(), scores, strict=True))
    elif model.outputs:
        yield [f"prediction_{output}" for output in model.outputs]
        yield from predicted.tolist()
    else:
        yield ["prediction"]
        yield from ([mean] for mean in predicted.tolist())


def _demo_tables() -> Iterator[tuple[str, str, Any]]:
    import polars as pl
    from sklearn import datasets

    diabetes = datasets.load_diabetes(scaled=False)
    frame = pl.DataFrame(dict(zip(diabetes.feature_names, diabetes.data.T, strict=True)))
    yield "diabetes.csv", "progression", frame.with_columns(progression=pl.Series(diabetes.target))
    cancer = datasets.load_breast_cancer()
    frame = pl.DataFrame(dict(zip(cancer.feature_names.tolist(), cancer.data.T, strict=True)))
    tumour = cancer.target_names[cancer.target].tolist()
    yield "cancer.csv", "tumour", frame.with_columns(tumour=pl.Series(tumour))


# -------------------------------------------------------------------------------- files, stdout
def _write(path: Path | None, output: str | None, made: dict[str, bytes], *, force: bool, quiet: bool) -> None:
    from lozenge import io

    if path is not None and output is not None:
        path.save(output, force=force)
    for name, content in made.items():
        io.write(content, name, force=force)
    for name in ([output] if output else []) + list(made):
        if not quiet:
            _tell("note", f"wrote {name}")


def _picture(record: Path | Lesson | Comparison, file: str) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    figure: Any = record.plot().figure
    figure.savefig(buffer, format=FilePath(file).suffix[1:].lower())
    return buffer.getvalue()


def _page(ctx: typer.Context, path: Path, table: Table, file: str, rule: str) -> str:
    import hashlib

    from lozenge import screens
    from lozenge.report import Setting, page

    known = file != "-"
    setting = Setting(
        file=FilePath(file).name if known else "standard input",
        target=screens.target(path, table),
        rule=rule,
        summary=table.summary,
        notes=table.notes,
        command=shlex.join(["lozenge", *(ctx.obj or ())]),
        fingerprint=hashlib.sha256(FilePath(file).read_bytes()).hexdigest() if known else "",
    )
    return page(path, setting)


@contextmanager
def _answering() -> Iterator[TextIO]:
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered would fail once more when the interpreter closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # whose reader has seen enough
            raise ValueError(f"cannot write to standard output: {error.strerror}") from None  # noqa: TRY004 - not of type


def _print(lines: Iterable[Line], color: str) -> None:
    stress = _in_color(color)
    with _answering() as stdout:
        for line in lines:
            stdout.write(f"\x1b[1m{line.head}\x1b[0m{line.rest}\n" if stress and line.head else f"{line}\n")


def _in_color(color: str) -> bool:
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _print_json(record: dict[str, Any]) -> None:
    with _answering() as stdout:
        stdout.write(json.dumps(record, allow_nan=False) + "\n")


def _print_csv(rows: Iterable[list[object]]) -> None:
    import csv

    with _answering() as stdout:
        if hasattr(stdout, "reconfigure"):
            stdout.reconfigure(encoding="utf-8")  # a class keeps its letters, whatever the terminal's are
        csv.writer(stdout, lineterminator="\n").writerows(rows)


# -------------------------------------------------------------------------------- stderr
def _tell(kind: Literal["note", "warning", "error"], text: str) -> None:
    from lozenge.screens import plain

    with suppress(OSError):
        sys.stderr.write(f"lozenge: {kind}: {plain(' '.join(text.split()))}\n")
        sys.stderr.flush()


def _tell_notes(notes: Iterable[str], *, quiet: bool, everything: bool) -> None:
    rest = []
    for note in notes:
        if note.startswith("Warning: "):
            _tell("warning", note.removeprefix("Warning: "))
        else:
            rest.append(note)
    shown = 0 if quiet else len(rest) if everything or len(rest) <= NOTES + 1 else NOTES
    for note in rest[:shown]:
        _tell("note", note)
    if 0 < shown < len(rest):
        _tell("note", f"and {len(rest) - shown:,} more notes")


def _tell_edge(path: Path) -> None:
    if path.cv is not None and not path.by_size and 0 < path.cv.index_min == len(path.cv.alphas) - 1:
        _tell(
            "warning",
            f"the best score is at the end of the grid, alpha {path.cv.alphas[-1]:.3g}: a smaller one may do"
            " better; name it, --select ALPHA, or lengthen the grid in Python, alpha_min_ratio",
        )


def _tell_beyond(path: Path, table: Table) -> None:
    """Warn where the bound on a row's pull, which is in the units of the target, holds most rows."""
    import numpy as np

    from lozenge import fit, screens

    loss = screens.response.loss_of(path.model)
    if loss is None or loss.edges is None or not loss.edges.gamma:
        return
    far = np.abs(table.y - fit.linear(fit.chosen(path), table.X, offset=table.offset))
    (name, bound), usual = next(iter(path.model.loss_parameters.items())), EFFICIENT * MAD * float(np.median(far))
    share = float(np.mean(far > bound))
    if share > 0.5:
        _tell(
            "warning",
            f"{screens.percent(share)} of the rows are farther than {name} = {bound:g} from their {loss.words.of}: that"
            f" is next to a median, and {name} is in the units of {path.model.target or 'the target'}. Usual is"
            f" {EFFICIENT} standard deviations of the middle rows, here"
            f" --loss {path.model.loss}:{float(f'{usual:.2g}'):g}",
        )


def _own_up(path: Path) -> None:
    """End with 3 where the α that answers was not certified."""
    status = path.status[path.chosen]
    if status is not type(status).CERTIFIED:
        axis = "size" if path.by_size else "alpha"
        _tell("warning", f"{axis} {path.axis[path.chosen]:.3g} of this model is {status.value}")
        raise typer.Exit(3)


def _tell_next(path: Path, output: str | None) -> None:
    from lozenge import screens

    kept, zeros = screens.rows(path)
    feature = shlex.quote(path.feature_names[(zeros or kept)[0]])
    if output is None:
        _tell("note", f"-o model.json keeps it, then: lozenge why model.json {feature}")
    else:
        _tell("note", f"next: lozenge why {shlex.quote(output)} {feature}")


class _Bar:
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


# -------------------------------------------------------------------------------- the one door
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.  ``--debug``, anywhere among them, shows the traceback of an error.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = [argument for argument in given if argument != "--debug"]
    debug = len(asked) < len(given)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A letter that the terminal lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")
                warnings.simplefilter("always", UserWarning)
                warnings.showwarning = lambda message, *_, **__: _tell("warning", str(message))
            app(args=asked, prog_name="lozenge", obj=asked)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        if debug:
            raise
        _tell("error", _said(error))
        return 1
    if code == INTERRUPTED:
        _tell("error", "interrupted")
    for argument in asked if code == USAGE else ():
        if (name := argument.partition("=")[0]) in ELSEWHERE:
            _tell("error", f"{name} is {ELSEWHERE[name]} in Lozenge")
    return code


def _said(error: Exception) -> str:
    if isinstance(error, (ValueError, TypeError)):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"'{error.filename}': {error.strerror}"
    if isinstance(error, MemoryError):
        return f"out of memory; take fewer rows or columns (--drop). {error}"
    return f"{type(error).__name__}: {error}; this is a fault in Lozenge, and --debug shows where"


if __name__ == "__main__":
    sys.exit(main())
