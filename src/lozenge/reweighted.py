"""The adaptive lasso: penalty weights from a first fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import fit, gate
from lozenge.design import as_design
from lozenge.results import Path, Solution

if TYPE_CHECKING:
    from lozenge.penalties import Penalty

FOLDS = 5
# What the first fit shares with the second.
SHARED = ("loss", "sample_weight", "offset", "fit_intercept", "standardize", "seed", "feature_names")


def adaptive(
    X: Any,
    y: Any,
    *,
    initial: Any = None,
    gamma: float = 1.0,
    penalty: str | Penalty = "l1",
    penalty_weights: Any = None,
    **options: Any,
) -> Path:
    """Fit a path whose weights are vⱼ/|b̂ⱼ|^γ, b̂ a first fit's: what that found large is priced low.

    That the large weights of the first fit are the ones that matter is assumed, and not looked into: what it has at
    exactly zero is excluded.  b̂ is measured in the units that the penalty sees; groups are weighed by the norm of their
    part of it.

    Parameters
    ----------
    X, y, penalty, penalty_weights, **options
        As in `lozenge.path`.
    initial : Path, Solution or (p,) weights in the user's units, optional
        The first fit; of a path, its chosen solution.  Without it: the ridge whose α has the smallest 5-fold
        cross-validated deviance.
    gamma : above 0

    Returns
    -------
    Path

    Raises
    ------
    ValueError, TypeError
        If ``initial`` does not fit X, if ``gamma`` is not positive; and as in `lozenge.path`.

    References
    ----------
    Zou (2006), The adaptive lasso and its oracle properties, JASA 101, eq. 4.  Wang, Leng (2008), A note on adaptive
    group lasso, Computational Statistics & Data Analysis 52.

    Examples
    --------
    Orthogonal columns: the weight 3 costs a third of what 1 does, so that it loses α/3 where the lasso takes α.

    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> fit = lz.adaptive(X, X @ [3.0, 1.0], initial=[3.0, 1.0], alphas=[0.6])
    >>> fit.coefs.toarray().round(9)
    array([[2.8],
           [0.4]])
    """
    if not 0.0 < gate.number(gamma) < np.inf:
        raise ValueError(f"gamma must be above 0 and finite; got {gamma!r}")
    design, own = as_design(X)
    p, made = design.shape[1], gate.penalty(penalty)
    names = gate.names(options.get("feature_names"), own, p)
    shared = {key: value for key, value in options.items() if key in SHARED}
    first = initial
    if first is None:
        cv = FOLDS if options.get("cv") is None else options["cv"]
        # Weights of a ridge vary little where its curve is flat, so that an end of its own grid is as good a choice.
        ridge = fit.path(X, y, penalty="l2", cv=cv, **shared)
        first = fit.at(ridge, fit.picked(ridge, "min").alpha)
    if isinstance(first, Path):
        first = fit.chosen(first)
    coef = np.asarray(first.coef if isinstance(first, Solution) else first, dtype=np.float64)
    if coef.shape != (p,) or not np.isfinite(coef).all():
        raise ValueError(f"initial must hold {p} finite weights, one per column of X; got shape {coef.shape}")
    if not coef.any():
        raise ValueError(
            "initial keeps nothing: every weight is 0, so that every column would be excluded. Give another"
        )
    model = first.model if isinstance(first, Solution) else fit.path(X, y, alphas=[np.inf], **shared).model
    laid_out = made.named(names)
    given = gate.penalty_weights(penalty_weights, names, laid_out, made.aliases(names))
    gate.bounds(laid_out, given, names)
    size = laid_out.pooled(np.abs(coef) * model.penalised_unit)
    with np.errstate(divide="ignore", over="ignore"):
        weights = np.divide(given, size**gamma, out=np.full(p, np.inf), where=size > 0.0)
    return fit.path(X, y, penalty=made, penalty_weights=np.where(given > 0.0, weights, 0.0), **options)
