"""A model as a fitted estimator of scikit-learn's that foretells the same.

================================  ====================================================================================
squared                           `Lasso`, `ElasticNet`, `Ridge`, else `LinearRegression`
huber                             `LinearRegression`
quantile                          `QuantileRegressor`
poisson, gamma, tweedie           `PoissonRegressor`, `GammaRegressor`, `TweedieRegressor`
logistic, multinomial             `LogisticRegression`
squared_hinge                     `LinearSVC`
multitask                         `MultiTaskLasso`, else `LinearRegression`
================================  ====================================================================================

The class and its parameters name the penalty where ``clone(...).fit`` on the same rows would minimise the same
objective: L1, L2 or elastic net of columns as they are, with one weight for all.  Else the estimator carries the
weights and claims no penalty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge.dialects import translate
from lozenge.exports import exported

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.exports import Exported
    from lozenge.results import Path, Solution

__all__ = ["to_sklearn"]


class Priced(NamedTuple):
    """The penalty that an estimator of scikit-learn's can name: our α and ρ."""

    alpha: float
    l1_ratio: float


def to_sklearn(found: Path | Solution) -> Any:
    """Give a fitted estimator of scikit-learn's with these weights.

    Parameters
    ----------
    found : Path or Solution
        Of a path the chosen solution.  Of one that was fitted to a table X is what its encoding makes of the table.

    Returns
    -------
    estimator
        With ``coef_``, ``intercept_``, ``n_features_in_``, ``classes_`` where there are some, and ``feature_names_in_``
        where the columns had names; it has no ``n_iter_``, for it did not search.  It can be pickled, and cloned.

    Raises
    ------
    ValueError
        Where scikit-learn has no estimator with that link and loss: ``negative_binomial``, ``ordinal``, ``cox``, and
        losses of the user's own.

    Examples
    --------
    >>> import lozenge as lz
    >>> from lozenge.exports.estimator import to_sklearn
    >>> X = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> made = to_sklearn(lz.path(X, [4.0, 3, -2, -3], alphas=[1.0], standardize=False))
    >>> made, made.coef_.tolist()
    (Lasso(), [2.0, 0.0])
    """
    laid_out = exported(found)
    model = laid_out.solution.model
    if model.loss not in CARRIERS:
        raise ValueError(
            f"scikit-learn has no estimator with the loss {model.loss!r}; its predictions can be carried by "
            "lozenge.exports.sql or lozenge.exports.onnx"
        )
    made = CARRIERS[model.loss](laid_out, _priced(laid_out.solution))
    made.n_features_in_ = len(laid_out.columns)
    if laid_out.columns != tuple(f"x{j}" for j in range(len(laid_out.columns))):
        made.feature_names_in_ = np.array(laid_out.columns, dtype=object)
    if model.classes:
        made.classes_ = np.array(model.classes)
    return made


def _priced(solution: Solution) -> Priced | None:
    """The penalty, if an estimator that knows a strength and an L1 share alone can have it."""
    model = solution.model
    named = {"l1": 1.0, "l2": 0.0, "elasticnet": model.penalty_parameters.get("l1_ratio"), "group": 1.0}
    share = named.get(model.penalty)
    live = ~model.constant
    # No bounds, and of groups those that it is usual to have: each column one.
    bare = {key for key, value in model.penalty_parameters.items() if value is not None} <= {"l1_ratio"}
    bare = bare and not model.offset and solution.radius is None
    alike = bool((model.penalty_weights[live] == 1.0).all() and (model.penalised_unit[live] == 1.0).all())
    return Priced(solution.alpha, float(share)) if share is not None and bare and alike else None


def _single(made: Any, laid_out: Exported) -> Any:
    made.coef_, made.intercept_ = laid_out.weights[0].copy(), float(laid_out.levels[0])
    return made


def _several(made: Any, laid_out: Exported) -> Any:
    made.coef_, made.intercept_ = np.array(laid_out.weights), np.array(laid_out.levels)
    return made


def _fits(laid_out: Exported) -> dict[str, Any]:
    return {"fit_intercept": laid_out.solution.model.fit_intercept}


