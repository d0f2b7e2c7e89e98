"""A model fitted by scikit-learn, explained: its own weights certified, and set beside the optimum.

Its parameters are read as ours (`READERS`), its weights put into the same problem on the same rows, and the duality gap
computed there.  Nothing is fitted again but the optimum that it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge import engine, fit
from lozenge import problem as problems
from lozenge.certificate import relative
from lozenge.dialects import translate
from lozenge.explain.why import why
from lozenge.explain.words import number, position, some
from lozenge.penalties import L1, L2, ElasticNet, Group
from lozenge.results import Certificate, Path, Reason, Status
from lozenge.source import Source
from lozenge.threads import one_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from lozenge.losses import Loss
    from lozenge.penalties import Penalty
    from lozenge.problem import Problem
    from lozenge.results import Floats

__all__ = ["READERS", "Foreign", "from_sklearn"]

REFITS = 30  # Newton steps of the intercepts
SHORTER = np.array([1.0, 0.3, 0.1, 0.01])  # shares of one that are tried
CLOSE, CLOSING = 1e-3, 4  # a step on η that is small, and how many of them are taken
ROUNDED = 8.0 * float(np.finfo(np.float64).eps)  # of two losses whose difference is taken
SAME = 1e-9  # of a spread: the scaler's and ours are the same
DRAWN = 40  # values of α of a drawing
INTERCEPT = "(intercept)"  # a penalised one is a column like another
# What is said of a feature's way along the path belongs to the problem, and not to the weights that are explained.
OF_THE_PATH = ("enters_at", "next_at", "next_exact", "leaves_at", "rank", "turned_at")


class Read(NamedTuple):
    """What an estimator minimised, in our words.

    Attributes
    ----------
    loss, penalty : of ours
    alpha : in our units, of the rows' weights
    weight : (n,) by which rows count beside ``sample_weight``, or None
    intercept_column : the constant whose weight is a penalised intercept, or None
    notes : sentences on what is out of the ordinary
    """

    loss: str | Loss
    penalty: Penalty
    alpha: Callable[[float], float]
    weight: Floats | None = None
    intercept_column: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Foreign:
    """A model of scikit-learn's beside the optimum of what it minimises.

    Attributes
    ----------
    estimator : its class and the parameters that are not the default's
    alpha : of the penalty, in our units
    gap : relative duality gap at its own weights, (primal - dual)/(null loss - saturated loss)
    status : CERTIFIED where that is within ``tol``, STALLED where it is not
    above : its objective less that of ``path``, over the same difference: at most ``gap``
    theirs : its own weights as a path of one alpha, with the forces at them
    path : the optimum, solved and certified by us, as a path of one alpha
    kept_only, lacking : names of weights that are not zero there and zero at the optimum, and the reverse
    apart, furthest : the largest difference of a weight, per standard deviation of its feature, and whose it is
    iterations, most_iterations, own_tol : what it used, what it might have, and the tolerance that it was given, which
        is of another measure; None where it does not say
    notes : sentences on what is out of the ordinary
    """

    estimator: str
    alpha: float
    tol: float
    gap: float
    status: Status
    above: float
    theirs: Path
    path: Path
    kept_only: tuple[str, ...]
    lacking: tuple[str, ...]
    apart: float
    furthest: str
    iterations: int | None = None
    most_iterations: int | None = None
    own_tol: float | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def certificate(self) -> Certificate:
        """Of its own weights."""
        return self.theirs.certificates[0]

    @property
    def stopped_early(self) -> bool:
        """Whether it used all the iterations that it might."""
        return None not in {self.iterations, self.most_iterations} and self.iterations == self.most_iterations

    def why(self, feature: str | int) -> Reason:
        """Say why a feature has the weight that it has there: marginal, used and left are those at its weights."""
        own, optimum = why(self.theirs, feature), why(self.path, position(self.path, feature))
        return replace(own, **{name: getattr(optimum, name) for name in OF_THE_PATH})

    def reasons(self) -> Any:
        """Give the forces on every feature at its own weights, as a polars frame; where each enters, of the optimum."""
        return replace(self.theirs, history=fit.refined(self.path).history).reasons()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the way from αmax to this α, solved by us."""
        path, top = self.path, self.path.model.alpha_max
        if 0.0 < self.alpha < top:
            for alpha in np.geomspace(top, self.alpha, DRAWN)[:-1].tolist():
                path = fit.choose(path, alpha)
        return fit.choose(path, self.alpha).plot(ax)

    def __repr__(self) -> str:
        return f"<Foreign {self.estimator}: gap {self.gap:.1e}, {self.status.name.lower()}>"

    def __str__(self) -> str:
        return " ".join([*_found(self), *self.notes])


