"""The path by its size: minimise the mean loss subject to ‖b‖₀ ≤ k, for one size after the other.

With squared loss the free columns are projected out of the Gram matrix and `subset`, `perspective` and `branch` have
the problem; what they find is refitted and judged on X.  With another loss the same is done to its quadratic model,
again and again: subsets are refitted by Newton's method, and a subset that the model prefers is taken where the loss
agrees.

References
----------
Hazimeh, Mazumder (2020), Fast best subset selection, Operations Research 68.
Zhu, Wen, Zhu, Zhang, Wang (2020), A polynomial algorithm for best-subset selection problem, PNAS 117.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, cast

import numpy as np

from lozenge import engine, subset
from lozenge.branch import branch
from lozenge.certificate import DEGENERATE, EPS, relative
from lozenge.engine import Step
from lozenge.factor import DEPENDENT, Factor
from lozenge.perspective import Bound, bounds, unpenalised
from lozenge.results import Status
from lozenge.shards import Want
from lozenge.subset import Quadratic, Subset
from lozenge.swaps import rises
from lozenge.working import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lozenge.design.base import Floats
    from lozenge.engine import Null
    from lozenge.penalties.balls import L0Ball
    from lozenge.penalties.l0 import L0
    from lozenge.problem import Indices, Problem

    Progress = Callable[[int, int, int, float], None]

AT_ONCE = 20  # counted columns up to which a proof takes no time worth asking
LARGEST = 1 << 30  # bytes of the products of all pairs of columns
SPARE = 0.5  # of the tolerance: what a proof leaves to rounding
NEWTON = 60  # steps on one subset
HALVED = 30  # times that a step is
TURNS = 10  # up and down the sizes
GAIN = 1e-12  # of the objective: what is less is rounding


@dataclass(frozen=True, eq=False)
class Around:
    """The quadratic model of the loss at some weights, ½ xᵀSx - linearᵀx and a constant, free columns refitted along.

    Attributes
    ----------
    q : S, linear, l2 and box on the penalised columns asked for
    factor, along, base : of the free columns' Hessian H_FF; β_F = base - along x
    loss : at the weights
    """

    q: Quadratic
    factor: Factor
    along: Floats
    base: Floats
    loss: float

    def free(self, x: Floats) -> Floats:
        """The best weights of the free columns, given the others."""
        return self.base - self.along @ x


def around(problem: Problem, beta: Floats, places: Indices) -> Around:
    """The model at β (p + 1,), on the penalised columns at ``places`` among them: all whose weight is not zero."""
    shape, pen, free = cast("L0", problem.penalty), problem.penalised[places], problem.free
    cols = np.append(np.setdiff1d(np.flatnonzero(beta), free), free).astype(np.int64)
    every = np.concatenate([free, pen]).astype(np.int64)
    coef, on = problem.coefficients(beta[cols, None], cols)
    asked = np.append(every, problem.p)
    sums = problem.fleet.evaluate(coef, on, Want(loss=True, gradient=asked, gram=(asked, asked)), [problem.split])
    H = problem.gram(sums.gram[:, :, 0], every, every)
    towards = H @ beta[every] - problem.gradient(sums.gradient[:-1], sums.slope, every)[:, 0]
    f = len(free)
    factor = Factor.of(H[:f, :f])
    along, base = factor.solve(H[:f, f:]), factor.solve(towards[:f])
    S = H[f:, f:] - H[f:, :f] @ along
    S = 0.5 * (S + S.T)
    linear = towards[f:] - H[f:, :f] @ base
    spanned = np.diagonal(S) <= DEPENDENT * np.diagonal(H)[f:]  # by the free columns
    S[spanned], S[:, spanned], linear[spanned] = 0.0, 0.0, 0.0
    q = Quadratic(np.ascontiguousarray(S), linear, shape.ridges[places], shape.box[places], np.zeros(len(places)))
    return Around(q, factor, along, base, float(sums.loss[0]) / problem.weight)


def search(
    problem: Problem,
    exact: Problem,
    null: Null,
    ball: L0Ball,
    tol: float,
    *,
    still: bool,
    judged: bool = True,
    progress: Callable[[int, int, float], None] | None = None,
) -> list[Step]:
    """One certified step a size, from small to large.

    Parameters
    ----------
    problem, exact : the same one, on rows that may have been summed up, and on the rows themselves
    still : nothing pulls by more than rounding: every weight stays zero
    judged : whether steps are to have a bound or a proof; else only where a proof takes no time
    progress : called with the sizes done, the weights kept and the gap
    """
    p = len(problem.penalised)
    if 8 * p * p > LARGEST:
        raise ValueError(
            f"best subsets need the products of all pairs of columns: {p:,} columns take {8 * p * p / 2**30:.1f} GiB, "
            f"and at most {LARGEST / 2**30:.0f} is allowed. Exclude columns with penalty_weights inf, such as those "
            "that no fit of a lasso path keeps"
        )
    if ball.prove and not problem.loss.quadratic:
        raise ValueError(
            f"best subsets are proved under the squared loss only; got {problem.loss.name}. Leave prove (--prove) out: "
            "exchanges then end where none helps"
        )
    sizes = [min(int(k), p) for k in ball.radii]
    told = (lambda *_: None) if progress is None else progress
    start = np.zeros(problem.p + 1)
    start[problem.free] = null.point.beta
    if problem.loss.quadratic:
        model = around(problem, start, np.arange(p))
        if still:
            model = replace(model, q=replace(model.q, linear=np.zeros(p)))
        proved = list(_judged(model.q, sizes, ball, tol * SPARE, _span(exact, null), exact.fleet.rows, judged, told))
        return _refitted(exact, model, proved, null, tol)
    return _curved(problem, exact, start, null, [0] * len(sizes) if still else sizes, ball, tol, told)


def _span(problem: Problem, null: Null) -> float:
    return null.point.loss - problem.saturated


# ------------------------------------------------------------------------------------ squared loss
@dataclass(frozen=True, eq=False)
class Judged:
    """A subset, a value that no subset of its size is below (-inf where none was asked for), and how it ended."""

    subset: Subset
    bound: float
    status: Status


def _judged(
    q: Quadratic,
    sizes: list[int],
    ball: L0Ball,
    tol: float,
    span: float,
    rows: int,
    judged: bool,
    told: Callable[[int, int, float], None],
) -> Iterator[Judged]:
    """Local search by every size, then its bound or its proof; what was stopped keeps what is known by then."""
    found = subset.sized(q, sizes, ball.exchange)
    small = len(q.linear) <= AT_ONCE
    asked = ball.seconds is not None if ball.prove is None else ball.prove
    prove = (judged and asked) or (small and ball.prove is not False)
    if not (judged or prove):
        yield from (Judged(each, -np.inf, Status.LOCAL) for each in found)
        return
    unit = span if span > DEGENERATE else 1.0
    ends = np.inf if ball.seconds is None else time.monotonic() + ball.seconds
    # As many columns as rows fit anything, and have no curvature to spare.
    flat = len(q.linear) >= rows and not q.l2.any() and bool(np.isinf(q.box).all())
    least = -span if flat else unpenalised(q)
    relaxed = None if prove else repeat(Bound(least, "unpenalised")) if flat else bounds(q, sizes, least)
    stopped, before = False, Subset(np.zeros(0, dtype=np.int64), np.zeros(len(q.linear)), 0.0)
    for done, (size, local) in enumerate(zip(sizes, found, strict=True)):
        best = min(local, before, key=lambda each: each.objective)  # a subset of fewer is one of at most so many
        known = Judged(best, min(least, best.objective), Status.STOPPED if stopped else Status.LOOSE)
        try:
            if not stopped and relaxed is not None:
                bound = next(relaxed)
                status = Status.LOCAL if bound.source == "perspective" else Status.LOOSE
                known = Judged(best, min(bound.value, best.objective), status)
            elif not stopped:
                for known in _proofs(q, size, best, least, tol, unit):
                    told(done, len(known.subset.support), (known.subset.objective - known.bound) / unit)
                    if known.status is Status.STOPPED and time.monotonic() >= ends:
                        stopped = True
                        break
        except KeyboardInterrupt:
            stopped = True
            known = replace(known, status=Status.STOPPED)
        before = known.subset
        told(done + 1, len(before.support), (before.objective - known.bound) / unit)
        yield known


def _proofs(q: Quadratic, size: int, best: Subset, least: float, tol: float, unit: float) -> Iterator[Judged]:
    """Branch and bound, step by step, from the best subset so far."""
    known = Judged(best, min(least, best.objective), Status.STOPPED)
    yield known
    try:
        steps = branch(q.matrix, q.linear, size=size, l2=q.l2, box=q.box, tol=tol, scale=unit, start=best.support)
    except ValueError:
        raise ValueError(
            f"a best subset of {len(q.linear)} columns cannot be proved without a ridge or a bound: columns nearly "
            "depend on one another. Give L0Ball a ridge, such as 0.01 (--penalty l0:0.01), or a bound, or leave prove "
            "(--prove) and seconds out"
        ) from None
    for step in steps:
        under = max(least, step.bound)
        better = step.best if step.best.objective <= best.objective else best
        known = Judged(better, min(under, better.objective), Status.CERTIFIED if step.proven else Status.STOPPED)
        yield known
    if known.status is Status.STOPPED:  # rounding was in the way of the tolerance
        yield replace(known, status=Status.STALLED)


def _refitted(problem: Problem, model: Around, found: list[Judged], null: Null, tol: float) -> list[Step]:
    """The subsets' weights made exact on X, and what is certain of them there."""
    betas = np.zeros((problem.p + 1, len(found)))
    for c, each in enumerate(found):
        betas[problem.penalised, c] = each.subset.b
        betas[problem.free, c] = model.free(each.subset.b)
    cols = np.append(problem.free, np.setdiff1d(np.flatnonzero(betas.any(axis=1)), problem.free)).astype(np.int64)
    (points,) = engine.outcomes([(problem.fleet, look(problem, cols, betas[cols]))])
    # The weights are as good as the rounding of the products that they were found on: one step from their own pulls.
    for c, (each, point) in enumerate(zip(found, points, strict=True)):
        support, b = each.subset.support, each.subset.b
        inside = support[np.abs(b[support]) < model.q.box[support]]
        pull = point.pull[problem.penalised] - model.q.l2 * b
        free = point.pull[problem.free]
        M = model.q.matrix[np.ix_(inside, inside)] + np.diag(model.q.l2[inside])
        step = Factor.of(M).solve(pull[inside] - model.along[:, inside].T @ free)
        betas[problem.penalised[inside], c] += step
        betas[problem.free, c] += model.factor.solve(free) - model.along[:, inside] @ step
    (points,) = engine.outcomes([(problem.fleet, look(problem, cols, betas[cols]))])
    span, steps = _span(problem, null), []
    for c, (each, point) in enumerate(zip(found, points, strict=True)):
        b = betas[problem.penalised, c]
        value = point.loss + 0.5 * float(model.q.l2 @ np.square(b))
        noise = problem.fleet.rounding * np.sqrt(point.residual) * float(problem.sizes @ np.abs(b))
        gap = max(value - (null.point.loss + each.bound), 0.0) + noise + 8.0 * EPS * value
        steps.append(
            _step(problem, c, cols, point.beta, point.loss, point.pull, relative(gap, value, span), each.status, tol)
        )
    return steps


