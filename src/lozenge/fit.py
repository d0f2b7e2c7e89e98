"""`lozenge.path`: check what came in, build the problems, run the engine, give the answer in the user's units."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lozenge import criteria, engine, folds, gate, radii, selection, sizes, splits, stability
from lozenge import problem as problems
from lozenge.certificate import DEGENERATE
from lozenge.design import as_design
from lozenge.losses import LOSSES
from lozenge.penalties.balls import counted
from lozenge.penalties.words import made
from lozenge.results import CrossValidation, History, Likelihood, Model, Path, Solution, Split, Survival
from lozenge.scoring import Judge
from lozenge.shards import Fleet, Shard
from lozenge.sized import Subsets
from lozenge.source import Source
from lozenge.source import weights as weights_of
from lozenge.threads import one_pool
from lozenge.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csc_array

    from lozenge.design.base import Floats
    from lozenge.engine import Null, Step
    from lozenge.losses import Loss, Target
    from lozenge.penalties import Penalty
    from lozenge.penalties.balls import Ball, L0Ball
    from lozenge.problem import Moments, Problem
    from lozenge.results import Indices
    from lozenge.results import Source as Live
    from lozenge.selection import Rule

    Progress = Callable[[int, int, int, float], None]

SAME_FORCES = 1e-5  # of the largest force
SAME = 1e-9  # of a mean or a spread: the rows are the model's
USUAL = 100  # values of α that a grid of unknown length is taken to have
REFINED_TO = 1e-5  # relative width of an entry's bracket
STANDING = 1e-12  # of α: a hold so small is rounding
PATIENCE = 3  # steps that do not halve the bracket, before one does
CONSTANTS = 200  # Newton steps of the best constant
SHORTER = (1.0, 0.3, 0.1, 0.01)  # shares of one that are tried
REFINING, CLOSING = 15.0, 8  # predicted seconds that `refined` may take, and solutions that close in on one α
FEWEST_REFINED = 10  # weights that it takes on whatever they cost
MOST_REFINED = 200  # weights that `refined` takes on when none are named


@one_pool()
def path(
    X: Any,
    y: Any,
    *,
    loss: str | Loss = "squared",
    penalty: str | Penalty | Any = "l1",
    constraint: Ball | None = None,
    alphas: Any = None,
    n_alphas: int = 100,
    alpha_min_ratio: float | None = None,
    sample_weight: Any = None,
    offset: Any = None,
    fit_intercept: bool = True,
    standardize: bool = True,
    penalty_weights: Any = None,
    tol: float = 1e-6,
    cv: Any = None,
    groups: Any = None,
    repeats: int = 1,
    scoring: str | Callable[..., float] | None = None,
    seed: int = 0,
    feature_names: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Minimise  (1/Σw) Σᵢ wᵢ f(yᵢ, ηᵢ) + α Ω(b),  η = offset + b₀ + X b,  for a whole path of α, each certified.

    Parameters
    ----------
    X : (n, p)
        Array (float64 and float32 in either memory order are not copied), any SciPy sparse matrix, or a pandas, polars
        or pyarrow frame of numbers.
    y : (n,) or (n, columns)
        What the loss is for.  Numbers: ``squared``, ``huber``, ``quantile``.  Counts, or amounts from zero on:
        ``poisson``, ``negative_binomial``, ``tweedie``; above zero: ``gamma``.  Two classes of any type: ``logistic``,
        ``squared_hinge``; more: ``multinomial``; in an order: ``ordinal``.  Columns time, event and optionally start
        and strata, by their names or in this order: ``cox``.  One column per response: ``multitask``.
    loss : str or Loss
        A name with its defaults, ``name:number`` such as ``"quantile:0.9"``, or an instance of a class of
        `lozenge.losses`, where each has its formula.  Or any object with ``value(y, eta)``, ``gradient``, ``curvature``
        and ``check(y)``: see `lozenge.losses.own` and `lozenge.testing.check_loss`.
    penalty : str or Penalty
        A name with its defaults, ``name:number``, or an instance such as ``ElasticNet(l1_ratio=0.9)`` of a class of
        `lozenge.penalties`: ``"l1"``, ``"l2"``, ``"elasticnet"``; ``"lq"`` and ``"l0"``; the concave ``"mcp"``,
        ``"scad"``, ``"log"`` and ``"capped_l1"``; ``Group(groups=...)``, ``SparseGroup`` and ``GroupMCP``, whose groups
        are labels, {name: columns} or lists of columns; ``"slope"`` (``Slope(q=0.1)`` or ``lambdas=``); ``"tv"`` along
        the columns.  The first nine take bounds in the user's units: ``L1(positive=True)``, ``lower=`` and ``upper=``,
        one number, one per column or {name: number}.  Or any object with ``value(B, alpha)`` and
        ``prox(Z, step, alpha)``: see `lozenge.penalties.own`.
    constraint : L1Ball, L2Ball, GroupBall or L0Ball, optional
        Takes the place of the penalty: minimise the mean loss subject to a norm ≤ t, one column of the answer per
        radius, from small to large.  ``alphas`` then holds the multipliers.  Of `L0Ball`, best subsets by their size,
        there are none: they are nan.
    alphas : (L,), optional
        Used from large to small, each once.  0 leaves every column unpenalised; inf stands for the α where the null
        model begins.
    n_alphas, alpha_min_ratio : int, float
        Without ``alphas``: a geometric grid from αmax, where every penalised weight is exactly zero, to
        ``alpha_min_ratio`` times it (1e-4 if n > p, else 1e-2).
    sample_weight : (n,), optional
        Non-negative; integer weights equal repeated rows.
    offset : (n,), or (n, q) for q classes or responses with weights of their own, optional
        Added to η; under a log link the log of an exposure.
    standardize : bool
        Ω acts on sⱼbⱼ, sⱼ the weighted population standard deviation; a constant column gets weight 0.  Weights are
        reported in the user's units either way.
    penalty_weights : (p,) or {name: weight}, optional
        vⱼ, used as given: 0 never penalises a column, inf excludes it.  One for all weights of a column.
    tol : float
        On the relative duality gap, (primal - dual)/(null loss - saturated loss), at every α.
    cv : int, fold labels (n,), splitter or pairs of row indices, optional
        Each fold is standardised on its own training rows, over the same grid.
    groups : (n,) labels, optional
        Rows with the same label are tested together: of an int ``cv``, or handed to a splitter.
    repeats : int
        An int ``cv`` is dealt so many times over, and the curve is the mean.
    scoring : str or callable(estimator, X, y), optional
        What held-out rows are scored by in place of their deviance, one of scikit-learn's names; more is better.  A
        callable's estimator answers for the held-out rows, and its X (m, 1) holds their numbers.
    seed : int
        Of the shuffle for an int ``cv``.
    progress : callable(done, total, kept, gap), optional
        Called after each α of each fold.

    Returns
    -------
    Path
        Weights (p, L) in the user's units, with a certificate each.  Under ``multinomial`` and ``multitask`` a column
        has a weight for each of q classes or responses: (p·q, L), those of the first output first, called
        ``age[setosa]``, and intercepts (L, q).  Under ``penalty="l1"`` each is chosen for itself; under ``"group"`` a
        column enters for all outputs or none.

    Raises
    ------
    ValueError, TypeError
        For input that cannot be fitted as given: what is wrong, what was got, what to do.

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33, eq. 1.

    Examples
    --------
    Two orthogonal standardised columns: the lasso takes α off each weight, and the smaller one stops at zero.

    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> fit = lz.path(X, X @ [3.0, 0.5], alphas=[1.0])
    >>> fit.coefs.toarray().round(12)
    array([[2.],
           [0.]])
    >>> bool(fit.gaps[0] <= 1e-6)
    True

    Counts of mean 1 and 4 where the first column is -1 and 1: the smallest α leaves it next to all of ½ log 4.

    >>> counts = lz.path(X, [4, 4, 1, 1], loss="poisson", feature_names=["dose", "placebo"])
    >>> counts.coefs[:, [-1]].toarray().round(2)
    array([[0.69],
           [0.  ]])
    """
    options = {"loss": loss, "sample_weight": sample_weight, "offset": offset}
    options |= {"fit_intercept": gate.switch(fit_intercept, "fit_intercept")}
    options |= {
        "standardize": gate.switch(standardize, "standardize"),
        "penalty_weights": penalty_weights,
        "feature_names": feature_names,
    }
    choosing = {"cv": cv, "groups": groups, "repeats": repeats, "scoring": scoring, "seed": gate.seed(seed)}
    if constraint is not None:
        gate.unconstrained(constraint, alphas, cv)
        if constraint.counts:
            tol = gate.tolerance(tol)
            posed = _posed(X, y, penalty=constraint.penalty(), alphas=constraint.radii, **choosing, **options)
            return _by_size(posed, cast("L0Ball", constraint), tol, seed, progress)
        options |= {"tol": tol, "progress": progress}
        whole = path(X, y, penalty=constraint.penalty(), n_alphas=n_alphas, alpha_min_ratio=alpha_min_ratio, **options)
        return _confined(whole, constraint)
    tol = gate.tolerance(tol)
    posed = _posed(X, y, penalty=penalty, alphas=alphas, **choosing, **options)
    gate.bounds(posed.penalty, posed.weights, posed.names)
    fleet, built, lean, nulls, unit = posed.fleet, posed.built, posed.lean, posed.nulls, posed.unit
    full, still = built[0], posed.still
    pull = nulls[0].point.pull[full.penalised]
    alpha_max = 0.0 if still else full.grid_start(pull, nulls[0].point.loss) * unit
    if still and lean is not built:
        lean = built
        nulls = engine.outcomes([(each.fleet, engine.null(each)) for each in lean])
    alpha_max = gate.start(alpha_max, alphas, posed.penalty.name)
    grid = gate.grid(alphas, alpha_max, n_alphas, alpha_min_ratio, posed.penalty, tall=posed.tall)
    work = Working(lean[0])
    steps = folds.follow(lean, nulls, work, grid / unit, tol, still=still, progress=progress)
    if lean is not built:
        folds.confirm(fleet, built, nulls, steps, tol)
    model = _model(posed, nulls[0], alpha_max, tol)
    source = Source(fleet, full, nulls[0], work, model, posed.names, unit)
    source.unchanged()
    settled = source.settled(steps[0])
    for alpha, step in zip(grid, settled, strict=True):
        source.remember(float(alpha), step)
    result = _assemble(settled, grid, source, _crossed(posed, lean, nulls, steps, grid, seed))
    return _usual(result)