@one_pool()
def from_sklearn(estimator: Any, X: Any, y: Any, *, sample_weight: Any = None, tol: float = 1e-6) -> Foreign:
    """Explain a model fitted by scikit-learn on the rows that it was fitted on.

    Parameters
    ----------
    estimator : fitted
        `Lasso`, `LassoLars`, `ElasticNet`, `MultiTaskLasso`, `Ridge`, `LogisticRegression`, and their CV forms,
        `PoissonRegressor`, `GammaRegressor`, `TweedieRegressor`, `LinearSVC` with its squared hinge; or a `Pipeline`
        that ends in one.  After a `StandardScaler` weights are told in the units of X; after other steps in those of
        what the steps make of X.
    X, y : as it was fitted on
    sample_weight : (n,), optional
        As it was fitted with.
    tol : float
        That its gap is compared with, and to which the optimum is solved.

    Returns
    -------
    Foreign

    Raises
    ------
    TypeError
        For an estimator that is none of these.
    ValueError
        For one that is not fitted, was fitted to other columns or classes, or minimises what has no counterpart here.

    Examples
    --------
    One sweep over two columns that overlap is not enough:

    >>> import warnings
    >>> from sklearn.linear_model import Lasso
    >>> from lozenge.foreign import from_sklearn
    >>> X, y = [[1.0, 1], [1, 0], [-1, 1], [-1, -2]], [4.0, 3, -2, -3]
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     model = Lasso(alpha=0.1, max_iter=1).fit(X, y)
    >>> found = from_sklearn(model, X, y)
    >>> found.stopped_early, found.status.name, found.gap > 1e-6
    (True, 'STALLED', True)
    """
    _same_columns(estimator, X)
    model, data, names, spread = _opened(estimator, X)
    read = _reader(model)(model, y, sample_weight)
    weights, levels = _weights(model, spread)
    if read.intercept_column is not None:
        from sklearn.preprocessing import add_dummy_feature

        names = (INTERCEPT, *(names or _own_names(model) or [f"x{j}" for j in range(weights.shape[1])]))
        data = add_dummy_feature(data, value=read.intercept_column)
        weights = np.column_stack([levels / read.intercept_column, weights])
        levels = np.zeros_like(levels)
    given = sample_weight
    if read.weight is not None:
        given = read.weight if given is None else read.weight * np.asarray(given, dtype=np.float64)
    alpha = read.alpha(float(len(np.asarray(y)) if given is None else np.sum(given)))
    path = fit.path(
        data,
        y,
        loss=read.loss,
        penalty=read.penalty,
        alphas=[alpha],
        sample_weight=given,
        fit_intercept=bool(model.fit_intercept) and read.intercept_column is None,
        standardize=spread is not None,
        tol=tol,
        feature_names=names,
    )
    _same_problem(model, path, weights, spread)
    return _beside(_named(model), path, weights, levels, read, _iterations(model))


# ------------------------------------------------------------------------------------------------- what was fitted
class _Opened(NamedTuple):
    model: Any
    X: Any
    names: tuple[str, ...] | None
    scaler: Any


