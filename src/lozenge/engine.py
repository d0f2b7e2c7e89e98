"""The loop: follow one or several problems down the path of α over the same shards, and certify every step.

Each problem is followed by a generator that yields questions (`Ask`) and answers (`Step`).  `iterate` advances all of
them in lockstep, lays their candidates side by side into one `evaluate`, and hands the steps on as they come; progress
bars, traces and early stops only consume it.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import certificate
from lozenge.newton import Effort, settle
from lozenge.results import Status
from lozenge.shards import Dual, Want
from lozenge.subproblem import Factor
from lozenge.threads import workers
from lozenge.working import Ask, Point, Working, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lozenge.design.base import Floats
    from lozenge.problem import Indices, Problem
    from lozenge.results import Bools
    from lozenge.shards import Fleet, Sums
    from lozenge.statistics import Statistics

BATCH = 16  # values of α that share a pass
FIRST = 4  # of those in the first pass, before a slope is known
GROWTH = 256  # columns that may join at once while the working set is small; later it may double
REFITS = 40  # Newton steps of the null model; a finite optimum takes about ten, a step to infinity never ends
ATTEMPTS = 8  # tightenings at one α that do not halve the gap before it is given up
TRAIL = 2  # steps before the last whose lines foretell the pulls
NEAR = 0.97  # of its price: a column whose pull is foretold to come so near joins
EXACT = 1e-5  # from this tolerance down, supports are settled by an exact finish
SMALL = 1e-4  # descent's first tolerance, in units of the null standard deviation


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
    pull : (p + 1,) minus the gradient on all columns; None where it has been let go (`revisit`)
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
    pull: Floats | None
    safe: Bools


Run = Generator["Ask | Step", Any, Any]  # sent back are the Sums of an Ask, and nothing for a Step


def iterate(runs: list[tuple[Fleet | Statistics, Run]]) -> Iterator[tuple[int, Any]]:
    """Advance several runs together; yield (number of the run, step), and last (number, what the run returned).

    Runs on the same shared fleet wait for one another, and what they then ask of all columns shares one `evaluate`; a
    run with a fleet of its own is answered at once.  Between questions they work on as many threads as there are.
    """
    if len(runs) == 1:
        yield from _alone(*runs[0])
        return
    waiting: dict[int, Ask] = {}
    with ThreadPoolExecutor(min(workers(), len(runs))) as pool:
        busy = {pool.submit(_advance, *each, None): number for number, each in enumerate(runs)}
        try:
            while busy:
                ready, _ = wait(busy, return_when=FIRST_COMPLETED)
                for future in sorted(ready, key=busy.__getitem__):
                    number = busy.pop(future)
                    item, ended = future.result()
                    if isinstance(item, Ask):
                        waiting[number] = item
                        continue
                    yield number, item
                    if not ended:
                        busy[pool.submit(_advance, *runs[number], None)] = number
                if waiting and not busy:
                    asks, waiting = waiting, {}
                    for group in _alike(asks):
                        for number, reply in _serve(runs[next(iter(group))][0], group).items():
                            busy[pool.submit(_advance, *runs[number], reply)] = number
        finally:
            for future in busy:
                future.cancel()


def _alone(fleet: Fleet | Statistics, run: Run) -> Iterator[tuple[int, Any]]:
    reply: Sums | None = None
    try:
        while True:
            item = run.send(reply)
            reply = None
            if isinstance(item, Ask):
                reply = fleet.evaluate(item.coef, item.cols, item.want, [item.split] * item.coef.shape[1])
            else:
                yield 0, item
    except StopIteration as end:
        yield 0, end.value


def _advance(fleet: Fleet | Statistics, run: Run, reply: Sums | None) -> tuple[Any, bool]:
    """Go on to the next item that others must see: a step, a question to a shared fleet, or the end (True)."""
    try:
        item = run.send(reply)
        while isinstance(item, Ask) and not fleet.shared:
            item = run.send(fleet.evaluate(item.coef, item.cols, item.want))
    except StopIteration as end:
        return end.value, True
    return item, False


def outcomes(runs: list[tuple[Fleet | Statistics, Run]]) -> list[Any]:
    """Run to the end and give what each run returned."""
    returned = dict(iterate(runs))  # the last item of a run is what it returned
    return [returned[number] for number in range(len(runs))]


def _alike(asks: dict[int, Ask]) -> list[dict[int, Ask]]:
    groups: dict[object, dict[int, Ask]] = {}
    for number, ask in asks.items():
        whole = isinstance(ask.want.gradient, str) and ask.want.gram is not None
        key: object = (ask.want.loss, ask.want.gram[0].tobytes()) if whole and ask.want.gram is not None else number
        groups.setdefault(key, {})[number] = ask
    return list(groups.values())


def _serve(fleet: Fleet | Statistics, asks: dict[int, Ask]) -> dict[int, Sums]:
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
    # From the intercept that takes the offset back: far from there the loss may be flat, and Newton's step wild.
    beta = np.where(problem.free == problem.p, -problem.offset, 0.0)
    finite = not len(problem.free)
    loss, step = np.inf, np.zeros_like(beta)
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
            noise = problem.fleet.rounding * np.sqrt(float(sums.residual[0]) / problem.weight)
            finite = bool(np.max(np.abs(gradient + curvature @ step)) <= 64 * noise)
            break
    (point,) = yield from look(problem, problem.free, [beta])
    if problem.loss.quadratic and len(beta):
        # One refinement from the exact gradient: the first solve is only as good as the Gram's rounding.
        beta = beta - Factor.of(point.curvature).solve(point.gradient)
        (point,) = yield from look(problem, problem.free, [beta])
    return Null(point, finite)


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
    aim = 0.1 * tol * max(span, certificate.DEGENERATE)
    usual = Effort(aim, SMALL * np.sqrt(2.0 * max(span, 0.0)), aim if tol > EXACT else 0.0)
    effort, best, attempts = usual, np.inf, 0
    done, width = 0, FIRST
    trail: list[tuple[float, Floats]] = [(np.inf, work.here.pull)]  # (α, pulls) of the last certified steps
    if work.gramless:
        work.enlist(start.point)
    while done < len(alphas):
        group = alphas[done : done + width]
        if not work.gramless:
            yield from work.grow(
                _candidates(work, [(alpha, pull) for alpha in group for pull in _extrapolated(trail, alpha)])
            )
        point, points = work.local(work.here), []
        for alpha in group:
            point = yield from settle(work, alpha, point, effort)
            points.append(point)
        found = yield from _certify(problem, work.cols, group, points, span, tol)
        sole = None if len(problem.penalised) else not len(work.factor.dependent)
        found = [(replace(step, index=done + step.index, unique=sole), at) for step, at in found]
        if not start.finite:
            found = [(replace(step, status=Status.UNBOUNDED, gap=np.inf), at) for step, at in found]
        passed = 0
        for step, at in found:
            if step.status is Status.STALLED:
                break
            work.here = at
            trail = [*trail[-TRAIL:], (step.alpha, at.pull)]
            passed += 1
            yield step
        done += passed
        if passed == len(found):
            width = min(2 * width, BATCH)
            effort, best, attempts = usual, np.inf, 0
            continue
        width = max(1, passed)
        failed, work.here = found[passed]
        joining = _candidates(work, [(step.alpha, at.pull) for step, at in found[passed:]])
        attempts = 0 if passed or len(joining) or failed.gap < 0.5 * best else attempts + 1
        best = min(best, failed.gap)  # a gap that swings must not pass for progress
        effort = usual if passed or len(joining) else effort.more()
        yield from work.grow(joining)
        if attempts > ATTEMPTS:
            yield failed
            done += 1
            effort, best, attempts = usual, np.inf, 0


def resume(work: Working, step: Step | None) -> None:
    """Send a working set back to an earlier step with known pulls, or to the null model.

    Members only ever join, so the step's columns come first among the present ones.
    """
    if step is None or step.pull is None:
        work.here = None
    else:
        work.here = Point(step.beta, -step.pull[step.cols], step.loss, step.pull, work.corner, np.nan)


def confirm(problem: Problem, steps: list[Step], span: float, tol: float) -> Run:
    """Certify steps afresh on a problem's own fleet; returns the `Step`s, with pulls."""
    confirmed = []
    for start in range(0, len(steps), BATCH):
        group = steps[start : start + BATCH]
        cols = group[-1].cols  # members only ever join
        points = []
        for step in group:
            beta = np.zeros(len(cols))
            beta[: len(step.beta)] = step.beta
            points.append(Point(beta, np.zeros(0), step.loss, np.zeros(0), np.zeros((0, 0)), np.nan))
        alphas = np.array([step.alpha for step in group])
        found = yield from _certify(problem, cols, alphas, points, span, tol)
        confirmed += [
            replace(new, index=step.index, unique=step.unique) for step, (new, _) in zip(group, found, strict=True)
        ]
    return confirmed


