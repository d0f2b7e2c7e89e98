"""The loop: follow one or several problems down the path of α over the same shards, and certify every step.

Each problem is followed by a generator that yields questions (`Ask`) and answers (`Step`).  `iterate` advances all of
them in lockstep, lays their candidates side by side into one `evaluate`, and hands the steps on as they come; progress
bars, traces and early stops only consume it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import certificate
from lozenge.results import Status
from lozenge.shards import Curve, Dual, Want
from lozenge.subproblem import Factor, solve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lozenge.design.base import Floats
    from lozenge.penalties.base import SoftThreshold
    from lozenge.problem import Indices, Problem
    from lozenge.results import Bools, Split
    from lozenge.shards import Fleet, Sums

BATCH = 8  # values of α that share a pass: what the streaming kernel takes in one go
GROWTH = 256  # columns that may join at once while the working set is small; later it may double
PRODUCTS = 1000  # of the Hessian in one solve by conjugate gradients
NEWTON = 100  # steps of proximal Newton at one α
REFITS = 40  # Newton steps of the null model; a finite optimum takes about ten, a step to infinity never ends
ATTEMPTS = 8  # tightenings at one α that do not halve the gap before it is given up
RENEWAL = 16  # a fresh Hessian of k columns costs about as much as k/16 Newton steps on a stale one
SMALL = 1e-4  # descent's first tolerance, in units of the null standard deviation


@dataclass(frozen=True, eq=False)
class Ask:
    """A question to the fleet about m candidates of one problem, in the design's coefficients."""

    coef: Floats
    cols: Indices
    want: Want
    split: Split | None


@dataclass(frozen=True, eq=False)
class Point:
    """A candidate on [free, working set], with its mean loss and its gradient there.

    Attributes
    ----------
    pull : (p + 1,) minus the gradient on all columns; empty until a pass over X has given it
    curvature : (f, f) Hessian of the free part; residual : Σ w f'²/Σw; both from the same pass
    """

    beta: Floats
    gradient: Floats
    loss: float
    pull: Floats
    curvature: Floats
    residual: float


@dataclass(frozen=True, eq=False)
class Null:
    """The null model: intercept, offset and unpenalised columns, fitted; ``finite`` if its optimum exists."""

    point: Point
    finite: bool


@dataclass(frozen=True, eq=False)
class Step:
    """One answer of the path, with what was proved of it.

    Attributes
    ----------
    index, alpha : place on the grid
    beta : on the columns ``cols`` of Z, free ones first
    loss : mean loss
    unique : None while not looked into (`Working.unique`)
    pull : (p + 1,) minus the gradient on all columns
    safe : (k,) penalised columns that are zero in every optimum
    """

    index: int
    alpha: float
    cols: Indices
    beta: Floats
    loss: float
    gap: float
    status: Status
    unique: bool | None
    kept: int
    pull: Floats
    safe: Bools


Run = Generator["Ask | Step", Any, Any]  # sent back are the Sums of an Ask, and nothing for a Step


def iterate(fleet: Fleet, runs: list[Run]) -> Iterator[tuple[int, Any]]:
    """Advance several runs in lockstep; yield (number of the run, step), and last (number, what the run returned).

    Questions about all columns that are asked in the same round share one `evaluate`.
    """
    inbox: dict[int, Sums | None] = dict.fromkeys(range(len(runs)))
    while inbox:
        asks: dict[int, Ask] = {}
        for number, reply in inbox.items():
            try:
                item = runs[number].send(reply)
                while not isinstance(item, Ask):
                    yield number, item
                    item = next(runs[number])
                asks[number] = item
            except StopIteration as end:
                yield number, end.value
        inbox = {}
        for group in _alike(asks):
            inbox |= _serve(fleet, group)


def outcomes(fleet: Fleet, runs: list[Run]) -> list[Any]:
    """Run to the end and give what each run returned."""
    returned = dict(iterate(fleet, runs))  # the last item of a run is what it returned
    return [returned[number] for number in range(len(runs))]