def _opened(estimator: Any, X: Any) -> _Opened:
    """The last step, the columns that it saw, and the scaler where ours is the same."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    if not isinstance(estimator, Pipeline):
        return _Opened(estimator, X, None, None)
    before = [step for _, step in estimator.steps[:-1] if step not in {None, "passthrough"}]
    model = estimator.steps[-1][1]
    alone = before[0] if len(before) == 1 and isinstance(before[0], StandardScaler) else None
    if alone is not None and alone.with_std and alone.with_mean and _free(model):
        return _Opened(model, X, None, alone)
    made = estimator[:-1]
    try:
        names = tuple(str(name) for name in made.get_feature_names_out())
    except AttributeError:  # a step that names nothing
        names = None
    return _Opened(model, made.transform(X), names, None)


def _free(model: Any) -> bool:
    """Whether it has an intercept that is not penalised, so that centring changes nothing."""
    return bool(getattr(model, "fit_intercept", False)) and not _by_liblinear(model)


def _by_liblinear(model: Any) -> bool:
    return getattr(model, "solver", None) == "liblinear" or type(model).__name__ == "LinearSVC"


def _reader(model: Any) -> Callable[[Any, Any, Any], Read]:
    name = type(model).__name__
    if name not in READERS or not type(model).__module__.startswith("sklearn."):
        inside = ": give its best_estimator_" if hasattr(model, "best_estimator_") else ""
        raise TypeError(
            f"lozenge explains scikit-learn's {', '.join(READERS)}, alone or at the end of a Pipeline; got {name}"
            + inside
        )
    if not hasattr(model, "coef_"):
        raise ValueError(f"this {name} is not fitted; call its fit first, on the same X and y")
    return READERS[name]


class _Weights(NamedTuple):
    coef: Floats
    levels: Floats


def _weights(model: Any, scaler: Any) -> _Weights:
    """(q, p) weights and (q,) intercepts, in the units of X."""
    coef = model.coef_.toarray() if hasattr(model.coef_, "toarray") else np.asarray(model.coef_)
    coef = np.atleast_2d(coef.astype(np.float64))
    levels = np.broadcast_to(np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64)), (len(coef),))
    if scaler is None:
        return _Weights(coef, levels)
    slopes = coef / scaler.scale_
    return _Weights(slopes, levels - slopes @ scaler.mean_)


def _named(model: Any) -> str:
    """Its class with the parameters that are not the default's."""
    return " ".join(repr(model).split())


class _Iterations(NamedTuple):
    used: int | None
    most: int | None
    tol: float | None


def _iterations(model: Any) -> _Iterations:
    """What the last fit used, the largest of several, and what it might have."""
    used, most = getattr(model, "n_iter_", None), getattr(model, "max_iter", None)
    counted = None if used is None or type(model).__name__.endswith("LogisticRegressionCV") else np.max(used)
    tol = getattr(model, "tol", None)
    return _Iterations(
        None if counted is None else int(counted),
        None if most is None else int(most),
        None if tol is None else float(tol),
    )


def _own_names(model: Any) -> tuple[str, ...]:
    return tuple(map(str, getattr(model, "feature_names_in_", ())))


def _same_columns(estimator: Any, X: Any) -> None:
    """Refuse a frame whose columns are not those of the fit."""
    columns = getattr(X, "column_names", getattr(X, "columns", None))
    own = _own_names(estimator) if hasattr(estimator, "feature_names_in_") else ()
    if own and columns is not None and tuple(map(str, columns)) != own:
        raise ValueError("the columns of X are not those of the fit, or not in its order; pass X as it was fitted")


