"""The data behind a live path: more solutions, forces and refits from the same rows, warm-started."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from lozenge import engine, gate
from lozenge import problem as problems
from lozenge.certificate import DEGENERATE
from lozenge.engine import Step
from lozenge.factor import Factor
from lozenge.penalties import L2
from lozenge.penalties.balls import Inside
from lozenge.results import Baseline, Certificate, Forces, Hold, Solution, Status
from lozenge.shards import Want
from lozenge.threads import one_pool
from lozenge.working import Working, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.design.base import Floats
    from lozenge.engine import Null
    from lozenge.losses import Loss
    from lozenge.penalties import Penalty
    from lozenge.penalties.balls import Norm
    from lozenge.problem import Problem
    from lozenge.results import Indices, Model, Stability
    from lozenge.shards import Fleet

SHARP = 1e-11  # tolerance of solves off the grid: at the grid's own, a weight that has just entered may pass for zero
EDGED = 1e-9  # likewise where rows lie at edges of the loss
REFITS = 10  # Newton steps of a solve off the grid
OVERHEAD = 1.5e-3  # seconds of one that do not depend on its size
REMEMBERED = 256  # steps kept for the next question
WIDEST = 1e12  # by which a search for an α widens
HALVINGS = 60  # of an interval of log α
SAME_DEVIANCE = 1e-6  # share of the null deviance
WAY = 30  # values of α on the way to one under a concave penalty
RECENT = 4  # of those, the ones whose pulls on all columns are kept too


def weights(problem: Problem, step: Step, unit: float) -> tuple[Indices, Floats, Floats]:
    """Non-zero weights of a problem's step by column, and the (q,) intercepts, in the user's units."""
    beta, cols = problem.balanced(step.beta, step.cols, step.alpha)
    values, intercept = problem.in_user_units(beta, cols)
    values, intercept = values * unit, intercept * unit
    if not (np.isfinite(values).all() and np.isfinite(intercept).all()):
        raise ValueError("a weight overflows in the units of X and y; rescale the columns")
    rows = cols[cols < problem.p]
    order = np.argsort(rows)
    rows, values = rows[order], values[order]
    return rows[values != 0.0], values[values != 0.0], intercept + 0.0


class Source:
    """One problem with its null model, and the working set that the path left behind.

    Solves are made on the working set's own problem, which may have summed up the rows; forces are read from X.
    α, weights and forces are in the user's units; inside, the response is measured in units of ``unit``.
    """

    def __init__(
        self,
        fleet: Fleet,
        problem: Problem,
        null: Null,
        work: Working,
        model: Model,
        names: tuple[str, ...],
        unit: float,
    ) -> None:
        self.fleet = fleet
        self.problem = problem
        self.null = null
        self.work = work
        self.model = model
        self.names = names
        self.unit = unit
        self.halves: Stability | None = None
        self._steps: dict[float, Step] = {}
        self._contrasts: dict[float, Floats] = {}

    def remember(self, alpha: float, step: Step) -> None:
        """Keep a step for later questions, and the pulls of the last few."""
        self._steps.pop(alpha, None)
        if len(self._steps) >= REMEMBERED:
            self._steps.pop(next(iter(self._steps)))
        self._steps[alpha] = step
        for old in list(self._steps)[:-RECENT][-1:]:
            self._steps[old] = replace(self._steps[old], pull=None)

    @one_pool()
    def solve(self, alpha: float) -> Solution:
        """Solve and certify at one α."""
        return self.solution(self._step(alpha), alpha)

    def settled(self, steps: Sequence[Step]) -> list[Step]:
        """The same steps, each with whether its optimum is proved to be the only one."""
        open_ = [step for step in steps if step.unique is None]
        run = self.work.unique([step.safe for step in open_], [step.alpha for step in open_])
        proved: list[bool] = engine.outcomes([(self.work.problem.fleet, run)])[0]
        answers = dict(zip((id(step) for step in open_), proved, strict=True))
        return [replace(step, unique=answers[id(step)]) if step.unique is None else step for step in steps]

    def weights(self, step: Step) -> tuple[Indices, Floats, Floats]:
        """Non-zero weights of a step by column, and the (q,) intercepts, in the user's units."""
        return weights(self.problem, step, self.unit)

    def explained(self, loss: float) -> float:
        """Share of the null deviance that a mean loss leaves explained."""
        return float((self.null.point.loss - loss) / self._span) if self._span > DEGENERATE else 0.0

    @one_pool()
    def radius(self, alpha: float) -> float:
        """The penalty's norm of the solution at α, in the user's units."""
        weights = self.weights_at(alpha)[self.problem.penalised]
        return self.problem.penalty.in_units(1.0).norm(weights)

    @one_pool()
    def curvature(self, alpha: float) -> float:
        """The smallest eigenvalue of the objective's Hessian on the support at α, free columns refitted along."""
        problem, weights = self.problem, self.weights_at(alpha)
        support = problem.penalised[weights[problem.penalised] != 0.0]
        if not len(support):
            return np.inf
        free = len(problem.free)
        H = self.hessian(weights, np.concatenate([problem.free, support]))
        own = H[free:, free:] - H[free:, :free] @ Factor.of(H[:free, :free]).solve(H[:free, free:])
        rows = np.flatnonzero(weights[problem.penalised])
        problem.penalty.stiffen(own, rows, weights[problem.penalised] / self.unit, alpha / self.unit)
        return float(np.linalg.eigvalsh(own)[0])

    @one_pool()
    def confined(self, alpha: float, t: float) -> Step:
        """The solution at α with a norm of t (at α = 0 at most t), certified as that of the constrained form."""
        step, reached = self._step(alpha), self.radius(alpha)
        penalised = np.isin(step.cols, self.problem.penalised)
        # The norm of the solution is known to its tolerance only, and the gap is of first order in what lacks to t.
        share = t / reached if reached > t or (alpha > 0.0 and reached > 0.0) else 1.0
        on_edge = replace(step, beta=np.where(penalised, share * step.beta, step.beta))
        ball = Inside(cast("Norm", self.problem.penalty.in_units(1.0)), t / self.unit)
        bounded = replace(self.problem, penalty=cast("Penalty", ball))
        run = engine.confirm(bounded, [on_edge], self._span, self.model.tol)
        found: Step = engine.outcomes([(self.problem.fleet, run)])[0][0]
        return replace(found, alpha=step.alpha)

    @property
    def loss(self) -> Loss:
        """The loss."""
        return self.problem.loss

    @property
    def convex(self) -> bool:
        """Whether the penalty is."""
        return self.problem.penalty.convex

    def certificate(self, step: Step) -> Certificate:
        """What was proved of a step: a gap, or under a concave penalty a violation."""
        gapped = self.problem.loss.gapped and (self.problem.penalty.gapped or step.alpha == 0.0)
        return Certificate("gap" if gapped else "stationary", step.gap)

    def gap(self, step: Step) -> float:
        """The relative duality gap; inf where none is known."""
        return step.gap if self.certificate(step).kind == "gap" else np.inf

    def solution(self, step: Step, alpha: float) -> Solution:
        """A step in the user's units."""
        rows, values, intercept = self.weights(step)
        coef = np.zeros(self.problem.p)
        coef[rows] = values
        return Solution(
            alpha=alpha,
            coef=coef,
            intercept=float(intercept[0]) if len(intercept) == 1 else intercept,
            gap=self.gap(step),
            deviance_ratio=self.explained(step.loss),
            df=int(np.count_nonzero(coef[self.problem.penalised])),
            status=step.status,
            certificate=self.certificate(step),
            unique=self._sole(step, alpha),
            feature_names=self.names,
            model=self.model,
        )

    @one_pool()
    def forces(self, alpha: float) -> Forces:
        """What pulls on every feature at α."""
        problem, p = self.problem, self.problem.p
        step, pull = self._recalled(alpha)
        weight, price, certified = np.zeros(len(problem.scale)), np.zeros(p), np.ones(p, dtype=bool)
        beta, cols = problem.balanced(step.beta, step.cols, alpha)
        weight[cols] = beta
        price[~np.isfinite(self.model.penalty_weights)] = np.inf
        pen, hold = problem.penalised, None
        if alpha > 0:
            prices, held = problem.penalty.hold(weight[pen], pull[pen], alpha / self.unit)
            price[pen] = prices * self.unit
            hold = None if held is None else self._whole(held, np.abs(pull[:p]))
        certified[pen] = step.safe if alpha > 0 else False
        certified[problem.usable & (problem.weights == 0.0)] = False
        live = ~self.model.constant
        return Forces(
            alpha=alpha,
            marginal=np.where(live, self.null.point.pull[:p], 0.0) * self.unit,
            left=np.where(live, pull[:p], 0.0) * self.unit,
            price=price,
            weight=weight[:p] * self.unit,
            certified=certified,
            unique=self._sole(step, alpha),
            gap=self.gap(step),
            hold=hold,
        )

    def _whole(self, held: Hold, size: Floats) -> Hold:
        """What holds the penalised columns, among all columns and in the user's units."""
        kind = np.full(self.problem.p, "price", dtype=object)
        block = np.full(self.problem.p, -1)
        against = np.where(self.model.constant, 0.0, size)
        pen = self.problem.penalised
        kind[pen], block[pen], against[pen] = held.kind, held.block, held.pull
        return Hold(tuple(kind.tolist()), against * self.unit, block)

    @one_pool()
    def similarity(self, feature: int, others: Indices) -> Floats:
        """Covariance of one feature with others, in the units the penalty sees."""
        return self._covariances(np.asarray(others, dtype=np.int64), np.array([feature]))[:, 0]

    @one_pool()
    def covariance(self, features: Indices) -> Floats:
        """(k, k) of some features, in the units the penalty sees."""
        on = np.asarray(features, dtype=np.int64)
        return self._covariances(on, on)

    def _covariances(self, left: Indices, right: Indices) -> Floats:
        """Of columns of X, whichever output their weights are of."""
        problem, p = self.problem, len(self.fleet.affine.scale)
        sides = left % p, right % p
        nothing = np.zeros((0, 1)), np.zeros(0, dtype=np.int64)
        asked = Want(plain_gram=(np.append(sides[0], p), np.append(sides[1], p)))
        raw = problem.fleet.evaluate(*nothing, asked, [problem.split]).plain_gram[:, :, 0]
        cl, cr = problem.centre[sides[0]], problem.centre[sides[1]]
        centred = raw[:-1, :-1] - np.outer(cl, raw[-1, :-1] - raw[-1, -1] * cr) - np.outer(raw[:-1, -1], cr)
        scaled: Floats = centred / np.outer(problem.scale[sides[0]] * problem.weight, problem.scale[sides[1]])
        return scaled

    def contrast(self, alpha: float) -> Floats:
        """(p,) weights, in the user's units, under L2 where it explains the deviance that the fit at α explains.

        nan where that is nothing or all of it: the ridge that does so has an infinite α, or none.
        """
        if alpha not in self._contrasts:
            explained = self.explained(self._step(alpha).loss)
            inside = SAME_DEVIANCE < explained < 1.0 - SAME_DEVIANCE
            nothing = np.full(self.problem.p, np.nan)
            self._contrasts[alpha] = self._ridge.at_deviance(explained, alpha).coef if inside else nothing
        return self._contrasts[alpha]

    @cached_property
    def _ridge(self) -> Source:
        return self.under(L2())

    def at_deviance(self, explained: float, near: float = 1.0) -> Solution:
        """The solution that explains a share of the deviance, to 1e-6, by halving on log α from an α that is near."""
        low = high = near
        while (found := self.solve(high)).deviance_ratio > explained and high < WIDEST * near:
            low, high = high, 8.0 * high
        while (found := self.solve(low)).deviance_ratio < explained and low > near / WIDEST:
            low, high = 0.125 * low, low
        for _ in range(HALVINGS):
            if abs(found.deviance_ratio - explained) <= SAME_DEVIANCE:
                break
            middle = float(np.sqrt(low * high))
            found = self.solve(middle)
            low, high = (middle, high) if found.deviance_ratio > explained else (low, middle)
        return found

    def without(self, features: Sequence[int]) -> Source:
        """The same rows with some features excluded."""
        weights = self.problem.weights.copy()
        weights[features] = np.inf
        problem = problems.reweighted(self.problem, weights)
        null = self.null
        if (self.problem.weights[features] == 0.0).any():  # the null model had them
            null = engine.outcomes([(self.fleet, engine.null(problem))])[0]
        model = replace(self.model, penalty_weights=weights, null_loss=null.point.loss * (self.unit * self.unit))
        return Source(self.fleet, problem, null, Working(problem), model, self.names, self.unit)

    @one_pool()
    def drift(self, alpha: float) -> Floats:
        """(p,) d left / dα on the present support, from two certified solutions a hair apart."""
        hair = 1e-4 * alpha
        if hair == 0.0:
            return np.zeros(self.problem.p)
        return (self.forces(alpha).left - self.forces(alpha - hair).left) / hair

    @one_pool()
    def refit(self, support: Indices) -> Floats:
        """Weights, in the user's units, of the unpenalised fit on a support; nan where it has none."""
        weights = np.full(self.problem.p, np.inf)
        weights[np.asarray(support)] = 0.0
        problem = problems.reweighted(self.problem, weights)
        null: Null = engine.outcomes([(problem.fleet, engine.null(problem))])[0]
        found = np.full(self.problem.p, np.nan)
        if null.finite:
            beta, cols = problem.balanced(null.point.beta, problem.free, 0.0)
            slopes, _ = problem.in_user_units(beta, cols)
            found[weights == 0.0] = 0.0
            found[cols[cols < problem.p]] = slopes * self.unit
        return found[np.asarray(support)]

    def under(self, penalty: Penalty) -> Source:
        """The same rows, folds aside, under another penalty."""
        problem = problems.repriced(self.problem, penalty.named(self.names).in_units(self.unit))
        null = self.null.point
        start = problem.grid_start(null.pull[problem.penalised], null.loss) * self.unit
        model = replace(self.model, penalty=penalty.name, penalty_parameters=penalty.parameters(), alpha_max=start)
        return Source(self.fleet, problem, self.null, Working(problem), model, self.names, self.unit)

    @one_pool()
    def weights_at(self, alpha: float) -> Floats:
        """(P + q,) weights at one α in the units the penalty sees, and the levels of η at the mean of every column."""
        step, weights = self._step(alpha), np.zeros(len(self.problem.scale))
        beta, cols = self.problem.balanced(step.beta, step.cols, alpha)
        weights[cols] = beta
        return weights * self.unit

    @one_pool()
    def losses(self, weights: Floats) -> Floats:
        """(m,) mean losses at any weights (P + q, m) in the units of `weights_at`."""
        problem = self.problem
        cols = problem.cornered(np.flatnonzero(weights[: problem.p].any(axis=1)))
        coef, on = problem.coefficients(weights[cols] / self.unit, cols)
        sums = problem.fleet.evaluate(coef, on, Want(loss=True), [problem.split] * weights.shape[1])
        return sums.loss / problem.weight * (self.unit * self.unit)

    @one_pool()
    def evaluate(self, weights: Floats) -> tuple[Floats, Floats]:
        """Mean loss (m,) and pulls (P + q, m) at any weights (P + q, m) in the units of `weights_at`."""
        cols = self.problem.cornered(np.flatnonzero(weights[: self.problem.p].any(axis=1)))
        run = look(self.problem, cols, weights[cols] / self.unit)
        points = engine.outcomes([(self.fleet, run)])[0]
        loss = np.array([point.loss for point in points]) * (self.unit * self.unit)
        return loss, np.column_stack([point.pull for point in points]) * self.unit

    @one_pool()
    def hessian(self, weights: Floats, features: Indices) -> Floats:
        """(k, k) of the mean loss on some features, at weights (P + q,); features from P on are the levels."""
        problem = self.problem
        cols = problem.cornered(np.flatnonzero(weights[: problem.p]))
        coef, on = problem.coefficients(weights[cols, None] / self.unit, cols)
        asked = problem.cornered(features)
        sums = problem.fleet.evaluate(coef, on, Want(gram=(asked, asked), exactly=True), [problem.split])
        return problem.gram(sums.gram[:, :, 0], features, features)

    @one_pool()
    def baseline(self, alpha: float) -> tuple[Baseline, ...]:
        """Cumulative hazards where η = 0, by stratum; none where time has no part in the loss."""
        if not self.problem.loss.bound:
            return ()
        step = self._step(alpha)
        (shard,) = self.fleet.shards
        coef, on = self.problem.coefficients(step.beta[:, None], step.cols)
        eta = shard.predict(coef, on)[:, 0]
        # Weights in the units of X leave out what centring takes off η.
        rows, values, _ = self.weights(step)
        affine = self.fleet.affine
        centre = (affine.shift[rows] + self.problem.centre[rows]) / affine.scale[rows]
        found = self.problem.loss.hazard(shard.y, shard.weights, eta + float(centre @ values))
        return tuple(Baseline(*each) for each in found)

    def hold(self, alpha: float, feature: int) -> float:
        """How firmly a feature is at zero: price - pull where it is zero, -|weight| where it is kept."""
        step = self._step(alpha)
        kept = step.beta[step.cols == feature]
        if kept.size and kept[0] != 0.0:
            return -float(abs(kept[0])) * self.unit
        forces = self.forces(alpha)
        against = abs(forces.left[feature]) if forces.hold is None else forces.hold.pull[feature]
        return max(float(forces.price[feature] - against), 0.0)

    @property
    def seconds(self) -> float:
        """Predicted seconds of a solution off the grid: a few steps, each with a Hessian of its own where it bends."""
        problem, cost = self.problem, self.fleet.cost(1)
        if problem.loss.quadratic:
            return OVERHEAD
        share = max((len(step.cols) for step in self._steps.values()), default=0) / max(1, problem.p)
        return REFITS * (OVERHEAD + cost.products * share * share + 2.0 * cost.correlate * share)

    def unchanged(self) -> None:
        """Refuse to go on with data that are no longer those of the path."""
        for shard in self.fleet.shards:
            if not np.array_equal(shard.design.summary(), shard.design.seen, equal_nan=True):
                raise ValueError("X has changed since the path was fitted; fit again, or keep a copy of X")

    @property
    def _span(self) -> float:
        return self.null.point.loss - self.problem.saturated

    def _sole(self, step: Step, alpha: float) -> bool:
        if step.unique is None:
            step = self.settled([step])[0]
            self.remember(alpha, step)
        return bool(step.unique)

    def _step(self, alpha: float) -> Step:
        if not 0 <= alpha < np.inf:
            raise ValueError(f"alpha must be 0 or positive, and finite; got {alpha}")
        if alpha not in self._steps:
            if alpha == 0.0:
                gate.at_zero(self.problem.whole)
            self.remember(alpha, self._solved(alpha))
        return self._steps[alpha]

    def _recalled(self, alpha: float) -> tuple[Step, Floats]:
        """The step at α and its pulls on all columns, for which a pass may be needed."""
        step = self._step(alpha)
        if step.pull is None:
            free = problems.reweighted(self.problem, np.where(np.isfinite(self.model.penalty_weights), 0.0, np.inf))
            run = engine.confirm(free if alpha == 0.0 else self.problem, [step], self._span, self.model.tol)
            step = replace(engine.outcomes([(self.problem.fleet, run)])[0][0], alpha=step.alpha)
            self.remember(alpha, step)
        if step.pull is None:
            raise RuntimeError("a revisited step has pulls")
        return step, step.pull

    def _nearest(self, alpha: float) -> float | None:
        known = [near for near in self._steps if near > 0.0]
        return min(known, key=lambda near: abs(np.log(near / alpha))) if known else None

    def _way(self, alpha: float, near: float | None) -> Floats:
        """Values of α to go through; a concave penalty is come down to from where it makes every weight zero."""
        if self.convex or near is not None or alpha >= self.model.alpha_max:
            return np.array([alpha])
        return np.geomspace(self.model.alpha_max, alpha, WAY)

    def _solved(self, alpha: float) -> Step:
        problem = self.work.problem
        # Corners that are rounded off are followed as far as was asked: each digit more is a narrower one.
        sharp = SHARP if problem.loss.edges is None else EDGED
        sharp = self.model.tol if problem.loss.sharpens else max(sharp, 16 * problem.fleet.rounding)
        tol = min(self.model.tol, sharp)
        if alpha == 0.0:
            free = problems.reweighted(problem, np.where(np.isfinite(self.model.penalty_weights), 0.0, np.inf))
            null: Null = engine.outcomes([(problem.fleet, engine.null(free))])[0]
            run = engine.follow(free, null, np.zeros(1), tol, span=self._span)
        else:
            near = self._nearest(alpha)
            engine.resume(self.work, None if near is None else self._recalled(near)[0])
            run = engine.follow(problem, self.null, self._way(alpha, near) / self.unit, tol, work=self.work)
        *_, found = (step for _, step in engine.iterate([(problem.fleet, run)]) if isinstance(step, Step))
        if found.gap > self.model.tol and problem is not self.problem and alpha > 0.0:
            # Beyond the rounding of the summed rows: on the rows themselves.
            exact = engine.follow(self.problem, self.null, self._way(alpha, None) / self.unit, self.model.tol)
            *_, found = (step for _, step in engine.iterate([(self.fleet, exact)]) if isinstance(step, Step))
        # Falling short of the sharper tolerance is no failure of what was asked.
        return replace(found, status=Status.CERTIFIED) if found.gap <= self.model.tol else found
