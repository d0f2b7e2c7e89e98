"""Norms beyond the l1 norm, their duals, and the relative duality gap under them: NumPy and SciPy, and no solver.

    minimise over b:  (1/2n) |y - X b|² + α Ω(b),        Ω°(z) = max {zᵀb : Ω(b) ≤ 1}

    group   Ω(b) = Σ_g v_g |b_g|₂, v_g = √(columns of g)      Ω°(z) = max_g |z_g|₂ / v_g
    slope   Ω(b) = Σₖ λₖ |b|₍ₖ₎, |b|₍₁₎ ≥ |b|₍₂₎ ≥ ..., λ₁ = 1   Ω°(z) = maxₖ (|z|₍₁₎ + ... + |z|₍ₖ₎) / (λ₁ + ... + λₖ)

With r = y - X b, g = s Xᵀr/n and s = min(1, α / Ω°(Xᵀr/n)), so that Ω°(g) ≤ α, the gap is a sum of terms none of which
is negative, as in gap.py:

    P(b) - D(s r/n) = (1/n) Σᵢ ½ (1-s)² rᵢ²  +  [α Ω(b) - bᵀg]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import scipy.sparse as sp
from scipy.special import ndtri

from benchmarks.gap import BLOCK, null_loss

if TYPE_CHECKING:
    from benchmarks.problems import Penalty


class Norm(Protocol):
    """Ω of the columns of a matrix (p, L)."""

    def value(self, B: np.ndarray) -> np.ndarray:
        """(L,) of Ω(b)."""

    def dual(self, Z: np.ndarray) -> np.ndarray:
        """(L,) of Ω°(z)."""

    def slack(self, B: np.ndarray, G: np.ndarray, alphas: np.ndarray) -> np.ndarray:
        """(L,) of αΩ(b) - bᵀg as a sum of terms none of which is negative where Ω°(g) ≤ α."""


@dataclass(frozen=True)
class Group:
    """Σ_g v_g |b_g|₂, v_g = √(columns of g); labels (p,) is the group of each column, from 0 on."""

    labels: np.ndarray

    def value(self, B: np.ndarray) -> np.ndarray:
        """(L,) of Ω(b)."""
        return self._weights() @ self._lengths(B)

    def dual(self, Z: np.ndarray) -> np.ndarray:
        """(L,) of Ω°(z)."""
        return (self._lengths(Z) / self._weights()[:, None]).max(axis=0)

    def slack(self, B: np.ndarray, G: np.ndarray, alphas: np.ndarray) -> np.ndarray:
        """Cauchy and Schwarz, group by group."""
        return (alphas * (self._weights()[:, None] * self._lengths(B)) - self._sums(B * G)).sum(axis=0)

    def _weights(self) -> np.ndarray:
        return np.sqrt(np.bincount(self.labels))

    def _lengths(self, B: np.ndarray) -> np.ndarray:
        return np.sqrt(self._sums(B**2))

    def _sums(self, B: np.ndarray) -> np.ndarray:
        p = self.labels.size
        return sp.csr_matrix((np.ones(p), (self.labels, np.arange(p)))) @ B


@dataclass(frozen=True)
class SortedL1:
    """Σₖ λₖ |b|₍ₖ₎; sequence (p,) is λ, which does not rise."""

    sequence: np.ndarray

    def value(self, B: np.ndarray) -> np.ndarray:
        """(L,) of Ω(b)."""
        return self.sequence @ -np.sort(-np.abs(B), axis=0)

    def dual(self, Z: np.ndarray) -> np.ndarray:
        """(L,) of Ω°(z)."""
        sums = np.cumsum(-np.sort(-np.abs(Z), axis=0), axis=0)
        return (sums / np.cumsum(self.sequence)[:, None]).max(axis=0)

    def slack(self, B: np.ndarray, G: np.ndarray, alphas: np.ndarray) -> np.ndarray:
        """Abel's sum Σₖ (|b|₍ₖ₎ - |b|₍ₖ₊₁₎) Σ_{i ≤ k} (αλᵢ - g₍ᵢ₎ sign b₍ᵢ₎): the k largest g sum to at most α Σ λᵢ."""
        order = np.argsort(-np.abs(B), axis=0, kind="stable")
        size = np.take_along_axis(np.abs(B), order, axis=0)
        along = np.take_along_axis(G * np.sign(B), order, axis=0)
        steps = size - np.vstack([size[1:], np.zeros(size.shape[1])])
        return (steps * (alphas * np.cumsum(self.sequence)[:, None] - np.cumsum(along, axis=0))).sum(axis=0)


def labels(size: float, p: int) -> np.ndarray:
    """(p,) group of each column: neighbours, `size` a group."""
    return np.arange(p) // int(size)


def benjamini_hochberg(q: float, p: int) -> np.ndarray:
    """(p,) of λₖ = Φ⁻¹(1 - kq/2p) / Φ⁻¹(1 - q/2p): Bogdan et al. (2015), Annals of Applied Statistics 9, sec. 1."""
    sequence = -ndtri(np.arange(1, p + 1) * q / (2 * p))
    return sequence / sequence[0]


def of(penalty: Penalty, p: int) -> Norm:
    """The norm of a problem with p columns."""
    if penalty.name == "group":
        return Group(labels(penalty.parameter, p))
    if penalty.name == "slope":
        return SortedL1(benjamini_hochberg(penalty.parameter, p))
    raise ValueError(f"penalty must be group or slope, got {penalty.name!r}")


def relative_gaps(X: np.ndarray, y: np.ndarray, coefs: np.ndarray, alphas: np.ndarray, norm: Norm) -> np.ndarray:
    """(L,) of (P(b) - D(θ)) / P(0), inf where a coefficient is not finite.

    X (n, p), y (n,), coefs (p, L) with the solution for alphas[k] in column k; squared loss.
    """
    if coefs.shape != (X.shape[1], len(alphas)):
        raise ValueError(f"coefs must be (p, L) = {(X.shape[1], len(alphas))}, got {coefs.shape}")
    coefs, alphas = sp.csc_matrix(coefs), np.asarray(alphas)
    blocks = [slice(k, k + BLOCK) for k in range(0, len(alphas), BLOCK)]
    gaps = np.concatenate([_gaps(X, y, coefs[:, k].toarray(), alphas[k], norm) for k in blocks])
    return np.where(np.isfinite(gaps), gaps, np.inf) / null_loss["squared"](y)


def _gaps(X: np.ndarray, y: np.ndarray, B: np.ndarray, alphas: np.ndarray, norm: Norm) -> np.ndarray:
    R = y[:, None] - X @ B
    G = X.T @ R / y.size
    s = np.minimum(1.0, alphas / np.maximum(norm.dual(G), np.finfo(float).tiny))
    return 0.5 * (((1.0 - s) * R) ** 2).mean(axis=0) + norm.slack(B, s * G, alphas)