@dataclass(frozen=True, eq=False)
class _Posed:
    """The problem on all rows and those of the folds, checked, measured, and with their null models.

    Attributes
    ----------
    built, lean : the problems, on the rows, and on rows that are summed up first where that is the cheaper way
    nulls : of the lean ones
    asked : the penalty as it was given
    penalty, weights, names : over the weights: the columns of X, as often as there are outputs of their own
    features : names of the columns of X
    still : y is constant, or nothing pulls by more than rounding: every α > 0 gives the null model
    tall : more rows than columns
    """

    fleet: Fleet
    built: list[Problem]
    lean: list[Problem]
    nulls: list[Null]
    asked: Penalty
    penalty: Penalty
    weights: Floats
    names: tuple[str, ...]
    features: tuple[str, ...]
    unit: float
    target: Target
    weight_sum: float
    location: tuple[Any, Any]
    moments: Moments
    likelihood: Likelihood | None
    table: NDArray[np.uint8] | None
    grouped: bool
    judge: Judge | None
    standardize: bool
    fit_intercept: bool
    offset: bool
    still: bool
    tall: bool


def _posed(
    X: Any,
    y: Any,
    *,
    loss: str | Loss,
    penalty: str | Penalty | Any,
    alphas: Any,
    sample_weight: Any,
    offset: Any,
    fit_intercept: bool,
    standardize: bool,
    penalty_weights: Any,
    cv: Any,
    groups: Any,
    repeats: int,
    scoring: Any,
    seed: int,
    feature_names: Sequence[str] | None,
) -> _Posed:
    penalty = gate.penalty(penalty)
    design, own_names = as_design(X)
    n, p = design.shape
    features = gate.names(feature_names, own_names, p)
    asked = gate.loss(loss)
    answers, columns_of_y = gate.response(y, n)
    target = asked.check(answers, columns_of_y)
    loss = asked.on(target)
    weights = gate.weights(sample_weight, n)
    shift = gate.offset(offset, n, loss)
    gate.agreed(loss, penalty)
    laid_out = penalty.named(features)
    v = gate.penalty_weights(penalty_weights, features, laid_out, penalty.aliases(features))
    names = weight_names(features, target.outputs)
    copies = len(names) // p
    if copies > 1:
        laid_out, v = laid_out.copied(copies), np.tile(v, copies)
    gate.choosing(cv, groups, repeats, scoring)
    table = None if cv is None else splits.table(cv, answers, target.kinds, seed, groups=groups, repeats=repeats)
    gate.folds(table, target, weights.values)
    judge = None
    if scoring is not None:
        judge = Judge(scoring, answers, target.classes, None if sample_weight is None else weights.given)

    unit = loss.unit(target.values)
    shard = Shard(
        design=design,
        loss=loss,
        y=target.values / unit,
        weights=weights.values,
        offset=None if shift is None else shift / unit,
        folds=table,
        kinds=target.kinds,
    )
    fleet = Fleet((shard,))
    parts = [None] + [Split(k, "train") for k in range(0 if table is None else table.shape[1])]
    moments = problems.measure(fleet, parts)
    built = [
        problems.build(
            fleet, loss, laid_out.in_units(unit), m, v, split=s, fit_intercept=fit_intercept, standardize=standardize
        )
        for m, s in zip(moments, parts, strict=True)
    ]
    # The same problems, on rows that are summed up first where that is the cheaper way.
    location = _location(loss, target.values / unit, weights.values)
    lean = folds.summed(fleet, built, USUAL if alphas is None else np.size(alphas), location[0])
    nulls: list[Null] = engine.outcomes([(each.fleet, engine.null(each)) for each in lean])
    built, lean = (
        [problems.bent(each, null.bend) for each, null in zip(found, nulls, strict=True)] for found in (built, lean)
    )
    full, null = built[0], nulls[0]
    pull = null.point.pull[full.penalised]
    noise = 8 * full.fleet.rounding * np.sqrt(null.point.residual)
    return _Posed(
        fleet=fleet,
        built=built,
        lean=lean,
        nulls=nulls,
        asked=penalty,
        penalty=laid_out,
        weights=v,
        names=names,
        features=features,
        unit=unit,
        target=target,
        weight_sum=weights.total,
        location=location,
        moments=moments[0],
        likelihood=loss.likelihood(target.values, weights.given),
        table=table,
        grouped=groups is not None,
        judge=judge,
        standardize=standardize,
        fit_intercept=fit_intercept,
        offset=shift is not None,
        still=null.point.loss - full.saturated <= DEGENERATE or bool((np.abs(pull) <= noise).all()),
        tall=int(np.count_nonzero(weights.values)) > p,
    )


