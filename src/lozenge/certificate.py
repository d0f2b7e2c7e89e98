"""How far an answer can be from the optimum, which zeros are zero in every optimum, and whether there is only one.

Every figure here is a bound that holds for the numbers given, rounding of the large sums included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge.factor import Factor

if TYPE_CHECKING:
    from lozenge.design.base import Floats
    from lozenge.problem import Problem
    from lozenge.results import Bools
    from lozenge.working import Point

EPS = float(np.finfo(np.float64).eps)
# Null loss below which y is constant to rounding: the response is of order one, so its squared rounding is 1e-32.
DEGENERATE = 1e-28


@dataclass(frozen=True, eq=False)
class Dual:
    """A dual point for one candidate, up to the Fenchel term that only the rows can give.

    Attributes
    ----------
    pull : (k,) Z_penᵀθ before scaling: minus the gradient on the penalised columns
    slack : (k,) bound on what correcting for the free columns, and rounding, can add to |pull|
    noise : rounding's share of that, for a column of norm 1
    scale : θ is scaled by this, so that the conjugate of the penalty is finite
    shift : coefficients on the free columns of the correction θ ← θ - D X_u shift
    """

    pull: Floats
    slack: Floats
    noise: float
    scale: float
    shift: Floats
    conjugate: float


@dataclass(frozen=True, eq=False)
class Proof:
    """What was proved of one candidate.

    ``gap`` is relative, (primal - dual)/(null loss - saturated loss), or of `stationary` its violation; ``rounding`` is
    what rounding adds to it, which no work on the candidate takes away; ``safe`` marks penalised columns that are zero
    in every optimum; ``unique`` is None while not looked into.
    """

    gap: float
    rounding: float
    safe: Bools
    unique: bool | None = None


def dual_point(
    problem: Problem, alpha: float, pull: Floats, free_gradient: Floats, curvature: Floats, residual: float
) -> Dual:
    """Correct θ so that the free columns' pull is zero, and scale it until the penalty's conjugate is finite.

    Parameters
    ----------
    pull : (k,)
    free_gradient, curvature : (f,), (f, f)
        Gradient g and Hessian H on the free columns.
    residual : Σ w f'² / Σw

    Notes
    -----
    The correction changes zⱼᵀθ by zⱼᵀD X_u ν, at most √(sup f'')‖zⱼ‖·√(νᵀHν) by Cauchy-Schwarz.  It is bounded
    instead of computed: after a refit of the free columns it is rounding.
    """
    norms = problem.sizes
    shift = Factor.of(curvature).solve(free_gradient)
    drift = np.sqrt(max(float(free_gradient @ shift), 0.0))
    noise = problem.fleet.rounding * np.sqrt(residual)
    slack = (np.sqrt(problem.loss.smoothness) * drift + noise) * norms
    left = np.max(np.abs(free_gradient - curvature @ shift), initial=0.0)
    if not np.isfinite(drift) or left > 1e-10 * drift + 8 * noise:
        # Where the loss has no curvature left nothing corrects θ: only θ = 0 is sure to leave the free columns no pull.
        return Dual(pull, noise * norms, noise, 0.0, np.zeros_like(shift), 0.0)
    widest = pull + np.copysign(slack, pull)
    scale = 1.0
    conjugate = problem.penalty.conjugate(widest, alpha)
    if not np.isfinite(conjugate):
        scale = problem.penalty.kernel(alpha).scale(widest) * (1.0 - 64 * EPS)
        conjugate = problem.penalty.conjugate(scale * widest, alpha)
    return Dual(pull, slack, noise, scale, shift, conjugate)


def prove(
    problem: Problem, alpha: float, beta: Floats, dual: Dual, fenchel: float, primal: float, span: float, wobble: float
) -> Proof:
    """Close the gap: Fenchel-Young of the loss plus that of the penalty, each non-negative term by term.

    Parameters
    ----------
    beta : (k,) on the penalised columns
    fenchel : Σ w (f + f* - uη) / Σw
    primal : mean loss
    span : null loss - saturated loss
    wobble : how far rounding in the user's units can move η as a whole; the intercept's gradient is zero, so it costs
        ½ sup f'' wobble²

    Notes
    -----
    primal - dual = fenchel + αΩ(β) + (αΩ)*(sZᵀθ) - sθᵀZβ.  Written so, nothing large cancels; what is left of rounding
    is added to the bound.
    """
    size = np.abs(beta)
    value = problem.penalty.value(beta, alpha)
    young = value + dual.conjugate - dual.scale * float(dual.pull @ beta)
    computed = 8 * EPS * (primal + value + float(np.abs(dual.pull) @ size))
    gap = max(fenchel, 0.0) + max(young, 0.0) + computed + float(dual.slack @ size)
    moved = 0.5 * problem.loss.smoothness * wobble**2
    # To make θ feasible costs (1 - s)αΩ(β) = Ω°(noise)Ω(β), at least what the slack costs, again.
    rounding = computed + 2.0 * dual.noise * float(problem.sizes @ size) + moved
    safe = _safe(problem, alpha, dual, gap)
    return Proof(relative(gap + moved, primal, span), relative(rounding, primal, span), safe)


def stationary(problem: Problem, alpha: float, beta: Floats, point: Point) -> Proof:
    """Largest violation of the conditions of a stationary point, over the penalty's yardstick, which is α for most.

    0 where -gradient is in the subdifferential.

    Rounding of the gradients is added.  Nothing is proved of other stationary points, nor that a zero is one in each.
    """
    noise = problem.fleet.rounding * np.sqrt(point.residual) * problem.sizes
    missed = problem.penalty.violation(beta, -point.pull[problem.penalised], alpha) + noise
    free = np.abs(point.pull[problem.free])
    worst = max(float(np.max(missed, initial=0.0)), float(np.max(free, initial=0.0)))
    unit = problem.penalty.yardstick(alpha)
    rounding = float(np.max(noise, initial=0.0)) / unit
    unique = None if problem.penalty.convex else False
    return Proof(worst / unit, rounding, np.zeros(len(beta), dtype=bool), unique)


def relative(gap: float, primal: float, span: float) -> float:
    """gap / span; where y is constant to rounding, 0 if the gap is rounding too, else inf."""
    if not np.isfinite(gap):
        return np.inf
    if span <= DEGENERATE:
        return 0.0 if gap <= max(DEGENERATE, 64 * EPS * primal) else np.inf
    return float(gap / span)


def _safe(problem: Problem, alpha: float, dual: Dual, gap: float) -> Bools:
    """zⱼ is zero in every optimum if all pulls within √(2ν·gap)‖zⱼ‖ of zⱼᵀθ leave it there, ν the smoothness of f.

    References
    ----------
    Ndiaye, Fercoq, Gramfort, Salmon (2017), Gap safe screening rules for sparsity enforcing penalties, JMLR 18, eq. 12.
    """
    norms = problem.sizes
    radius = np.sqrt(2.0 * problem.loss.smoothness * gap) if np.isfinite(gap) else np.inf
    around = dual.scale * dual.slack + radius * norms
    return problem.penalty.kernel(alpha).certain(dual.scale * dual.pull, around)
