"""Solve on the working set at one α, between two passes over X: proximal Newton with an exact gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lozenge import interior, measures, predictor
from lozenge.subproblem import Goal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lozenge.design.base import Floats
    from lozenge.penalties.base import Penalty
    from lozenge.penalties.solvable import Solvable
    from lozenge.problem import Indices
    from lozenge.shards import Sums
    from lozenge.working import Ask, Point, Working

    Measure = Callable[[Working, Point, Solvable], float]

TANGENTS = 200  # of a concave penalty at one α
REFINED, NUDGE = 3, 1e-12  # solutions of a last step's system; of the largest weight, what is as good as zero
STEPS = 100  # of Newton at one α
OUTSIDE = 8  # of those before the interior is tried
PRODUCTS = 1000  # of the Hessian in one solve by conjugate gradients
NEARLY = 0.9  # of its price: a pull that puts a column into a fresh Hessian
OVERHEAD = 1.5e-3  # seconds of a Newton step that do not depend on its size
SHARE = 0.3  # of the gap asked for, that a Newton step's own problem may leave; likewise of the gap before it
IDLE, GAIN = 10, 0.99  # steps on a fresh Hessian, one after the other, that leave more than this share of the estimate
POLISHES, SHARP = 4, 1e-4  # last steps, and the share of a squared violation that a good one leaves
WIDEST, SHARPER = 0.03, 15.0  # of the mean loss: the first width of corners; and by what each is less than the last
ROUGHLY = 1.0  # of a width: the gap asked for at it
SHARPEST = 1e-9  # of the mean loss: corners below it are lost in the rounding of η
FRESH = 2.0  # steps that a fresh Hessian needs


@dataclass(frozen=True)
class Effort:
    """How tight the work between passes is: ``gap`` asked of the estimate there, ``step`` of the descent.

    ``rough`` is the gap that the small problem's answer may leave; 0 where it is finished exactly.  ``violation`` is
    the share of α by which the conditions of a stationary point may be missed under a concave penalty.  ``corner`` is
    the last width of corners, which is what it adds to the gap.  ``polish`` asks for one step more than the gap does,
    which tells less of the weights than of the objective.
    """

    gap: float
    step: float
    rough: float
    violation: float
    corner: float
    polish: bool = False

    def more(self) -> Effort:
        """Ten times as tight, and exact; but a corner costs what it costs, and a narrow one rounds."""
        return Effort(0.1 * self.gap, 0.1 * self.step, 0.0, 0.1 * self.violation, 0.5 * self.corner, self.polish)


def settle(work: Working, alpha: float, point: Point, effort: Effort) -> Generator[Ask, Sums, Point]:
    """Solve at one α from a point whose gradient on the working set is known."""
    if interior.enters(work):
        return (yield from _entered(work, alpha, point, replace(effort, rough=0.0)))
    if not work.problem.loss.sharpens:
        return (yield from _settled(work, alpha, point, effort))
    effort = replace(effort, rough=0.0)
    trail: predictor.Trail = []
    loss = work.problem.excess(point.loss)
    for sharp in sharpening(max(effort.corner, SHARPEST * loss), loss):
        work.sharp = sharp
        kernel = None if work.gramless else work.problem.penalty.kernel(alpha).take(work.members)
        point = yield from predictor.narrowed(work, alpha, point, trail)
        if kernel is not None:
            yield from _renewed(work, kernel, point)
        point = yield from _settled(work, alpha, point, replace(effort, gap=max(effort.gap, ROUGHLY * sharp)))
        trail = [*trail[-1:], (sharp, point.beta)]
    return point


def _entered(work: Working, alpha: float, point: Point, effort: Effort) -> Generator[Ask, Sums, Point]:
    """Solve at one α where the loss has edges: by way of the interior, and what Newton's method makes of it there.

    Where no slope jumps, a few steps from the point before may do, until at some α they do not.
    """
    kernel = work.problem.penalty.kernel(alpha).take(work.members)
    sharp = max(effort.corner, SHARPEST * work.problem.excess(point.loss))
    corners = work.problem.loss.sharpens
    if not (corners or work.edgy):
        point = yield from _flat(work, kernel, point.beta, effort)
        if measures.estimate(work, point, kernel) <= effort.gap:
            return point
        work.edgy = True
    beta = yield from interior.approach(work, kernel, point, sharp)
    if not corners:
        point = yield from _flat(work, kernel, beta, effort)
        if measures.estimate(work, point, kernel) <= effort.gap:
            return point
    work.sharp = sharp
    return (yield from _cornered(work, alpha, kernel, (yield from work.glance(beta)), effort))


def _flat(work: Working, kernel: Solvable, beta: Floats, effort: Effort) -> Generator[Ask, Sums, Point]:
    """A few of Newton's steps between the edges."""
    work.sharp = np.nan
    point = yield from work.glance(beta)
    yield from _renewed(work, kernel, point)
    return (yield from _proximal(work, kernel, point, effort, steps=OUTSIDE))


