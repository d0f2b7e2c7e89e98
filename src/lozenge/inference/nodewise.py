"""Nodewise lasso in Gram form: of each column, the direction in which it alone moves.

minimise over γ  ½ γᵀR₋ⱼγ - R₋ⱼ,ⱼᵀγ + λ‖γ‖₁,   z = xⱼ - X₋ⱼγ,   θ = (eⱼ - γ)/zᵀxⱼ,  R the correlations of X.

All of zᵀxⱼ, ‖z‖² and max|zᵀxₖ| = nλ are read from R, so that one matrix of products serves every column and every λ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lozenge.penalties.form import SoftThreshold
from lozenge.subproblem import Goal, Support, exchange

if TYPE_CHECKING:
    from lozenge.results import Floats, Indices

WIDER = 1.25  # by which a smaller bias may make an interval wider: Zhang & Zhang's 1 + κ₀
STEP, LEAST = 0.85, 1e-4  # of the grid of λ, and its end as a share of its start


class Directions(NamedTuple):
    """Rows θ (k, p) with their noise factors √(θᵀCθ/n) and bias factors η (k,).

    0, inf and inf where no λ brings η to its bound: the others say nearly all that the column says.
    """

    theta: Floats
    noise_factor: Floats
    bias_factor: Floats


class _Direction(NamedTuple):
    theta: Floats
    noise_factor: float
    bias_factor: float


def nodewise(C: Floats, features: Indices, n: float) -> Directions:
    """Rows of an approximate inverse of C, for some of its columns.

    λ is chosen as in Zhang & Zhang (2014), Table 1.  The bias factor is η(λ) = max|zᵀxₖ|/‖z‖ and the noise factor
    τ(λ) = ‖z‖/|zᵀxⱼ|, for columns of norm √n: as λ falls, η falls and τ rises.  The first λ with η ≤ √(2 log p) sets
    the noise factor, and λ goes on falling while τ is at most `WIDER` times that.

    Parameters
    ----------
    C : (p, p) positive semi-definite with a positive diagonal, products of the columns over n
    features : (k,)
    n : rows

    References
    ----------
    Zhang, Zhang (2014), Confidence intervals for low dimensional parameters in high dimensional linear models, JRSS B
    76, section 2.3.  van de Geer, Bühlmann, Ritov, Dezeure (2014), On asymptotically optimal confidence regions and
    tests for high-dimensional models, Annals of Statistics 42, section 2.1.1.

    Examples
    --------
    With few correlated columns and many rows it is the inverse but for a little of λ.

    >>> import numpy as np
    >>> C = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> nodewise(C, np.array([0]), 1000).theta.round(2)
    array([[ 1.33, -0.67]])
    """
    p, size = len(C), np.sqrt(np.diagonal(C))
    R = np.ascontiguousarray(C / np.outer(size, size))
    theta, factors = np.zeros((len(features), p)), np.full((2, len(features)), np.inf)
    bound, support = float(np.sqrt(2.0 * np.log(max(p, 2)))), Support()
    for row, j in enumerate(features):
        found = _direction(R, int(j), n, bound, support)
        if found is not None:
            theta[row] = found.theta / (size[j] * size)
            factors[:, row] = found.noise_factor / size[j], found.bias_factor
    return Directions(theta, *factors)


def _direction(R: Floats, j: int, n: float, bound: float, support: Support) -> _Direction | None:
    """That of one column in the units of R; None where no λ brings its bias factor to the bound."""
    p, linear = len(R), R[j]
    start = float(np.max(np.abs(np.delete(linear, j)), initial=0.0))
    gamma, none, widest = np.zeros(p), np.zeros(p, dtype=bool), np.inf
    found: _Direction | None = None
    lam = start
    while lam >= LEAST * start:
        l1 = np.full(p, lam)
        l1[j] = np.inf
        gamma, _ = exchange(R, linear, gamma, SoftThreshold(l1, np.zeros(p)), Goal(1e-4 * lam), none, support)
        along = 1.0 - float(linear @ gamma)  # zᵀxⱼ/n
        square = along - lam * float(np.sum(np.abs(gamma)))  # ‖z‖²/n, as zᵀXγ = nλ‖γ‖₁
        if not square > 0.0:  # the others span the column, to rounding
            break
        eta, tau = lam * (n / square) ** 0.5, (square / n) ** 0.5 / along
        if found is None and eta <= bound:
            widest = WIDER * tau
        if eta <= bound:
            if tau > widest:
                break
            theta = -gamma / along
            theta[j] = 1.0 / along
            found = _Direction(theta, tau, eta)
        if lam == 0.0:
            break
        lam *= STEP
    return found