def _same_problem(model: Any, path: Path, weights: Floats, scaler: Any) -> None:
    """Refuse rows, columns or classes that are not those that the estimator was fitted on."""
    count = len(path.feature_names)
    if weights.size != count:
        raise ValueError(f"the model has {weights.size} weights, and these X and y give {count}; pass those of its fit")
    still = np.flatnonzero(path.model.constant & (weights.reshape(-1) != 0.0))
    if len(still):
        raise ValueError(
            f"{path.feature_names[still[0]]!r} is constant and has a weight of {weights.reshape(-1)[still[0]]:g} "
            " beside an intercept that does the same at no price; drop that column and fit again"
        )
    own = tuple(getattr(model, "classes_", np.zeros(0)).tolist())
    if own != path.model.classes:
        raise ValueError(f"the model knows the classes {own}, and y holds {path.model.classes}; pass the y of its fit")
    if scaler is not None:
        live = ~path.model.constant
        sd = path.model.penalised_unit.reshape(-1, len(scaler.scale_))[0]
        near = np.abs(sd - scaler.scale_) <= SAME * scaler.scale_
        if not near[live[: len(near)]].all():
            raise ValueError(
                "the StandardScaler was fitted on other rows or without these weights; pass the rows of its fit, or "
                "explain its last step alone: from_sklearn(pipeline[-1], pipeline[:-1].transform(X), y)"
            )


# ------------------------------------------------------------------------------------------------- the certificate
def _beside(name: str, path: Path, weights: Floats, levels: Floats, read: Read, iterations: _Iterations) -> Foreign:
    """Certify weights in the units of X, and set them beside the optimum."""
    exact = path.source
    if not isinstance(exact, Source):
        raise TypeError("a path that was just fitted has its data")
    alpha, model = float(path.alphas[0]), path.model
    coef = weights.reshape(-1)
    levels = levels - levels[-1] if exact.loss.redundant else levels
    given = np.append(coef * model.penalised_unit, levels)
    if model.fit_intercept:
        # η is counted from the mean of every column.
        copies = len(levels)
        given[len(coef) :] += (model.center * coef).reshape(copies, -1).sum(axis=1)
    own = _certified(exact, given, alpha)
    solution = own.solve(alpha)
    theirs = _path(path, own, solution)
    best = exact.weights_at(alpha)
    losses = exact.losses(np.column_stack([given, best]))
    costs = [_price(exact, each, alpha) for each in (given, best)]
    span = model.null_loss - model.saturated_loss
    difference = float(losses[0] + costs[0] - losses[1] - costs[1])
    there, here = coef, path.coefs[:, [0]].toarray()[:, 0]
    per_sd = np.abs(there - here) * np.where(model.scale > 0.0, model.scale, 1.0)
    names, k = path.feature_names, int(np.argmax(per_sd))
    return Foreign(
        estimator=name,
        alpha=alpha,
        tol=model.tol,
        gap=solution.gap,
        status=solution.status,
        above=difference / span if span > 0.0 else difference,
        theirs=theirs,
        path=replace(path, rule="alpha"),
        kept_only=tuple(names[j] for j in np.flatnonzero((there != 0.0) & (here == 0.0))),
        lacking=tuple(names[j] for j in np.flatnonzero((there == 0.0) & (here != 0.0))),
        apart=float(per_sd[k]),
        furthest=names[k],
        iterations=iterations.used,
        most_iterations=iterations.most,
        own_tol=iterations.tol,
        notes=read.notes,
    )


def _certified(exact: Source, given: Floats, alpha: float) -> Source:
    """The same data, with these weights and what was proved of them as the step at α.

    Any dual point bounds the gap of any weights.  Two are tried: that of the weights as they are, and that of the same
    slopes with the intercepts refitted, to whose gap comes what the refit gained.  An intercept that is a little off
    costs the first one more than it is worth.
    """
    problem, unit = exact.problem, exact.unit
    if alpha == 0.0:
        problem = problems.reweighted(problem, np.where(np.isfinite(exact.model.penalty_weights), 0.0, np.inf))
    near = given if alpha == 0.0 else _relevelled(exact, given)
    steps = [_step(problem, each / unit, alpha / unit) for each in (given, near)]
    span = exact.null.point.loss - problem.saturated
    run = engine.confirm(problem, steps, span, exact.model.tol)
    proved, beside = engine.outcomes([(exact.fleet, run)])[0]
    gained = proved.loss - beside.loss
    rounding = ROUNDED * (abs(proved.loss) + abs(beside.loss))
    gap = min(proved.gap, beside.gap + relative(max(gained, 0.0) + rounding, proved.loss, span))
    status = Status.CERTIFIED if gap <= exact.model.tol else Status.STALLED
    sole = exact.solve(alpha).unique  # the optimum, whatever these weights are
    own = Source(exact.fleet, exact.problem, exact.null, exact.work, exact.model, exact.names, unit)
    own.remember(alpha, replace(proved, gap=gap, status=status, safe=proved.safe | beside.safe, unique=sole))
    return own


