"""The fit on all rows and those of the folds, followed side by side."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import engine, scoring, selection, statistics
from lozenge import problem as problems
from lozenge.results import CrossValidation, Split, Status
from lozenge.shards import TEST, Want
from lozenge.statistics import Statistics
from lozenge.threads import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.engine import Null, Step
    from lozenge.problem import Indices, Problem
    from lozenge.scoring import Judge
    from lozenge.shards import Fleet
    from lozenge.working import Point, Working

    Progress = Callable[[int, int, int, float], None]


def summed(fleet: Fleet, built: list[Problem], alphas: int, base: float) -> list[Problem]:
    """The same problems on rows that are summed up first, where that is the cheaper way."""
    if not (fleet.summable and statistics.cheaper(fleet, len(built), alphas)):
        return built
    found = statistics.summed(fleet, [each.split for each in built], base)
    return [replace(each, fleet=sums, split=None) for each, sums in zip(built, found, strict=True)]


def confirm(fleet: Fleet, built: list[Problem], nulls: list[Null], steps: list[list[Step]], tol: float) -> None:
    """Certify from X the last step, and those that the rounding of summed rows left open; solve again what stays so."""
    span = [null.point.loss - each.saturated for null, each in zip(nulls, built, strict=True)]
    doubtful = [[k for k, step in enumerate(found) if step.alpha > 0 and not step.gap <= tol] for found in steps]
    last = len(steps[0]) - 1
    if steps[0][last].alpha > 0 and last not in doubtful[0]:
        doubtful[0].append(last)
    for solve in (False, True):
        numbers = [number for number, places in enumerate(doubtful) if places]
        runs: list[Any] = []
        for number in numbers:
            chosen = [steps[number][k] for k in doubtful[number]]
            if solve:
                alphas = np.array([step.alpha for step in chosen])
                runs.append((fleet, engine.follow(built[number], nulls[number], alphas, tol)))
            else:
                runs.append((fleet, engine.confirm(built[number], chosen, span[number], tol)))
        for place, item in engine.iterate(runs) if runs else ():
            number = numbers[place]
            for step in [item] if isinstance(item, engine.Step) else [] if solve else item:
                k = doubtful[number][step.index] if solve else step.index
                steps[number][k] = replace(step, index=k, pull=step.pull if (number, k) == (0, last) else None)
        doubtful = [[k for k in places if not steps[number][k].gap <= tol] for number, places in enumerate(doubtful)]


def follow(
    built: list[Problem],
    nulls: list[Null],
    work: Working,
    alphas: Floats,
    tol: float,
    *,
    still: bool,
    progress: Progress | None,
) -> list[list[Step]]:
    """Follow every problem in lockstep; α = 0 is a problem of its own, with every column free.

    Where nothing pulls (``still``) αmax is 0, and any α > 0 gives the null model that is reported there.
    """
    positive = np.ones(1) if still and not alphas[0] > 0 else alphas[alphas > 0]
    runs = [
        (
            each.fleet,
            engine.follow(each, null, positive, tol, work=work if number == 0 else None, alone=len(built) == 1),
        )
        for number, (each, null) in enumerate(zip(built, nulls, strict=True))
    ]
    owners = [(number, 0) for number in range(len(built))]
    if len(positive) < len(alphas):
        freed = [problems.reweighted(each, np.where(np.isfinite(each.weights), 0.0, np.inf)) for each in built]
        fitted: list[Null] = engine.outcomes([(each.fleet, engine.null(each)) for each in freed])
        for number, (each, null) in enumerate(zip(freed, fitted, strict=True)):
            span = nulls[number].point.loss - each.saturated
            runs.append((each.fleet, engine.follow(each, null, np.zeros(1), tol, span=span)))
            owners.append((number, len(positive)))
    steps: list[dict[int, Step]] = [{} for _ in built]
    total, done = len(alphas) * len(built), 0
    for number, step in engine.iterate(runs):
        owner, base = owners[number]
        if not isinstance(step, engine.Step):
            for k, sole in step.items():
                steps[owner][base + k] = replace(steps[owner][base + k], unique=sole)
            continue
        last = base + step.index == len(alphas) - 1
        steps[owner][base + step.index] = step if last and owner == 0 else replace(step, pull=None)
        done += 1
        if progress is not None:
            progress(done, total, step.kept, step.gap)
    return [[found[k] for k in range(len(alphas))] for found in steps]


def cross_validate(
    fleet: Fleet,
    lean: list[Problem],
    nulls: list[Null],
    steps: list[list[Step]],
    grid: Floats,
    table: NDArray[np.uint8],
    unit: float,
    seed: int,
    judge: Judge | None = None,
) -> CrossValidation:
    """Held-out mean deviance, 2(f - saturated), of every fold's path; or what a judge says of its held-out rows.

    Deviances come with that of the folds' null models.
    """
    rows: list[Split | None] = [Split(k, "test") for k in range(len(lean) - 1)]
    held_out = problems.measure(fleet, rows)
    weight = np.array([each.weight for each in held_out])
    doubtful = sum(step.status is not Status.CERTIFIED for found in steps[1:] for step in found)
    if judge is not None:
        tested = [np.flatnonzero(column == TEST) for column in table.T]
        placed = (_placed(problem, found) for problem, found in zip(lean[1:], steps[1:], strict=True))
        etas = ((own, fleet.predict(coef, on)[own] * unit) for own, (coef, on) in zip(tested, placed, strict=True))
        scores = scoring.held_out(judge, lean[0].loss, etas)
        return selection.curve(
            grid, scores, weight, table, seed=seed, uncertified=doubtful, scoring=scoring.name(judge.asked)
        )
    ended: list[list[Step | Point]] = [[*found, null.point] for found, null in zip(steps[1:], nulls[1:], strict=True)]
    placed = (_placed(problem, found) for problem, found in zip(lean[1:], ended, strict=True))
    wanted, sums = Want(loss=True), lean[0].fleet
    if isinstance(sums, Statistics) and table.all():  # a fold is trained on all rows that it does not hold out
        rests = [problem.fleet for problem in lean[1:]]
        outs = [sums.without(rest) for rest in rests if isinstance(rest, Statistics)]
        jobs = [partial(out.evaluate, *each, wanted) for out, each in zip(outs, placed, strict=True)]
        losses = np.array([found.loss for found in spread(jobs)])
    else:
        each_row = zip(placed, rows, strict=True)
        losses = np.array([fleet.evaluate(*each, wanted, [split] * (len(grid) + 1)).loss for each, split in each_row])
    parts = [(part.weight, part.saturated) for part in held_out]
    weights, saturated = np.array(parts).T[:, :, None]
    deviance = 2.0 * (losses / weights - saturated)
    curve = selection.curve(grid, deviance[:, :-1], weight, table, seed=seed, uncertified=doubtful)
    scale = squared(unit)
    in_units = {each: scale * getattr(curve, each) for each in ("mean", "se", "folds", "rounds")}
    return replace(curve, **in_units, null=scale * float(weight @ deviance[:, -1]) / float(weight.sum()))


def _placed(problem: Problem, found: Sequence[Step | Point]) -> tuple[Floats, Indices]:
    """The design's coefficients of a whole path, (k, L), and their columns."""
    named = np.zeros(len(problem.scale), dtype=bool)
    for step in found:
        named[step.cols] = True
    cols, place = np.flatnonzero(named), np.cumsum(named) - 1
    beta = np.zeros((len(found), len(cols)))
    for own, step in zip(beta, found, strict=True):
        own[place[step.cols]] = step.beta
    return problem.coefficients(beta.T, cols)


def squared(unit: float) -> float:
    """unit², inf where it overflows: only figures that are reported are in the square of y's unit."""
    return unit * unit
