"""Losses beyond the squared and logistic, their duals, and the relative duality gap under them: no solver here either.

    minimise over b₀, b:  F(η) + α Ω(b),   η = b₀ + X b,   F(η) = (1/n) Σᵢ f(yᵢ, ηᵢ)

poisson      f = e^η - yη
gamma        f = η + y e^-η
tweedie      f = y e^-(p-1)η / (p-1) + e^(2-p)η / (2-p), 1 < p < 2: half the unit deviance under the log link
multinomial  f = log Σₖ e^ηₖ - η_y; q predictors a row, a column of b and an intercept for each class
cox          F = (1/n) Σ over events of [log Σ_{j at risk} exp ηⱼ - ηᵢ], Breslow's: ties share those at risk

A dual point u (one number a row and predictor) needs 1ᵀu = 0 where there is an intercept, and then, with g = -Xᵀu/n,

    P(b₀, b) - D(u) = [F(η) + F*(u) - ηᵀu/n]  +  [α Ω(b) + (αΩ)*(g) - bᵀg]

a sum of terms none of which is negative, so that nothing cancels when it is small. u = s f'(η + δ): δ, the same for all
rows, makes 1ᵀf' = 0 (under Poisson's loss it rescales the means until they sum to what y sums to), and 0 < s ≤ 1 makes
g feasible under a norm. u stays in the domain of f*, which is convex and holds 0 and f'(η + δ).

Divided by the null loss, that of an intercept alone, less the infimum of F over all predictors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import scipy.sparse as sp
from scipy.special import kl_div, log_softmax, logsumexp, xlogy

from benchmarks.gap import BLOCK, elastic_net_slack

if TYPE_CHECKING:
    from benchmarks.problems import Problem

POWER = 1.5  # of the Tweedie problems
ROUNDS = 60  # of Newton's method, which takes five
ROUNDING = 1e-12  # of a sum that ought to be zero, over its terms


class Loss(Protocol):
    """f of a matrix of predictors: eta is (n, L, q), q predictors a row for each of L answers; y is (n,) or (n, 2)."""

    @property
    def outputs(self) -> int:
        """q."""

    def shift(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """(L, q) of δ: the predictors eta + δ have Σᵢ f'(yᵢ, ηᵢ + δ) = 0, for each output."""

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """(n, L, q) of -f'."""

    def slack(self, y: np.ndarray, eta: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
        """(L,) of F(η) + F*(u) - ηᵀu/n, u = s f'(at); at is eta or a shift of it, s (L,) from 0 to 1.

        At s = 0 it is F(η) less its infimum, since F*(0) = -inf F.
        """


@dataclass(frozen=True)
class Poisson:
    """u = v - y, f*(u) = v log v - v, and f + f* - ηu = v log(v/μ) - v + μ with μ = e^η."""

    outputs: int = 1

    def shift(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """log (Σy / Σμ)."""
        return np.log(y.sum()) - logsumexp(eta, axis=0)

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """y - μ."""
        return _rows(y) - np.exp(eta)

    def slack(self, y: np.ndarray, eta: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
        """The divergence from v = (1 - s) y + s μ(at) to μ(η)."""
        s = s[:, None]
        return _mean(kl_div((1.0 - s) * _rows(y) + s * np.exp(at), np.exp(eta)))


@dataclass(frozen=True)
class Gamma:
    """u = 1 - v, f*(u) = v log(v/y) - v, and f + f* - ηu = v log(v/r) - v + r with r = y e^-η."""

    outputs: int = 1

    def shift(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """log (Σr / n)."""
        return logsumexp(np.log(_rows(y)) - eta, axis=0) - np.log(y.size)

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """r - 1."""
        return _rows(y) * np.exp(-eta) - 1.0

    def slack(self, y: np.ndarray, eta: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
        """The divergence from v = 1 - s + s r(at) to r(η)."""
        s, y = s[:, None], _rows(y)
        return _mean(kl_div(1.0 - s + s * y * np.exp(-at), y * np.exp(-eta)))


@dataclass(frozen=True)
class Tweedie:
    """f' = m - a and f'' = (2-p) m + (p-1) a, with a = y e^-(p-1)η and m = e^(2-p)η.

    f* has no closed form: f*(u) = ζu - f(ζ) at the root of f'(ζ) = u, and f + f* - ηu is, with d = η - ζ,

        a(ζ) [(e^-(p-1)d - 1)/(p-1) + d]  +  m(ζ) [(e^(2-p)d - 1)/(2-p) - d]

    Any other ζ would give less, by the square of its distance; that of Newton's method is off by rounding alone.
    """

    power: float = POWER
    outputs: int = 1

    def shift(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """log (Σa / Σm), since a shift by δ multiplies their ratio by e^-δ."""
        with np.errstate(divide="ignore"):
            pulls = np.log(_rows(y)) - (self.power - 1.0) * eta
        return logsumexp(pulls, axis=0) - logsumexp((2.0 - self.power) * eta, axis=0)

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """a - m."""
        pull, push = self._parts(_rows(y), eta)
        return pull - push

    def slack(self, y: np.ndarray, eta: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Where y is 0, the divergence from u to m(η), over 2 - p."""
        y, eta, at, s = np.broadcast_arrays(_rows(y), eta, at, s[:, None])
        u = -s * self.residual(y[:, 0, 0], at)
        terms = np.empty(u.shape)
        zero = y == 0.0
        terms[zero] = kl_div(u[zero], np.exp((2.0 - self.power) * eta[zero])) / (2.0 - self.power)
        some = ~zero
        zeta = self._root(y[some], u[some], at[some])
        pull, push = self._parts(y[some], zeta)
        d = eta[some] - zeta
        low, high = self.power - 1.0, 2.0 - self.power
        terms[some] = pull * (np.expm1(-low * d) / low + d) + push * (np.expm1(high * d) / high - d)
        return _mean(terms)

    def _parts(self, y: np.ndarray, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return y * np.exp(-(self.power - 1.0) * eta), np.exp((2.0 - self.power) * eta)

    def _root(self, y: np.ndarray, u: np.ndarray, at: np.ndarray) -> np.ndarray:
        """ζ with f'(ζ) = u = s f'(at), y > 0: between log y, where f' is 0, and `at`, and halved until Newton stays."""
        low, high = np.minimum(np.log(y), at), np.maximum(np.log(y), at)
        zeta = at
        for _ in range(ROUNDS):
            pull, push = self._parts(y, zeta)
            excess = push - pull - u
            low, high = np.where(excess <= 0.0, zeta, low), np.where(excess >= 0.0, zeta, high)
            step = zeta - excess / ((2.0 - self.power) * push + (self.power - 1.0) * pull)
            step = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
            moved = np.abs(step - zeta)
            zeta = step
            if np.all(moved <= 4.0 * np.finfo(float).eps * (1.0 + np.abs(zeta))):
                break
        return zeta


@dataclass(frozen=True)
class Multinomial:
    """u = v - e_y with v on the simplex, F* its entropy: f + f* - ηᵀu = Σₖ vₖ log(vₖ/πₖ), π = softmax(η).

    y (n,) holds the numbers 0, 1, ... of the classes.
    """

    outputs: int

    def shift(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Newton's method on the intercepts, to class totals that are those of y; nan where it does not get there."""
        shares = self._indicators(y).mean(axis=0)
        shift = np.zeros(eta.shape[1:])
        height = self._height(eta, shift, shares)
        for _ in range(ROUNDS):
            P = np.exp(log_softmax(eta + shift, axis=-1))
            excess = P.mean(axis=0) - shares
            if np.abs(excess).max() <= ROUNDING / 100.0:
                break
            curve = -np.einsum("nlk,nlj->lkj", P, P) / y.size
            curve[:, range(self.outputs), range(self.outputs)] += P.mean(axis=0)
            # A shift of all classes alike changes nothing: the matrix of ones fills that direction.
            step = -np.linalg.solve(curve + 1.0 + 1e-13 * np.eye(self.outputs), excess[:, :, None])[:, :, 0]
            for _ in range(ROUNDS):
                trial = self._height(eta, shift + step, shares)
                worse = trial > height + 1e-14 * (1.0 + np.abs(height))
                if not worse.any():
                    break
                step[worse] *= 0.5
            shift, height = shift + step, trial
        off = np.abs(np.exp(log_softmax(eta + shift, axis=-1)).mean(axis=0) - shares).max(axis=-1)
        return np.where(off[:, None] <= ROUNDING, shift, np.nan)

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """e_y - π."""
        return self._indicators(y)[:, None, :] - np.exp(log_softmax(eta, axis=-1))

    def slack(self, y: np.ndarray, eta: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
        """The divergence from v = (1 - s) e_y + s π(at) to π(η)."""
        s, logs = s[:, None], log_softmax(eta, axis=-1)
        V = (1.0 - s) * self._indicators(y)[:, None, :] + s * np.exp(log_softmax(at, axis=-1))
        return _mean(xlogy(V, V) - V * logs - V + np.exp(logs))

    def _indicators(self, y: np.ndarray) -> np.ndarray:
        return np.asarray(y[:, None] == np.arange(self.outputs), dtype=np.float64)

    def _height(self, eta: np.ndarray, shift: np.ndarray, shares: np.ndarray) -> np.ndarray:
        return logsumexp(eta + shift, axis=-1).mean(axis=0) - shift @ shares


@dataclass(frozen=True)
class Cox:
    """log Σ_{j ∈ R} exp ηⱼ = max over laws q on R of qᵀη + entropy(q), attained at p, the softmax of η over R.

    With R those at risk at a time t, d the events at t, ē uniform on them and one law q on R for all of them, since the
    entropy of the mean of several is no less than theirs, u = Σ_t d (q - ē) and F + F* - ηᵀu/n is at most
    (1/n) Σ_t d KL(q ‖ p). q = s p + (1 - s) ē gives u = s n F'. y (n, 2) holds time and event.
    """

    outputs: int = 1

    def shift(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """0: it has no intercept, and 1ᵀF' is 0 everywhere."""
        del y
        return np.zeros(eta.shape[1:])

    def residual(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Martingale residuals: event less hazard, e^η Σ_{t ≤ time} d / Σ_{j at risk at t} exp ηⱼ."""
        group, deaths, at_risk = self._times(y, eta[:, :, 0])
        with np.errstate(divide="ignore"):
            hazard = np.logaddexp.accumulate(np.log(deaths)[:, None] - at_risk, axis=0)
        return _rows(y[:, 1]) - np.exp(eta[:, :, 0] + hazard[group])[:, :, None]

    def slack(self, y: np.ndarray, eta: np.ndarray, at: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Rows without an event at t have q = s p, so that their sum needs no loop; a shift of eta leaves p."""
        del at
        eta = eta[:, :, 0]
        group, deaths, at_risk = self._times(y, eta)
        event = y[:, 1] == 1.0
        inside = np.exp(eta[event] - at_risk[group[event]])
        own = kl_div(s * inside + (1.0 - s) / deaths[group[event], None], inside)
        held = sp.csr_matrix((np.ones(event.sum()), (group[event], np.arange(event.sum()))), (deaths.size, event.sum()))
        rest = np.maximum(1.0 - held @ inside, 0.0) * (xlogy(s, s) - s + 1.0)
        return deaths @ (held @ own + rest) / y.shape[0]

    def _times(self, y: np.ndarray, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number of each row's time (n,); for each time, its events (T,) and log Σ exp η of those at risk (T, L)."""
        times, group = np.unique(y[:, 0], return_inverse=True)
        order = np.argsort(group, kind="stable")
        sums = np.logaddexp.accumulate(eta[order][::-1], axis=0)[::-1]
        return group, np.bincount(group, y[:, 1]), sums[np.searchsorted(group[order], np.arange(times.size))]


NAMES = ("poisson", "gamma", "tweedie", "multinomial", "cox")


def of(problem: Problem) -> Loss:
    """The loss of a problem."""
    match problem.loss:
        case "poisson":
            return Poisson()
        case "gamma":
            return Gamma()
        case "tweedie":
            return Tweedie()
        case "multinomial":
            return Multinomial(problem.design.classes)
        case "cox":
            return Cox()
    raise ValueError(f"loss must be one of {', '.join(NAMES)}, got {problem.loss!r}")


def largest_alpha(
    X: np.ndarray | sp.spmatrix,
    y: np.ndarray,
    loss: Loss,
    *,
    intercept: bool,
    l1_ratio: float = 1.0,
    rows: bool = False,
) -> float:
    """The smallest α at which b = 0."""
    pulls = _pulls(X, loss.residual(y, _null(y, loss, intercept=intercept)))[:, 0]
    return float(np.linalg.norm(pulls, axis=1).max() if rows else np.abs(pulls).max() / l1_ratio)


def relative_gaps(
    X: np.ndarray | sp.spmatrix,
    y: np.ndarray,
    coefs: np.ndarray | sp.spmatrix,
    alphas: np.ndarray,
    loss: Loss,
    *,
    intercepts: np.ndarray | None = None,
    l1_ratio: float = 1.0,
    rows: bool = False,
) -> np.ndarray:
    """(L,) of (P - D) / (null loss - infimum), inf where a coefficient is not finite.

    X (n, p), coefs (p·q, L) with outputs outermost, intercepts (L,) or (L, q), None for a model that has none. The
    penalty is the elastic net's on every coefficient, or with `rows` Σⱼ |(bⱼ₁, ..., bⱼ_q)|₂.
    """
    q, alphas = loss.outputs, np.asarray(alphas)
    if coefs.shape != (X.shape[1] * q, alphas.size):
        raise ValueError(f"coefs must be (p q, L) = {(X.shape[1] * q, alphas.size)}, got {coefs.shape}")
    given = None if intercepts is None else np.reshape(intercepts, (alphas.size, q))
    coefs, gaps = sp.csc_matrix(coefs), np.empty(alphas.size)
    with np.errstate(all="ignore"):  # an answer that overflows has no finite gap
        for start in range(0, alphas.size, BLOCK):
            some = slice(start, start + BLOCK)
            B, eta = _predictors(X, coefs[:, some], None if given is None else given[some], q)
            at = eta if given is None else eta + loss.shift(y, eta)
            G = _pulls(X, loss.residual(y, at))
            s = _scale(G, alphas[some], l1_ratio, rows=rows)
            penalty = _slack(B, G * s[:, None], alphas[some], l1_ratio, rows=rows)
            gaps[some] = loss.slack(y, eta, at, s) + penalty
    return np.where(np.isfinite(gaps), gaps, np.inf) / _scatter(y, loss, intercept=given is not None)


def objective(
    X: np.ndarray | sp.spmatrix,
    y: np.ndarray,
    b: np.ndarray,
    alpha: float,
    loss: Loss,
    *,
    intercept: np.ndarray | float | None = None,
    l1_ratio: float = 1.0,
    rows: bool = False,
) -> float:
    """P of one answer less the infimum of the loss; b (p·q,), intercept a number or (q,)."""
    given = None if intercept is None else np.reshape(intercept, (1, loss.outputs))
    B, eta = _predictors(X, sp.csc_matrix(b[:, None]), given, loss.outputs)
    B = B[:, 0]
    size = np.linalg.norm(B, axis=1).sum() if rows else (l1_ratio * np.abs(B) + 0.5 * (1.0 - l1_ratio) * B**2).sum()
    return float(loss.slack(y, eta, eta, np.zeros(1))[0] + alpha * size)


def _predictors(
    X: np.ndarray | sp.spmatrix, coefs: sp.csc_matrix, intercepts: np.ndarray | None, q: int
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (p, L, q) and predictors (n, L, q)."""
    p, count = X.shape[1], coefs.shape[1]
    B = coefs.toarray().reshape(q, p, count).transpose(1, 2, 0)
    eta = (X @ B.reshape(p, count * q)).reshape(X.shape[0], count, q)
    return B, eta if intercepts is None else eta + intercepts


def _pulls(X: np.ndarray | sp.spmatrix, residual: np.ndarray) -> np.ndarray:
    """(p, L, q) of XᵀR/n."""
    n, count, q = residual.shape
    return (X.T @ residual.reshape(n, count * q)).reshape(X.shape[1], count, q) / n


def _scale(G: np.ndarray, alphas: np.ndarray, l1_ratio: float, *, rows: bool) -> np.ndarray:
    """(L,) of the largest s ≤ 1 with s g feasible; a ridge part makes every g so."""
    if l1_ratio < 1.0:
        return np.ones(alphas.size)
    steepest = np.linalg.norm(G, axis=2).max(axis=0) if rows else np.abs(G).max(axis=(0, 2))
    return np.minimum(1.0, alphas / np.maximum(steepest, np.finfo(float).tiny))


def _slack(B: np.ndarray, G: np.ndarray, alphas: np.ndarray, l1_ratio: float, *, rows: bool) -> np.ndarray:
    """(L,) of αΩ(b) + (αΩ)*(g) - bᵀg."""
    if rows:  # Cauchy and Schwarz, row by row
        return (alphas * np.linalg.norm(B, axis=2) - (B * G).sum(axis=2)).sum(axis=0)
    return elastic_net_slack(B, G, alphas[:, None], l1_ratio).sum(axis=(0, 2))


def _null(y: np.ndarray, loss: Loss, *, intercept: bool) -> np.ndarray:
    """(n, 1, q) predictors of the null model."""
    eta = np.zeros((y.shape[0], 1, loss.outputs))
    return eta + loss.shift(y, eta) if intercept else eta


def _scatter(y: np.ndarray, loss: Loss, *, intercept: bool) -> float:
    """The null loss less the infimum."""
    eta = _null(y, loss, intercept=intercept)
    return float(loss.slack(y, eta, eta, np.zeros(1))[0])


def _rows(y: np.ndarray) -> np.ndarray:
    return y[:, None, None]


def _mean(terms: np.ndarray) -> np.ndarray:
    """(L,): means over rows, sums over outputs."""
    return terms.mean(axis=0).sum(axis=-1)
