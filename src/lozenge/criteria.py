"""Information criteria along a path: -2 log-likelihood + price · df."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from scipy.special import gammaln

from lozenge.factor import Factor
from lozenge.penalties import PENALTIES
from lozenge.penalties.face import Face
from lozenge.results import Criterion, Likelihood
from lozenge.threads import one_pool

if TYPE_CHECKING:
    from lozenge.design.base import Floats
    from lozenge.penalties.faced import Faced
    from lozenge.results import Path
    from lozenge.source import Source

LIGHT = 0.25  # of the number of rows: weights that add to less are taken for shares
GAMMA = 1.0  # of EBIC where none is named: the one that p of any power of n cannot mislead


@one_pool()
def criterion(found: Path, name: str, gamma: float = float("nan")) -> Criterion:
    """Give -2 log L + c·df at every α: c = 2 (AIC), log N (BIC), and for EBIC log N with 2γ log C(p, kept) added.

    The variance of a Gaussian response is at its best at each α.  df is the rank of what may move, unpenalised columns
    and intercepts included; where the penalty bends, tr((H + P)⁻¹H) with the second derivatives of loss and penalty.

    Raises
    ------
    ValueError
        For a concave penalty or one of the user's own, a path by size or a loaded one, a loss without a likelihood; and
        where p ≥ n if no α has df ≤ N/2.

    References
    ----------
    Akaike (1974).  Schwarz (1978).  Chen, Chen (2008), Extended Bayesian information criteria for model selection with
    large model spaces, Biometrika 95, eq. 2.  Zou, Hastie, Tibshirani (2007), On the degrees of freedom of the lasso,
    Annals of Statistics 35.  Tibshirani, Taylor (2012), Degrees of freedom in lasso problems, Annals of Statistics 40,
    theorem 2.  Vaiter et al. (2017), The degrees of freedom of partly smooth regularizers, AISM 69, theorem 2.
    """
    likelihood, source = _told_by(found, name), cast("Source", found.source)
    source.unchanged()
    df = freedom(found, source)
    total = found.model.null_loss - found.deviance_ratio * (found.model.null_loss - found.model.saturated_loss)
    log_likelihood = _log_likelihood(likelihood, found.model.weight_sum * total)
    price = 2.0 if name == "aic" else float(np.log(likelihood.size))
    values = price * df - 2.0 * log_likelihood
    if name == "ebic":
        p, share = len(source.problem.penalised), GAMMA if np.isnan(gamma) else gamma
        values = values + 2.0 * share * (gammaln(p + 1) - gammaln(found.df + 1) - gammaln(p - found.df + 1))
    wide = len(source.problem.penalised) >= found.model.n
    allowed = (df <= 0.5 * likelihood.size) | (not wide)
    allowed &= np.isfinite(values)
    if not allowed.any():
        raise ValueError(
            f"{name.upper()} compares likelihoods, and with as many features as rows only an alpha with df <= "
            f"{0.5 * likelihood.size:g}, half the observations, leaves one to speak of; none of these has: let the "
            "path begin at a larger alpha"
        )
    index = int(np.argmin(np.where(allowed, values, np.inf)))
    return Criterion(name, found.alphas, values, log_likelihood, df, allowed, index)


def light(found: Path, what: str) -> str | None:
    """What to say where weights can hardly be numbers of rows, as which N and the likelihood take them."""
    total, rows = found.model.weight_sum, found.model.n
    if total >= LIGHT * rows:
        return None
    return (
        f"{what} takes a sample weight as a number of rows, and these add to {total:.4g} in {rows:,} rows: if they are "
        "shares, multiply them until they add to the number of rows"
    )


def _told_by(found: Path, name: str) -> Likelihood:
    """The likelihood of a path that has a criterion."""
    model, what = found.model, name.upper()
    instead = "Cross-validate, cv=10, and use 'min' or '1se'"
    if found.by_size:
        raise ValueError(
            f"{what} charges for degrees of freedom, and of a search over subsets they are not known. {instead}"
        )
    if model.penalty not in PENALTIES or not (found.source is None or found.source.convex):
        raise ValueError(
            f"{what} charges for degrees of freedom, and under {model.penalty} they are not known: they are for the "
            f"convex penalties of lozenge.penalties. {instead}"
        )
    if model.likelihood is None:
        raise ValueError(
            f"{what} needs a likelihood, and loss {model.loss!r} is that of no distribution, or of one whose spread is "
            f"not known. {instead}"
        )
    if found.source is None:
        raise ValueError(f"a loaded path knows its grid only; fit again to ask for {what}")
    return model.likelihood


def _log_likelihood(likelihood: Likelihood, total: Floats) -> Floats:
    """(L,) where Σ w f is ``total``."""
    if not likelihood.profiled:
        return -total - likelihood.remainder
    size = likelihood.size
    with np.errstate(divide="ignore"):  # a perfect fit: +inf, which is not allowed
        return -0.5 * size * (1.0 + np.log(2.0 * np.pi * 2.0 * np.maximum(total, 0.0) / size)) - likelihood.remainder


def freedom(found: Path, source: Source) -> Floats:
    """(L,) degrees of freedom."""
    problem, unit = source.problem, source.unit
    pen, free = problem.penalised, problem.free
    none = np.zeros(len(problem.scale))
    always = len(Factor.of(source.hessian(_levels(source, none), free)).independent)
    faces: list[tuple[Face, Floats]] = []
    for k, alpha in enumerate(found.alphas.tolist()):
        B = found.coefs[:, [k]].toarray()[pen, 0] * found.model.penalised_unit[pen] / unit
        form = cast("Faced", problem.penalty.kernel(alpha / unit))
        face = form.face(B)
        stiff = np.zeros((len(face.rows),) * 2) if face.tied is None else np.zeros((_variables(face),) * 2)
        form.stiffen(stiff, face, B)
        faces.append((face, stiff))
    # A unique optimum on a face where the penalty is straight has independent columns there: along a direction without
    # an effect on η the penalty would fall one way, or there would be another optimum.
    # At α = 0 weights of classes are told up to a constant, which is settled by convention and not by the data.
    told = (found.alphas > 0.0) | (not problem.loss.redundant)
    known = [bool(found.unique[k] and told[k]) and not stiff.any() for k, (_, stiff) in enumerate(faces)]
    asked = [face.rows for (face, _), plain in zip(faces, known, strict=True) if not plain]
    union = np.unique(np.concatenate([*asked, np.zeros(0, dtype=np.intp)]))
    shared = None
    if problem.loss.quadratic and asked:
        shared = source.hessian(none, np.concatenate([free, pen[union]]))
    df = np.empty(len(faces))
    for k, ((face, stiff), plain) in enumerate(zip(faces, known, strict=True)):
        if plain:
            df[k] = always + _variables(face)
            continue
        rows = np.searchsorted(union, face.rows)
        if shared is None:
            weights = source.weights_at(float(found.alphas[k]))
            H = source.hessian(weights, np.concatenate([free, pen[face.rows]]))
        else:
            on = np.concatenate([np.arange(len(free)), len(free) + rows])
            H = shared[np.ix_(on, on)]
        df[k] = always + _trace(_beyond(H, len(free)), face, stiff)
    return df


def _levels(source: Source, weights: Floats) -> Floats:
    """Weights of the null model, in the units of `Source.weights_at`."""
    found = weights.copy()
    point = source.null.point
    found[source.problem.free] = point.beta * source.unit
    return found


def _variables(face: Face) -> int:
    """How many may move apart."""
    return len(face.rows) if face.tied is None else int(np.max(face.tied, initial=-1)) + 1


def _beyond(H: Floats, free: int) -> Floats:
    """What of the second derivatives the free columns leave."""
    return np.asarray(H[free:, free:] - H[free:, :free] @ Factor.of(H[:free, :free]).solve(H[:free, free:]))


def _trace(H: Floats, face: Face, stiff: Floats) -> float:
    """tr((H + P)⁺H) over a face's variables: the rank of H where P is 0."""
    own = Face(np.arange(len(face.rows)), face.tied, face.signs).system(H)
    if not stiff.any():
        return float(len(Factor.of(own).independent))
    return float(np.trace(Factor.of(own + stiff).solve(own)))