def _step(
    problem: Problem,
    index: int,
    cols: Indices,
    beta: Floats,
    loss: float,
    pull: Floats,
    gap: float,
    status: Status,
    tol: float,
) -> Step:
    if status is not Status.UNBOUNDED:
        status = Status.CERTIFIED if gap <= tol else Status.STALLED if status is Status.CERTIFIED else status
    kept = int(np.count_nonzero(beta[len(problem.free) :]))
    none = np.zeros(len(problem.penalised), dtype=bool)
    return Step(index, np.nan, cols, beta, loss, gap, 0.0, status, False, kept, pull, none)


# ------------------------------------------------------------------------------------ other losses
@dataclass(frozen=True, eq=False)
class Fitted:
    """A subset, by places among the penalised columns, with its weights (p + 1,); ``finite`` if they are an optimum."""

    support: Indices
    beta: Floats
    objective: float
    finite: bool


def _curved(
    problem: Problem,
    exact: Problem,
    start: Floats,
    null: Null,
    sizes: list[int],
    ball: L0Ball,
    tol: float,
    told: Callable[[int, int, float], None],
) -> list[Step]:
    """Every size from the one below grown and from the one above shrunk, with exchanges, until none improves."""
    nothing = Fitted(np.zeros(0, dtype=np.intp), start, null.point.loss, null.finite)
    found: dict[int, Fitted] = {0: nothing}
    tried: set[tuple[int, tuple[int, ...]]] = set()
    ladder = sorted({0, *range(1, max(sizes, default=0) + 1)})

    def follow(origin: int, k: int) -> bool:
        at = found[origin]
        if (k, key := tuple(at.support.tolist())) in tried or not at.finite:
            better = k not in found
            found.setdefault(k, at)
            return better
        tried.add((k, key))
        new = _exchanged(problem, at, k, ball.exchange)
        if k in found and not new.objective < found[k].objective - GAIN * abs(found[k].objective):
            return False
        found[k] = new
        return True

    for _ in range(TURNS):
        grown = []
        for k in ladder[1:]:
            grown.append(follow(k - 1, k))
            told(sum(size in found for size in sizes), len(found[k].support), np.inf)
        shrunk = [follow(k + 1, k) for k in ladder[-2:0:-1]]
        if not any(grown) and not any(shrunk):
            break
    return [_stationary(exact, found[k], null, tol, index) for index, k in enumerate(sizes)]