def _model(posed: _Posed, null: Null, alpha_max: float, tol: float) -> Model:
    full, unit, affine = posed.built[0], posed.unit, posed.fleet.affine
    copies = len(posed.names) // len(posed.features)
    sd = np.tile(posed.moments.sd / affine.scale, copies)
    _, null_intercept = full.in_user_units(null.point.beta, full.free)
    y_mean, y_sd = posed.location
    return Model(
        loss=full.loss.name,
        loss_parameters=full.loss.parameters(),
        penalty=posed.penalty.name,
        penalty_parameters=posed.asked.parameters(),
        fit_intercept=posed.fit_intercept,
        standardize=posed.standardize,
        tol=tol,
        n=posed.fleet.rows,
        weight_sum=posed.weight_sum,
        alpha_max=alpha_max,
        null_loss=folds.squared(unit) * null.point.loss,
        saturated_loss=folds.squared(unit) * full.saturated,
        null_intercept=one_or_many(null_intercept * unit),
        y_mean=y_mean * unit,
        y_sd=y_sd * unit,
        scale=sd,
        center=np.tile((posed.moments.mean + affine.shift) / affine.scale, copies),
        penalised_unit=np.where(sd > 0, sd, 1.0) if posed.standardize else np.ones(len(posed.names)),
        penalty_weights=posed.weights,
        constant=~full.usable,
        classes=posed.target.classes,
        outputs=posed.target.outputs,
        offset=posed.offset,
        likelihood=posed.likelihood,
    )


def one_or_many(intercepts: Floats) -> Any:
    """A number where there is one output, else all of them."""
    return float(intercepts[0]) if len(intercepts) == 1 else intercepts


def _crossed(
    posed: _Posed, lean: list[Problem], nulls: list[Null], steps: list[list[Step]], grid: Floats, seed: int
) -> CrossValidation | None:
    """The cross-validated curve, with the folds' own paths; None without folds."""
    if posed.table is None:
        return None
    cross = folds.cross_validate(posed.fleet, lean, nulls, steps, grid, posed.table, posed.unit, seed, posed.judge)
    found = [
        [weights_of(each, step, posed.unit) for step in own] for each, own in zip(lean[1:], steps[1:], strict=True)
    ]
    intercepts = np.array([[one_or_many(intercept) for _, _, intercept in own] for own in found])
    return replace(
        cross,
        coefs=tuple(_matrix(own, len(posed.names)) for own in found),
        intercepts=intercepts,
        grouped=posed.grouped,
    )