def _extrapolated(trail: list[tuple[float, Floats]], alpha: float) -> list[Floats]:
    """Pulls at a smaller α, on the lines through the last step and each of those before it.

    Pulls are affine in α between events, so that each line is right if the events between are few, and they differ
    where there are many.
    """
    here, new = trail[-1]
    slopes = [(new - old) / (here - before) for before, old in trail[:-1] if before > here]
    return [new + (alpha - here) * slope for slope in slopes] or [new]


def _candidates(work: Working, pulls: list[tuple[float, Floats]]) -> Indices:
    """Columns outside the working set whose pull exceeds the price, the strongest first, as many as may join."""
    worst = np.zeros(len(work.inside))
    for alpha, pull in pulls:
        force = pull[work.problem.penalised]
        low, high = work.problem.penalty.zero_interval(alpha, np.ones(len(force)))
        price = np.maximum(np.where(force > 0, high, -low), np.finfo(np.float64).tiny)
        with np.errstate(over="ignore"):  # a price of 0 asks for every column that pulls at all
            worst = np.maximum(worst, np.abs(force) / price)
    worst[work.inside] = 0.0
    joining = np.flatnonzero(worst > NEAR)
    room = max(GROWTH, len(work.members))
    if len(joining) > room:
        joining = np.sort(joining[np.argsort(-worst[joining], kind="stable")[:room]])
    return joining.astype(np.int64)


