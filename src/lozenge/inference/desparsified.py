"""Confidence intervals for every weight of a linear or logistic model, kept or not: the desparsified lasso."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from lozenge import criteria, gate
from lozenge.inference import noise
from lozenge.inference.nodewise import nodewise
from lozenge.inference.records import Intervals
from lozenge.threads import one_pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.results import Floats, Indices, Path, Source

MEMORY = 1 << 31  # bytes that one matrix of products of all columns may take
LOSSES = ("squared", "logistic")


@one_pool()
def intervals(
    path: Path,
    *,
    alpha: float | None = None,
    level: float = 0.95,
    features: Sequence[str | int] | str | int | None = None,
    sigma: float | None = None,
) -> Intervals:
    """Add to each weight of the lasso what its price took off, and say how far the sum may be from the true weight.

    With C = ZᵀDZ/n the products of the columns, centred under an intercept (D = I for the squared loss, p̂(1 - p̂) at the
    fit for the logistic one), and θⱼ a row of an approximate inverse of C by the nodewise lasso,

        b̂ⱼ = bⱼ + θⱼᵀ pull,   pull = Zᵀ(y - ŷ)/n,   se² = σ² θⱼᵀCθⱼ/n   (σ = 1 for the logistic loss).

    The weights of rows count them: n is Σw.

    Parameters
    ----------
    path : Path
        Just fitted, under ``loss="squared"`` or ``"logistic"`` and ``penalty="l1"`` without bounds.
    alpha : float, optional
        Of the lasso that is corrected.  If none is named, that of the least cross-validated deviance; without a
        cross-validation the chosen one.  The larger α of "1se" leaves more bias than the correction takes away under
        the logistic loss.
    level : between 0 and 1
        Of each interval for itself, not of all together.
    features : names or indices, optional
        Those that an interval is wanted for; without it, all that are not constant or excluded.
    sigma : float, optional
        Standard deviation of the noise of a linear model, in the units of y.  Without it it is estimated from the
        residuals at the cross-validated minimum, or of the scaled lasso where the path has no cross-validation: see
        `lozenge.inference.noise.level`.

    Returns
    -------
    Intervals
        With the assumption they rest on.

    Raises
    ------
    ValueError
        For a loaded path, another loss or penalty, an unknown, constant or excluded feature, more columns than the
        matrix of their products has room for, and where σ cannot be told.

    References
    ----------
    Zhang, Zhang (2014), Confidence intervals for low dimensional parameters in high dimensional linear models, JRSS B
    76, eq. 5.  van de Geer, Bühlmann, Ritov, Dezeure (2014), On asymptotically optimal confidence regions and tests for
    high-dimensional models, Annals of Statistics 42, eq. 5 and section 3.  Javanmard, Montanari (2014), Confidence
    intervals and hypothesis testing for high-dimensional regression, JMLR 15.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> from lozenge.inference import intervals
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 50))
    >>> path = lz.path(X, 0.5 * X[:, 0] + rng.standard_normal(200), cv=5)
    >>> found = intervals(path, features=[0, 1])
    >>> bool(found.low[0] < 0.5 < found.high[0]), bool(found.low[1] < 0.0 < found.high[1])
    (True, True)
    """
    source, model = _live(path), path.model
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be above 0 and below 1, such as 0.95; got {level}")
    if sigma is not None and model.loss != "squared":
        raise ValueError(f"the {model.loss} loss has no sigma, its noise is known from the fit; leave it out")
    if sigma is not None and not 0.0 < sigma < np.inf:
        raise ValueError(f"sigma must be positive and finite, in the units of y; got {sigma}")
    usual = path.alphas[path.chosen] if path.cv is None else path.cv.alphas[path.cv.index_min]
    at = float(usual) if alpha is None else gate.alpha(alpha)
    there = np.flatnonzero(~model.constant & np.isfinite(model.penalty_weights))
    asked = there if features is None else _asked(path, features, there)
    if 8 * len(there) ** 2 > MEMORY:
        raise ValueError(
            f"intervals need the products of all {len(there):,} columns with one another, and there is room for those "
            f"of {int((MEMORY / 8) ** 0.5):,}; leave columns out by a rule that does not look at y, with "
            "penalty_weights=inf or by fitting without them"
        )
    if model.loss != "squared":
        known = noise.Noise(None, "the fit")
    else:
        known = noise.level(path, source) if sigma is None else noise.Noise(float(sigma), "given")
    weights = source.weights_at(at)
    found = nodewise(_products(path, source, weights, there), np.searchsorted(there, asked), model.weight_sum)
    pull = source.evaluate(weights[:, None])[1][there, 0]
    unit, scale = model.penalised_unit[asked], 1.0 if known.sigma is None else known.sigma
    weight, se = (weights[asked] + found.theta @ pull) / unit, scale * found.noise_factor / unit
    reach = float(ndtri(0.5 + 0.5 * level)) * se
    return Intervals(
        feature_names=tuple(path.feature_names[j] for j in asked),
        weight=weight,
        low=weight - reach,
        high=weight + reach,
        se=se,
        lasso=weights[asked] / unit,
        bias_factor=found.bias_factor,
        alpha=at,
        level=level,
        sigma=known.sigma,
        noise=known.known_from,
        loss=model.loss,
        assumption=_assumption(model.loss, level),
    )


def _live(path: Path) -> Source:
    """The data behind a path whose weights can be corrected."""
    model = path.model
    if path.by_size or path.source is None:
        raise ValueError(
            "intervals are made from the rows, and this path was loaded, or goes by size: fit it again, by alpha, and "
            "ask that path"
        )
    if model.loss not in LOSSES:
        raise ValueError(f"intervals are known for the losses {' and '.join(LOSSES)}; got {model.loss!r}")
    if model.penalty != "l1" or model.penalty_parameters:
        raise ValueError(
            f'intervals correct for the price of penalty="l1" without bounds; got {model.penalty!r}'
            + (" with bounds" if model.penalty == "l1" else "")
        )
    if (doubt := criteria.light(path, "an interval")) is not None:
        raise ValueError(doubt)
    path.source.unchanged()
    return path.source


def _asked(path: Path, features: Sequence[str | int] | str | int, there: Indices) -> Indices:
    """Indices of features, each of which can have an interval."""
    names, found = path.feature_names, []
    for feature in [features] if isinstance(features, (str, int, np.integer)) else features:
        if isinstance(feature, str):
            if feature not in names:
                raise ValueError(f"the path has no feature {feature!r}; path.feature_names lists those it has")
            j = names.index(feature)
        else:
            j = index(feature)
            if not 0 <= j < len(names):
                raise ValueError(f"feature {j} is out of range: the path has {len(names):,}, counted from 0")
        if j not in there:
            raise ValueError(f"feature {names[j]!r} is constant or excluded, so that no weight of it can be told")
        found.append(j)
    if not found:
        raise ValueError("no feature is named; leave features out for all of them")
    return np.array(found)


def _products(path: Path, source: Source, weights: Floats, there: Indices) -> Floats:
    """C over some features, the intercept fitted along in the metric D."""
    if not path.model.fit_intercept:
        return source.hessian(weights, there)
    H = source.hessian(weights, np.append(there, len(path.feature_names)))
    C: Floats = H[:-1, :-1] - np.outer(H[:-1, -1], H[-1, :-1]) / H[-1, -1]
    return C


def _assumption(loss: str, level: float) -> str:
    """What must hold, in words."""
    model = {
        "squared": "y is b0 + X b and independent noise of one variance",
        "logistic": "the log-odds are b0 + X b, the rows are independent, and none is nearly certain",
    }[loss]
    return (
        f"Assumes: {model}; few true weights are not zero, s·log(p) being far below the root of n; each column is told "
        f"apart from the others by a sparse regression on them; n is large. Then each interval for itself covers the "
        f"true weight with probability {100 * level:g} %; not all of them together, nor those picked by their looks."
    )
