"""The relative duality gap of an answer, from X, y and the coefficients alone: NumPy and SciPy, and no solver.

With θ = s (y - f'-part)/n, the dual point on the ray through the residual, Fenchel and Young split the gap into terms
none of which is negative, so that nothing cancels when it is small:

    P(b) - D(θ) = (1/n) Σᵢ [f(ηᵢ) + f*(uᵢ) - ηᵢuᵢ]  +  Σⱼ [pen(bⱼ) + pen*(gⱼ) - bⱼgⱼ],   u = -nθ,  g = Xᵀθ

squared   ½ (1-s)² rᵢ²                                          r = y - η, θ = s r/n
logistic  KL(v ‖ σ(η)) between Bernoulli laws                   v = y - s (y - σ(η)), θ = s (y - σ(η))/n
ρ = 1     α|b| - b g, and s = min(1, α / |Xᵀr|∞ n), the largest s ≤ 1 with |g| ≤ α
ρ < 1     q/2 (b - S/q)² + αρ|b| - b (g - S),  q = α(1-ρ), S = soft(g, αρ), and s = 1

Divided by P(0), the loss of b = 0: a saturated model has loss 0 for both losses.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, xlogy

BLOCK = 25  # alphas a block: bounds the memory at 25 vectors of n and of p


def relative_gaps(
    X: np.ndarray | sp.spmatrix,
    y: np.ndarray,
    coefs: np.ndarray | sp.spmatrix,
    alphas: np.ndarray,
    *,
    loss: str = "squared",
    l1_ratio: float = 1.0,
    duals: np.ndarray | None = None,
) -> np.ndarray:
    """(L,) of (P(b) - D(θ)) / P(0), inf where a coefficient is not finite.

    X (n, p), y (n,), coefs (p, L) with the solution for alphas[k] in column k. A contestant that has dual points of its
    own hands them in as duals (n, L); they are made feasible here, and the better of the two points counts.
    """
    if coefs.shape != (X.shape[1], len(alphas)):
        raise ValueError(f"coefs must be (p, L) = {(X.shape[1], len(alphas))}, got {coefs.shape}")
    if loss not in null_loss:
        raise ValueError(f"loss must be one of {sorted(null_loss)}, got {loss!r}")
    coefs = sp.csc_matrix(coefs)
    blocks = [slice(k, k + BLOCK) for k in range(0, len(alphas), BLOCK)]
    alphas = np.asarray(alphas)
    gaps = np.concatenate([_gaps(X, y, coefs[:, k], alphas[k], loss, l1_ratio) for k in blocks])
    if duals is not None:
        own = [_primal(X, y, coefs[:, k], alphas[k], loss, l1_ratio) for k in blocks]
        own = np.concatenate(own) - np.concatenate(
            [_dual(X, y, duals[:, k], alphas[k], loss, l1_ratio) for k in blocks]
        )
        gaps = np.fmin(gaps, own)
    return np.where(np.isfinite(gaps), gaps, np.inf) / null_loss[loss](y)


def objective(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, b: np.ndarray, alpha: float, *, loss: str, l1_ratio: float
) -> float:
    """P(b) of one coefficient vector."""
    return float(_primal(X, y, sp.csc_matrix(b[:, None]), np.array([alpha]), loss, l1_ratio)[0])


null_loss = {
    "squared": lambda y: 0.5 * np.mean(y**2),
    "logistic": lambda _: np.log(2.0),
}


def _gaps(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, coefs: sp.csc_matrix, alphas: np.ndarray, loss: str, l1_ratio: float
) -> np.ndarray:
    support = np.unique(coefs.indices)
    B = coefs[support].toarray()
    eta = X[:, support] @ B
    R = y[:, None] - (expit(eta) if loss == "logistic" else eta)
    G = X.T @ R / y.size
    s = np.ones(alphas.size)
    if l1_ratio == 1.0:
        steepest = np.abs(G).max(axis=0)
        s = np.minimum(1.0, alphas / np.maximum(steepest, np.finfo(float).tiny))
    fit = _bernoulli(y[:, None], eta, s) if loss == "logistic" else 0.5 * ((1.0 - s) * R) ** 2
    gaps = fit.mean(axis=0) + elastic_net_slack(B, G[support] * s, alphas, l1_ratio).sum(axis=0)
    if l1_ratio < 1.0:  # pen*(g) counts outside the support too, where it is the whole term
        beyond = np.maximum(np.abs(G) - alphas * l1_ratio, 0.0)
        beyond[support] = 0.0
        gaps += (beyond**2).sum(axis=0) / (2.0 * alphas * (1.0 - l1_ratio))
    return gaps


def _primal(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, coefs: sp.csc_matrix, alphas: np.ndarray, loss: str, l1_ratio: float
) -> np.ndarray:
    support = np.unique(coefs.indices)
    B = coefs[support].toarray()
    eta, y = X[:, support] @ B, y[:, None]
    fit = np.logaddexp(0.0, eta) - y * eta if loss == "logistic" else 0.5 * (y - eta) ** 2
    return fit.mean(axis=0) + alphas * (l1_ratio * np.abs(B).sum(axis=0) + 0.5 * (1 - l1_ratio) * (B**2).sum(axis=0))


def _dual(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, theta: np.ndarray, alphas: np.ndarray, loss: str, l1_ratio: float
) -> np.ndarray:
    G = X.T @ theta
    beyond = np.zeros(alphas.size)
    if l1_ratio == 1.0:
        theta = theta * np.minimum(1.0, alphas / np.maximum(np.abs(G).max(axis=0), np.finfo(float).tiny))
    else:
        beyond = (np.maximum(np.abs(G) - alphas * l1_ratio, 0.0) ** 2).sum(axis=0) / (2.0 * alphas * (1.0 - l1_ratio))
    y = y[:, None]
    u = y.shape[0] * theta
    if loss == "squared":
        return (y * u - 0.5 * u**2).mean(axis=0) - beyond
    v = y - u
    inside = np.all((v >= 0.0) & (v <= 1.0), axis=0)
    return np.where(inside, -(xlogy(v, v) + xlogy(1.0 - v, 1.0 - v)).mean(axis=0) - beyond, -np.inf)


def elastic_net_slack(B: np.ndarray, G: np.ndarray, alphas: np.ndarray, l1_ratio: float) -> np.ndarray:
    """pen(b) + pen*(g) - bg of every coefficient; with ρ = 1, |g| ≤ α is for the caller to see to."""
    if l1_ratio == 1.0:
        return alphas * np.abs(B) - B * G
    corner, ridge = alphas * l1_ratio, alphas * (1.0 - l1_ratio)
    inside = np.clip(G, -corner, corner)
    return 0.5 * ridge * (B - (G - inside) / ridge) ** 2 + corner * np.abs(B) - B * inside


def _bernoulli(y: np.ndarray, eta: np.ndarray, s: np.ndarray) -> np.ndarray:
    v = (1.0 - s) * y + s * expit(eta)
    other = (1.0 - s) * (1.0 - y) + s * expit(-eta)  # 1 - v, not by subtraction
    return xlogy(v, v) + xlogy(other, other) + v * np.logaddexp(0.0, -eta) + other * np.logaddexp(0.0, eta)
