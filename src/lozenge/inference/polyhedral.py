"""Intervals for the weights of the model that the lasso selected, given that it selected it: Gaussian, α fixed.

With the kept columns M, their signs s and G = (X_MᵀX_M/n)⁻¹, the lasso's weights are β̂ = β̄ - αG(v∘s), β̄ least squares
on M.  Let η pick β̄ⱼ = ηᵀy; η lies in the span of X_M, so that moving y along it moves no pull of a column outside of M,
and β̂ᵢ by Gᵢⱼ/Gⱼⱼ for each unit of β̄ⱼ.  The same M and s are kept while every sᵢβ̂ᵢ is positive: an interval for β̄ⱼ, to
which its normal distribution is truncated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import erf, erfcx

from lozenge import criteria
from lozenge.inference.records import SelectedIntervals
from lozenge.penalties.form import SoftThreshold
from lozenge.subproblem import Goal, exchange
from lozenge.threads import one_pool

if TYPE_CHECKING:
    from lozenge.results import Floats, Indices, Path, Source

ROOT = float(np.sqrt(0.5))
NARROW = 1e-6  # an interval over which the normal density is an exponential function
FARTHEST = 1e100  # standard deviations: beyond, an end is infinite
EXACT, NOISE = 1e-9, 1e-13  # of the price, and of the pull of the null model: what rounding may add to a pull
SPANNED = 1e-10  # smallest eigenvalue of the kept columns' correlations
SAME_ALPHA = 1e-9


@one_pool()
def selected(path: Path, *, alpha: float, sigma: float, level: float = 0.95) -> SelectedIntervals:
    """Give equal-tailed intervals for (X_MᵀX_M)⁻¹X_MᵀEy, M the features kept at α, given M and their signs.

    Parameters
    ----------
    path : Path
        Just fitted, under ``loss="squared"`` and ``penalty="l1"`` without bounds.
    alpha : float
        Fixed before y was seen.  One chosen by cross-validation is refused; of one that was read off the grid, or set
        as a share of αmax, which depends on y, the path cannot know, and the intervals do not hold for it.
    sigma : float
        Standard deviation of the noise, in the units of y, known otherwise than from this y.
    level : between 0 and 1

    Returns
    -------
    SelectedIntervals
        For the kept features; none where none is kept.  What is told of is the best linear model on the kept features,
        whether or not others matter, and its weights differ from those of the true model.

    Raises
    ------
    ValueError
        For a loaded path, another loss or penalty, an α that the cross-validation chose, and kept features that depend
        on one another.

    References
    ----------
    Lee, Sun, Sun, Taylor (2016), Exact post-selection inference, with application to the lasso, Annals of Statistics
    44, theorems 5.2 and 5.3, section 6.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> from lozenge.inference import selected
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> path = lz.path(X, X[:, 0] + rng.standard_normal(100), alphas=[0.4])
    >>> found = selected(path, alpha=0.4, sigma=1.0)
    >>> found.feature_names, bool(found.low[0] < 1.0 < found.high[0])
    (('x0',), True)
    """
    source, model = _live(path), path.model
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be above 0 and below 1, such as 0.95; got {level}")
    if not 0.0 < sigma < np.inf:
        raise ValueError(
            f"sigma must be positive and finite, in the units of y, and not estimated from it; got {sigma}"
        )
    if not 0.0 < alpha < np.inf:
        raise ValueError(f"alpha must be positive and finite; got {alpha}")
    _fixed(path, alpha)
    fit = _fit(path, source, alpha)
    se = sigma * np.sqrt(np.diagonal(fit.inverse) / model.weight_sum)
    below, above = _room(fit)
    ends = [_interval(a, b, level) for a, b in zip(below / se, above / se, strict=True)]
    z = np.array(ends).reshape(len(ends), 2)
    unit = model.penalised_unit[fit.kept]
    return SelectedIntervals(
        feature_names=tuple(path.feature_names[j] for j in fit.kept),
        weight=fit.least_squares / unit,
        low=(fit.least_squares - se * z[:, 1]) / unit,
        high=(fit.least_squares - se * z[:, 0]) / unit,
        se=se / unit,
        lasso=fit.lasso / unit,
        floor=(fit.least_squares - below) / unit,
        ceiling=(fit.least_squares + above) / unit,
        alpha=float(alpha),
        level=level,
        sigma=float(sigma),
        assumption=(
            f"Assumes: y is normal around any mean, independent, of one standard deviation {sigma:.4g} that is known "
            f"and not estimated from this y; alpha {alpha:.4g} was fixed before y was seen: not cross-validated, not "
            "read off a path, not a share of its alpha max. The intervals cover the weights of the best linear model "
            f"on the kept features, not of the true model, with probability {100 * level:g} % each, among all y for "
            "which these features are kept with these signs."
        ),
    )


class _Fit(NamedTuple):
    """Kept features, their weights by least squares and the lasso, in the units the penalty sees, G, and signs s.

    s is 0 for a feature without a price, which is kept with either sign.
    """

    kept: Indices
    least_squares: Floats
    lasso: Floats
    inverse: Floats
    signs: Floats


def _live(path: Path) -> Source:
    model = path.model
    if path.by_size or path.source is None:
        raise ValueError(
            "intervals after selection are made from the rows, and this path was loaded, or goes by size: fit it "
            "again, by alpha, and ask that path"
        )
    if model.loss != "squared":
        raise ValueError(f"intervals after selection are exact for the squared loss only; got {model.loss!r}")
    if model.penalty != "l1" or model.penalty_parameters:
        raise ValueError(
            f'intervals after selection are known for penalty="l1" without bounds; got {model.penalty!r}'
            + (" with bounds" if model.penalty == "l1" else "")
        )
    if (doubt := criteria.light(path, "an interval")) is not None:
        raise ValueError(doubt)
    path.source.unchanged()
    return path.source


def _fixed(path: Path, alpha: float) -> None:
    """Refuse an α that y has chosen, as far as can be seen."""
    if path.cv is None:
        return
    for rule, k in (("min", path.cv.index_min), ("1se", path.cv.index_1se)):
        if abs(alpha - path.cv.alphas[k]) <= SAME_ALPHA * alpha:
            raise ValueError(
                f"alpha {alpha:.6g} is the choice {rule!r} of the cross-validation, so it depends on y, and intervals "
                "that take it for fixed do not cover at their level; name an alpha fixed beforehand, or use "
                "lozenge.inference.intervals"
            )


def _fit(path: Path, source: Source, alpha: float) -> _Fit:
    """The kept features to the last bit: within a tolerance, one that just entered may pass for zero."""
    model, p = path.model, len(path.feature_names)
    weights = source.weights_at(alpha)
    marginal = source.evaluate(np.zeros((len(weights), 1)))[1][:p, 0]
    price = alpha * model.penalty_weights
    open_to = np.isfinite(price) & ~model.constant
    cols = np.flatnonzero(weights[:p])
    while True:
        C = source.covariance(cols)
        form = SoftThreshold(price[cols], np.zeros(len(cols)))
        found, _ = exchange(C, marginal[cols], weights[cols], form, Goal(0.0), np.zeros(len(cols), dtype=bool))
        weights[:p] = 0.0
        weights[cols] = found
        left = source.evaluate(weights[:, None])[1][:p, 0]
        over = open_to & (np.abs(left) > (1.0 + EXACT) * price + NOISE * np.abs(marginal))
        over[cols] = False
        if not over.any():
            break
        cols = np.union1d(cols, np.flatnonzero(over))
    inside = np.flatnonzero(found)
    kept, C = cols[inside], C[np.ix_(inside, inside)]
    size, v = np.sqrt(np.diagonal(C)), model.penalty_weights[kept]
    if len(kept) and not float(np.linalg.eigvalsh(C / np.outer(size, size))[0]) > SPANNED:
        raise ValueError(
            f"of the {len(kept)} features kept at alpha {alpha:.6g} some are sums of others, so that their weights are "
            "not told apart; leave one of them out, or use a larger alpha"
        )
    inverse = np.asarray(np.linalg.inv(C), dtype=np.float64)
    return _Fit(kept, inverse @ marginal[kept], weights[kept], inverse, np.sign(weights[kept]) * (v > 0.0))


def _room(fit: _Fit) -> tuple[Floats, Floats]:
    """How far each least-squares weight can fall and rise until a kept weight reaches zero."""
    G, size = fit.inverse, fit.signs * fit.lasso
    rate = fit.signs[:, None] * G / np.diagonal(G)  # of sᵢβ̂ᵢ, per unit of β̄ⱼ, in column j
    with np.errstate(divide="ignore", invalid="ignore"):
        until = np.abs(size[:, None] / rate)
    below = np.min(np.where(rate > 0.0, until, np.inf), axis=0, initial=np.inf)
    above = np.min(np.where(rate < 0.0, until, np.inf), axis=0, initial=np.inf)
    return below, above


def _interval(below: float, above: float, level: float) -> tuple[float, float]:
    """Ends z of (β̄ - β)/se for which neither tail of the truncated normal is below (1 - level)/2."""
    odds = float(np.log((1.0 + level) / (1.0 - level)))
    return _solve(-odds, below, above), _solve(odds, below, above)


def _solve(odds: float, below: float, above: float) -> float:
    """z at which `log_odds` is this; infinite where it is farther out than floats tell."""
    low, high = -1.0, 1.0
    while log_odds(low, below, above) > odds:
        if low < -FARTHEST:
            return -np.inf
        low, high = 2.0 * low, low
    while log_odds(high, below, above) < odds:
        if high > FARTHEST:
            return np.inf
        low, high = high, 2.0 * high
    return float(brentq(lambda z: log_odds(z, below, above) - odds, low, high, xtol=1e-12, rtol=1e-12))


def log_odds(z: float, below: float, above: float) -> float:
    """Log of F/(1 - F), F = P(Z ≤ z) for a standard normal Z that is kept to [z - below, z + above].

    It increases with z from -inf to inf.  Both masses are taken relative to the density at z, so that none underflows
    however far out z is.
    """
    if z < 0.0:
        return -log_odds(-z, above, below)
    outer = _mass(z, above)
    if below <= z:
        # P(z - below ≤ Z ≤ z) from its inner end, whose density is exp(below·(2z - below)/2) that of z.
        return 0.5 * below * (2.0 * z - below) + float(np.log(_mass(z - below, below) / outer))
    inner = float(erf(ROOT * z) + erf(ROOT * (below - z)))
    return float(np.log(inner) - np.log(outer)) + 0.5 * z * z


def _mass(a: float, width: float) -> float:
    """2 P(a ≤ Z ≤ a + width) e^(a²/2) for a ≥ 0."""
    if width * (1.0 + a) < NARROW:
        return width * 2.0 * ROOT / float(np.sqrt(np.pi)) * float(np.exp(-0.5 * a * width))
    fall = np.exp(-0.5 * width * (2.0 * a + width)) if width < np.inf else 0.0
    return float(erfcx(ROOT * a) - (fall * erfcx(ROOT * (a + width)) if fall > 0.0 else 0.0))
