"""From a table to a path, and from a path to its lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lozenge.cli.naming import encoding_of, unpriced
from lozenge.cli.telling import Bar, tell_notes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lozenge.cli.response import Response
    from lozenge.results import Path
    from lozenge.screens import Line
    from lozenge.tables import Table


def solve(
    table: Table,
    rule: str | float,
    *,
    free: Sequence[str] = (),
    quiet: bool = False,
    **options: Any,
) -> Path:
    """Fit a path to a table."""
    from lozenge import fit as fits

    names = table.feature_names
    options |= {"sample_weight": table.weight, "offset": table.offset}
    if weight := unpriced(table.encoding, free):
        options["penalty_weights"] = weight
    ball = options.get("constraint")
    with Bar(quiet=quiet, axis="size" if ball is not None and ball.counts else "alpha") as bar:
        path = fits.path(table.X, table.y, feature_names=names, progress=bar, **options)
        path = path if rule == "radius" else fits.choose(path, rule)
    model = replace(path.model, target=table.encoding.roles.title)
    return replace(path, encoding=table.encoding.to_dict(), model=model)


def halved(path: Path, count: int, table: Table, *, seed: int, quiet: bool) -> Path:
    """The path with what halves of the rows keep at its chosen α."""
    with Bar(quiet=quiet) as bar:
        found = path.stability(count, groups=table.beside.together, seed=seed, progress=bar)
    return replace(path, halves=found)


def entered(path: Path, *, everything: bool = False) -> Path:
    """The path with the α at which the features enter that a screen lists; of several outputs it lists zeros alone."""
    from lozenge import fit as fits
    from lozenge import screens

    listed = screens.shown(path, everything=everything)
    kept = () if path.model.outputs else listed.kept[: screens.DETAILED]
    return fits.refined(path, [*kept, *listed.zeros[: screens.DETAILED]])


def revived(model: str, file: str, *, quiet: bool) -> tuple[Path, Table]:
    """A saved path with its data behind it again."""
    from lozenge import fit as fits
    from lozenge import io, tables

    path = io.load(model)
    encoding = encoding_of(path)
    if encoding is None or path.model.target is None:
        raise ValueError(f"'{model}' was saved from Python, without the recipe of a table; use path.why there")
    table = tables.again(tables.read(file), encoding)
    tell_notes(table.notes, quiet=quiet, everything=False)
    return fits.revive(path, table.X, table.y, sample_weight=table.weight, offset=table.offset), table


def screen_of(path: Path, table: Table, file: str, *, everything: bool = False) -> list[Line]:
    """The lines that tell of a path."""
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
    )


def predictions(path: Path, X: NDArray[np.float64], offset: NDArray[np.float64] | None) -> Iterator[list[object]]:
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


def demo_tables() -> Iterator[tuple[str, str, Any]]:
    """Two tables that come with scikit-learn: name of the file, target, columns."""
    import polars as pl
    from sklearn import datasets

    diabetes = datasets.load_diabetes(scaled=False)
    frame = pl.DataFrame(dict(zip(diabetes.feature_names, diabetes.data.T, strict=True)))
    yield "diabetes.csv", "progression", frame.with_columns(progression=pl.Series(diabetes.target))
    cancer = datasets.load_breast_cancer()
    frame = pl.DataFrame(dict(zip(cancer.feature_names.tolist(), cancer.data.T, strict=True)))
    tumour = cancer.target_names[cancer.target].tolist()
    yield "cancer.csv", "tumour", frame.with_columns(tumour=pl.Series(tumour))


def taught(table: Table, rule: str | float, response: Response, *, quiet: bool) -> Path:
    """The lasso on a table, as ``fit`` makes it."""
    tell_notes(table.notes, quiet=quiet, everything=False)
    cv = 10 if isinstance(rule, str) else 0
    loss, _ = response.on(table, cv, quiet=quiet)
    return entered(solve(table, rule, quiet=quiet, loss=loss, cv=cv or None))
