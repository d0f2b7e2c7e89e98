"""The working set of one problem: its columns, its Hessian, and the questions asked about them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge.faces import times
from lozenge.factor import Factor, spanning
from lozenge.penalties.form import SoftThreshold
from lozenge.shards import GROUP, Curve, Small, Want
from lozenge.subproblem import Support, solve

if TYPE_CHECKING:
    from collections.abc import Generator

    from lozenge.design.base import Floats
    from lozenge.interior import Rows
    from lozenge.penalties.base import Penalty
    from lozenge.penalties.solvable import Solvable
    from lozenge.problem import Indices, Problem
    from lozenge.results import Bools, Split
    from lozenge.shards import Held, Sums
    from lozenge.subproblem import Goal

EXCHANGE = 2.5e9  # multiplications a second of columns that enter and leave a factor
SWEEPS = 400.0  # over the kept columns, of descent on the rows at one α where columns are correlated
ROUGH, CACHE = 100.0, 6e6  # likewise in a Newton step, which is soon near enough, on columns of so many bytes at most
SLICE = 256  # columns of an output that join a Gram at once: what lies beside it while it grows stays small
PROVED = 1_000  # columns whose independence is looked into where there is no Gram
REFITTED = 16  # free columns that are refitted before every gradient
REFIT = 2e-5  # predicted seconds of a gradient that is worth it
ROWS = 64  # of a Gram that are looked through at once
SAME = 2e-15  # columns whose correlation is this near to ±1 repeat each other


@dataclass(frozen=True, eq=False)
class Ask:
    """A question to the fleet about m candidates of one problem, in the design's coefficients."""

    coef: Floats
    cols: Indices
    want: Want
    split: Split | None


@dataclass(frozen=True, eq=False)
class Point:
    """A candidate on some columns, free ones first, with its mean loss and its gradient there.

    Attributes
    ----------
    cols : (m,) columns of the design
    beta, gradient : (m,)
    pull : (p + 1,) minus the gradient on all columns; empty until a pass over X has given it
    room : (f, f) of the free part, the Gram that a dual point is corrected in; residual, bend : Σ w f'²/Σw and
        Σ w f''/Σw, the largest of all outputs; from the same pass
    linear : (k,) of the small problem at this Hessian, where the gradient is the model's own
    sharp : width of the loss's corners at which this was found; nan where it has none
    shift : (m,) a step that would meet the conditions, for a dual point to be shifted by; or not known
    """

    cols: Indices
    beta: Floats
    gradient: Floats
    loss: float
    pull: Floats
    room: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    residual: float = np.nan
    bend: float = np.nan
    linear: Floats | None = None
    sharp: float = np.nan
    shift: Floats | None = None