def _cornered(
    work: Working, alpha: float, kernel: Solvable, point: Point, effort: Effort
) -> Generator[Ask, Sums, Point]:
    """Newton steps on fresh Hessians until one promises next to nothing: it is not taken, but shifts the dual point.

    Each slope of a corner is at most 1, so that the gap of an unshifted one falls with the step, and this with its
    square.
    """
    for left in reversed(range(OUTSIDE)):
        yield from _renewed(work, kernel, point)
        yield from work.deepen(_lacking(work, point, kernel))
        work.stiffen(interior.PROXIMAL)
        goal = _goal(work, effort, measures.estimate, point, 0.0, SHARE * effort.gap)
        change = work.newton(point, kernel, goal).beta - point.beta
        after, before = (kernel.cost(beta[work.f :]) for beta in (point.beta + change, point.beta))
        promised = float(point.gradient @ change) + after - before
        if not left or -promised <= max(SHARE * effort.gap, measures.noise(work, point)):
            break
        tried = yield from _search(work, kernel, point, change, promised)
        if tried is None:
            break
        point = tried
    return replace(point, shift=-(yield from _refined(work, alpha, point, change)))


def _refined(work: Working, alpha: float, point: Point, change: Floats) -> Generator[Ask, Sums, Floats]:
    """A Newton step whose own rounding counts, and not that of β: across a corner it is lost beside β.

    What the Hessian makes of the step is asked of the rows; where a weight that is zero is then pulled too much, it is
    nudged, so that it is one of those for which the system is solved.
    """
    f, penalty = work.f, work.problem.penalty.take(work.members)
    for _ in range(REFINED):
        moved = point.gradient + (yield from work.curve(point.beta, change))
        there = replace(point, beta=point.beta + change, gradient=moved)
        b, g = there.beta[f:], moved[f:]
        nudged = (b == 0.0) & (penalty.violation(b, g, alpha) > 0.0)
        b[nudged] = -np.sign(g[nudged]) * NUDGE * np.max(np.abs(b), initial=0.0)
        further = work.levelling(there, penalty, alpha)
        if further is None:
            break
        change = change + further
    return change


def sharpening(last: float, loss: float) -> list[float]:
    """Widths of corners that go down to the last one, each from where the one before left; nan without a loss."""
    first = max(WIDEST * loss, last)
    if not first > 0.0:
        return [np.nan]
    count = int(np.ceil(np.log(first / last) / np.log(SHARPER))) if first > last > 0.0 else 0
    return [float(width) for width in np.geomspace(first, last, count + 1)]


