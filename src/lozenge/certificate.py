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
    from lozenge.problem import Indices, Problem
    from lozenge.results import Bools
    from lozenge.working import Point

EPS = float(np.finfo(np.float64).eps)
# Null loss below which y is constant to rounding: the response is of order one, so its squared rounding is 1e-32.
DEGENERATE = 1e-28
REACHES = (0.03, 0.1, 0.3, 0.6, 0.8, 0.9, 1.0)  # shares of the best step of a quadratic that are tried


@dataclass(frozen=True, eq=False)
class Dual:
    """A dual point for one candidate, up to the Fenchel term that only the rows can give.

    Attributes
    ----------
    pull : (k,) Z_penᵀθ before scaling: minus the gradient on the penalised columns, and what a shift made of it
    slope : (k,) minus the gradient
    slack : (k,) bound on what correcting for the free columns, and rounding, can add to |pull|
    noise : rounding's share of that, for a column of norm 1
    scale : θ is scaled by this, so that the conjugate of the penalty is finite
    shift : coefficients on the free columns of the correction θ ← θ - D X_u shift
    bend : mean f'' at the candidate
    """

    pull: Floats
    slope: Floats
    slack: Floats
    noise: float
    scale: float
    shift: Floats
    conjugate: float
    bend: float


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
    problem: Problem,
    alpha: float,
    pull: Floats,
    free_gradient: Floats,
    room: Floats,
    residual: float,
    bend: float,
    slope: Floats | None = None,
) -> Dual:
    """Correct θ so that the free columns' pull is zero, and scale it until the penalty's conjugate is finite.

    Parameters
    ----------
    pull : (k,)
    free_gradient, room : (f,), (f, f)
        Gradient g, and H = X_uᵀ D X_u, on the free columns.
    residual, bend : Σ w f'² / Σw and Σ w f'' / Σw

    Notes
    -----
    The correction changes zⱼᵀθ by zⱼᵀD X_u ν, at most √(zⱼᵀDzⱼ)·√(νᵀHν) by Cauchy-Schwarz, with zⱼᵀDzⱼ at most
    sup f''‖zⱼ‖², and at most the largest entry of zⱼ squared times the mean of f''.  It is bounded instead of
    computed: after a refit of the free columns it is rounding.
    """
    norms = problem.sizes
    slope = pull if slope is None else slope
    shift = Factor.of(room).solve(free_gradient)
    drift = np.sqrt(max(float(free_gradient @ shift), 0.0))
    noise = problem.fleet.rounding * np.sqrt(residual)
    slack = slack_of(problem, bend, drift, noise)
    left, pulled = (np.max(np.abs(part), initial=0.0) for part in (free_gradient - room @ shift, free_gradient))
    if not np.isfinite(drift) or left > 1e-10 * min(drift, pulled) + 8 * noise:
        # Where the loss has no curvature left nothing corrects θ: only θ = 0 is sure to leave the free columns no pull.
        # With next to none a correction is out of all proportion to what it leaves.
        return Dual(pull, slope, noise * norms, noise, 0.0, np.zeros_like(shift), 0.0, bend)
    widest = pull + np.copysign(slack, pull)
    scale, conjugate = 1.0, problem.penalty.conjugate(widest, alpha)
    if not np.isfinite(conjugate):
        scale = problem.penalty.kernel(alpha).scale(widest) * (1.0 - 64 * EPS)
        conjugate = problem.penalty.conjugate(scale * widest, alpha)
    return Dual(pull, slope, slack, noise, scale, shift, conjugate, bend)


def slack_of(
    problem: Problem, bend: float, drift: float, noise: float = 0.0, rows: Indices | slice = slice(None)
) -> Floats:
    """Drift times a bound on √(zⱼᵀDzⱼ/Σw), D = diag(w f''), where f'' is ``bend`` in the mean, and noise times ‖zⱼ‖."""
    smoothness, sizes = problem.loss.smoothness, problem.sizes[rows]
    if np.isfinite(smoothness):
        return np.asarray((drift * np.sqrt(smoothness) + noise) * sizes)
    return np.asarray(drift * np.sqrt(bend) * problem.widest[problem.priced][rows] + noise * sizes)


