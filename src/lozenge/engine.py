"""The loop: follow one or several problems down the path of α over the same shards, and certify every step.

Each problem is followed by a generator that yields questions (`Ask`) and answers (`Step`).  `iterate` advances all of
them in lockstep, lays their candidates side by side into one `evaluate`, and hands the steps on as they come; progress
bars, traces and early stops only consume it.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import certificate, foresight
from lozenge.factor import Factor
from lozenge.newton import Effort, settle, sharpening
from lozenge.predictor import Heading
from lozenge.results import Status
from lozenge.shards import Curve, Dual, Want
from lozenge.threads import workers
from lozenge.working import Ask, Point, Working, look, loosely, widths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lozenge.design.base import Floats
    from lozenge.problem import Indices, Problem
    from lozenge.results import Bools
    from lozenge.shards import Fleet, Sums
    from lozenge.statistics import Statistics

BATCH = 16  # values of α that share a pass
FIRST = 4  # of those in the first pass, before a slope is known
NARROW = 8  # of those where a step costs more than a pass
LONG = 4  # values of α that descent on the rows, which runs on one thread, solves in two chains side by side
REFITS = 100  # Newton steps of the null model; a finite optimum takes about ten, a step to infinity never ends
ATTEMPTS = 8  # tightenings at one α that do not halve the gap before it is given up
EDGY = 3  # likewise where every one of them is a way through the interior
ROUNDED = 0.5  # of a gap: with that much rounding one tightening is tried
EXACT, EXACT_RIDGE = 1e-5, 1e-8  # tolerances from which down supports are settled by an exact finish
POLISHED = 1e-10  # tolerance from which down a last step makes weights as sharp as the objective
FEWER = 0.8  # of the members that stay: the others leave
NEARER = 0.3  # of the tolerance: what is aimed at between passes
NULL_CORNER = 1e-9  # of the mean loss: the width of corners in the null model
CHEAP = 1 << 28  # bytes of X whose reading costs little beside what is done with them
WHILE = 0.05  # seconds that a run goes on before it shows its steps: to change threads is not free
SMALL = 1e-4  # descent's first tolerance, in units of the null standard deviation


@dataclass(frozen=True, eq=False)
class Null:
    """The null model: intercept, offset and unpenalised columns, fitted; ``finite`` if its optimum exists.

    ``bend``: mean f'' there, of a loss with corners as one sees it from afar.
    """

    point: Point
    finite: bool
    bend: float


@dataclass(frozen=True, eq=False)
class Step:
    """One answer of the path, with what was proved of it.

    Attributes
    ----------
    index, alpha : place on the grid
    beta : on the columns ``cols`` of Z, free ones first
    loss : mean loss
    gap : what the tolerance is on: the relative duality gap; under a concave penalty the largest violation over α
    rounding : what rounding of the sums adds to it
    unique : None while not looked into (`Working.unique`); nobody knows under a concave penalty
    pull : (p + 1,) minus the gradient on all columns; None where it has been let go (`confirm` finds it again)
    safe : (k,) penalised columns that are zero in every optimum
    sharp : width of the loss's corners at which it was solved
    """

    index: int
    alpha: float
    cols: Indices
    beta: Floats
    loss: float
    gap: float
    rounding: float
    status: Status
    unique: bool | None
    kept: int
    pull: Floats | None
    safe: Bools
    sharp: float = np.nan


Run = Generator["Ask | Step", Any, Any]  # sent back are the Sums of an Ask, and nothing for a Step


def iterate(runs: list[tuple[Fleet | Statistics, Run]]) -> Iterator[tuple[int, Any]]:
    """Advance several runs together; yield (number of the run, step), and last (number, what the run returned).

    Runs on the same shared fleet wait for one another, and what they then ask of all columns shares one `evaluate`; all
    else is answered at once.  Where X is small enough to be read twice as often they wait in two cohorts, so that one
    is at work while the other is answered.
    """
    if len(runs) == 1:
        yield from _alone(*runs[0])
        return
    count = 2 if all(fleet.nbytes <= CHEAP for fleet, _ in runs) else 1
    left = [len(range(cohort, len(runs), count)) for cohort in range(count)]
    waiting: list[dict[int, Ask]] = [{} for _ in left]
    with ThreadPoolExecutor(min(workers(), len(runs))) as pool:
        busy: dict[Future[Any], int] = {pool.submit(_advance, *run, None): k for k, run in enumerate(runs)}
        try:
            while busy:
                ready, _ = wait(busy, return_when=FIRST_COMPLETED)
                for future in sorted(ready, key=busy.__getitem__):
                    number = busy.pop(future)
                    if number < 0:  # what a cohort waited for
                        replies: dict[int, Sums] = future.result()
                        for each, reply in replies.items():
                            busy[pool.submit(_advance, *runs[each], reply)] = each
                        continue
                    items, ask, ended = future.result()
                    for item in items:
                        yield number, item
                    cohort = number % count
                    if ended:
                        left[cohort] -= 1
                    elif ask is None:
                        busy[pool.submit(_advance, *runs[number], None)] = number
                    else:
                        waiting[cohort][number] = ask
                    if waiting[cohort] and len(waiting[cohort]) == left[cohort]:
                        fleet, _ = runs[next(iter(waiting[cohort]))]
                        busy[pool.submit(_together, fleet, waiting[cohort])] = -1 - cohort
                        waiting[cohort] = {}
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
                reply = _answer(fleet, item)
            else:
                yield 0, item
    except StopIteration as end:
        yield 0, end.value


def _advance(fleet: Fleet | Statistics, run: Run, reply: Sums | None) -> tuple[list[Any], Ask | None, bool]:
    """Go on for a while, or to a question that others share, or to the end; what was found, the question, the end."""
    found: list[Any] = []
    until = monotonic() + WHILE
    try:
        while reply is not None or not found or monotonic() < until:
            item = run.send(reply)
            reply = None
            if not isinstance(item, Ask):
                found.append(item)
            elif fleet.shared and isinstance(item.want.gradient, str):
                return found, item, False
            else:
                reply = _answer(fleet, item)
    except StopIteration as end:
        return [*found, end.value], None, True
    return found, None, False


def _answer(fleet: Fleet | Statistics, ask: Ask) -> Sums:
    return fleet.evaluate(ask.coef, ask.cols, ask.want, [ask.split] * ask.coef.shape[1])


def _together(fleet: Fleet | Statistics, asks: dict[int, Ask]) -> dict[int, Sums]:
    """Answer several questions about all columns, those that are alike with one `evaluate`."""
    found: dict[int, Sums] = {}
    for group in _alike(asks):
        found |= _serve(fleet, group)
    return found


def outcomes(runs: list[tuple[Fleet | Statistics, Run]]) -> list[Any]:
    """Run to the end and give what each run returned."""
    returned = dict(iterate(runs))  # the last item of a run is what it returned
    return [returned[number] for number in range(len(runs))]


def _alike(asks: dict[int, Ask]) -> list[dict[int, Ask]]:
    groups: dict[object, dict[int, Ask]] = {}
    for number, ask in asks.items():
        rooms = ask.want.rooms
        key: object = number if rooms is None else (ask.want.loss, ask.want.sharp is None, rooms.tobytes())
        groups.setdefault(key, {})[number] = ask
    return list(groups.values())


def _serve(fleet: Fleet | Statistics, asks: dict[int, Ask]) -> dict[int, Sums]:
    """Lay the candidates of several asks side by side on the union of their columns."""
    if len(asks) == 1:
        ((number, ask),) = asks.items()
        return {number: _answer(fleet, ask)}
    wants = [ask.want for ask in asks.values()]
    sharp = [want.sharp for want in wants if want.sharp is not None]  # of all, or of none (`_alike`)
    want = replace(wants[0], sharp=np.concatenate(sharp) if sharp else None)
    named = np.zeros(max(int(np.max(ask.cols, initial=-1)) for ask in asks.values()) + 1, dtype=bool)
    for ask in asks.values():
        named[ask.cols] = True
    cols = np.flatnonzero(named)
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
    # From intercepts that are near, the offset taken back: far off the loss may be flat, and Newton's step wild.
    beta = np.zeros(len(problem.free))
    level = problem.free >= problem.p
    start = problem.origin[problem.free[level] - problem.p]
    if problem.loss.redundant:  # the constants left out are 0
        start = start - problem.origin[-1]
    beta[level] = start
    finite, sharp = not len(problem.free), np.nan
    if problem.loss.sharpens:
        (point,) = yield from look(problem, problem.free, beta[:, None])
        for sharp in sharpening(NULL_CORNER * point.loss, point.loss):
            beta, finite = yield from _refitted(problem, beta, sharp)
    elif not finite:
        beta, finite = yield from _refitted(problem, beta, sharp)
    (point,) = yield from look(problem, problem.free, beta[:, None], sharp)
    if problem.loss.quadratic and len(beta):
        # One refinement from the exact gradient: the first solve is only as good as the Gram's rounding.
        beta = beta - Factor.of(point.room).solve(point.gradient)
        (point,) = yield from look(problem, problem.free, beta[:, None])
    if not problem.loss.sharpens:
        return Null(point, finite, point.bend)
    (afar,) = yield from look(problem, problem.free, beta[:, None], sharpening(NULL_CORNER * point.loss, point.loss)[0])
    return Null(point, finite, afar.bend)


def _refitted(problem: Problem, beta: Floats, sharp: float) -> Generator[Ask, Sums, tuple[Floats, bool]]:
    """The free columns' optimum from a start, and whether there is one."""
    loss, step = np.inf, np.zeros_like(beta)
    for _ in range(REFITS if len(beta) else 0):
        found = yield from loosely(problem, beta, problem.free, sharp)
        if not found.loss <= loss + 8 * certificate.EPS * (abs(found.loss) + abs(problem.saturated)):
            step = 0.5 * step
            beta = beta - step
            continue
        loss, gradient = found.loss, found.gradient
        step = -Factor.of(found.curvature).solve(gradient)
        beta = beta + step
        if problem.loss.quadratic:
            return beta, True
        promised = -float(gradient @ step)
        still = float(np.max(np.abs(step))) <= 4 * certificate.EPS * float(np.max(np.abs(beta)))
        if still or promised <= certificate.EPS**1.5 * max(problem.excess(loss), certificate.DEGENERATE):
            # No step is left to take: at an optimum if no pull is left either, else where the loss has gone flat.
            noise = problem.fleet.rounding * np.sqrt(found.residual)
            return beta, bool(np.max(np.abs(gradient + found.curvature @ step)) <= 64 * noise)
    return beta, not len(beta)