def _step(problem: Problem, weights: Floats, alpha: float) -> engine.Step:
    """Weights (P + q,) of which nothing is known yet."""
    cols = np.append(problem.free, np.setdiff1d(np.flatnonzero(weights), problem.free))
    return engine.Step(
        index=0,
        alpha=alpha,
        cols=cols,
        beta=weights[cols],
        loss=np.nan,
        gap=np.inf,
        rounding=np.inf,
        status=Status.STALLED,
        unique=False,
        kept=0,
        pull=None,
        safe=np.zeros(len(problem.penalised), dtype=bool),
    )


def _relevelled(source: Source, given: Floats) -> Floats:
    """The same slopes with the intercepts that suit them, by Newton's method."""
    levels = source.problem.free
    found, best, closing = given.copy(), np.inf, 0
    for _ in range(REFITS if len(levels) else 0):
        _, pull = source.evaluate(found[:, None])
        step = np.linalg.lstsq(source.hessian(found, levels), pull[levels, 0])[0]
        if np.max(np.abs(step)) < CLOSE:  # where a loss no longer shows what a step gains
            found[levels] += step
            closing += 1
            if closing == CLOSING:
                break
            continue
        tried = np.repeat(found[:, None], len(SHORTER), axis=1)
        tried[levels] += step[:, None] * SHORTER
        losses = source.losses(tried)
        k = int(np.argmin(losses))
        if not losses[k] < best:
            break
        found, best = tried[:, k], float(losses[k])
    return found


def _price(source: Source, weights: Floats, alpha: float) -> float:
    """αΩ, in the units of the mean loss."""
    if alpha == 0.0:
        return 0.0
    problem, unit = source.problem, source.unit
    value = problem.penalty.value(weights[problem.penalised] / unit, alpha / unit)
    return float(value) * unit * unit


def _path(path: Path, own: Source, solution: Any) -> Path:
    """A path of one α with a solution of its own."""
    coefs = type(path.coefs)(solution.coef[:, None])
    return replace(
        path,
        coefs=coefs,
        intercepts=np.array([solution.intercept]),
        gaps=np.array([solution.gap]),
        deviance_ratio=np.array([solution.deviance_ratio]),
        df=np.array([solution.df]),
        status=(solution.status,),
        certificates=(solution.certificate,),
        # When features enter is told of the optimum.
        history=replace(path.history, entered=np.full(len(path.feature_names), -1)),
        forces=own.forces(float(path.alphas[0])),
        source=own,
        rule="alpha",
    )


# ------------------------------------------------------------------------------------------------- in words
def _found(foreign: Foreign) -> list[str]:
    theirs, optimum = int(foreign.theirs.df[0]), int(foreign.path.df[0])
    several = "weights" if foreign.path.model.outputs else "features"
    alpha = f", alpha {number(foreign.alpha)} in our units" if foreign.alpha > 0.0 else ", no penalty"
    said = [
        f"{foreign.estimator} by scikit-learn{alpha}: {theirs:,} of {len(foreign.path.feature_names):,} {several} kept."
    ]
    if foreign.status is Status.CERTIFIED:
        said.append(f"Its relative duality gap is {foreign.gap:.1e}, within the {foreign.tol:g} asked.")
    else:
        stopped = "" if foreign.own_tol is None else f" (its own tol, of another measure, is {foreign.own_tol:g})"
        if foreign.stopped_early:
            stopped = f": it stopped early (n_iter_ {foreign.iterations:,} of max_iter {foreign.most_iterations:,})"
        said.append(f"Its relative duality gap is {foreign.gap:.1e}, above the {foreign.tol:g} asked{stopped}.")
        said.append(
            f"Its objective lies {foreign.above:.1e} of the null deviance above that of the optimum"
            f"{'' if foreign.path.status[0] is Status.CERTIFIED else ', as far as we found it'}."
        )
    if foreign.theirs.deviance_ratio[0] < 0.0:
        said.append(
            "It predicts these rows worse than a constant: are X and y the rows that it was fitted on, in one order?"
        )
    alike = "the same" if not foreign.kept_only and not foreign.lacking else f"{optimum:,}"
    said.append(f"At the optimum, solved to {foreign.path.gaps[0]:.1e}, {alike} are kept" + _changes(foreign))
    far = number(foreign.apart)
    said.append(
        f"The largest difference of a weight is {far} per standard deviation, of {foreign.furthest}."
        if foreign.apart > 0.0
        else "No weight differs."
    )
    return said