def _squared(laid_out: Exported, priced: Priced | None) -> Any:
    from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge

    options, alpha = _fits(laid_out), {} if priced is None else {"alpha": priced.alpha}
    if priced is None or priced.alpha == 0.0:
        made = LinearRegression(**options)
    elif priced.l1_ratio == 0.0:
        weight = laid_out.solution.model.weight_sum
        made = Ridge(**translate(priced.alpha, "sklearn:ridge", l1_ratio=0.0, weight_sum=weight), **options)
    elif priced.l1_ratio == 1.0:
        made = Lasso(**alpha, **options)
    else:
        made = ElasticNet(**alpha, l1_ratio=priced.l1_ratio, **options)
    return _single(made, laid_out)


def _huber(laid_out: Exported, priced: Priced | None) -> Any:
    from sklearn.linear_model import LinearRegression

    del priced  # HuberRegressor's objective has a scale of its own
    return _single(LinearRegression(**_fits(laid_out)), laid_out)


def _quantile(laid_out: Exported, priced: Priced | None) -> Any:
    from sklearn.linear_model import QuantileRegressor

    alpha = priced.alpha if priced is not None and priced.l1_ratio == 1.0 else 0.0
    level = laid_out.solution.model.loss_parameters["tau"]
    return _single(QuantileRegressor(quantile=level, alpha=alpha, **_fits(laid_out)), laid_out)


def _log(laid_out: Exported, priced: Priced | None) -> Any:
    from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor

    model = laid_out.solution.model
    kinds: dict[str, Callable[..., Any]] = {
        "poisson": PoissonRegressor,
        "gamma": GammaRegressor,
        "tweedie": lambda **options: TweedieRegressor(power=model.loss_parameters["power"], link="log", **options),
    }
    alpha = priced.alpha if priced is not None and priced.l1_ratio == 0.0 else 0.0
    made = kinds[model.loss](alpha=alpha, **_fits(laid_out))
    # What its `fit` would set: the link, through which `predict` goes.
    made._base_loss = made._get_loss()  # noqa: SLF001 - it has no public door
    return _single(made, laid_out)


def _classes(laid_out: Exported, priced: Priced | None) -> Any:
    from sklearn.linear_model import LogisticRegression

    options: dict[str, Any] = _fits(laid_out)
    if priced is None or priced.alpha == 0.0:
        options |= {"C": np.inf}
    else:
        weight = laid_out.solution.model.weight_sum
        options |= translate(priced.alpha, "sklearn:C", l1_ratio=priced.l1_ratio, weight_sum=weight)
        options |= {"solver": "saga"} if priced.l1_ratio > 0.0 else {}
    made = LogisticRegression(**options)
    if len(laid_out.levels) == 2:  # of two classes it has the difference
        made.coef_ = laid_out.weights[1:] - laid_out.weights[:1]
        made.intercept_ = laid_out.levels[1:] - laid_out.levels[:1]
        return made
    return _several(made, laid_out)


def _margin(laid_out: Exported, priced: Priced | None) -> Any:
    from sklearn.svm import LinearSVC

    model, options = laid_out.solution.model, _fits(laid_out)
    # With an intercept, which liblinear penalises, its objective is another.
    if priced is not None and priced.alpha > 0.0 and priced.l1_ratio in {0.0, 1.0} and not model.fit_intercept:
        options |= translate(
            priced.alpha, "liblinear", l1_ratio=priced.l1_ratio, loss=model.loss, weight_sum=model.weight_sum
        )
        options |= {"penalty": "l1", "dual": False} if priced.l1_ratio == 1.0 else {}
    return _several(LinearSVC(**options), laid_out)


def _responses(laid_out: Exported, priced: Priced | None) -> Any:
    from sklearn.linear_model import LinearRegression, MultiTaskLasso

    grouped = priced is not None and priced.alpha > 0.0 and laid_out.solution.model.penalty == "group"
    made = MultiTaskLasso(alpha=priced.alpha, **_fits(laid_out)) if grouped and priced else None
    return _several(made or LinearRegression(**_fits(laid_out)), laid_out)


CARRIERS: dict[str, Callable[[Exported, Priced | None], Any]] = {
    "squared": _squared,
    "huber": _huber,
    "quantile": _quantile,
    "poisson": _log,
    "gamma": _log,
    "tweedie": _log,
    "logistic": _classes,
    "multinomial": _classes,
    "squared_hinge": _margin,
    "multitask": _responses,
}
