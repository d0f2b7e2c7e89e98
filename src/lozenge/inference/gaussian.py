"""Gaussian model-X knockoffs: the law of the rows, how far each knockoff may be from its feature, and the draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.results import Floats

SWEEPS, SETTLED = 200, 1e-6  # over s, and its largest change in the last one
SINGULAR = 1e-10  # smallest eigenvalue of a correlation matrix


class Law(NamedTuple):
    """Rows are N(mean, diag(sd) correlation diag(sd)); where that is known from."""

    mean: Floats
    sd: Floats
    correlation: Floats
    known_from: str


def law(X: Floats, covariance: Any, mean: Any) -> Law:
    """The law of the rows as it was given, or as the rows tell.

    The estimate shrinks the correlations of the rows to zero by min(1, b²/d²), d² = ‖R - I‖² and
    b² = Σᵢ ‖zᵢzᵢᵀ - R‖²/n², as Ledoit and Wolf (2004), section 3.2, do a covariance.

    Raises
    ------
    ValueError
        For shapes that do not fit X, and a covariance that is not symmetric and positive definite.
    """
    n, p = X.shape
    centre = X.mean(axis=0) if mean is None else np.asarray(mean, dtype=np.float64)
    if centre.shape != (p,) or not np.isfinite(centre).all():
        raise ValueError(f"mean must hold {p} finite numbers, one per column of X; got shape {centre.shape}")
    if covariance is not None:
        given = np.asarray(covariance, dtype=np.float64)
        if given.shape != (p, p) or not np.isfinite(given).all():
            raise ValueError(f"covariance must hold ({p}, {p}) finite numbers, for p columns; got shape {given.shape}")
        if not np.allclose(given, given.T, rtol=1e-8, atol=0.0) or not (np.diagonal(given) > 0.0).all():
            raise ValueError("covariance must be symmetric with a positive diagonal; use that of the rows of X")
        sd = np.sqrt(np.diagonal(given))
        R = given / np.outer(sd, sd)
        if not float(np.linalg.eigvalsh(R)[0]) > SINGULAR:
            raise ValueError(
                "covariance is not positive definite: some feature is a sum of others, with no knockoff but itself; "
                "leave such features out"
            )
        return Law(centre, sd, 0.5 * (R + R.T), "given")
    sd = np.sqrt(np.mean(np.square(X - centre), axis=0))
    sd[sd <= 1e-14 * np.max(np.abs(X), axis=0)] = 0.0
    Z = (X - centre) / np.where(sd > 0.0, sd, 1.0) * (sd > 0.0)
    R = Z.T @ Z / n
    np.fill_diagonal(R, 1.0)
    far = float(np.sum(np.square(R - np.eye(p))))
    spread = float(np.sum(np.square(np.sum(np.square(Z), axis=1)))) / n**2 - float(np.sum(np.square(R))) / n
    shrunk = min(1.0, max(spread, 0.0) / far) if far > 0.0 else 1.0
    R = (1.0 - shrunk) * R + shrunk * np.eye(p)
    return Law(
        centre, sd, R, f"estimated from the same rows (Ledoit-Wolf, correlations shrunk by {100 * shrunk:.1f} %)"
    )


def equi(R: Floats) -> Floats:
    """One s for all, min(1, 2λ) with λ the smallest eigenvalue of R: Barber & Candès (2015), section 2.1.1."""
    return np.full(len(R), min(1.0, 2.0 * max(float(np.linalg.eigvalsh(R)[0]), 0.0)))


def mvr(R: Floats) -> Floats:
    """Minimise  tr (2R - diag s)⁻¹ + Σ 1/sⱼ  over s, one coordinate at a time.

    It is the trace of the inverse of the joint correlation of features and knockoffs, up to a factor.  With D = 2R -
    diag s, a = (D⁻¹)ⱼⱼ and c = ‖D⁻¹eⱼ‖², adding δ to sⱼ gives 1/(sⱼ + δ) + δc/(1 - δa) + constants, least where
    1 - δa = √c(sⱼ + δ).

    References
    ----------
    Spector, Janson (2022), Powerful knockoffs via minimizing reconstructability, Annals of Statistics 50, section 3.
    """
    s = 0.9 * equi(R)
    for _ in range(SWEEPS):
        inverse = cho_solve(cho_factor(2.0 * R - np.diag(s)), np.eye(len(R)))
        before = s.copy()
        for j in range(len(R)):
            column = inverse[:, j].copy()
            root = float(np.sqrt(column @ column))
            step = (1.0 - root * s[j]) / (column[j] + root)
            s[j] += step
            inverse += np.outer(column, column * (step / (1.0 - step * column[j])))
        if float(np.max(np.abs(s - before))) <= SETTLED:
            break
    return s


def draw(X: Floats, found: Law, s: Floats, rng: np.random.Generator) -> Floats:
    """Draw x̃ given x from N(x - (x - μ)Σ⁻¹S, 2S - SΣ⁻¹S): Candès, Fan, Janson, Lv (2018), eq. 3.2."""
    size = np.where(found.sd > 0.0, found.sd, 1.0)
    Z = (X - found.mean) / size
    A = cho_solve(cho_factor(found.correlation), np.diag(s))
    values, vectors = np.linalg.eigh(np.diag(2.0 * s) - s[:, None] * A)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn: Floats = found.mean + found.sd * (Z - Z @ A + rng.standard_normal(X.shape) @ root.T)
    return drawn


SLACKS: dict[str, Callable[[Floats], Floats]] = {"mvr": mvr, "equi": equi}