def _alike(asks: dict[int, Ask]) -> list[dict[int, Ask]]:
    groups: dict[object, dict[int, Ask]] = {}
    for number, ask in asks.items():
        whole = isinstance(ask.want.gradient, str) and ask.want.gram is not None
        key: object = (ask.want.loss, ask.want.gram[0].tobytes()) if whole and ask.want.gram is not None else number
        groups.setdefault(key, {})[number] = ask
    return list(groups.values())


def _serve(fleet: Fleet, asks: dict[int, Ask]) -> dict[int, Sums]:
    """Lay the candidates of several asks side by side on the union of their columns."""
    want = next(iter(asks.values())).want
    cols = np.unique(np.concatenate([ask.cols for ask in asks.values()]))
    edges = np.cumsum([0, *(ask.coef.shape[1] for ask in asks.values())])
    coef = np.zeros((len(cols), edges[-1]))
    places = {n: slice(a, b) for n, a, b in zip(asks, edges[:-1], edges[1:], strict=True)}
    for ask, place in zip(asks.values(), places.values(), strict=True):
        coef[np.searchsorted(cols, ask.cols), place] = ask.coef
    splits = [ask.split for ask in asks.values() for _ in range(ask.coef.shape[1])]
    sums = fleet.evaluate(coef, cols, want, splits)
    return {number: sums.take(place) for number, place in places.items()}


def null(problem: Problem) -> Run:
    """Fit the null model by Newton's method on the free columns, and take one pass at it; returns a `Null`."""
    beta = np.zeros(len(problem.free))
    finite = not len(problem.free)
    loss, step = np.inf, np.zeros_like(beta)
    work = Working(problem)
    corner = np.append(problem.free, problem.p)
    for _ in range(REFITS):
        if finite:
            break
        coef, cols = problem.coefficients(beta[:, None], problem.free)
        sums = yield Ask(coef, cols, Want(loss=True, gradient=corner, gram=(corner, corner)), problem.split)
        tried = float(sums.loss[0]) / problem.weight
        if not tried <= loss + 8 * certificate.EPS * abs(tried):
            step = 0.5 * step
            beta = beta - step
            continue
        loss = tried
        gradient = problem.gradient(sums.gradient[:-1], sums.slope, problem.free)[:, 0]
        curvature = problem.gram(sums.gram[:, :, 0], problem.free, problem.free)
        step = -Factor.of(curvature).solve(gradient)
        beta = beta + step
        if problem.loss.quadratic:
            finite = True
        elif -float(gradient @ step) <= certificate.EPS**1.5 * max(loss, certificate.DEGENERATE):
            # No step is left to take: at an optimum if no pull is left either, else where the loss has gone flat.
            noise = certificate.rounding(problem) * np.sqrt(float(sums.residual[0]) / problem.weight)
            finite = bool(np.max(np.abs(gradient + curvature @ step)) <= 64 * noise)
            break
    (point,) = yield from work.look([beta])
    if problem.loss.quadratic and len(beta):
        # One refinement from the exact gradient: the first solve is only as good as the Gram's rounding.
        beta = beta - Factor.of(point.curvature).solve(point.gradient)
        (point,) = yield from work.look([beta])
    return Null(point, finite)