def _exchanged(problem: Problem, at: Fitted, k: int, depth: int) -> Fitted:
    """Follow the model's exchanges while the loss agrees; a subset that is too large loses what costs least."""
    everything = np.arange(len(problem.penalised))
    while at.finite:
        model = around(problem, at.beta, everything)
        wanted = subset.improved(model.q, at.support, k, depth).support
        if np.array_equal(wanted, at.support):
            break
        new = refit(problem, at.beta, wanted)
        if len(at.support) > k or new.objective < at.objective - GAIN * abs(at.objective):
            at = new
            continue
        better = next(
            (
                new
                for tried in _offers(model.q, at.support, k)
                if (new := refit(problem, at.beta, tried)).objective < at.objective - GAIN * abs(at.objective)
            ),
            None,
        )
        if better is None:
            break
        at = better
    return at


def _offers(q: Quadratic, support: Indices, k: int) -> Iterator[Indices]:
    """Subsets one exchange away that lower the model, those that do so most first."""
    costs = rises(q, support, k)
    others = np.setdiff1d(np.arange(len(q.linear)), support)
    for j in others[np.argsort(costs.rise[others])]:
        if costs.rise[j] < 0.0:
            yield np.sort(np.append(support[support != costs.other[j]], j))


def refit(problem: Problem, beta: Floats, support: Indices) -> Fitted:
    """The best weights on a subset and the free columns, by Newton's method with halved steps."""
    cols = problem.penalised[support]
    own = np.append(problem.free, cols)
    at = np.zeros_like(beta)
    at[problem.free], at[cols] = beta[problem.free], beta[cols]
    model = around(problem, at, support)
    value = model.loss + _ridge(model.q, at[cols])
    for _ in range(NEWTON):
        x = subset.settle(model.q, np.arange(len(support))).b
        to = at.copy()
        to[cols], to[problem.free] = x, model.free(x)
        if _gain(model, at[own], to[own]) <= EPS * max(value, DEGENERATE):
            return Fitted(support[x != 0.0], to, value, finite=True)
        for halvings in range(HALVED):
            tried = at + 0.5**halvings * (to - at)
            new = around(problem, tried, support)
            reached = new.loss + _ridge(new.q, tried[cols])
            if reached < value:
                break
        else:
            return Fitted(support[at[cols] != 0.0], at, value, finite=True)
        at, model, value = tried, new, reached
    return Fitted(support[at[cols] != 0.0], at, value, finite=False)