def _by_size(posed: _Posed, ball: L0Ball, tol: float, seed: int, progress: Progress | None) -> Path:
    """Best subsets of all rows, one column per size, and those of the folds."""
    sizes_asked, count = ball.radii, len(ball.radii) * len(posed.lean)
    if posed.built[0].loss.width > 1:
        raise ValueError(
            f"L0Ball counts features of one output; loss {posed.built[0].loss.name!r} has {posed.built[0].loss.width}. "
            'Use penalty="group" for features that enter for all outputs or none'
        )
    own = np.flatnonzero(~np.isin(posed.weights, (0.0, 1.0, np.inf)))
    if len(own) and not ball.ridge > 0.0:
        raise ValueError(
            "L0Ball counts features, all alike: penalty_weights may be 0 (always in), 1 or inf (never in), or weigh "
            f"its ridge; got {posed.weights[own[0]]:g} for {posed.names[own[0]]!r} and no ridge. For prices of entry "
            'use penalty="l0"'
        )
    steps: list[list[Step]] = []
    for number, (lean, exact, null) in enumerate(zip(posed.lean, posed.built, posed.nulls, strict=True)):
        whole, told = number == 0, partial(_told, progress, number * len(sizes_asked), count)
        found = sizes.search(lean, exact, null, ball, tol, still=posed.still and whole, judged=whole, progress=told)
        steps.append(found)
    model = _model(posed, posed.nulls[0], float("nan"), tol)
    full = posed.built[0]
    source = Subsets(posed.fleet, full, posed.nulls[0], Working(full), model, posed.names, posed.unit)
    source.unchanged()
    nowhere = np.full(len(sizes_asked), np.nan)
    for size, step in zip(sizes_asked.tolist(), steps[0], strict=True):
        source.remember(size, step)
    result = _assemble(steps[0], nowhere, source, _crossed(posed, posed.lean, posed.nulls, steps, nowhere, seed))
    return _usual(replace(result, radii=sizes_asked), asked=len(sizes_asked) == 1)


def _usual(found: Path, *, asked: bool = False) -> Path:
    """Chosen by the 1-SE rule where there is a curve, else the last; or the one radius that was asked for."""
    if found.cv is None:
        return _placed(found, Place("radius" if asked else "last", k=len(found.axis) - 1))
    return _placed(found, picked(found, "1se"))


def _told(progress: Progress | None, before: int, total: int, done: int, kept: int, gap: float) -> None:
    if progress is not None:
        progress(before + done, total, kept, gap)


def _confined(whole: Path, ball: Ball) -> Path:
    """The solutions within balls, on the path of the penalty that has the same ones."""
    source = whole.source
    if not isinstance(source, Source):
        raise TypeError("a path that was just fitted has its data")
    found = radii.within(source, ball.radii.tolist())
    steps = source.settled([replace(step, index=k) for k, (_, step) in enumerate(found)])
    for (alpha, _), step in zip(found, steps, strict=True):
        if alpha > 0.0:
            source.remember(alpha, step)
    result = _assemble(steps, np.array([alpha for alpha, _ in found]), source, None)
    return _usual(replace(result, radii=ball.radii), asked=len(ball.radii) == 1)


def _location(loss: Loss, y: Floats, w: Floats) -> tuple[Any, Any]:
    """Mean and spread, of every output where y has a column for each; 0 where its columns are something else."""
    if y.ndim > 1 and y.shape[1] != loss.width:
        return 0.0, 0.0
    mean = w @ y / w.sum()
    sd = np.sqrt(w @ np.square(y - mean) / w.sum())
    return (mean, sd) if y.ndim > 1 else (float(mean), float(sd))


def _assemble(steps: list[Step], grid: Floats, source: Source, cross: CrossValidation | None) -> Path:
    weights = [source.weights(step) for step in steps]
    coefs = _matrix(weights, source.problem.p)
    penalised = np.isin(np.arange(source.problem.p), source.problem.penalised)
    return Path(
        alphas=grid,
        coefs=coefs,
        intercepts=np.array([one_or_many(intercept) for _, _, intercept in weights]),
        gaps=np.array([source.gap(step) for step in steps]),
        deviance_ratio=np.array([source.explained(step.loss) for step in steps]),
        df=np.array([np.count_nonzero(penalised[rows]) for rows, _, _ in weights]),
        unique=np.array([step.unique for step in steps], dtype=bool),
        status=tuple(step.status for step in steps),
        certificates=tuple(source.certificate(step) for step in steps),
        passes=source.fleet.passes,
        feature_names=source.names,
        model=source.model,
        history=_history(coefs),
        chosen=len(steps) - 1,
        cv=cross,
        source=source,
    )


def _matrix(weights: list[tuple[Indices, Floats, Floats]], p: int) -> csc_array:
    """(p, L) of the weights at each α."""
    from scipy.sparse import csc_array

    edges = np.cumsum([0, *(len(rows) for rows, _, _ in weights)])
    entries = (np.concatenate([values for _, values, _ in weights]), np.concatenate([rows for rows, _, _ in weights]))
    return csc_array((*entries, edges), shape=(p, len(weights)))