def _certify(
    problem: Problem, cols: Indices, alphas: Floats, points: list[Point], span: float, tol: float
) -> Generator[Ask, Sums, list[tuple[Step, Point]]]:
    """One pass over X for all candidates, and one over the working set for their dual points."""
    f = len(problem.free)
    points = yield from look(problem, cols, [point.beta for point in points])
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
    coef, on = problem.coefficients(np.column_stack([point.beta for point in points]), cols)
    shift, shifted = problem.coefficients(np.column_stack([d.shift for d in duals]), problem.free)
    dual = Dual(np.array([d.scale for d in duals]), shifted, shift)
    sums = yield Ask(coef, on, Want(dual=dual), problem.split)
    found = []
    for c, (alpha, point, d) in enumerate(zip(alphas, points, duals, strict=True)):
        beta = np.zeros(problem.p + 1)
        beta[cols] = point.beta
        fenchel = float(sums.fenchel[c]) / problem.weight
        proof = certificate.prove(
            problem, alpha, beta[problem.penalised], d, fenchel, point.loss, span, problem.wobble(point.beta, cols)
        )
        step = Step(
            index=c,
            alpha=float(alpha),
            cols=cols,
            beta=point.beta,
            loss=point.loss,
            gap=proof.gap,
            status=Status.CERTIFIED if proof.gap <= tol else Status.STALLED,
            unique=None,
            kept=int(np.count_nonzero(point.beta[f:])),
            pull=point.pull,
            safe=proof.safe,
        )
        found.append((step, point))
    return found
