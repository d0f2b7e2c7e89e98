"""The objective of the linear estimators: its penalty, where its path begins, its optimum, the gap of given weights."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.estimators.base import ALONE, ALONG, answer, certified, places
from lozenge.estimators.joint import JointElasticNet
from lozenge.fit import path
from lozenge.penalties import ElasticNet, Group

if TYPE_CHECKING:
    from lozenge.estimators.base import Answer, Floats, Pairs
    from lozenge.results import Path

LEAST = 1e-12  # of the α where the null model begins: what stands for α = 0 where weights are bounded
SAME_GRAM = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 1e-3}  # relative difference of a product with a Gram


def pulls(X: Any, y: Floats, w: Floats | None, *, fit_intercept: bool) -> Floats:
    """(p, q) Xᵀ(w(y - ȳ))/Σw: what pulls on each weight of the null model; y is (n, q)."""
    share = np.full(len(y), 1.0 / len(y)) if w is None else w / w.sum()
    left = share[:, None] * (y - share @ y if fit_intercept else y)
    found: Floats = np.asarray(X.T @ left, dtype=np.float64)
    return found


def entry(X: Any, y: Floats, w: Floats | None, *, fit_intercept: bool, positive: bool) -> float:
    """The α of the lasso where the null model begins: the largest norm over the outputs of a column's pulls."""
    pull = pulls(X, y, w, fit_intercept=fit_intercept)
    return max(float(pull.max()), 0.0) if positive else float(np.sqrt(np.max(np.sum(np.square(pull), axis=1))))


def grid(X: Any, y: Floats, w: Floats | None, *, ratio: float, eps: float, count: int, **asked: bool) -> Floats:
    """(count,) geometric from where the null model begins to ``eps`` times that; machine precision where nothing pulls.

    Raises
    ------
    ValueError
        At ρ = 0, where the path begins at no finite α.
    """
    if ratio == 0:
        raise ValueError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by providing your "
            "estimator with the appropriate `alphas=` argument."
        )
    top = entry(X, y, w, **asked) / ratio
    smallest = float(np.finfo(np.float64).resolution)
    return np.full(count, smallest) if top <= smallest else np.geomspace(top, top * eps, count)


def bounded_away(alphas: Floats, X: Any, y: Floats, w: Floats | None, *, fit_intercept: bool, positive: bool) -> Floats:
    """The alphas, 0 being next to 0 where weights are bounded: there the engine has no certificate at 0 itself."""
    if positive and not np.all(alphas):
        return np.where(alphas == 0.0, LEAST * entry(X, y, w, fit_intercept=fit_intercept, positive=False), alphas)
    return alphas


def reached(
    X: Any,
    y: Floats,
    w: Floats | None,
    found: tuple[Floats, Floats],
    *,
    alpha: float,
    ratio: float,
    fit_intercept: bool,
    positive: bool,
) -> tuple[float, float]:
    """The duality gap of given weights, in units of the objective and of the null model's loss.

    With R = y - b₀ - Xb, R' = R about its mean where there is an intercept, Z = XᵀR'/Σw - α(1 - ρ)b and
    s = min(1, αρ/max‖z_j‖), by which sR' is feasible: primal = ½ mean R² + αρ‖b‖ + ½α(1 - ρ)‖b‖²,
    dual = s mean yR' - ½s²(mean R'² + α(1 - ρ)‖b‖²).  Inf at ρ = 0, where nothing is known but at the optimum.
    """
    coef, intercept = found
    share = np.full(len(y), 1.0 / len(y)) if w is None else w / w.sum()
    R = y - np.asarray(X @ coef.T) - intercept
    level = share @ y if fit_intercept else np.zeros(y.shape[1])
    about = R - (share @ R if fit_intercept else 0.0)
    price, ridge = alpha * ratio, alpha * (1.0 - ratio)
    Z = np.asarray(X.T @ (share[:, None] * about)) - ridge * coef.T
    reach = float(np.max(Z, initial=0.0)) if positive else float(np.sqrt(np.max(np.sum(np.square(Z), axis=1))))
    size = float(np.sum(np.square(coef)))
    norm = float(np.sum(np.sqrt(np.sum(np.square(coef), axis=0))))
    null = 0.5 * float(np.sum(share @ np.square(y - level)))
    if price == 0.0 or null == 0.0 or (positive and bool((coef < 0.0).any())):
        return np.inf, np.inf
    s = min(1.0, price / reach) if reach > 0.0 else 1.0
    primal = 0.5 * float(np.sum(share @ np.square(R))) + price * norm + 0.5 * ridge * size
    square = float(np.sum(share @ np.square(about))) + ridge * size
    dual = s * float(np.sum(share @ ((y - level) * about))) - 0.5 * s * s * square
    gap = max(primal - dual, 0.0)
    return gap, gap / null