def _changes(foreign: Foreign) -> str:
    changes = [f"without {some(foreign.kept_only)}"] if foreign.kept_only else []
    changes += [f"with {some(foreign.lacking)}"] if foreign.lacking else []
    return (f", {' and '.join(changes)}" if changes else "") + "."


# ------------------------------------------------------------------------------------------------- what each minimises
def _bounds(model: Any) -> dict[str, Any]:
    return {"positive": True} if getattr(model, "positive", False) else {}


def _elastic(rho: float, **bounds: Any) -> Penalty:
    if rho in {0.0, 1.0}:
        return L1(**bounds) if rho else L2(**bounds)
    return ElasticNet(rho, **bounds)


def _squared(model: Any) -> str:
    return "multitask" if np.ndim(model.coef_) > 1 else "squared"


def _chosen(model: Any, name: str, usual: Any = None) -> float:
    """A parameter, or what a cross-validation chose for it."""
    value = getattr(model, f"{name}_", getattr(model, name, usual))
    flat = np.unique(np.asarray(value, dtype=np.float64))
    if len(flat) > 1:
        raise ValueError(f"{type(model).__name__} has several values of {name}; only one for all is explained here")
    return float(flat[0])


def _lasso(model: Any, y: Any, sample_weight: Any) -> Read:
    del y, sample_weight
    alpha = _chosen(model, "alpha")
    return Read(_squared(model), L1(**_bounds(model)), lambda _: alpha)


def _elastic_net(model: Any, y: Any, sample_weight: Any) -> Read:
    del y, sample_weight
    alpha, rho = _chosen(model, "alpha"), _chosen(model, "l1_ratio")
    return Read(_squared(model), _elastic(rho, **_bounds(model)), lambda _: alpha)


def _multitask(model: Any, y: Any, sample_weight: Any) -> Read:
    del y, sample_weight
    alpha = _chosen(model, "alpha")
    return Read("multitask", Group(), lambda _: alpha)


def _ridge(model: Any, y: Any, sample_weight: Any) -> Read:
    del y, sample_weight
    alpha = _chosen(model, "alpha")

    def ours(weight: float) -> float:
        return translate(alpha, "lozenge", source="sklearn:ridge", weight_sum=weight)["alpha"]

    return Read(_squared(model), L2(**_bounds(model)), ours)


def _general(loss: str) -> Callable[[Any, Any, Any], Read]:
    def read(model: Any, y: Any, sample_weight: Any) -> Read:
        del y, sample_weight
        alpha = _chosen(model, "alpha")
        return Read(loss, L2(), lambda _: alpha)

    return read


def _tweedie(model: Any, y: Any, sample_weight: Any) -> Read:
    del y, sample_weight
    from lozenge.losses import Tweedie

    log = model.link == "log" or (model.link == "auto" and model.power > 0.0)
    alpha, power = _chosen(model, "alpha"), float(model.power)
    if not log and power == 0.0:
        return Read("squared", L2(), lambda _: alpha)
    if not (log and 1.0 <= power <= 2.0):
        raise ValueError(
            f"a Tweedie loss of power {power:g} with link {model.link!r} has no counterpart here; powers from 1 to 2 "
            "with a log link have, and power 0 with the identity"
        )
    return Read(Tweedie(power=power), L2(), lambda _: alpha)