def follow(
    problem: Problem,
    start: Null,
    alphas: Floats,
    tol: float,
    *,
    work: Working | None = None,
    span: float | None = None,
    alone: bool = True,
) -> Run:
    """Follow one problem down a decreasing grid of α; yields a `Step` per α.

    ``work`` is the working set to start from and to leave behind; ``span``, by which gaps are divided, is the null
    model's unless it is given; ``alone``, whether no other problem is followed beside it, which would take the threads.
    Returned is {index: whether the optimum is unique} of the steps whose columns have left the working set since.

    A group of α is solved on the working set and one pass over X looks at them all: those that it certifies are done,
    the columns that broke the others join and those that are no longer near their price leave, and what was broken is
    solved again with the next group.
    """
    work = Working(problem) if work is None else work
    work.here = start.point if work.here is None else work.here
    span = start.point.loss - problem.saturated if span is None else span
    aim = NEARER * tol * max(span, certificate.DEGENERATE)
    # With a ridge part, a small gap alone says how near the weights are, and an exact finish costs more.
    ridge = bool(problem.penalty.kernel(1.0).ridge.any())
    exact = tol <= (EXACT_RIDGE if ridge else EXACT)
    small = SMALL * np.sqrt(2.0 * max(span, 0.0))
    usual = Effort(aim, small, 0.0 if exact else aim, NEARER * tol, aim, polish=tol <= POLISHED)
    trials = [Trial(usual) for _ in alphas]
    answered: list[tuple[int, float, Bools]] = []  # steps whose columns are still members: place, α, proved zero
    sole: dict[int, bool] = {}
    pending, width, reached = list(range(len(alphas))), FIRST, -1
    trail = [(np.inf, work.here.pull[problem.priced])]  # (α, pulls) of the last certified steps
    heading = Heading()
    if work.gramless:
        work.enlist(start.point)
    elif not (problem.penalty.screens and problem.fleet.shared):
        # Where rows are summed up the Gram is there already.
        yield from work.grow(np.flatnonzero(~work.inside))
    yield from work.grow(np.flatnonzero(work.keeps(work.here) & ~work.inside))
    attempts = ATTEMPTS if problem.loss.edges is None else EDGY
    # Where steps at one α cost more than a pass, and columns may be lacking, fewer α are at stake.
    most = BATCH if problem.loss.quadratic or work.inside.all() else NARROW
    while pending:
        group = pending[:width]
        room = max(foresight.FEW if len(trail) == 1 else foresight.MANY, len(work.members))
        fresh = [k for k in group if trials[k].at is None]
        if not work.gramless and fresh:
            yield from work.grow(foresight.joining(work, _lines(trail, alphas[fresh]), room))
        # Those that were broken from where they were left, and the others on from there.
        points: list[Point] = []
        origin = work.local(work.point())
        for k in group:
            at = trials[k].at
            if at is not None:
                points.append((yield from settle(work, alphas[k], work.local(at), trials[k].effort)))
                origin = points[-1] if k > reached else origin
        onward, heading = yield from _onward(
            work, origin, alphas[fresh], [trials[k].effort for k in fresh], heading, alone=alone
        )
        points += onward
        found = yield from _certify(problem, work.cols, alphas[group], points, span, tol)
        broken = []
        for k, (proved, at) in zip(group, found, strict=True):
            pull = (proved.alpha, at.pull[problem.priced])
            step = proved if start.finite else replace(proved, status=Status.UNBOUNDED, gap=np.inf)
            if step.status is Status.STALLED and not step.rounding > tol:
                lacking = len(foresight.joining(work, [pull], room))
                trials[k].failed(at, step.gap, usual if lacking else None)
                # What is mostly rounding no better answer mends: only rows that are read with less of it do.
                if trials[k].attempts <= (attempts if step.rounding < ROUNDED * step.gap else 1):
                    broken.append(pull)
                    continue
            pending.remove(k)
            if k > reached:
                work.here, reached = at, k
                trail = [*trail[-foresight.LINES :], pull]
            if step.unique is None:
                answered.append((k, step.alpha, step.safe))
            yield replace(step, index=k)
        width = max(1, width // 2) if len(broken) == len(group) else min(2 * width, most)
        if pending and work.sheds:
            kept = [work.here, *(at for k in pending if (at := trials[k].at) is not None)]
            staying = foresight.staying(work, _lines(trail, alphas[pending[:width]]), kept)
            if np.count_nonzero(staying) < FEWER * len(work.members):
                sole |= yield from _sole(work, answered)
                answered = []
                work.shed(staying)
        if broken and not work.gramless:
            yield from work.grow(foresight.joining(work, broken, room))
    return sole


def _lines(trail: foresight.Pulls, alphas: Floats) -> foresight.Pulls:
    """Pulls foretold: on a line, |a + bα| over a price that grows with α is largest at the first or the last α."""
    return [line for alpha in alphas[[0, -1]] for line in foresight.extrapolated(trail, alpha)]


def _sole(work: Working, answered: list[tuple[int, float, Bools]]) -> Generator[Ask, Sums, dict[int, bool]]:
    """Whether the optimum is proved to be the only one, by place on the grid."""
    proved = yield from work.unique([safe for _, _, safe in answered], [alpha for _, alpha, _ in answered])
    return dict(zip([place for place, _, _ in answered], proved, strict=True))


def _onward(
    work: Working, origin: Point, alphas: Floats, efforts: list[Effort], heading: Heading, *, alone: bool
) -> Generator[Ask, Sums, tuple[list[Point], Heading]]:
    """Solve at new values of α; descent on the rows in two chains side by side."""
    if work.held is None or len(alphas) < LONG or not alone:
        return (yield from _chain(work, origin, alphas, efforts, heading))
    work.pack()
    half = len(alphas) // 2
    chains: list[tuple[Fleet | Statistics, Run]] = [
        (work.problem.fleet, _chain(work, origin, alphas[:half], efforts[:half], heading)),
        (work.problem.fleet, _chain(work, origin, alphas[half:], efforts[half:], Heading())),
    ]
    (near, _), (far, heading) = outcomes(chains)
    return near + far, heading


def _chain(
    work: Working, origin: Point, alphas: Floats, efforts: list[Effort], heading: Heading
) -> Generator[Ask, Sums, tuple[list[Point], Heading]]:
    """Solve at one α after the other, each from the point before."""
    points = [origin]
    for alpha, effort in zip(alphas, efforts, strict=True):
        start = yield from heading.start(work, alpha, points[-1], effort.gap)
        points.append((yield from settle(work, alpha, start, effort)))
        heading.passed(alpha, points[-1])
    return points[1:], heading


@dataclass(eq=False)
class Trial:
    """What has been tried at one α: the last point, the smallest gap, and how often nothing was gained."""

    effort: Effort
    at: Point | None = None
    best: float = np.inf
    attempts: int = 0

    def failed(self, at: Point, gap: float, usual: Effort | None) -> None:
        """Try harder, unless columns were lacking: then as usual."""
        self.attempts = 0 if usual or gap < 0.5 * self.best else self.attempts + 1
        self.effort = usual or self.effort.more()
        self.at, self.best = at, min(self.best, gap)  # a gap that swings must not pass for progress


def resume(work: Working, step: Step | None) -> None:
    """Send a working set back to an earlier step with known pulls, or to the null model."""
    if step is None or step.pull is None:
        work.here = None
    else:
        work.here = Point(
            step.cols, step.beta, -step.pull[step.cols], step.loss, step.pull, work.corner, sharp=step.sharp
        )


def confirm(problem: Problem, steps: list[Step], span: float, tol: float) -> Run:
    """Certify steps afresh on a problem's own fleet; returns the `Step`s, with pulls."""
    confirmed = []
    for start in range(0, len(steps), BATCH):
        group = steps[start : start + BATCH]
        cols = np.append(problem.free, np.setdiff1d(np.concatenate([step.cols for step in group]), problem.free))
        none = np.zeros(0)
        points = [Point(step.cols, step.beta, none, step.loss, none, sharp=step.sharp) for step in group]
        alphas = np.array([step.alpha for step in group])
        found = yield from _certify(problem, cols, alphas, points, span, tol)
        confirmed += [
            replace(new, index=step.index, unique=step.unique) for step, (new, _) in zip(group, found, strict=True)
        ]
    return confirmed


def _certify(
    problem: Problem, cols: Indices, alphas: Floats, points: list[Point], span: float, tol: float
) -> Generator[Ask, Sums, list[tuple[Step, Point]]]:
    """One pass over X for all candidates, and what it proves of them."""
    betas, shifts = np.zeros((2, len(problem.scale), len(points)))
    for c, point in enumerate(points):
        betas[point.cols, c] = point.beta
        if point.shift is not None:
            shifts[point.cols, c] = point.shift
    points = yield from look(problem, cols, betas[cols], *(point.sharp for point in points))
    gapped = problem.loss.gapped and (problem.penalty.gapped or not len(problem.penalised))
    if gapped:
        proofs = yield from _optimal(problem, cols, alphas, points, span)
        again = [c for c, proof in enumerate(proofs) if not proof.gap <= tol and shifts[:, c].any()]
        if again:
            tried = [replace(points[c], shift=shifts[cols, c]) for c in again]
            for c, proof in zip(again, (yield from _optimal(problem, cols, alphas[again], tried, span)), strict=True):
                proofs[c] = proof if proof.gap < proofs[c].gap else proofs[c]
    else:
        proofs = _level(problem, cols, alphas, points)
    found = []
    for c, (alpha, point, proof) in enumerate(zip(alphas, points, proofs, strict=True)):
        step = Step(
            index=c,
            alpha=float(alpha),
            cols=cols,
            beta=point.beta,
            loss=point.loss,
            gap=proof.gap,
            rounding=proof.rounding,
            status=Status.CERTIFIED if proof.gap <= tol else Status.STALLED,
            unique=proof.unique,
            kept=int(np.count_nonzero(point.beta[len(problem.free) :])),
            pull=point.pull,
            safe=proof.safe,
            sharp=point.sharp,
        )
        found.append((step, point))
    return found


def _optimal(
    problem: Problem, cols: Indices, alphas: Floats, points: list[Point], span: float
) -> Generator[Ask, Sums, list[certificate.Proof]]:
    """Duality gaps, for which the dual points are looked at once over the working set.

    Where the points have a shift, one more pass says what it does to the pulls.
    """
    f = len(problem.free)
    coef, on = problem.coefficients(np.column_stack([point.beta for point in points]), cols)
    shifts = np.column_stack([np.zeros(len(cols)) if p.shift is None else p.shift for p in points])
    sharp = widths(*(point.sharp for point in points))
    moved: Floats | None = None
    residual = np.zeros(len(points))
    # The first pass tells what a solved system leaves of the free columns' pull, the second what is then rounding.
    for again in (True, False) if shifts.any() else ():
        directions, along = problem.coefficients(shifts, cols)
        curve = Curve(along, directions, "all", room=True)
        sums = yield Ask(coef, on, Want(curve=curve, sharp=sharp), problem.split)
        moved, residual = problem.gradient(sums.curve, sums.bend), sums.residual / problem.weight
        for c, point in enumerate(points if again else []):
            shifts[:f, c] += Factor.of(point.room).solve(point.gradient[:f] - moved[problem.free, c])
    duals = []
    for c, (alpha, point) in enumerate(zip(alphas, points, strict=True)):
        slope, free = point.pull[problem.priced], point.gradient[:f]
        pull = slope if moved is None else slope + moved[problem.priced, c]
        free = free if moved is None else free - moved[problem.free, c]
        spread = float(np.sqrt(point.residual) + np.sqrt(residual[c])) ** 2
        duals.append(certificate.dual_point(problem, alpha, pull, free, point.room, spread, point.bend, slope))
    shifts[:f] += np.column_stack([d.shift for d in duals])
    scale, (shift, shifted) = np.array([d.scale for d in duals]), problem.coefficients(shifts, cols)
    sums = yield Ask(coef, on, Want(dual=Dual(scale, shifted, shift), sharp=sharp), problem.split)
    proofs = []
    for c, (alpha, point, d) in enumerate(zip(alphas, points, duals, strict=True)):
        beta = np.zeros(len(problem.scale))
        beta[cols] = point.beta
        fenchel, rough = float(sums.fenchel[c]) / problem.weight, float(sums.rough[c]) / problem.weight
        wobble = problem.wobble(point.beta, cols)
        proof = certificate.prove(problem, alpha, beta[problem.priced], d, fenchel, rough, point.loss, span, wobble)
        alone = not len(problem.penalised)
        proofs.append(replace(proof, unique=not len(Factor.of(point.room).dependent) if alone else None))
    return proofs


def _level(problem: Problem, cols: Indices, alphas: Floats, points: list[Point]) -> list[certificate.Proof]:
    """Violations of the conditions of a stationary point: what there is to prove under a concave penalty."""
    beta = np.zeros(len(problem.scale))
    proofs = []
    for alpha, point in zip(alphas, points, strict=True):
        beta[cols] = point.beta
        proofs.append(certificate.stationary(problem, alpha, beta[problem.priced], point))
    return proofs