def solved(
    X: Any,
    y: Floats,
    w: Floats | None,
    *,
    alpha: float,
    ratio: float,
    fit_intercept: bool,
    positive: bool,
    tol: float,
) -> Answer:
    """The optimum at one α; y is (n, q), and a column of X enters for all q or none."""
    q = y.shape[1]
    alphas = bounded_away(np.array([alpha]), X, y, w, fit_intercept=fit_intercept, positive=positive)
    asked: dict[str, Any] = {"fit_intercept": fit_intercept, "positive": positive}
    found = followed(X, y, w, alphas=alphas, ratio=ratio, tol=tol, **asked)
    return answer(found, int(places(found.alphas, alphas)[0]), q)


def followed(
    X: Any,
    y: Floats,
    w: Floats | None,
    *,
    alphas: Floats,
    ratio: float,
    fit_intercept: bool,
    positive: bool,
    tol: float,
    cv: Pairs | None = None,
) -> Path:
    """The path over some alphas; y is (n, q), and a column of X enters for all q or none."""
    q = y.shape[1]
    finer = ALONG if len(alphas) > 1 and q == 1 else ALONE  # norms of blocks are not settled by an exact finish
    asked: dict[str, Any] = {"sample_weight": w, "fit_intercept": fit_intercept, "standardize": False, "cv": cv}
    asked |= {"loss": "multitask" if q > 1 else "squared", "penalty": penalty(ratio, q, positive=positive)}
    target = y if q > 1 else y[:, 0]
    return certified(lambda sharp: path(X, target, alphas=alphas, tol=sharp, **asked), tol, finer)


def penalty(ratio: float, outputs: int, *, positive: bool) -> Any:
    """The elastic net of one output, or of all outputs of a column together."""
    if outputs == 1 or ratio == 0.0:
        return ElasticNet(l1_ratio=ratio, positive=positive)
    return Group() if ratio == 1.0 else JointElasticNet(l1_ratio=ratio)


def agreed_gram(gram: Any, X: Any, w: Floats | None, *, fit_intercept: bool) -> None:
    """Look at a Gram matrix that was handed in: nothing is computed from it, but a wrong one is a mistake.

    Raises
    ------
    ValueError
        Where XᵀX v is another vector than ``gram`` gives, v one of ±1 at random: every entry has a part in it.
    """
    share = None if w is None else w * (len(w) / w.sum())
    rows = np.ones(X.shape[0]) if share is None else share
    mean = np.asarray(X.T @ rows).ravel() / rows.sum()
    if fit_intercept and not np.allclose(mean, 0.0):
        warnings.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram matrix.",
            UserWarning,
            stacklevel=3,
        )
        return
    gram = np.asarray(gram)
    v = np.random.default_rng(0).choice([-1.0, 1.0], X.shape[1])
    tolerance = SAME_GRAM.get(np.dtype(X.dtype), 1e-7)
    if gram.shape == (len(v), len(v)):
        own = np.asarray(X.T @ (rows * np.asarray(X @ v)))
        size = np.abs(gram) @ np.ones(len(v))
        if np.all(np.abs(gram @ v - own) <= tolerance * (size + np.max(size))):
            return
    raise ValueError(
        f"Gram matrix passed in via 'precompute' did not pass validation: it is not XᵀX (with sample_weight: of rows "
        f"times the root of their weights, about the mean where there is an intercept), or not of shape {(len(v),) * 2}"
        f"; got shape {gram.shape}. Leave precompute out: it saves nothing here"
    )