class Working:
    """The working set of one problem, and the Hessian on [free, members] with the free part eliminated.

    Attributes
    ----------
    members : positions among the penalised columns, in the order they joined
    here : the last point with known pulls
    taken : columns and coefficients (the design's) at which the Hessian was taken; it may be stale
    reduced : (k, k) Schur complement of the free columns, H_WW - H_Wf H_ff⁺ H_fW
    side, corner : (f, k) H_fW and (f, f) H_ff
    gramless : the Hessian is known by its products alone
    copies : (k,) members that repeat an earlier one, up to sign and rounding
    """

    def __init__(self, problem: Problem) -> None:
        f = len(problem.free)
        self.problem = problem
        self.f = f
        self.members = np.zeros(0, dtype=np.int64)
        self.inside = np.zeros(len(problem.penalised), dtype=bool)
        self.here: Point | None = None
        self.taken: tuple[Floats, Indices] | None = None
        self.fresh = False
        self.reduced, self.side, self.corner = np.zeros((0, 0)), np.zeros((f, 0)), np.zeros((f, f))
        self.factor = Factor.of(self.corner)
        self.copies = np.zeros(0, dtype=bool)
        self.gramless = _gramless(problem)

    @property
    def cols(self) -> Indices:
        """Columns of the design: free, then the members."""
        return np.concatenate([self.problem.free, self.problem.penalised[self.members]])

    def local(self, point: Point) -> Point:
        """Bring a point with known pulls to the present members."""
        beta = np.concatenate([point.beta, np.zeros(self.f + len(self.members) - len(point.beta))])
        return replace(point, beta=beta, gradient=-point.pull[self.cols])

    def look(self, betas: list[Floats]) -> Generator[Ask, Sums, list[Point]]:
        """One pass: loss and gradient over all columns, and the Hessian of the free part, at each candidate."""
        problem, free = self.problem, self.problem.free
        coef, cols = problem.coefficients(np.column_stack(betas), self.cols)
        corner = np.append(free, problem.p)
        sums = yield Ask(coef, cols, Want(loss=True, gradient="all", gram=(corner, corner)), problem.split)
        gradient = problem.gradient(sums.gradient, sums.slope)
        points = []
        for c, beta in enumerate(betas):
            pull = -gradient[:, c]
            points.append(
                Point(
                    beta=beta,
                    gradient=-pull[self.cols],
                    loss=float(sums.loss[c]) / problem.weight,
                    pull=pull,
                    curvature=problem.gram(sums.gram[:, :, c], free, free),
                    residual=float(sums.residual[c]) / problem.weight,
                )
            )
        return points

    def glance(self, beta: Floats) -> Generator[Ask, Sums, Point]:
        """Loss and gradient on [free, members] alone."""
        problem, cols = self.problem, self.cols
        coef, on = problem.coefficients(beta[:, None], cols)
        sums = yield Ask(coef, on, Want(loss=True, gradient=cols), problem.split)
        gradient = problem.gradient(sums.gradient, sums.slope, cols)[:, 0]
        return Point(beta, gradient, float(sums.loss[0]) / problem.weight, np.zeros(0), self.corner, np.nan)

    def enlist(self, point: Point) -> None:
        """Make every penalised column a member, without a Gram."""
        self.members = np.arange(len(self.problem.penalised))
        self.inside[:] = True
        self.corner, self.factor = point.curvature, Factor.of(point.curvature)

    def curve(self, beta: Floats, direction: Floats) -> Generator[Ask, Sums, Floats]:
        """Hessian at β times a direction, on [free, members]."""
        problem, cols = self.problem, self.cols
        coef, on = problem.coefficients(beta[:, None], cols)
        along, over = problem.coefficients(direction[:, None], cols)
        sums = yield Ask(coef, on, Want(curve=Curve(over, along, cols)), problem.split)
        return problem.gradient(sums.curve, sums.bend, cols)[:, 0]

    def renew(self, beta: Floats) -> Generator[Ask, Sums, None]:
        """Take the Hessian of all members afresh at β."""
        members = self.members
        self.taken = self.problem.coefficients(beta[:, None], self.cols)
        self.members, self.reduced, self.side = members[:0], np.zeros((0, 0)), np.zeros((self.f, 0))
        yield from self._corner()
        yield from self.grow(members)
        self.fresh = True

    def grow(self, joining: Indices) -> Generator[Ask, Sums, None]:
        """Add members: their Gram with the others, at the coefficients where the Hessian was taken."""
        problem, f, old = self.problem, self.f, len(self.members)
        if self.taken is None:
            self.taken = problem.coefficients(self.point().beta[:, None], self.cols)
            yield from self._corner()
        if not len(joining):
            return
        self.inside[joining] = True
        self.members = np.append(self.members, joining)
        left, right = self.cols, problem.penalised[joining]
        asked = (np.append(left, problem.p), np.append(right, problem.p))
        sums = yield Ask(*self.taken, Want(gram=asked), problem.split)
        H = problem.gram(sums.gram[:, :, 0], left, right)
        self.side = np.hstack([self.side, H[:f]])
        block = H[f:] - self.side.T @ self.factor.solve(H[:f])
        grown = np.empty((len(self.members), len(self.members)))
        grown[:old, :old] = self.reduced
        grown[:, old:] = block
        grown[old:, :old] = block[:old].T
        grown[old:, old:] = 0.5 * (block[old:] + block[old:].T)
        self.reduced = grown
        self.copies = np.append(self.copies[:old], _repeats(grown, old))

    def _corner(self) -> Generator[Ask, Sums, None]:
        problem, free = self.problem, self.problem.free
        if not len(free) or self.taken is None:
            return
        corner = np.append(free, problem.p)
        sums = yield Ask(*self.taken, Want(gram=(corner, corner)), problem.split)
        self.corner = problem.gram(sums.gram[:, :, 0], free, free)
        self.factor = Factor.of(self.corner)

    def point(self) -> Point:
        """The last point with known pulls."""
        if self.here is None:
            raise RuntimeError("the working set has no point yet")
        return self.here

    def start_at(self, step: Step | None) -> None:
        """Go back to an earlier step, or to the null model: members only ever join, so its columns come first."""
        if step is None:
            self.here = None
        else:
            self.here = Point(step.beta, -step.pull[step.cols], step.loss, step.pull, self.corner, np.nan)

    def newton(self, point: Point, kernel: SoftThreshold, tol: float) -> Floats:
        """β at the minimum of the quadratic model around a point."""
        f, start, g = self.f, point.beta[self.f :], point.gradient
        lifted = self.factor.solve(g[:f])
        b = solve(self.reduced, g[f:] - self.side.T @ lifted, start, kernel, tol, self.copies)
        return np.concatenate([point.beta[:f] - lifted - self.factor.solve(self.side @ (b - start)), b])

    def slopes(self, change: Floats) -> Floats:
        """H times a change of β."""
        free, rest = change[: self.f], change[self.f :]
        through = self.factor.solve(self.side @ rest)
        return np.concatenate(
            [self.corner @ free + self.side @ rest, self.reduced @ rest + self.side.T @ (through + free)]
        )

    def unique(self, safes: list[Bools], alphas: list[float]) -> list[bool]:
        """True where the columns not proved zero are independent (with the ridge part, if any).

        Subsets of independent columns are independent and supersets of dependent ones dependent, so each factor speaks
        for many α.
        """
        answers: dict[int, bool] = {}
        for k, safe in enumerate(safes):
            if len(self.factor.dependent) or not self.inside[~safe].all():
                answers[k] = False
            elif self.gramless:  # the ridge part makes the objective strictly convex
                answers[k] = True
        while undecided := sorted(set(range(len(safes))) - set(answers), key=lambda k: int(safes[k].sum())):
            k = undecided[len(undecided) // 2]
            where = np.flatnonzero(~safes[k][self.members])
            system = self.reduced[np.ix_(where, where)]
            ridge = self.problem.penalty.kernel(alphas[k]).l2[self.members[where]]
            system[np.diag_indices(len(where))] += ridge
            independent = not len(Factor.of(system).dependent)
            for other in undecided:
                # A ridge part only grows with α; without one, what spans at one α spans at all.
                smaller = (safes[other] >= safes[k]).all() and (alphas[other] >= alphas[k] or not ridge.any())
                larger = (safes[other] <= safes[k]).all() and (alphas[other] <= alphas[k] or not ridge.any())
                if other == k or (smaller if independent else larger):
                    answers[other] = independent
        return [answers[k] for k in range(len(safes))]


def _gramless(problem: Problem) -> bool:
    """Whether conjugate gradients are the cheaper way, by flops.

    Without an L1 part every one of k columns is kept.  A factor costs k³/3 at each α, conjugate gradients about 30
    products of 4nk.
    """
    k = len(problem.penalised)
    smooth = not problem.penalty.kernel(1.0).l1.any()
    return bool(k) and smooth and k * k > 360 * problem.fleet.rows


def _repeats(S: Floats, old: int) -> Bools:
    """Which of the columns from ``old`` on have correlation ±1 with an earlier one."""
    size = np.sqrt(np.maximum(np.diagonal(S), 0.0))
    same = np.abs(S[old:]) >= (1.0 - 8 * certificate.EPS) * np.outer(size[old:], size)
    return np.tril(same, old - 1).any(axis=1) & (size[old:] > 0)


@dataclass(frozen=True)
class _Effort:
    """How tight the work between passes is: ``gap`` asked of the estimate there, ``step`` of the descent."""

    gap: float
    step: float

    def more(self) -> _Effort:
        return _Effort(0.1 * self.gap, 0.1 * self.step)


def follow(
    problem: Problem, start: Null, alphas: Floats, tol: float, *, work: Working | None = None, span: float | None = None
) -> Run:
    """Follow one problem down a decreasing grid of α; yields a `Step` per α.

    ``work`` is the working set to start from and to leave behind; ``span``, by which gaps are divided, is the null
    model's unless it is given.

    A group of α is solved on the working set, one pass over X checks them all, the certified prefix is accepted, and
    the columns that broke the rest join the working set.
    """
    work = Working(problem) if work is None else work
    work.here = start.point if work.here is None else work.here
    span = start.point.loss - problem.saturated if span is None else span
    usual = _Effort(0.1 * tol * max(span, certificate.DEGENERATE), SMALL * np.sqrt(2.0 * max(span, 0.0)))
    effort, best, attempts = usual, np.inf, 0
    done, width = 0, 1
    if work.gramless:
        work.enlist(start.point)
    while done < len(alphas):
        group = alphas[done : done + width]
        if not work.gramless:
            yield from work.grow(_candidates(work, [work.here.pull], group[-1:]))
        point, points = work.local(work.here), []
        for alpha in group:
            point = yield from (_settle_smooth if work.gramless else _settle)(work, alpha, point, effort)
            points.append(point)
        found = yield from _certify(work, done, group, points, span, tol)
        if not start.finite:
            found = [(replace(step, status=Status.UNBOUNDED, gap=np.inf), at) for step, at in found]
        passed = 0
        for step, at in found:
            if step.status is Status.STALLED:
                break
            work.here = at
            passed += 1
            yield step
        done += passed
        if passed == len(found):
            width = min(2 * width, BATCH)
            effort, best, attempts = usual, np.inf, 0
            continue
        width = max(1, passed)
        failed, work.here = found[passed]
        joining = _candidates(work, [at.pull for _, at in found[passed:]], group[passed:])
        attempts = 0 if passed or len(joining) or failed.gap <= 0.5 * best else attempts + 1
        best = failed.gap
        effort = usual if passed or len(joining) else effort.more()
        yield from work.grow(joining)
        if attempts > ATTEMPTS:
            yield failed
            done += 1
            effort, best, attempts = usual, np.inf, 0


def _candidates(work: Working, pulls: list[Floats], alphas: Floats) -> Indices:
    """Columns outside the working set whose pull exceeds the price, the strongest first, as many as may join."""
    worst = np.zeros(len(work.inside))
    for pull, alpha in zip(pulls, alphas, strict=True):
        force = pull[work.problem.penalised]
        low, high = work.problem.penalty.zero_interval(alpha, np.ones(len(force)))
        price = np.maximum(np.where(force > 0, high, -low), np.finfo(np.float64).tiny)
        with np.errstate(over="ignore"):  # a price of 0 asks for every column that pulls at all
            worst = np.maximum(worst, np.abs(force) / price)
    worst[work.inside] = 0.0
    joining = np.flatnonzero(worst > 1.0)
    room = max(GROWTH, len(work.members))
    if len(joining) > room:
        joining = np.sort(joining[np.argsort(-worst[joining], kind="stable")[:room]])
    return joining.astype(np.int64)


def _settle(work: Working, alpha: float, point: Point, effort: _Effort) -> Generator[Ask, Sums, Point]:
    """Solve on the working set at one α by proximal Newton, from a point whose gradient there is known.

    The gradient is always exact; the Hessian may be stale until a step contracts too little.
    """
    kernel = work.problem.penalty.kernel(alpha).take(work.members)
    estimate = _estimate(work, point, kernel)
    for _ in range(NEWTON):
        if estimate <= effort.gap:
            break
        beta = work.newton(point, kernel, effort.step)
        change = beta - point.beta
        if work.problem.loss.quadratic:
            gradient = point.gradient + work.slopes(change)
            loss = point.loss + float(change @ (0.5 * (point.gradient + gradient)))
            return replace(point, beta=beta, gradient=gradient, loss=loss)
        promised = float(point.gradient @ change) + _cost(kernel, beta[work.f :]) - _cost(kernel, point.beta[work.f :])
        tried = yield from _search(work, kernel, point, change, promised)
        if tried is None:
            if work.fresh:
                break
            yield from work.renew(point.beta)
            continue
        reached = _estimate(work, tried, kernel)
        slow = _slow(work, estimate, reached, effort.gap)
        # A step on a fresh Hessian that promised only rounding and gained nothing: this is as near as it gets.
        if work.fresh and slow and -promised <= _noise(point):
            return tried if reached < estimate else point
        work.fresh = False
        point, estimate = tried, reached
        if slow:
            yield from work.renew(point.beta)
    return point


def _settle_smooth(work: Working, alpha: float, point: Point, effort: _Effort) -> Generator[Ask, Sums, Point]:
    """Solve at one α by Newton steps whose systems conjugate gradients solve, for a penalty without an L1 part."""
    kernel = work.problem.penalty.kernel(alpha).take(work.members)
    estimate = _estimate(work, point, kernel)
    for _ in range(NEWTON):
        if estimate <= effort.gap:
            break
        change, gradient = yield from _conjugate(work, kernel, point, 0.1 * max(effort.gap, 0.01 * estimate))
        if work.problem.loss.quadratic:
            loss = point.loss + float(change @ (0.5 * (point.gradient + gradient)))
            point = replace(point, beta=point.beta + change, gradient=gradient, loss=loss)
            estimate = _estimate(work, point, kernel)
            continue
        beta = point.beta + change
        promised = float(point.gradient @ change) + _cost(kernel, beta[work.f :]) - _cost(kernel, point.beta[work.f :])
        work.fresh = True  # the products are taken at the point itself: a step that is too long is shortened
        tried = yield from _search(work, kernel, point, change, promised)
        if tried is None:
            break
        reached = _estimate(work, tried, kernel)
        if reached >= estimate and -promised <= _noise(point):
            break
        point, estimate = tried, reached
    return point


def _conjugate(
    work: Working, kernel: SoftThreshold, point: Point, goal: float
) -> Generator[Ask, Sums, tuple[Floats, Floats]]:
    """Solve (H + l2)d = -(g + l2β) until the gap that its residual would cause is below a goal; d and g + Hd.

    References
    ----------
    Hestenes, Stiefel (1952), Methods of conjugate gradients for solving linear systems, J. Res. NBS 49.
    """
    f = work.f
    ridge = np.concatenate([np.zeros(f), kernel.l2])
    norms = work.problem.norms[work.cols[f:]]
    typical = float(np.diagonal(work.corner)[-1]) if f else work.problem.loss.smoothness
    scale = np.concatenate([np.maximum(np.diagonal(work.corner), 1e-300), typical * np.square(norms) + kernel.l2])
    rhs = -(point.gradient + ridge * point.beta)
    change, residual = np.zeros_like(rhs), rhs.copy()
    toward = residual / scale
    direction, size = toward, float(residual @ toward)
    for _ in range(PRODUCTS):
        if _estimate(work, replace(point, beta=np.zeros_like(rhs), gradient=residual), kernel) <= goal or size == 0.0:
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
    return bool(np.log(after / goal) / np.log(before / after) > 2.0 + len(work.members) / RENEWAL)


def _search(
    work: Working, kernel: SoftThreshold, point: Point, change: Floats, promised: float
) -> Generator[Ask, Sums, Point | None]:
    """The full step if the objective falls enough; a shorter one only where the Hessian is fresh; else None."""
    before = point.loss + _cost(kernel, point.beta[work.f :])
    share = 1.0
    while share > 1e-9:
        tried = yield from work.glance(point.beta + share * change)
        after = tried.loss + _cost(kernel, tried.beta[work.f :])
        if after <= before + 1e-4 * share * promised + _noise(point):
            return tried
        if not work.fresh:
            return None
        share *= 0.5
    return None


def _noise(point: Point) -> float:
    return 16 * certificate.EPS * max(abs(point.loss), certificate.DEGENERATE)


def _cost(kernel: SoftThreshold, b: Floats) -> float:
    return float(kernel.l1 @ np.abs(b) + 0.5 * (kernel.l2 @ np.square(b)))


def _estimate(work: Working, point: Point, kernel: SoftThreshold) -> float:
    """The gap that the violations on [free, members] alone would cause, in the manner of `certificate`."""
    b, g, free = point.beta[work.f :], point.gradient[work.f :], point.gradient[: work.f]
    drift = float(np.sqrt(max(float(free @ work.factor.solve(free)), 0.0)))
    if not len(b):
        return drift**2
    size = np.abs(b)
    held = np.maximum(np.abs(g) - kernel.l1, 0.0)
    wrong = np.where(b == 0.0, held, np.abs(g + np.sign(b) * kernel.l1 + kernel.l2 * b))
    wrong = wrong + np.sqrt(work.problem.loss.smoothness) * drift * work.problem.norms[work.cols[work.f :]]
    if (kernel.l2 > 0).all():
        return float(np.sum(np.square(wrong) / (2 * kernel.l2))) + drift**2
    shrink = float(np.max(wrong / np.maximum(kernel.l1, np.finfo(np.float64).tiny)))
    # Scaling θ by s = 1/(1 + shrink) costs (1 - s)αΩ(b), and (1 - s)² of the loss.
    lost = shrink / (1.0 + shrink)
    return float(wrong @ size) + lost * float(kernel.l1 @ size) + lost**2 * point.loss + drift**2


def _certify(
    work: Working, done: int, alphas: Floats, points: list[Point], span: float, tol: float
) -> Generator[Ask, Sums, list[tuple[Step, Point]]]:
    """One pass over X for all candidates, and one over the working set for their dual points."""
    problem, f = work.problem, work.f
    points = yield from work.look([point.beta for point in points])
    duals = [
        certificate.dual_point(
            problem,
            alpha,
            point.pull[problem.penalised],
            point.gradient[:f],
            point.curvature,
            point.residual,
        )
        for alpha, point in zip(alphas, points, strict=True)
    ]
    coef, cols = problem.coefficients(np.column_stack([point.beta for point in points]), work.cols)
    shift, shifted = problem.coefficients(np.column_stack([d.shift for d in duals]), problem.free)
    dual = Dual(np.array([d.scale for d in duals]), shifted, shift)
    sums = yield Ask(coef, cols, Want(dual=dual), problem.split)
    found = []
    for c, (alpha, point, d) in enumerate(zip(alphas, points, duals, strict=True)):
        beta = np.zeros(len(problem.penalised))
        beta[work.members] = point.beta[f:]
        fenchel = float(sums.fenchel[c]) / problem.weight
        proof = certificate.prove(
            problem, alpha, beta, d, fenchel, point.loss, span, problem.wobble(point.beta, work.cols)
        )
        step = Step(
            index=done + c,
            alpha=float(alpha),
            cols=work.cols,
            beta=point.beta,
            loss=point.loss,
            gap=proof.gap,
            status=Status.CERTIFIED if proof.gap <= tol else Status.STALLED,
            unique=None if len(problem.penalised) else not len(work.factor.dependent),
            kept=int(np.count_nonzero(point.beta[f:])),
            pull=point.pull,
            safe=proof.safe,
        )
        found.append((step, point))
    return found