def _history(coefs: Any) -> History:
    by_row = coefs.tocsr()
    by_row.sort_indices()
    p, count = by_row.shape
    row = np.repeat(np.arange(p), np.diff(by_row.indptr))
    at, sign = by_row.indices, np.sign(by_row.data)
    entered = np.full(p, -1)
    kept = np.diff(by_row.indptr) > 0
    entered[kept] = at[by_row.indptr[:-1][kept]]
    # Neighbouring entries of a row that are not neighbours on the grid enclose an exit.
    together = np.append((row[1:] == row[:-1]) & (at[1:] == at[:-1] + 1), np.zeros(len(at[:1]), dtype=bool))
    exits = ~together & (at + 1 < count)
    turns = np.flatnonzero(together)
    turns = turns[sign[turns] * sign[np.minimum(turns + 1, len(at) - 1)] < 0]
    nowhere = np.full(p, np.nan)
    return History(
        enters_at=nowhere,
        leaves_at=nowhere.copy(),
        entered=entered,
        exits=tuple(zip(row[exits].tolist(), (at[exits] + 1).tolist(), strict=True)),
        sign_changes=tuple(zip(row[turns].tolist(), (at[turns] + 1).tolist(), strict=True)),
    )


def revive(found: Path, X: Any, y: Any, *, sample_weight: Any = None, offset: Any = None) -> Path:
    """A loaded path with its data behind it again, so that it can be asked what only the data can tell.

    Raises
    ------
    ValueError
        If these are not the rows that it was fitted on: their number, means, spreads and forces are compared.
    """
    model = found.model
    penalty = made(model.penalty, model.penalty_parameters)
    # What is kept at an α under a concave penalty depends on the way there.
    first = found.chosen if penalty.convex else 0
    asked: dict[str, Any] = {"alphas": found.alphas[first : found.chosen + 1]}
    if found.by_size:
        asked = {"constraint": counted(penalty)}
    fresh = path(
        X,
        y,
        loss=loss_of(model),
        penalty=penalty,
        **asked,
        sample_weight=sample_weight,
        offset=offset,
        fit_intercept=model.fit_intercept,
        standardize=model.standardize,
        penalty_weights=model.penalty_weights[: len(columns(found))],
        tol=model.tol,
        feature_names=columns(found),
    )
    if fresh.model.n != model.n:
        raise ValueError(
            f"these are not the rows of the model: it was fitted on {model.n:,}, here are {fresh.model.n:,}"
        )
    for what in ("y_mean", "y_sd", "center", "scale"):
        before, now = np.atleast_1d(getattr(model, what)), np.atleast_1d(getattr(fresh.model, what))
        spread = np.atleast_1d(model.y_sd if what.startswith("y") else model.scale)
        off = np.flatnonzero(~(np.abs(now - before) <= SAME * (np.abs(before) + spread)))
        if len(off):
            name = "the target" if what.startswith("y") else f"{found.feature_names[off[0]]!r}"
            figure = "mean" if what in {"y_mean", "center"} else "standard deviation"
            raise ValueError(
                f"these are not the rows of the model: the {figure} of {name} was {before[off[0]]:.6g} and is "
                f"{now[off[0]]:.6g} here"
            )
    live = fresh.source
    if isinstance(live, Subsets):  # a search may end elsewhere: the subset is the model's
        live.place(float(found.axis[found.chosen]), chosen(found))
    if live is not None and found.forces is not None:
        # Means and spreads do not see a column, or the target, in another order of rows; the forces do.
        again = live.forces(float(found.axis[found.chosen]))
        size = float(np.max(np.abs(found.forces.marginal), initial=0.0))
        # Two answers with a gap of tol differ in their pulls by a few times its root.
        for before, now, share in (
            (found.forces.marginal, again.marginal, SAME_FORCES),
            (found.forces.left, again.left, SAME_FORCES + 4.0 * np.sqrt(model.tol)),
        ):
            off = np.flatnonzero(~(np.abs(now - before) <= share * size))
            if len(off):
                raise ValueError(
                    f"these are not the rows of the model: what {found.feature_names[off[0]]!r} says of the target is "
                    "another than it was. The same rows, in any order, are needed"
                )
    return replace(found, source=live)


@one_pool()
def at(found: Path, alpha: float | None, *, df: int | None = None) -> Solution:
    """Give the solution at α, or at the smallest α on the grid with at most ``df`` non-zero penalised weights.

    Raises
    ------
    ValueError
        If neither or both are given, if no α has so few, if α is not on the grid of a loaded path.
    """
    if alpha is not None and found.by_size:
        raise ValueError(
            f"this path goes by the number of features and its solutions belong to no alpha; got alpha {alpha}. Name "
            "the number: path.at(df=3)"
        )
    if (alpha is None) == (df is None):
        raise ValueError("name either alpha or df: path.at(0.1) or path.at(df=12)")
    if df is not None:
        if df != int(df) or df < 0:
            raise ValueError(f"df must be a whole number of non-zero weights, 0 or more; got {df!r}")
        return _on_grid(found, _sparsest(found, int(df)))
    value = gate.alpha(alpha)
    if not 0 <= value < np.inf:
        raise ValueError(f"alpha must be 0 or positive, and finite; got {value}")
    near = int(np.argmin(np.abs(found.alphas - value)))
    if found.alphas[near] == value:
        return _on_grid(found, near)
    if found.source is None:
        raise ValueError(
            f"alpha {value:g} is not on the grid of this loaded path (nearest: {found.alphas[near]:.6g}); "
            "a loaded path holds grid points only. Fit again to solve elsewhere"
        )
    found.source.unchanged()
    return found.source.solve(value)


def _sparsest(found: Path, df: int) -> int:
    """The last place on the grid with at most ``df`` non-zero penalised weights."""
    few = np.flatnonzero(found.df <= df)
    if not len(few):
        what = "size" if found.by_size else "alpha"
        raise ValueError(f"no {what} on this path has at most {df} non-zero weights; the sparsest has {found.df.min()}")
    return int(few[-1])


@one_pool()
def curvature(found: Path, alpha: float) -> float:
    """Give the smallest eigenvalue of the objective's Hessian on the support at α."""
    return _live(found, "curvatures").curvature(alpha)