def _settled(work: Working, alpha: float, point: Point, effort: Effort) -> Generator[Ask, Sums, Point]:
    if work.gramless:
        return (yield from _smooth(work, alpha, point, effort))
    penalty = work.problem.penalty
    if penalty.majorised:
        return (yield from _stationary(work, alpha, point, effort))
    kernel = penalty.kernel(alpha).take(work.members)
    if penalty.gapped:
        return (yield from _proximal(work, kernel, point, effort))
    level = replace(effort, gap=(effort.violation * penalty.yardstick(alpha)) ** 2, rough=0.0)
    point = yield from _proximal(work, kernel, point, level, measures.squared)
    # Where Ω bends more than the loss, a step that its model promises may not be there: tangents promise less.
    stuck = not (penalty.convex or penalty.jumps) and measures.squared(work, point, kernel) > level.gap
    return (yield from _stationary(work, alpha, point, effort)) if stuck else point


def _stationary(work: Working, alpha: float, point: Point, effort: Effort) -> Generator[Ask, Sums, Point]:
    """Find a stationary point under a concave penalty, from a point whose gradient there is known.

    Each tangent of the penalty lies above it and touches it, so that its minimum is no worse (majorise and minimise);
    on a support that stays, Newton's method on the penalty itself arrives where tangents only draw nearer.
    """
    penalty, f = work.problem.penalty.take(work.members), work.f
    goal = effort.violation * alpha
    missed, idle = measures.missed(work, penalty, point, alpha), 0
    for _ in range(TANGENTS):
        if missed <= goal or idle == IDLE:
            break
        before = point.beta[f:]
        # What `squared` measures is the square of a violation.
        tight = replace(effort, gap=SHARE * max(goal, SHARE * missed) ** 2, rough=0.0)
        point = yield from _proximal(work, penalty.tangent(before, alpha), point, tight, measures.squared)
        after = measures.missed(work, penalty, point, alpha)
        if after > goal and np.array_equal(np.sign(before), np.sign(point.beta[f:])):
            bent = yield from _bent(work, penalty, point, alpha)
            if bent is not None and (nearer := measures.missed(work, penalty, bent, alpha)) < SHARE * after:
                point, after = bent, nearer
        if np.array_equal(before, point.beta[f:]):
            break
        idle = idle + 1 if after > GAIN * missed else 0
        missed = after
    return point


def _bent(work: Working, penalty: Penalty, point: Point, alpha: float) -> Generator[Ask, Sums, Point | None]:
    """One step of Newton's method on the loss and the penalty, over the present support; None where it climbs."""
    found = work.bent(point, penalty, alpha)
    if found is None or work.problem.loss.quadratic:
        tried = found
    else:
        tried = yield from work.glance(found.beta)
    if tried is None:
        return None
    f = work.f
    before = point.loss + penalty.value(point.beta[f:], alpha)
    after = tried.loss + penalty.value(tried.beta[f:], alpha)
    return tried if after <= before + measures.noise(work, point) else None