def prove(
    problem: Problem,
    alpha: float,
    beta: Floats,
    dual: Dual,
    fenchel: float,
    rough: float,
    primal: float,
    span: float,
    wobble: float,
) -> Proof:
    """Close the gap: Fenchel-Young of the loss plus that of the penalty, each non-negative term by term.

    Parameters
    ----------
    beta : (k,) on the penalised columns
    fenchel, rough : Σ w (f + f* - uη) / Σw, and what its rounding may be
    primal : mean loss
    span : null loss - saturated loss
    wobble : how far rounding in the user's units can move η as a whole; the intercept's gradient is zero, so it costs
        ½ sup f'' wobble², or what |f'''| ≤ c f'' lets f'' become on the way

    Notes
    -----
    primal - dual = fenchel + αΩ(β) + (αΩ)*(sZᵀθ) - sθᵀZβ.  Written so, nothing large cancels; what is left of rounding
    is added to the bound.
    """
    size = np.abs(beta)
    value = problem.penalty.value(beta, alpha)
    young = value + dual.conjugate - dual.scale * float(dual.pull @ beta)
    computed = 8 * EPS * (abs(primal) + value + float(np.abs(dual.pull) @ size)) + rough
    gap = max(fenchel, 0.0) + max(young, 0.0) + computed + float(dual.slack @ size)
    moved = _climb(problem, dual.bend, wobble)
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
    # At α = 0 there is no price: the size of the slopes is what a violation is a share of.
    unit = problem.penalty.yardstick(alpha) if alpha > 0.0 else max(float(np.sqrt(point.residual)), EPS)
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


def _climb(problem: Problem, bend: float, step: float) -> float:
    """Bound on how far the mean loss rises above its tangent where every η moves by a step or less."""
    if problem.loss.sharpens:  # whose slopes are at most 1
        return step
    if problem.loss.shared:  # outputs that move apart: twice what they bend in all, for a step of rounding
        return bend * step**2
    if np.isfinite(problem.loss.smoothness):
        return float(0.5 * problem.loss.smoothness * step**2)
    if not np.isfinite(problem.loss.concordance):
        return bend * step**2
    return bend * _stretched(problem.loss.concordance, step)


def _stretched(c: float, t: float) -> float:
    """(e^(ct) - 1 - ct)/c², what f'' = 1 with |f'''| ≤ c f'' adds up to over a step t."""
    x = c * t
    if not x <= 700.0:
        return np.inf
    return float(t * t * (0.5 + x / 6.0) if x < 1e-5 else (np.expm1(x) - x) / (c * c))


def _safe(problem: Problem, alpha: float, dual: Dual, gap: float) -> Bools:
    """zⱼ is zero in every optimum if all pulls that an optimal dual point can have on it leave it there.

    With ν the smoothness of f those are within √(2ν·gap)‖zⱼ‖ of zⱼᵀθ.  Where f has none but |f'''| ≤ c f'', the dual
    objective falls from the uncorrected point θ₀ by at least Σ w D(u, u₀)/Σw <= gap, D the Bregman divergence of f*,
    and by its conjugate  s zⱼᵀ(θ - θ₀) <= gap + Σ w [f(η + s z) - f(η) - s z f'(η)]/Σw  for all s, which is at most
    gap + mean f''·(e^(ct) - 1 - ct)/c² with t = s max|z|: as in Bennett's inequality.

    References
    ----------
    Ndiaye, Fercoq, Gramfort, Salmon (2017), Gap safe screening rules for sparsity enforcing penalties, JMLR 18, eq. 12.
    Bach (2010), Self-concordant analysis for logistic regression, Electronic Journal of Statistics 4, lemma 1.
    """
    kernel = problem.penalty.kernel(alpha)
    if np.isfinite(problem.loss.smoothness):
        radius = np.sqrt(2.0 * problem.loss.smoothness * gap) if np.isfinite(gap) else np.inf
        around = dual.scale * dual.slack + radius * problem.sizes
        return kernel.certain(dual.scale * dual.pull, around)
    reach = _reach(problem.loss.concordance, dual.bend, gap)
    if not np.isfinite(reach):
        return np.zeros(len(dual.pull), dtype=bool)
    return kernel.certain(dual.slope, dual.noise * problem.sizes + reach * problem.widest[problem.penalised])


def _reach(c: float, bend: float, gap: float) -> float:
    """The smallest (gap + bend·(e^(ct) - 1 - ct)/c²)/t over a grid of t: any t > 0 gives a bound."""
    if not (np.isfinite(gap) and np.isfinite(c) and 0.0 < bend < np.inf):
        return np.inf
    best = np.sqrt(2.0 * gap / bend)  # of the quadratic
    return min((gap + bend * _stretched(c, best * share)) / (best * share) for share in REACHES) if gap > 0 else 0.0