@one_pool()
def locally_convex_to(found: Path) -> float:
    """Give the smallest α on the grid down to which every solution has a curvature above 0."""
    source, last = _live(found, "curvatures"), float("nan")
    for alpha in found.alphas.tolist():
        if alpha > 0.0 and not source.curvature(alpha) > 0.0:
            break
        last = alpha
    return last


@one_pool()
def radius(found: Path, alpha: float) -> float:
    """Give the penalty's norm at α."""
    source = _monotone(found)
    if alpha >= found.model.alpha_max:
        return 0.0 if found.model.penalty != "l2" else source.radius(alpha)
    return source.radius(alpha)


@one_pool()
def alpha_for(found: Path, t: float) -> float:
    """Give the α whose solution has norm t."""
    if not 0.0 <= t < np.inf:
        raise ValueError(f"a radius must be 0 or positive, and finite; got {t}")
    return radii.alpha_for(_monotone(found), t)


@one_pool()
def best(found: Path, rule: Rule) -> Solution:
    """Give the solution that a rule names."""
    place = picked(found, rule)
    _tell(place)
    if place.k is not None:
        return _on_grid(found, place.k)
    return at(found, place.alpha)


@dataclass(frozen=True)
class Place:
    """What a rule picks: a point of the path's own grid, or an α that may lie off it.

    Attributes
    ----------
    name : of the rule
    doubt : what to say of a choice at an end of the grid, or by weights that are no counts
    """

    name: str
    k: int | None = None
    alpha: float = float("nan")
    doubt: str | None = None


def picked(found: Path, rule: Rule) -> Place:
    """Find what a rule picks.

    Raises
    ------
    ValueError
        For an unknown rule, or one that needs what this path has not.
    """
    if not isinstance(rule, str) and not callable(rule):
        return Place("alpha", alpha=gate.alpha(rule))
    rule = rule.strip().lower() if isinstance(rule, str) else rule
    asked = selection.rule(rule) if isinstance(rule, str) else selection.Asked("own")
    if asked.name == "df":
        return Place(str(rule), k=_sparsest(found, int(asked.number)))
    if asked.name == selection.STEADY:
        return Place(asked.name, k=stability.steady(found))
    if asked.name in selection.CRITERIA:
        made = criteria.criterion(found, asked.name, asked.number)
        cost = np.where(made.allowed, made.values, np.nan)
        doubt = criteria.light(found, asked.name.upper()) or _edge(found, found.alphas, made.index, cost)
        return Place(str(rule), k=made.index, doubt=doubt)
    k = selection.on_curve(found.cv, cast("Any", rule))
    if found.by_size or found.cv is None:
        return Place(asked.name, k=k)
    grid = found.cv.alphas
    # The 1-SE rule starts from the best score, wherever that is.
    place = found.cv.index_min if asked.name == "1se" else k
    return Place(asked.name, alpha=float(grid[k]), doubt=_edge(found, grid, place, found.cv.cost))


def _edge(found: Path, grid: Floats, k: int, cost: Floats) -> str | None:
    return None if found.by_size else selection.edge(grid, found.model.alpha_max, k, cost)


def _tell(place: Place) -> None:
    if place.doubt is not None:
        warnings.warn(place.doubt, stacklevel=5)  # past the verb of `Path` and what limits the threads


def chosen(found: Path) -> Solution:
    """Give the solution that verbs use when none is named."""
    return _on_grid(found, found.chosen)


def _live(found: Path, asked: str) -> Source:
    """The data behind a path."""
    if found.by_size:
        raise ValueError(
            f"this path goes by the number of features and its solutions belong to no alpha, so it has no {asked}; fit "
            "with penalty= for a path that goes by alpha"
        )
    source = found.source
    if source is None or not isinstance(source, Source):
        raise ValueError(f"a loaded path knows its grid only; fit again to ask for {asked}")
    source.unchanged()
    return source


def _monotone(found: Path) -> Source:
    """The data behind a path whose norm falls as α grows."""
    source = _live(found, "radii")
    if not source.convex:
        raise ValueError(
            f"under {found.model.penalty} the solutions jump as alpha falls, so that radii and alphas do not determine "
            "each other; use a convex penalty"
        )
    return source


def _on_grid(found: Path, k: int) -> Solution:
    return Solution(
        alpha=float(found.alphas[k]),
        coef=found.coefs[:, [k]].toarray()[:, 0],
        intercept=one_or_many(np.atleast_1d(found.intercepts[k])),
        gap=float(found.gaps[k]),
        deviance_ratio=float(found.deviance_ratio[k]),
        df=int(found.df[k]),
        status=found.status[k],
        certificate=found.certificates[k],
        unique=bool(found.unique[k]),
        feature_names=found.feature_names,
        model=found.model,
        radius=None if found.radii is None else float(found.radii[k]),
    )


@one_pool()
def choose(found: Path, rule: Rule) -> Path:
    """Mark the α that a rule picks, and keep the forces there.

    An α off the grid is solved, certified and put on it.
    """
    place = picked(found, rule)
    _tell(place)
    return _placed(found, place)


def _placed(found: Path, place: Place) -> Path:
    k = place.k
    if k is None:
        solution = at(found, place.alpha)
        k = int(np.searchsorted(-found.alphas, -solution.alpha))
        if k == len(found.alphas) or found.alphas[k] != solution.alpha:
            found = _inserted(found, solution, k)
    if found.source is None:
        return (
            replace(found, rule=place.name)
            if k == found.chosen
            else replace(found, chosen=k, rule=place.name, forces=None)
        )
    where = float(found.axis[k])
    baseline = found.source.baseline(where) if isinstance(found.source, Source) else ()
    return replace(found, chosen=k, rule=place.name, forces=found.source.forces(where), baseline=baseline)