class Working:
    """The working set of one problem, and the Hessian on [free, core] with the free part eliminated.

    Attributes
    ----------
    members : positions among the penalised columns, in the order they joined
    core : (k,) of the members, by place, those with a Hessian: all where it is constant, else those that move
    here : the last point with known pulls
    taken : columns and coefficients (the design's) at which the Hessian was taken; it may be stale
    spent : predicted seconds of the steps that its staleness has cost
    reduced : (k, k) Schur complement of the free columns, H_CC - H_Cf H_ff⁺ H_fC
    side, corner : (f, k) H_fC and (f, f) H_ff
    gramless : the Hessian is known by its products alone
    copies : (k,) columns of the core that repeat an earlier one, up to sign and rounding
    held : the columns themselves, where descent on the rows is the cheaper way; then there is no core
    sharp : width of the corners of a loss that has some
    edgy : Newton's method alone has not got across the edges of the loss
    inner : the rows of an interior point method, while they stand for the loss
    """

    def __init__(self, problem: Problem) -> None:
        f = len(problem.free)
        self.problem = problem
        self.f = f
        self.members = np.zeros(0, dtype=np.int64)
        self.core = np.zeros(0, dtype=np.int64)
        self.inside = np.zeros(len(problem.penalised), dtype=bool)
        self.here: Point | None = None
        self.taken: tuple[Floats, Indices] | None = None
        self.fresh, self.spent = False, 0.0
        self.reduced, self.side, self.corner = np.zeros((0, 0)), np.zeros((f, 0)), np.zeros((f, f))
        self._room = self.reduced
        self.factor = Factor.of(self.corner)
        self.copies = np.zeros(0, dtype=bool)
        self.gramless = _gramless(problem)
        self.support = Support()
        self.held: Held | None = None
        self.sharp = np.nan
        self.edgy = False
        self.inner: Rows | None = None

    @property
    def cols(self) -> Indices:
        """Columns of the design: free, then the members."""
        return np.concatenate([self.problem.free, self.problem.penalised[self.members]])

    def local(self, point: Point) -> Point:
        """Bring a point with known pulls, whose kept columns are members, to the present ones."""
        cols, beta = self.cols, np.zeros(len(self.problem.scale))
        beta[point.cols] = point.beta
        return replace(point, cols=cols, beta=beta[cols], gradient=-point.pull[cols], linear=None)

    def keeps(self, point: Point) -> Bools:
        """Penalised columns that are not zero at a point."""
        beta = np.zeros(len(self.problem.scale))
        beta[point.cols] = point.beta
        found: Bools = beta[self.problem.penalised] != 0.0
        return found

    def glance(self, beta: Floats) -> Generator[Ask, Sums, Point]:
        """Loss and gradient on [free, members] alone, where the free part has been refitted to the others."""
        problem, cols = self.problem, self.cols
        beta = yield from self._refitted(beta)
        coef, on = problem.coefficients(beta[:, None], cols)
        sums = yield Ask(coef, on, Want(loss=True, gradient=cols, sharp=widths(self.sharp)), problem.split)
        gradient = problem.gradient(sums.gradient, sums.slope, cols)[:, 0]
        return Point(cols, beta, gradient, float(sums.loss[0]) / problem.weight, np.zeros(0), sharp=self.sharp)

    def pulled(self, beta: Floats) -> Generator[Ask, Sums, Floats]:
        """The gradient on [free, members] of what the loss is at present."""
        cols = self.cols
        sums = yield Ask(*self.problem.coefficients(beta[:, None], cols), self._want(gradient=cols), self.problem.split)
        return self.problem.gradient(sums.gradient, sums.slope, cols)[:, 0]

    def _want(self, **asked: Any) -> Want:
        return Want(sharp=widths(self.sharp), inner=self.inner, **asked)

    def _refitted(self, beta: Floats) -> Generator[Ask, Sums, Floats]:
        """The free part a Newton step further: a dual point pays for what is left of its pull, and it needs no pass."""
        problem, f = self.problem, self.f
        seconds = problem.fleet.cost(1).correlate * len(self.cols) / problem.fleet.columns
        if not 0 < f <= REFITTED or problem.loss.quadratic or problem.loss.sharpens or seconds < REFIT:
            return beta
        loose = yield from loosely(problem, beta, self.cols, self.sharp)
        step = -Factor.of(loose.curvature).solve(loose.gradient)
        # One that promises more than there is to gain is no step to take.
        if not 0.0 < -float(loose.gradient @ step) <= problem.excess(loose.loss):
            return beta
        refitted = beta.copy()
        refitted[:f] += step
        return refitted

    def enlist(self, point: Point) -> None:
        """Make every penalised column a member, without a Gram."""
        self.members = np.arange(len(self.problem.penalised))
        self.inside[:] = True
        self.corner, self.factor = point.room, Factor.of(point.room)

    def curve(self, beta: Floats, direction: Floats) -> Generator[Ask, Sums, Floats]:
        """Hessian at β times a direction, on [free, members]."""
        problem, cols = self.problem, self.cols
        coef, on = problem.coefficients(beta[:, None], cols)
        along, over = problem.coefficients(direction[:, None], cols)
        sums = yield Ask(coef, on, Want(curve=Curve(over, along, cols), sharp=widths(self.sharp)), problem.split)
        return problem.gradient(sums.curve, sums.bend, cols)[:, 0]

    def renew(self, beta: Floats, core: Indices) -> Generator[Ask, Sums, None]:
        """Take the Hessian afresh at β, on some of the members."""
        self.taken, self.spent = self.problem.coefficients(beta[:, None], self.cols), 0.0
        self._forget()
        yield from self._corner()
        yield from self.deepen(core[np.argsort(self.members[core])])  # as the columns lie, which is read fastest
        self.fresh = True

    def grow(self, joining: Indices) -> Generator[Ask, Sums, None]:
        """Add members."""
        if not len(joining):
            return
        if self.taken is None:
            self.taken = self.problem.coefficients(self.point().beta[:, None], self.cols)
            yield from self._corner()
        old = len(self.members)
        self.inside[joining] = True
        self.members = np.append(self.members, joining)
        held = self.problem.fleet.hold() if self.held is None and _rowwise(self.problem, len(self.members)) else None
        if held is not None:
            self.held, self.fresh, self._room = held, True, np.zeros((0, 0))
            self._forget()
        if self.held is not None:
            return
        if self.problem.loss.quadratic:
            yield from self.deepen(np.arange(old, len(self.members)))

    def deepen(self, joining: Indices) -> Generator[Ask, Sums, None]:
        """Add members to the core: their Gram with it, at the coefficients where the Hessian was taken."""
        k, old = len(self.core) + len(joining), len(self.core)
        if k > len(self._room):
            # At least half as large again, so that copying stays a share of what is filled in.
            room = np.empty((max(k, 3 * old // 2),) * 2)
            room[:old, :old] = self.reduced
            self._room = room
            self.reduced = room[:old, :old]
        step = SLICE * self.problem.loss.width
        for first in range(0, len(joining), step):
            yield from self._joined(joining[first : first + step])

    def _joined(self, joining: Indices) -> Generator[Ask, Sums, None]:
        problem, f, old = self.problem, self.f, len(self.core)
        self.core = np.append(self.core, joining)
        own = problem.penalised[self.members]
        left, right = np.append(problem.free, own[self.core]), own[joining]
        asked = (problem.cornered(left), problem.cornered(right))
        sums = yield Ask(*self.taken_at(), self._want(gram=asked), problem.split)
        H = problem.gram(sums.gram[:, :, 0], left, right)
        self.side = np.hstack([self.side, H[:f]])
        block = H[f:]
        if f:
            block -= self.side.T @ self.factor.solve(H[:f])
        k = len(self.core)
        self.reduced = self._room[:k, :k]
        self.reduced[:, old:] = block
        self.reduced[old:, :old] = block[:old].T
        self.reduced[old:, old:] = 0.5 * (block[old:] + block[old:].T)
        self.copies = np.append(self.copies[:old], _repeats(self.reduced, old))

    def stiffen(self, share: float) -> None:
        """Add a share of every column's own curvature to the Hessian: a step is also drawn to where it sets out."""
        self.reduced[np.diag_indices(len(self.core))] *= 1.0 + share

    @property
    def sheds(self) -> bool:
        """Whether members may leave: where each of them has its part in a Gram that had to be computed."""
        problem = self.problem
        shared = problem.penalty.screens and problem.fleet.shared
        return problem.loss.quadratic and shared and self.held is None and not self.gramless

    def shed(self, staying: Bools) -> None:
        """Let members go, by place, and with them their part of the Gram."""
        places = np.flatnonzero(staying)
        self.members = self.members[places]
        self.inside[:] = False
        self.inside[self.members] = True
        self.core, self.copies, self.side = np.arange(len(places)), self.copies[places], self.side[:, places]
        self.reduced = self._room[: len(places), : len(places)]
        for row, place in zip(self.reduced, places, strict=True):  # in place: what stays only moves up and left
            row[:] = self._room[place].take(places)
        self.support.forget()

    def _forget(self) -> None:
        self.core, self.copies = self.core[:0], self.copies[:0]
        self.reduced = self._room[:0, :0]  # and keep the room
        self.side = np.zeros((self.f, 0))
        self.support.forget()

    def taken_at(self) -> tuple[Floats, Indices]:
        """Where the Hessian was taken."""
        if self.taken is None:
            raise RuntimeError("the working set has no Hessian yet")
        return self.taken

    def moving(self, point: Point, kernel: Solvable, share: float) -> Bools:
        """Members that are not zero, or pulled by more than a share of their price."""
        return kernel.moving(point.beta[self.f :], point.gradient[self.f :], share)

    def _corner(self) -> Generator[Ask, Sums, None]:
        problem, free = self.problem, self.problem.free
        if not len(free) or self.taken is None:
            return
        corner = problem.cornered(free)
        sums = yield Ask(*self.taken, self._want(gram=(corner, corner)), problem.split)
        self.corner = problem.gram(sums.gram[:, :, 0], free, free)
        self.factor = Factor.of(self.corner)

    def point(self) -> Point:
        """The last point with known pulls."""
        if self.here is None:
            raise RuntimeError("the working set has no point yet")
        return self.here

    def newton(self, point: Point, kernel: Solvable, goal: Goal) -> Point:
        """The minimum of the quadratic model around a point, and its gradient there on [free, core or held]."""
        if self.held is not None:
            if not isinstance(kernel, SoftThreshold):
                raise TypeError("descent on the rows knows soft thresholds only")
            self.pack()
            return self._descended(self.held, point, kernel, goal)
        f, core = self.f, self.core
        start, g, free = point.beta[f:][core], point.gradient[f:][core], point.gradient[:f]
        lifted = self.factor.solve(free)
        linear = point.linear
        if linear is None:
            linear = times(self.reduced, start) - (g - self.side.T @ lifted)
        b, pull = solve(self.reduced, linear, start, kernel.take(core), goal, self.copies, self.support)
        beta, gradient = point.beta.copy(), point.gradient.copy()
        beta[:f] -= lifted + self.factor.solve(self.side @ (b - start))
        beta[f + core], gradient[f + core], gradient[:f] = b, -pull, 0.0
        change = beta - point.beta
        loss = point.loss + float(change @ (0.5 * (point.gradient + gradient)))
        return replace(point, beta=beta, gradient=gradient, loss=loss, linear=linear)

    def bent(self, point: Point, penalty: Penalty, alpha: float) -> Point | None:
        """Where the quadratic model and the penalty's expansion are level on the support; None if it is no minimum."""
        f, moved = self.f, self.levelling(point, penalty, alpha)
        if moved is None or not penalty.allows((point.beta + moved)[f:]):
            return None
        gradient, change = point.gradient.copy(), moved[f:][self.core]
        gradient[f + self.core] += times(self.reduced, change) - self.side.T @ self.factor.solve(gradient[:f])
        gradient[:f] = 0.0
        loss = point.loss + float(moved @ (0.5 * (point.gradient + gradient)))
        return replace(point, beta=point.beta + moved, gradient=gradient, loss=loss)

    def levelling(self, point: Point, penalty: Penalty, alpha: float) -> Floats | None:
        """The step to there on [free, members], without the rounding of where it is taken from."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        f, b = self.f, point.beta[self.f :]
        place = np.flatnonzero((b[self.core] != 0.0) & penalty.within(b)[self.core])
        own = self.core[place]
        if self.held is not None or np.count_nonzero(b[self.core]) < np.count_nonzero(b):
            return None
        lifted = self.factor.solve(point.gradient[:f])
        pulled = point.gradient[f:][own] - self.side[:, place].T @ lifted
        system = self.reduced[np.ix_(place, place)]
        penalty.stiffen(system, own, b, alpha)
        try:
            factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return None
        moved = np.zeros_like(point.beta)
        moved[f + own] = -cho_solve(factor, pulled + penalty.slope(b, alpha)[own], check_finite=False)
        moved[:f] = -lifted - self.factor.solve(self.side[:, place] @ moved[f + own])
        return moved

    def pack(self) -> None:
        """Hold the columns of all members."""
        own = self.cols[self.cols < self.problem.p]
        if self.held is not None and len(self.held) < len(own):
            self.held.append(own[len(self.held) :])

    def _descended(self, held: Held, point: Point, kernel: SoftThreshold, goal: Goal) -> Point:
        problem, f = self.problem, self.f
        cols = self.cols
        slopes = cols < problem.p
        own = cols[slopes]
        scale, centre, constant = problem.scale[own], problem.centre[own], len(own) < len(cols)
        priced = [np.concatenate([np.zeros(len(own) - len(part)), part]) for part in (kernel.l1, kernel.l2)]
        start = point.beta[slopes] / scale
        prices, pull = (priced[0] * scale, priced[1] * scale**2), -point.gradient[slopes] * scale
        # Where steps follow one another, the next finds what this one has not looked at.
        small = Small(start, *prices, centre, constant, goal.loss, goal.left, pull, problem.loss.quadratic)
        coef, on = problem.coefficients(point.beta[:, None], cols)
        b, pull, level = held.descend(coef, on, small, problem.weight, problem.split)
        beta, gradient = point.beta.copy(), np.zeros_like(point.gradient)
        beta[slopes], gradient[slopes] = b * scale, -pull / scale
        if constant:
            beta[f - 1] += level + float(centre @ (b - start))
        change = beta - point.beta
        loss = point.loss + float(change @ (0.5 * (point.gradient + gradient)))
        return replace(point, beta=beta, gradient=gradient, loss=loss, linear=None)

    def unique(self, safes: list[Bools], alphas: list[float]) -> Generator[Ask, Sums, list[bool]]:
        """True where the columns not proved zero are independent (with the ridge part, if any).

        Subsets of independent columns are independent, and what holds dependent ones is not: with the columns in the
        order in which they come in as α falls, one factor tells of all α at once, and what it leaves open has another.
        """
        answers: dict[int, bool] = {}
        for k, safe in enumerate(safes):
            if len(self.factor.dependent) or not self.inside[~safe].all():
                answers[k] = False
            elif self.gramless:  # the ridge part makes the objective strictly convex
                answers[k] = True
        place = np.full(len(self.members), -1)
        place[self.core] = np.arange(len(self.core))
        undecided = sorted((k for k in range(len(safes)) if k not in answers), key=lambda k: -alphas[k])
        while undecided:
            loose = np.array([~safes[k][self.members] for k in undecided])
            where = np.flatnonzero(loose.any(axis=0))
            where = where[np.argsort(np.argmax(loose[:, where], axis=0), kind="stable")]
            # A ridge part only falls with α: what is independent at the smallest is so at all.
            ridge = self.problem.penalty.kernel(min(alphas[k] for k in undecided)).ridge[self.members[where]]
            # More columns than rows are dependent.
            most = len(where) if ridge.all() else max(self.problem.fleet.rows * self.problem.loss.width - self.f, 0)
            most = min(most, len(where) if self.held is None else PROVED)
            first = where[:most]
            new = first[place[first] < 0]
            place[new] = np.arange(len(self.core), len(self.core) + len(new))
            yield from self.deepen(new)
            self.support.forget()  # room for another factor, of more columns
            system = self.reduced[np.ix_(place[first], place[first])]
            system[np.diag_indices(len(first))] += ridge[:most]
            reached = spanning(system)
            left = []
            for k, own in zip(undecided, loose[:, where], strict=True):
                if not own[reached:].any():
                    answers[k] = True
                elif own[: reached + 1].all():
                    answers[k] = False
                else:
                    left.append(k)
            undecided = left
        return [answers[k] for k in range(len(safes))]


class Loose(NamedTuple):
    """Mean loss and Σ w f'²/Σw at a candidate, with the gradient (f,) and Hessian (f, f) of the free columns."""

    loss: float
    residual: float
    gradient: Floats
    curvature: Floats


def loosely(problem: Problem, beta: Floats, cols: Indices, sharp: float) -> Generator[Ask, Sums, Loose]:
    """What Newton's method asks of the free columns: no pass over X."""
    free, corner = problem.free, problem.cornered(problem.free)
    coef, on = problem.coefficients(beta[:, None], cols)
    asked = Want(loss=True, gradient=corner, gram=(corner, corner), sharp=widths(sharp))
    sums = yield Ask(coef, on, asked, problem.split)
    gradient = problem.gradient(sums.gradient[: len(free)], sums.slope, free)[:, 0]
    curvature = problem.gram(sums.gram[:, :, 0], free, free)
    return Loose(float(sums.loss[0]) / problem.weight, float(sums.residual[0]) / problem.weight, gradient, curvature)


def widths(*sharp: float) -> Floats | None:
    """Widths of the corners as the shards take them, 0 for none; None where there are none at all."""
    return None if np.isnan(sharp).all() else np.nan_to_num(sharp)


def look(problem: Problem, cols: Indices, betas: Floats, *sharp: float) -> Generator[Ask, Sums, list[Point]]:
    """One pass: loss and gradient over all columns, and the room of the free part, at each candidate on ``cols``."""
    sharp = sharp or (np.nan,) * betas.shape[1]
    free = problem.free
    coef, on = problem.coefficients(betas, cols)
    corner = problem.cornered(free) if len(free) else free
    asked = Want(loss=True, gradient="all", rooms=corner, sharp=widths(*sharp), sharply=True)
    sums = yield Ask(coef, on, asked, problem.split)
    gradient = problem.gradient(sums.gradient, sums.slope)
    points = []
    for c, beta in enumerate(betas.T):
        pull = -gradient[:, c]
        points.append(
            Point(
                cols=cols,
                beta=beta,
                gradient=-pull[cols],
                loss=float(sums.loss[c]) / problem.weight,
                pull=pull,
                room=problem.gram(sums.rooms[:, :, c], free, free) if len(free) else np.zeros((0, 0)),
                residual=float(sums.residual[c]) / problem.weight,
                bend=float(sums.steep[c]) / problem.weight,
                sharp=sharp[c],
            )
        )
    return points


def _rowwise(problem: Problem, k: int) -> bool:
    """Whether descent on the rows is predicted to be cheaper than a Gram of k members, half of which are kept.

    A step on the Gram exchanges a tenth of the kept columns, at their number squared each.  A Gram serves the alphas of
    a group where the Hessian is constant, and one where it is not.
    """
    # Descent on the rows knows soft thresholds, and ends at a gap.
    if not (problem.penalty.convex and isinstance(problem.penalty.kernel(1.0), SoftThreshold)):
        return False
    cost, kept = problem.fleet.cost(1), min(0.5 * k, problem.fleet.rows)
    share = k / problem.fleet.columns
    rough = not problem.loss.quadratic and 8.0 * kept * problem.fleet.rows <= CACHE
    gram = cost.products * share**2 / (GROUP if problem.loss.quadratic else 1.0) + 0.1 * kept**3 / EXCHANGE
    return (ROUGH if rough else SWEEPS) * kept * cost.correlate / problem.fleet.columns < gram


def _gramless(problem: Problem) -> bool:
    """Whether conjugate gradients are the cheaper way, by flops.

    Without an L1 part every one of k columns is kept.  A factor costs k³/3 at each α, conjugate gradients about 30
    products of 4nk.
    """
    k = len(problem.penalised)
    return bool(k) and problem.penalty.kernel(1.0).smooth and k * k > 360 * problem.fleet.rows


def _repeats(S: Floats, old: int) -> Bools:
    """Which of the columns from ``old`` on have correlation ±1 with an earlier one."""
    size = np.sqrt(np.maximum(np.diagonal(S), 0.0))
    found = np.zeros(len(S), dtype=bool)
    for top in range(old, len(S), ROWS):
        end = min(top + ROWS, len(S))
        same = np.abs(S[top:end, :end]) >= ((1.0 - SAME) * size[top:end])[:, None] * size[:end]
        found[top:end] = np.tril(same, top - 1).any(axis=1)
    return found[old:] & (size[old:] > 0)