def _proximal(
    work: Working, kernel: Solvable, point: Point, effort: Effort, measure: Measure | None = None, steps: int = STEPS
) -> Generator[Ask, Sums, Point]:
    """Solve on the working set by proximal Newton, from a point whose gradient there is known.

    The gradient is always exact; the Hessian may be stale until a step contracts too little.  ``measure`` is what
    ``effort.gap`` is asked of: the gap as `estimate` has it, unless it is given.
    """
    measure = measures.estimate if measure is None else measure
    if work.problem.loss.quadratic:
        # Under a penalty that jumps, a point that is level may still have a better one beside it.
        done = not (effort.polish or work.problem.penalty.jumps) and measure(work, point, kernel) <= effort.gap
        goal = _goal(work, effort, measure, point, effort.rough, effort.gap)
        return point if done else work.newton(point, kernel, goal)
    estimate, idle = measure(work, point, kernel), 0
    for _ in range(steps):
        if estimate <= effort.gap:
            break
        yield from work.deepen(_lacking(work, point, kernel))
        goal = _goal(work, effort, measure, point, 0.0, SHARE * max(effort.gap, SHARE * estimate))
        model = work.newton(point, kernel, goal)
        beta, change = model.beta, model.beta - point.beta
        promised = float(point.gradient @ change) + kernel.cost(beta[work.f :]) - kernel.cost(point.beta[work.f :])
        tried = yield from _search(work, kernel, point, change, promised)
        if tried is None:
            if work.fresh:
                break
            yield from _renewed(work, kernel, point)
            continue
        reached = measure(work, tried, kernel)
        slow = not len(_lacking(work, tried, kernel)) and _slow(work, estimate, reached, effort.gap)
        # A step on a fresh Hessian that promised only rounding and gained nothing, or many that gained next to nothing:
        # this is as near as it gets.
        idle = idle + 1 if work.fresh and reached > GAIN * estimate else 0
        if (work.fresh and slow and -promised <= measures.noise(work, point)) or idle == IDLE:
            return tried if reached < estimate else point
        point, estimate = tried, reached
        if work.held is not None:  # whose Hessian is always fresh
            continue
        work.fresh = False
        if _overdue(work, reached, effort.gap) or slow:
            yield from _renewed(work, kernel, point)
    if effort.polish and estimate <= effort.gap:
        goal = _goal(work, effort, measure, point, 0.0, SHARE * effort.gap)
        point = yield from _sharpened(work, kernel, point, goal)
    return point


def _sharpened(work: Working, kernel: Solvable, point: Point, goal: Goal) -> Generator[Ask, Sums, Point]:
    """More Newton steps while the violation falls, the last ones on a fresh Hessian."""
    left = measures.squared(work, point, kernel)
    for _ in range(POLISHES):
        yield from work.deepen(_lacking(work, point, kernel))
        tried = yield from work.glance(work.newton(point, kernel, goal).beta)
        reached = measures.squared(work, tried, kernel)
        if reached < left:
            point, left, before = tried, reached, left
            if left <= SHARP * before:
                continue
        elif work.fresh or work.held is not None:
            break
        if work.held is None:
            work.fresh = False
            yield from _renewed(work, kernel, point)
    return point


def _goal(work: Working, effort: Effort, measure: Measure, point: Point, gap: float, left: float) -> Goal:
    excess = work.problem.excess(point.loss)
    if work.problem.loss.sharpens:  # lost is to cost as much of the gap as its square does elsewhere (`estimate`)
        excess = excess**2 / max(left, gap, effort.gap)
    if measure is measures.squared:
        return Goal(effort.step, gap, excess, violation=float(np.sqrt(left)), polish=effort.polish)
    return Goal(effort.step, gap, excess, left, polish=effort.polish)


def _lacking(work: Working, point: Point, kernel: Solvable) -> Indices:
    """Members outside the core that must move; none where there is no core."""
    if work.held is not None:
        return work.core[:0]
    lacking, near = (work.moving(point, kernel, share) for share in (1.0, NEARLY))
    lacking[work.core] = near[work.core] = False
    return np.flatnonzero(near if lacking.any() else lacking)


def _renewed(work: Working, kernel: Solvable, point: Point) -> Generator[Ask, Sums, None]:
    yield from work.renew(point.beta, np.flatnonzero(work.moving(point, kernel, NEARLY)))


def _smooth(work: Working, alpha: float, point: Point, effort: Effort) -> Generator[Ask, Sums, Point]:
    """Solve at one α by Newton steps whose systems conjugate gradients solve, for a penalty without an L1 part."""
    kernel = work.problem.penalty.kernel(alpha).take(work.members)
    estimate = measures.estimate(work, point, kernel)
    for _ in range(STEPS):
        if estimate <= effort.gap:
            break
        change, gradient = yield from _conjugate(work, kernel, point, 0.1 * max(effort.gap, 0.01 * estimate))
        if work.problem.loss.quadratic:
            loss = point.loss + float(change @ (0.5 * (point.gradient + gradient)))
            point = replace(point, beta=point.beta + change, gradient=gradient, loss=loss)
            estimate = measures.estimate(work, point, kernel)
            continue
        beta = point.beta + change
        promised = float(point.gradient @ change) + kernel.cost(beta[work.f :]) - kernel.cost(point.beta[work.f :])
        work.fresh = True  # the products are taken at the point itself: a step that is too long is shortened
        tried = yield from _search(work, kernel, point, change, promised)
        if tried is None:
            break
        reached = measures.estimate(work, tried, kernel)
        if reached >= estimate and -promised <= measures.noise(work, point):
            break
        point, estimate = tried, reached
    return point