def _ridge(q: Quadratic, b: Floats) -> float:
    return 0.5 * float(q.l2 @ np.square(b))


def _gain(model: Around, at: Floats, to: Floats) -> float:
    """What the model promises of a step from β_F, x to the best: that of x and, given x, that of the free columns."""
    q, f = model.q, len(model.base)

    def value(x: Floats) -> float:
        return 0.5 * float(x @ (q.matrix @ x)) - float(q.linear @ x) + _ridge(q, x)

    way = model.factor.lower.T @ (at[:f] - model.free(at[f:]))[model.factor.independent]
    return value(at[f:]) - value(to[f:]) + 0.5 * float(way @ way)


def _stationary(problem: Problem, found: Fitted, null: Null, tol: float, index: int) -> Step:
    """The largest pull that is left on the subset, over the largest of the null model, from X."""
    shape = cast("L0", problem.penalty)
    on = np.append(problem.free, problem.penalised[found.support]).astype(np.int64)
    ((point,),) = engine.outcomes([(problem.fleet, look(problem, on, found.beta[on, None]))])
    b = found.beta[problem.penalised][found.support]
    left = point.pull[problem.penalised][found.support] - shape.ridges[found.support] * b
    held = (np.abs(b) >= shape.box[found.support]) & (left * b > 0.0)
    missed = np.append(np.where(held, 0.0, np.abs(left)), np.abs(point.pull[problem.free]))
    unit = float(np.max(np.abs(null.point.pull[problem.penalised]), initial=0.0))
    noise = problem.fleet.rounding * np.sqrt(point.residual)
    gap = (float(np.max(missed, initial=0.0)) + float(noise)) / unit if unit > noise else 0.0
    status = Status.CERTIFIED if found.finite else Status.UNBOUNDED
    return _step(problem, index, on, point.beta, point.loss, point.pull, gap, status, tol)
