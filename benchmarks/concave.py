"""Objective and stationarity under penalties that are concave in |b|: NumPy and SciPy, and no solver.

    minimise over b:  (1/2n) |y - X b|² + Σⱼ ω(|bⱼ|)

    mcp    ω'(t) = (α - t/γ)₊                    Zhang (2010), Annals of Statistics 38, eq. 2.1
    scad   ω'(t) = min(α, (γα - t)₊ / (γ - 1))   Fan, Li (2001), JASA 96, eq. 2.7

There is no dual and no gap. With g = Xᵀ(y - X b)/n, b is stationary where |gⱼ| ≤ α at bⱼ = 0 and gⱼ = ω'(|bⱼ|) sign bⱼ
elsewhere; what is missed of that is the violation. Stationary points differ, so their objectives are compared too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from benchmarks.gap import BLOCK, null_loss

if TYPE_CHECKING:
    from benchmarks.problems import Penalty

SLACK = 1e-8  # of the null loss: objectives that differ by less are the same


def objectives(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, coefs: np.ndarray | sp.spmatrix, alphas: np.ndarray, penalty: Penalty
) -> np.ndarray:
    """(L,) of the objective over that of b = 0, inf where a coefficient is not finite.

    X (n, p), y (n,), coefs (p, L) with the answer for alphas[k] in column k.
    """
    return _blocks(X, y, coefs, alphas, penalty)[0]


def violations(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, coefs: np.ndarray | sp.spmatrix, alphas: np.ndarray, penalty: Penalty
) -> np.ndarray:
    """(L,) of the largest violation over α, inf where a coefficient is not finite."""
    return _blocks(X, y, coefs, alphas, penalty)[1]


def value(B: np.ndarray, alphas: np.ndarray, penalty: Penalty) -> np.ndarray:
    """(p, L) of ω(|b|)."""
    size, gamma = np.abs(B), penalty.parameter
    if penalty.name == "mcp":
        inside = np.minimum(size, gamma * alphas)
        return inside * (alphas - inside / (2.0 * gamma))
    _check(penalty)
    # ω is the integral of ω': a flat part up to α, then a triangle down to γα.
    fading = np.clip(size, alphas, gamma * alphas) - alphas
    return alphas * np.minimum(size, alphas) + fading * (alphas - fading / (2.0 * (gamma - 1.0)))


def slope(B: np.ndarray, alphas: np.ndarray, penalty: Penalty) -> np.ndarray:
    """(p, L) of ω'(|b|)."""
    size, gamma = np.abs(B), penalty.parameter
    if penalty.name == "mcp":
        return np.maximum(alphas - size / gamma, 0.0)
    _check(penalty)
    return np.minimum(alphas, np.maximum(gamma * alphas - size, 0.0) / (gamma - 1.0))


def compared(ours: np.ndarray, theirs: np.ndarray) -> dict[str, list[int] | list[float] | int]:
    """How many of our objectives are at most theirs, how many are lower, and the exceptions: where ours is higher."""
    # An answer of ours that is not finite is an exception, whatever theirs is.
    excess = np.full(ours.shape, np.inf)
    np.subtract(ours, theirs, out=excess, where=np.isfinite(ours))
    higher = np.flatnonzero(excess > SLACK)
    return {
        "alphas": ours.size,
        "at_most": ours.size - higher.size,
        "lower": int(np.count_nonzero(excess < -SLACK)),
        "higher_at": higher.tolist(),
        "higher_by": [float(f"{excess[k]:.3g}") for k in higher],
        "lower_by": float(max(0.0, -excess.min(where=np.isfinite(excess), initial=0.0))),
    }


def _blocks(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, coefs: np.ndarray | sp.spmatrix, alphas: np.ndarray, penalty: Penalty
) -> np.ndarray:
    """(2, L): objectives and violations."""
    if coefs.shape != (X.shape[1], len(alphas)):
        raise ValueError(f"coefs must be (p, L) = {(X.shape[1], len(alphas))}, got {coefs.shape}")
    coefs, alphas = sp.csc_matrix(coefs), np.asarray(alphas)
    blocks = [slice(k, k + BLOCK) for k in range(0, len(alphas), BLOCK)]
    found = np.hstack([_both(X, y, coefs[:, k].toarray(), alphas[k], penalty) for k in blocks])
    return np.where(np.isfinite(found), found, np.inf)


def _both(
    X: np.ndarray | sp.spmatrix, y: np.ndarray, B: np.ndarray, alphas: np.ndarray, penalty: Penalty
) -> np.ndarray:
    R = y[:, None] - X @ B
    G = X.T @ R / y.size
    objective = 0.5 * (R**2).mean(axis=0) + value(B, alphas, penalty).sum(axis=0)
    missed = np.where(B == 0.0, np.maximum(np.abs(G) - alphas, 0.0), np.abs(G - slope(B, alphas, penalty) * np.sign(B)))
    return np.stack([objective / null_loss["squared"](y), missed.max(axis=0) / alphas])


def _check(penalty: Penalty) -> None:
    if penalty.name != "scad":
        raise ValueError(f"penalty must be mcp or scad, got {penalty.name!r}")
