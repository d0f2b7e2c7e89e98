"""The commands: read, call, write."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import typer

from lozenge.cli.answers import (
    answering,
    check_outputs,
    exported,
    page_of,
    picture_of,
    print_csv,
    print_json,
    print_lines,
    print_text,
    write,
)
from lozenge.cli.naming import check_feature, encoding_of, meaning, meant, rivals_of
from lozenge.cli.options import (
    Color,
    Event,
    Exposure,
    File,
    Forward,
    Json,
    Named,
    Offset,
    Order,
    Quiet,
    Saved,
    Start,
    Strata,
    Targets,
    Ties,
    Time,
    Together,
    Weight,
    bounds,
    columns,
    features_of,
    lessons_of,
)
from lozenge.cli.penalty import Asked, ball, numbers, penalty_of
from lozenge.cli.response import Response, loss_of, roles_of
from lozenge.cli.rule import RULES, Validation, check_halves, grid_of, refuse_beside_radius, rule_of, tolerance
from lozenge.cli.solving import demo_tables, entered, halved, predictions, revived, screen_of, solve, taught
from lozenge.cli.telling import UNCERTIFIED, USAGE, Bar, own_up, tell, tell_beyond, tell_next, tell_notes

app = typer.Typer(
    name="lozenge",
    help="Sparse linear models that are exact, fast, and able to say why a weight is zero.",
    epilog="Exit codes: 0 certified, 1 data or file error, 2 usage, 3 answered, not certified; 130 Ctrl-C.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        import lozenge

        with answering() as stdout:
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
    lower: Annotated[list[str] | None, bounds("Least weight", "at most 0")] = None,
    upper: Annotated[list[str] | None, bounds("Largest weight", "at least 0")] = None,
    groups: Annotated[
        str | None,
        typer.Option(metavar="FILE", help='With --penalty group: {"name": [columns, ...]}, .json; else factors.'),
    ] = None,
    select: Annotated[str, typer.Option(metavar="RULE", help=f"Which alpha: {RULES}.")] = "1se",
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
    drop: Annotated[list[str] | None, columns("Leave out; may be repeated.")] = None,
    keep: Annotated[list[str] | None, columns("Bring in what would be left out; may be repeated.")] = None,
    unpenalised: Annotated[list[str] | None, columns("Or feature: never penalised; may be repeated.")] = None,
    n_alphas: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of the path, from the smallest alpha that keeps nothing; 100.", min=1),
    ] = None,
    alpha_min_ratio: Annotated[
        float | None, typer.Option(metavar="RATIO", help="Of the last alpha to the first; 1e-4, or 1e-2 where p > n.")
    ] = None,
    cv: Annotated[int, typer.Option(metavar="FOLDS", help="Of the cross-validation; 0: none.", min=0)] = 10,
    repeats: Annotated[int, typer.Option(metavar="N", help="Deal the folds so many times over.", min=1)] = 1,
    together: Together = None,
    forward: Forward = None,
    scoring: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of held-out rows, one of scikit-learn's; else their deviance.")
    ] = None,
    stability: Annotated[
        int | None,
        typer.Option(
            metavar="HALVES",
            help="Fit so many halves of the rows, --together kept whole, and count the features they keep.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the folds and halves.", min=0)] = 0,
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
        refuse_beside_radius(ctx, cv)
        cv = 0  # which goes over alphas
    rule, tol = "radius" if radius is not None else rule_of(select, cv), tolerance(tol)
    response = Response(
        loss_of(loss, order, ties),
        roles_of(target, time, event, start, strata, offset, exposure, weight, together, forward),
    )
    response.check()
    validation = Validation(cv, repeats, scoring, seed, together=together is not None, forward=forward is not None)
    validation.check()
    check_halves(stability)
    if prove and radius is None:
        raise typer.BadParameter("it goes with --penalty l0 --radius FEATURES", param_hint="--prove")
    asked = Asked(
        penalty_of(penalty), positive, numbers(lower or (), "--lower"), numbers(upper or (), "--upper"), groups
    )
    asked.check()
    options: dict[str, Any] = {"tol": tol} | grid_of(n_alphas, alpha_min_ratio)
    check_outputs(file, force=force, output=output, plot=plot, report=report)
    _refuse_terminal(ctx, file)

    from lozenge import screens, tables

    table = tables.encode(
        tables.read(file), response.roles, drop=drop or (), keep=keep or (), drop_missing_target=drop_missing_target
    )
    tell_notes(table.notes, quiet=quiet, everything=everything)
    options["loss"], found = response.on(table, cv, quiet=quiet)
    made_of = asked.on(table, free=unpenalised or (), several=bool(found.outputs), quiet=quiet)
    options |= {"penalty": made_of} if radius is None else {"constraint": ball(made_of, radius, prove=prove)}
    options |= validation.on(table)
    path = solve(table, rule, free=unpenalised or (), quiet=quiet, **options)
    if stability is not None:
        path = halved(path, stability, table, seed=seed, quiet=quiet)
    tell_beyond(path, table)
    if as_json:
        print_json(screens.record(path))
    else:
        path = entered(path, everything=everything)
        name = "standard input" if file == "-" else FilePath(file).name
        print_lines(screen_of(path, table, name, everything=everything), color)
    made = {}  # all of them before any is written
    if plot is not None:
        made[plot] = picture_of(path, plot)
    if report is not None:
        made[report] = page_of(ctx, path, table, file).encode()
    write(path, output, made, force=force, quiet=quiet)  # last: an answer that cannot be kept is still an answer
    if not (quiet or as_json):
        tell_next(path, output)
    if not screens.is_certified(path):
        raise typer.Exit(UNCERTIFIED)


@app.command()
def why(
    model: Saved,
    feature: Annotated[str, typer.Argument(metavar="FEATURE", autocompletion=features_of)],
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

    path = io.load(model) if data is None else revived(model, data, quiet=quiet)[0]
    check_feature(path, feature)
    rivals = [each for name in without or () for each in rivals_of(path, name)]
    reason = path.why(feature)
    instead = path.what_if(feature, rivals) if rivals else None
    if as_json:
        print_json(screens.finite(reason.to_dict() | ({} if instead is None else {"what_if": asdict(instead)})))
    else:
        texts = [str(reason)] + ([str(instead)] if instead else [])
        print_lines([screens.Line("", line) for text in texts for line in screens.wrap(text)], "never")
    own_up(path)


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
    check_outputs(file, force=force, page=output)
    _refuse_terminal(ctx, file)

    path, table = revived(model, file, quiet=quiet)
    made = {output: page_of(ctx, path, table, file).encode()}
    write(None, None, made, force=force, quiet=quiet)
    own_up(path)


@app.command()
def predict(ctx: typer.Context, model: Saved, file: File) -> None:
    """Predict the rows of a table; CSV to stdout.

    Means or quantiles; classes, with probabilities or a score; or the risk of an event, against a row of zeros.
    """
    _refuse_terminal(ctx, file)

    from lozenge import io, tables

    path = io.load(model)
    encoding = encoding_of(path)
    if encoding is None:
        raise ValueError(
            f"'{model}' was saved from Python, without the recipe of a table; predict there:"
            " lozenge.load(file).predict(X)"
        )
    names, frame = encoding.feature_names, tables.read(file)
    used = {names[j % len(names)] for j in path.coefs[:, [path.chosen]].nonzero()[0]}
    X, notes = encoding.apply(frame, used=used)
    offset = encoding.offset(frame)
    tell_notes(notes, quiet=False, everything=False)
    print_csv(predictions(path, X, offset))
    own_up(path)


@app.command()
def export(
    model: Saved,
    to: Annotated[
        Literal["sql", "onnx", "summary"],
        typer.Argument(metavar="FORMAT", help="sql, an expression over the table's columns; onnx; summary, as text."),
    ],
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="With sql: a whole SELECT from the table of that name.")
    ] = None,
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="FILE", help="For onnx: the file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    quiet: Quiet = False,
) -> None:
    """Say a saved model in another language: SQL or a summary on stdout, ONNX in a file."""
    if (output is not None) != (to == "onnx"):
        text = "onnx is written to a file, -o model.onnx; sql and summary go to stdout"
        raise typer.BadParameter(text, param_hint="-o")
    if table is not None and to != "sql":
        raise typer.BadParameter("it goes with sql", param_hint="--table")
    check_outputs(model, force=force, output=output)

    from lozenge import io

    path = io.load(model)
    if to == "onnx":
        made = exported(path)
        write(None, None, {str(output): made}, force=force, quiet=quiet)
    else:
        print_text(path.to_sql(table) if to == "sql" else path.summary())
    own_up(path)


@app.command()
def lesson(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", autocompletion=lessons_of)] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name them all.")] = False,
    data: Annotated[str | None, typer.Option(metavar="FILE", help="Run it on a table.")] = None,
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
    select: Annotated[str, typer.Option(metavar="RULE", help=f"With --data: {RULES}.")] = "1se",
    drop: Annotated[list[str] | None, columns("With --data: leave out; may be repeated.")] = None,
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
            tell("note", "lozenge lesson NAME runs one")
        print_lines(screens.contents({each: run().claim for each, run in LESSONS.items()}), color)
        return
    if name not in LESSONS:
        raise typer.BadParameter(f"{', '.join(LESSONS)}{meant(name, LESSONS)}; got '{name}'", param_hint="NAME")
    roles = roles_of(target, time, event, start, strata, offset, exposure, weight)
    if (data is None) != (not roles.explained):
        text = "--data FILE goes with --target COLUMN, or with --time and --event"
        raise typer.BadParameter(text, param_hint="--data")
    rule = rule_of(select, 10)
    check_outputs(data or "", force=force, plot=plot)
    if data is None:
        found = LESSONS[name]()
    else:
        response = Response(loss_of(loss, order, ties), roles)
        response.check()
        _refuse_terminal(ctx, data)
        table = tables.encode(tables.read(data), roles, drop=drop or (), drop_missing_target=drop_missing_target)
        found = LESSONS[name](taught(table, rule, response, quiet=quiet))
    print_lines(screens.lesson(found), color)
    if plot is not None:
        write(None, None, {plot: picture_of(found, plot)}, force=force, quiet=quiet)


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
    select: Annotated[str, typer.Option(metavar="RULE", help=f"Which alpha: {RULES}.")] = "1se",
    cv: Annotated[int, typer.Option(metavar="FOLDS", help="Of the cross-validation; 0: none.", min=0)] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the folds.", min=0)] = 0,
    tol: Annotated[float, typer.Option(metavar="GAP", help="Largest that is certified.")] = 1e-6,
    drop: Annotated[list[str] | None, columns("Leave out; may be repeated.")] = None,
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
    rule, tol = rule_of(select, cv), tolerance(tol)
    response = Response(
        loss_of(loss, order, ties), roles_of(target, time, event, start, strata, offset, exposure, weight)
    )
    response.check()
    asked = [Asked(penalty_of(text)) for text in penalty] if penalty else None
    check_outputs(file, force=force, plot=plot)
    _refuse_terminal(ctx, file)

    from lozenge import contest, screens, tables

    table = tables.encode(tables.read(file), response.roles, drop=drop or (), drop_missing_target=drop_missing_target)
    tell_notes(table.notes, quiet=quiet, everything=everything)
    task, target_of = response.on(table, cv, quiet=quiet)
    named = [each for name in feature or () for each in meaning(table, name, target_of.outputs)]
    with Bar(quiet=quiet) as bar:
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
    print_lines(screens.comparison(found, everything=everything), color)
    for text in map(found.contrast, named):
        print_lines([screens.Line("", line) for line in screens.wrap(text)], color)
    if plot is not None:
        write(None, None, {plot: picture_of(found, plot)}, force=force, quiet=quiet)
    if not found.certified.all():
        raise typer.Exit(UNCERTIFIED)


@app.command()
def demo(quiet: Quiet = False, color: Color = "auto") -> None:
    """Fit and explain two real tables; writes nothing."""
    from lozenge import screens, tables

    for file, target, frame in demo_tables():
        table = tables.encode(frame, target)
        loss, _ = Response(None, table.encoding.roles).on(table, 10, quiet=True)
        path = entered(solve(table, "1se", quiet=quiet, loss=loss, cv=10))
        lines = [screens.Line(f"$ lozenge fit {file} --target {target}"), screens.Line("")]
        lines += screen_of(path, table, file)
        for j in screens.telling(path):
            name = path.feature_names[j]
            lines += [
                screens.Line(""),
                screens.Line(f">>> print(path.why({name!r}))"),
                screens.Line(""),
            ]
            lines += [screens.Line("", line) for line in screens.wrap(str(path.why(j)))]
        print_lines([*lines, screens.Line(""), screens.Line("")], color)
    tell("note", "yours: lozenge fit FILE --target COLUMN")


def _refuse_terminal(ctx: typer.Context, file: str) -> None:
    if file == "-" and sys.stdin.isatty():
        typer.echo(f"{ctx.get_help()}\n", err=True)
        tell("error", f"standard input is a terminal; pipe a table: cat data.csv | {ctx.command_path} ...")
        raise typer.Exit(USAGE)