def _inserted(found: Path, new: Solution, k: int) -> Path:
    """The path with one more α; the cross-validated curve keeps its own grid."""
    from scipy.sparse import csc_array, hstack

    coefs = csc_array(hstack([found.coefs[:, :k], csc_array(new.coef[:, None]), found.coefs[:, k:]]))

    def within(values: Any, value: Any) -> Any:
        return np.insert(values, k, value, axis=0)

    return replace(
        found,
        alphas=within(found.alphas, new.alpha),
        coefs=coefs,
        intercepts=within(found.intercepts, new.intercept),
        gaps=within(found.gaps, new.gap),
        deviance_ratio=within(found.deviance_ratio, new.deviance_ratio),
        df=within(found.df, new.df),
        unique=within(found.unique, new.unique),
        status=(*found.status[:k], new.status, *found.status[k:]),
        certificates=(*found.certificates[:k], new.certificate, *found.certificates[k:]),
        history=_history(coefs),
    )


@one_pool()
def refined(found: Path, features: Iterable[int] | None = None) -> Path:
    """Close in on the α at which features enter, and last leave, to 1e-5 relative inside their grid brackets.

    Without ``features``: all that are ever kept, up to 200 weights, or with q outputs 200/q.  Of several, as many as
    are predicted to take a quarter of a minute, and ten in any case.  A loaded path is returned as it is, and so is one
    under a concave penalty, where what is kept at an α depends on the way there.
    """
    source, history, alphas = found.source, found.history, found.alphas
    if source is None or not source.convex:
        return found
    ever = np.flatnonzero(history.entered >= 0)
    most = MOST_REFINED // max(1, len(found.model.outputs))
    asked = ever[:most] if features is None else np.fromiter(features, dtype=np.intp)
    wanted = asked[np.isin(asked, ever)]
    wanted = wanted[found.model.penalty_weights[wanted] > 0]
    wanted = wanted[: max(FEWEST_REFINED, int(REFINING / (CLOSING * source.seconds)))]
    enters, leaves = history.enters_at.copy(), history.leaves_at.copy()
    source.unchanged()
    last_exit = dict(history.exits)
    for j in wanted:
        first = int(history.entered[j])
        above = float(alphas[first - 1]) if first else max(found.model.alpha_max, float(alphas[0]))
        if np.isnan(enters[j]) and (
            first or source.hold(above, int(j)) >= -STANDING * above
        ):  # else no α is known that holds it
            enters[j] = turning(source, int(j), above, float(alphas[first]))
        if np.isnan(leaves[j]) and found.coefs[[j], [len(alphas) - 1]] == 0:
            k = last_exit[int(j)]
            leaves[j] = turning(source, int(j), float(alphas[k - 1]), float(alphas[k]))
    return replace(found, history=replace(history, enters_at=enters, leaves_at=leaves))


def turning(source: Live, j: int, above: float, below: float) -> float:
    """The α in [below, above] at which feature j turns zero or non-zero, to 1e-5: the end where it is not zero.

    What `Source.hold` tells of a zero and of a weight are two functions of α, each next to straight, that meet at 0:
    the line through the last two points on one side says where. Else regula falsi (the Illinois variant); all kept half
    a tolerance away from both ends, so that the bracket closes from both sides.
    """
    high, low = source.hold(above, j), source.hold(below, j)
    if (high < 0) == (low < 0):
        return above if high < 0 else below
    if abs(high) <= STANDING * above:  # it stands exactly at its price: any smaller α lets it in
        return above
    seen: dict[bool, tuple[float, float]] = {high < 0: (above, high), low < 0: (below, low)}
    straight, slow = None, 0
    while above - below > REFINED_TO * above:
        margin, width = 0.45 * REFINED_TO * above, above - below
        guess = below + width * low / (low - high)
        if slow == PATIENCE:
            guess, slow = 0.5 * (below + above), 0
        elif straight is not None and below < straight < above:
            guess = straight
        guess = min(max(guess, below + margin), above - margin)
        held = source.hold(guess, j)
        at, other = seen[held < 0]
        straight = guess - held * (guess - at) / (held - other) if held != other else None
        seen[held < 0] = (guess, held)
        if (held < 0) == (high < 0):
            above, high, low = guess, held, 0.5 * low
        else:
            below, low, high = guess, held, 0.5 * high
        slow = slow + 1 if above - below > 0.5 * width else 0
    return above if high < 0 else below


def loss_of(model: Model) -> Loss:
    """The loss that a model was fitted with.

    Raises
    ------
    ValueError
        For a loss of the user's own, which is not known by its name.
    """
    if model.loss not in LOSSES:
        raise ValueError(
            f"this model was fitted with a loss of your own, {model.loss!r}: apply its mean to X b yourself"
        )
    made: Any = LOSSES[model.loss]
    return cast("Loss", made(**model.loss_parameters))


def predict(solution: Solution, X: Any, *, offset: Any = None) -> Any:
    """What η foretells: means, centres, quantiles or relative hazards; class labels where the response is a class."""
    loss = loss_of(solution.model)
    eta = _linear(solution, loss, X, offset)
    classes = solution.model.classes
    return np.array(classes)[loss.decided(eta)] if classes else loss.mean(eta)


def predict_proba(solution: Solution, X: Any, *, offset: Any = None) -> Any:
    """(n, classes) probabilities.

    Raises
    ------
    ValueError
        For a response that is not a class, or a loss that has no probabilities.
    """
    loss = loss_of(solution.model)
    return loss.chances(_linear(solution, loss, X, offset))