def _conjugate(
    work: Working, kernel: Solvable, point: Point, goal: float
) -> Generator[Ask, Sums, tuple[Floats, Floats]]:
    """Solve (H + l2)d = -(g + l2β) until the gap that its residual would cause is below a goal; d and g + Hd.

    References
    ----------
    Hestenes, Stiefel (1952), Methods of conjugate gradients for solving linear systems, J. Res. NBS 49.
    """
    f = work.f
    ridge = np.concatenate([np.zeros(f), kernel.ridge])
    norms = work.problem.norms[work.cols[f:]]
    typical = float(np.diagonal(work.corner)[-1]) if f else work.problem.bend
    scale = np.concatenate([np.maximum(np.diagonal(work.corner), 1e-300), typical * np.square(norms) + kernel.ridge])
    rhs = -(point.gradient + ridge * point.beta)
    change, residual = np.zeros_like(rhs), rhs.copy()
    toward = residual / scale
    direction, size = toward, float(residual @ toward)
    for _ in range(PRODUCTS):
        if (
            measures.estimate(work, replace(point, beta=np.zeros_like(rhs), gradient=residual), kernel) <= goal
            or size == 0.0
        ):
            break
        product = (yield from work.curve(point.beta, direction)) + ridge * direction
        step = size / float(direction @ product)
        change = change + step * direction
        residual = residual - step * product
        toward = residual / scale
        size, before = float(residual @ toward), size
        direction = toward + (size / before) * direction
    return change, point.gradient + rhs - residual - ridge * change


def _slow(work: Working, before: float, after: float, goal: float) -> bool:
    """Whether steps on the present Hessian, contracting as the last one did, cost more than a fresh one."""
    if after <= goal:
        return False
    if after >= before:
        return True
    if work.held is not None:
        return False
    step, fresh = _prices(work)
    return bool(step * np.log(after / goal) / np.log(before / after) > fresh)


def _overdue(work: Working, after: float, goal: float) -> bool:
    """Whether the steps that a stale Hessian has cost, over several α, would have paid for a fresh one.

    Charged so, they come to twice at most what hindsight would have spent.
    """
    if after <= goal or work.held is not None:
        return False
    step, fresh = _prices(work)
    work.spent += step
    return work.spent > fresh


def _prices(work: Working) -> tuple[float, float]:
    """Predicted seconds of a step, and of a fresh Hessian with the steps that it needs."""
    fleet, k = work.problem.fleet, len(work.core) + work.f
    share, cost = k / fleet.columns, fleet.cost(1)
    step = OVERHEAD + 2.0 * cost.correlate * (len(work.members) + k) / fleet.columns
    return step, cost.products * share * share + FRESH * step


def _search(
    work: Working, kernel: Solvable, point: Point, change: Floats, promised: float
) -> Generator[Ask, Sums, Point | None]:
    """The full step if the objective falls enough; a shorter one only where the Hessian is fresh; else None."""
    before = point.loss + kernel.cost(point.beta[work.f :])
    share = 1.0
    while share > 1e-9:
        tried = yield from work.glance(point.beta + share * change)
        after = tried.loss + kernel.cost(tried.beta[work.f :])
        if after <= before + 1e-4 * share * promised + measures.noise(work, point):
            return tried
        if not work.fresh:
            return None
        share *= 0.5
    return None
