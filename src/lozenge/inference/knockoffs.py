"""Knockoff+ with Gaussian model-X knockoffs: a selection whose expected share of false features is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lozenge import fit, gate
from lozenge.design import as_design
from lozenge.inference import gaussian
from lozenge.inference.records import Knockoffs
from lozenge.threads import one_pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.design import Design
    from lozenge.losses import Loss
    from lozenge.results import Floats, Path

AT_ONCE = 64  # columns of X that are read at once
OWN = 2018  # what is mixed into the seed, so that the draw is no one else's
PENALTIES = ("l1", "elasticnet", "mcp", "scad")
OPTIONS = ("n_alphas", "alpha_min_ratio", "sample_weight", "offset", "fit_intercept", "standardize", "tol", "progress")


@one_pool()
def knockoffs(
    X: Any,
    y: Any,
    *,
    fdr: float = 0.1,
    covariance: Any = None,
    mean: Any = None,
    method: Literal["mvr", "equi"] = "mvr",
    loss: str | Loss = "squared",
    penalty: str = "l1",
    cv: Any = 5,
    seed: int = 0,
    feature_names: Sequence[str] | None = None,
    **options: Any,
) -> Knockoffs:
    """Select features so that the expected share of false ones is at most ``fdr``, given the distribution of X.

    For rows x ~ N(μ, Σ) a knockoff x̃ is drawn given x, and not y, such that swapping any xⱼ with x̃ⱼ changes no
    distribution: Cov(x̃) = Σ, Cov(x, x̃) = Σ - diag(s).  Wⱼ is the size of the weight of xⱼ less that of x̃ⱼ, per standard
    deviation, in a fit on [X X̃] at the α of the smallest cross-validated deviance.  Of a feature that says nothing of y
    given the others the sign of Wⱼ is a coin's.  Selected is Wⱼ ≥ t, t the least absolute W with
    (1 + #{W ≤ -t}) / #{W ≥ t} ≤ fdr.

    Parameters
    ----------
    X : (n, p)
        As in `lozenge.path`; a dense copy of [X X̃] is made, of n·2p floats, also of a sparse X.
    y, loss, seed, feature_names
        As in `lozenge.path`.  ``seed`` draws the knockoffs and the folds.
    fdr : between 0 and 1
        Nothing is selected unless 1/fdr features beat their knockoffs.
    covariance : (p, p), optional
        Σ where it is known.  Without it that of the rows, shrunk towards a multiple of the identity as by Ledoit and
        Wolf after the columns are standardised; then the bound holds as far as the estimate is good.
    mean : (p,), optional
        μ; without it the column means.
    method : "mvr" or "equi"
        How s is found: the least reconstructable knockoffs, or one s for all standardised features.
    penalty : "l1", "elasticnet", "mcp" or "scad"
    cv : as in `lozenge.path`
    **options
        Of `lozenge.path`: ``n_alphas``, ``alpha_min_ratio``, ``sample_weight``, ``offset``, ``fit_intercept``,
        ``standardize``, ``tol`` and ``progress``.

    Returns
    -------
    Knockoffs
        With the assumption that it rests on.

    Raises
    ------
    ValueError, TypeError
        For a covariance that is not positive definite or of another size, an unknown option, and as in `lozenge.path`.

    References
    ----------
    Candès, Fan, Janson, Lv (2018), Panning for gold: model-X knockoffs for high dimensional controlled variable
    selection, JRSS B 80, sections 3 and 4.  Barber, Candès (2015), Controlling the false discovery rate via knockoffs,
    Annals of Statistics 43, eq. 1.9.  Spector, Janson (2022), Powerful knockoffs via minimizing reconstructability,
    Annals of Statistics 50.  Ledoit, Wolf (2004), A well-conditioned estimator for
    large-dimensional covariance matrices, Journal of Multivariate Analysis 88.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.inference import knockoffs
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((300, 40))
    >>> y = X[:, :12].sum(axis=1) + rng.standard_normal(300)
    >>> found = knockoffs(X, y, covariance=np.eye(40), mean=np.zeros(40))
    >>> set(range(12)) <= set(found.selected.tolist())
    True
    """
    if not 0.0 < fdr < 1.0:
        raise ValueError(f"fdr must be above 0 and below 1, such as 0.1; got {fdr}")
    if method not in gaussian.SLACKS:
        raise ValueError(f"method must be one of {', '.join(gaussian.SLACKS)}; got {method!r}")
    if penalty not in PENALTIES:
        raise ValueError(
            f"a feature and its knockoff must have the same price, so penalty is one of {', '.join(PENALTIES)}, by its "
            f"name; got {penalty!r}"
        )
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise TypeError(
            f"knockoffs takes of the options of lozenge.path {', '.join(OPTIONS)}; got {', '.join(unknown)}"
        )
    if cv is None:
        raise ValueError("knockoffs compares weights at a cross-validated alpha, and needs folds for that; use cv=5")
    design, own = as_design(X)
    p = design.shape[1]
    names = gate.names(feature_names, own, p)
    rows = _dense(design)
    law = gaussian.law(rows, covariance, mean)
    s = gaussian.SLACKS[method](law.correlation)
    # X may have been drawn from the same seed, and its own numbers again would be no knockoffs.
    rng = np.random.default_rng((gate.seed(seed), OWN))
    both = np.hstack([rows, gaussian.draw(rows, law, s, rng)])
    # Where a solver treats columns differently by their place, a feature and its knockoff have each place as often.
    order = rng.permutation(2 * p)
    path = fit.path(both[:, order], y, loss=loss, penalty=penalty, cv=cv, seed=seed, **options)
    best = path.best("min")
    size = _sizes(path, best.coef, 2 * p)[np.argsort(order)]
    W = size[:p] - size[p:]
    t = threshold(W, fdr)
    chosen = np.flatnonzero(t <= W)
    return Knockoffs(
        feature_names=names,
        selected=chosen,
        statistic=W,
        threshold=t,
        fdr=fdr,
        estimated_fdp=(1 + int(np.count_nonzero(-t >= W))) / len(chosen) if len(chosen) else 0.0,
        alpha=best.alpha,
        slack=s,
        method=method,
        covariance=law.known_from,
        loss=path.model.loss,
        assumption=_assumption(fdr, given=covariance is not None, known_from=law.known_from),
    )


def threshold(W: Floats, fdr: float) -> float:
    """The least t > 0 among the |W| with (1 + #{W ≤ -t}) / max(1, #{W ≥ t}) ≤ fdr; inf where there is none."""
    steps = np.sort(np.abs(W[W != 0.0]))
    beaten, won = np.sort(-W[W < 0.0]), np.sort(W[W > 0.0])
    more = len(beaten) - np.searchsorted(beaten, steps)
    taken = len(won) - np.searchsorted(won, steps)
    kept = np.flatnonzero(1 + more <= fdr * np.maximum(taken, 1))
    return float(steps[kept[0]]) if len(kept) else float("inf")


def _dense(design: Design) -> Floats:
    """X, a few columns at a time from products with columns of the identity."""
    n, p = design.shape
    scale, shift, _ = design.affine
    out = np.empty((n, p), order="F")
    for first in range(0, p, AT_ONCE):
        cols = np.arange(first, min(first + AT_ONCE, p))
        out[:, cols] = design.predict(np.diag(1.0 / scale[cols]), cols) + shift[cols] / scale[cols]
    return out


def _sizes(path: Path, coef: Floats, columns: int) -> Floats:
    """(columns,) of the weights per standard deviation, added up over the outputs."""
    found: Floats = np.sum(np.abs(coef * path.model.scale).reshape(-1, columns), axis=0)
    return found


def _assumption(fdr: float, *, given: bool, known_from: str) -> str:
    """What must hold, in words."""
    how = (
        "with the covariance that was given"
        if given
        else f"with a covariance {known_from}, for which there is no proof"
    )
    return (
        f"Assumes: the rows of X are independent and normal {how}; y may depend on them in any way. Then, over draws "
        f"of X, y and the knockoffs, the expected share of selected features that say nothing of y given the others is "
        f"at most {fdr:g}. Of one draw's share nothing is promised, and another seed may select others."
    )