def _logistic(model: Any, y: Any, sample_weight: Any) -> Read:
    classes = len(model.classes_)
    if classes > 2 and (len(model.coef_) != classes or getattr(model, "multi_class", "auto") == "ovr"):
        raise ValueError("one model per class against the rest is not one problem; fit the classes together")
    kind, C = getattr(model, "penalty", "deprecated"), _chosen(model, "C")
    rho = (
        _chosen(model, "l1_ratio") if getattr(model, "l1_ratio_", getattr(model, "l1_ratio", None)) is not None else 0.0
    )
    if kind is None:
        C = np.inf
    rho = {"l1": 1.0, "l2": 0.0}.get(kind, rho)

    def ours(weight: float) -> float:
        return translate(C, "lozenge", source="sklearn:C", weight_sum=weight)["alpha"]

    column, notes = _penalised_intercept(model)
    if getattr(model, "refit", True) is False:
        notes = (*notes, "Its weights are the mean of those of several folds (refit=False), which no objective has.")
    loss = "logistic" if classes == 2 else "multinomial"
    return Read(loss, _elastic(rho), ours, _class_weight(model, y, sample_weight), column, notes)


def _margin(model: Any, y: Any, sample_weight: Any) -> Read:
    if model.loss != "squared_hinge" or len(model.classes_) != 2:
        raise ValueError("of LinearSVC the squared hinge of two classes is explained here; got another")
    C, rho = _chosen(model, "C"), 1.0 if model.penalty == "l1" else 0.0

    def ours(weight: float) -> float:
        found = translate(C, "lozenge", source="liblinear", loss="squared_hinge", l1_ratio=rho, weight_sum=weight)
        return found["alpha"]

    column, notes = _penalised_intercept(model)
    return Read("squared_hinge", _elastic(rho), ours, _class_weight(model, y, sample_weight), column, notes)


class _Penalised(NamedTuple):
    column: float | None
    notes: tuple[str, ...]


def _penalised_intercept(model: Any) -> _Penalised:
    if not (_by_liblinear(model) and model.fit_intercept):
        return _Penalised(None, ())
    told = f"liblinear penalises the intercept, as the weight of a column of {model.intercept_scaling:g}"
    return _Penalised(float(model.intercept_scaling), (f"{told}: gap and optimum are those of that problem.",))


def _class_weight(model: Any, y: Any, sample_weight: Any) -> Floats | None:
    """(n,) by which rows count for their class."""
    if model.class_weight is None:
        return None
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.asarray(y)
    # Whether balanced classes are counted by their weights depends on the version.
    weighted = "sample_weight" in signature(compute_class_weight).parameters
    options = {"sample_weight": sample_weight} if weighted and sample_weight is not None else {}
    by_class = compute_class_weight(model.class_weight, classes=model.classes_, y=labels, **options)
    return np.asarray(by_class[np.searchsorted(model.classes_, labels)], dtype=np.float64)


READERS: dict[str, Callable[[Any, Any, Any], Read]] = {
    "Lasso": _lasso,
    "LassoCV": _lasso,
    "LassoLars": _lasso,
    "LassoLarsCV": _lasso,
    "LassoLarsIC": _lasso,
    "ElasticNet": _elastic_net,
    "ElasticNetCV": _elastic_net,
    "MultiTaskLasso": _multitask,
    "MultiTaskLassoCV": _multitask,
    "Ridge": _ridge,
    "RidgeCV": _ridge,
    "PoissonRegressor": _general("poisson"),
    "GammaRegressor": _general("gamma"),
    "TweedieRegressor": _tweedie,
    "LogisticRegression": _logistic,
    "LogisticRegressionCV": _logistic,
    "LinearSVC": _margin,
}