def survival(found: Path, X: Any, times: Any, *, strata: Any, alpha: float | None, offset: Any) -> Survival:
    """Give survival curves exp(-H₀(t) e^η).

    Raises
    ------
    ValueError
        For a model without event times, strata that it does not know, or another α of a loaded path.
    """
    baseline, solution = found.baseline, chosen(found)
    if not baseline:
        raise ValueError(f"survival curves need event times, loss='cox'; this model has loss {found.model.loss!r}")
    if alpha is not None and alpha != solution.alpha:
        solution = at(found, alpha)
        baseline = _live(found, "survival curves at another alpha").baseline(alpha)
    loss = loss_of(found.model)
    ratio = loss.mean(_linear(solution, loss, X, offset))
    known = {each.stratum: each for each in baseline}
    if strata is None and len(known) > 1:
        raise ValueError(f"this model has {len(known)} strata; name that of each row with strata=")
    own = np.full(len(ratio), baseline[0].stratum) if strata is None else np.asarray(strata, dtype=np.float64)
    if own.shape != ratio.shape or not np.isin(own, list(known)).all():
        shown = ", ".join(f"{each:g}" for each in list(known)[:8])
        raise ValueError(f"strata must have one number per row, each one of the model's ({shown})")
    grid = np.unique(np.concatenate([each.times for each in baseline]) if times is None else np.asarray(times, float))
    curves = np.empty((len(ratio), len(grid)))
    for stratum, each in known.items():
        level = np.append(0.0, each.hazard)[np.searchsorted(each.times, grid, side="right")]
        rows = own == stratum
        curves[rows] = np.exp(-np.outer(ratio[rows], level))
    return Survival(grid, curves)


def score(solution: Solution, X: Any, y: Any, *, sample_weight: Any = None, offset: Any = None) -> float:
    """D² = 1 - deviance / deviance of the best offset + constant on these rows; nan where that is 0."""
    loss = loss_of(solution.model)
    eta = _linear(solution, loss, X, offset)
    target = coded(solution.model, loss, *gate.response(y, len(eta)))
    w = gate.weights(sample_weight, len(eta)).values[:, None]
    least = loss.least(target, w)[0]
    beside = gate.offset(offset, len(eta), loss)
    null = constant(loss, target, w, np.zeros(len(eta)) if beside is None else beside) - least
    deviance = loss.total(target, w, eta[:, None])[0] - least
    return float(1.0 - deviance / null) if null > 0 else float("nan")


def coded(model: Model, loss: Loss, y: NDArray[Any], columns: tuple[str, ...]) -> Floats:
    """A response as the loss of a model reads it; of classes, those that the model knows."""
    if not model.classes:
        return loss.check(y, columns).values
    unknown = np.setdiff1d(y, np.array(model.classes))
    if len(unknown):
        raise ValueError(f"y holds the class {unknown[0]!r}, which the model does not know")
    # Every class once, before the rows: so that they are coded as they were.
    return loss.check(np.concatenate([np.array(model.classes), y])).values[len(model.classes) :]


def constant(loss: Loss, y: Floats, w: Floats, offset: Floats) -> float:
    """The least F of a constant beside an offset, (n,) or (n, q); least F itself where there is no such constant."""
    if loss.edges is not None:  # a function of y - η, whose Newton steps may not see the other side of an edge
        y, offset = y - offset, np.zeros_like(offset)
    shape = (len(y), 1) if loss.width == 1 else (len(y), 1, loss.width)
    beside = offset.reshape((len(y), 1, -1)[: len(shape)])

    def rows(eta: Floats) -> Floats:
        return np.broadcast_to((eta if loss.width > 1 else eta[0]) + beside, shape)

    eta = loss.start(y, w)[:, 0] - np.average(offset, axis=0, weights=w[:, 0])
    best = float(loss.total(y, w, rows(eta))[0])
    for _ in range(CONSTANTS):
        gradient = loss.slopes(y, w, rows(eta)).sum(axis=0).reshape(-1)
        bend = np.atleast_1d(loss.bends(y, w, rows(eta)).sum(axis=0)[0])
        step = np.linalg.pinv(np.diag(bend) if bend.ndim == 1 else bend, hermitian=True) @ gradient
        for share in SHORTER:
            found = float(loss.total(y, w, rows(eta - share * step))[0])
            if found < best - 1e-15 * abs(best):
                break
        else:
            return best
        eta, best = eta - share * step, found
    return float(loss.least(y, w)[0])  # it falls for ever


def linear(solution: Solution, X: Any, *, offset: Any = None) -> Floats:
    """(n,) or (n, q) η = offset + b₀ + X b."""
    return _linear(solution, loss_of(solution.model), X, offset)


def _linear(solution: Solution, loss: Loss, X: Any, offset: Any) -> Floats:
    design, names = as_design(X)
    n, p = design.shape
    copies = 1 if loss.shared else loss.width
    if p * copies != len(solution.coef):
        raise ValueError(f"X has {p} columns but the model was fitted on {len(solution.coef) // copies}")
    if names is not None and weight_names(names, solution.model.outputs) != solution.feature_names:
        raise ValueError(
            "the columns of X are not the model's, or not in its order; select them first: X[list(path.feature_names)]"
        )
    affine, eta = design.affine, []
    for own, level in zip(
        solution.coef.reshape(copies, p), np.atleast_1d(solution.intercept).reshape(copies, -1), strict=True
    ):
        cols = np.flatnonzero(own)
        coef = own[cols] / affine.scale[cols]
        eta.append(design.predict(coef[:, None], cols)[:, 0][:, None] + (float(affine.shift[cols] @ coef) + level))
    extra = gate.offset(offset, n, loss)
    found = np.hstack(eta)
    if extra is not None:
        found = found + (extra if extra.ndim == 2 else extra[:, None])
    return found[:, 0] if loss.width == 1 else found


def weight_names(features: tuple[str, ...], outputs: tuple[str, ...]) -> tuple[str, ...]:
    """What to call every weight: its feature, and in brackets its output where there are several."""
    return tuple(f"{name}[{output}]" for output in outputs for name in features) if outputs else features


def columns(found: Path | Solution) -> tuple[str, ...]:
    """Names of the columns of X."""
    outputs = found.model.outputs
    if not outputs:
        return found.feature_names
    first = found.feature_names[: len(found.feature_names) // len(outputs)]
    return tuple(name.removesuffix(f"[{outputs[0]}]") for name in first)
