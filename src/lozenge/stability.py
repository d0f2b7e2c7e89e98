"""Stability selection: which features halves of the rows keep, and how many of them chance could explain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import engine, folds, gate, splits
from lozenge import problem as problems
from lozenge.results import Cluster, Split, Stability, Status
from lozenge.shards import TRAIN, Fleet
from lozenge.source import Source
from lozenge.tails import heaviest
from lozenge.threads import one_pool
from lozenge.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.results import Bools, Indices, Path

    Progress = Callable[[int, int, int, float], None]

TOGETHER = 32  # halves that are followed in lockstep: they share each pass over X, and their Grams the memory
ALIKE = 0.7  # correlation from which features stand in for one another
MOST = 1_000  # features whose correlations are looked at, the most often kept first
WAY = 4  # values of α above the one that is asked about: enough to be near it, and for a picture
STEADY = 50  # halves of the rule `stable`
AGREED = 0.75  # Φ that Fleiss (1981) and after him Nogueira et al. call excellent
STRETCH = 20  # values of α that the rule goes down at first


@one_pool()
def stability(
    found: Path,
    n: int = 100,
    *,
    alpha: float | None = None,
    cutoff: float | None = None,
    errors: float = 1.0,
    groups: Any = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Stability:
    """Count the halves that keep each feature: see `Path.stability`."""
    source, n = _asked(found, n, cutoff, errors), int(n)
    at = float(found.alphas[found.chosen]) if alpha is None else gate.alpha(alpha)
    if not 0.0 < at < np.inf:
        raise ValueError(f"stability counts what is kept at an alpha above 0; got {at}: name one, alpha=")
    grid = _way(found.alphas[found.alphas > at], at)
    parts = _halves(source, n, groups, gate.seed(seed))
    kept, doubtful = _kept(source, found, parts, grid, progress)
    counts = kept.sum(axis=0, dtype=np.intp)
    mean, p = float(kept[:, :, -1].sum(axis=1).mean()), max(len(source.problem.penalised), 1)
    tau = _cutoff(mean, p, n, errors) if cutoff is None else cutoff
    record = Stability(
        halves=n,
        alpha=at,
        alphas=grid,
        kept=counts,
        mean_kept=mean,
        cutoff=tau,
        stable=_by_share(counts[:, -1], tau * n),
        errors=bound(mean, p, n, tau),
        errors_at_worst=_at_worst(mean, p, tau),
        agreement=agreement(counts, n, p),
        clusters=_clusters(source, found.feature_names, kept[:, :, -1]),
        feature_names=found.feature_names,
        seed=seed,
        uncertified=doubtful,
    )
    source.halves = record
    return record


def known(found: Path) -> Stability | None:
    """The stability that belongs to a path: the last that was asked for, or the one that it came with."""
    live = found.source.halves if isinstance(found.source, Source) else None
    return live or found.halves


def bound(mean: float, p: int, n: int, tau: float) -> float:
    """Bound E|stable features that a half keeps with a chance of at most q/p|, where q of p are kept on average.

    p · min(D(θ², 2τ - 1, B, -1/2), D(θ, τ, 2B, -1/4)), θ = q/p: D is the largest chance of a mean of B, or of all 2B
    halves to be that large, under r-concavity (Shah and Samworth, eq. 8).
    """
    theta, pairs = min(mean / p, 1.0), n // 2
    both = heaviest(theta * theta, pairs, -0.5)[int(np.ceil((2.0 * tau - 1.0) * pairs - 1e-9))]
    each = heaviest(theta, 2 * pairs, -0.25)[int(np.ceil(tau * 2 * pairs - 1e-9))]
    return float(min(p * min(both, each), _at_worst(mean, p, tau)))


def _at_worst(mean: float, p: int, tau: float) -> float:
    """θq/(2τ - 1), whatever the distribution (theorem 1 of Shah and Samworth), and not above q/τ, which Markov says."""
    return min(mean * mean / ((2.0 * tau - 1.0) * p), mean / tau)


def agreement(counts: Indices, n: int, p: int) -> Floats:
    """(l,) Φ = 1 - [mean over features of n/(n-1) f(1 - f)] / [q/p (1 - q/p)], f the share of halves, q its sum."""
    share = counts / n
    mean = share.sum(axis=0) / p
    by_chance = mean * (1.0 - mean)
    spread = np.sum(share * (1.0 - share), axis=0) / p * n / (n - 1)
    found = 1.0 - np.divide(spread, by_chance, out=np.zeros_like(spread), where=by_chance > 0.0)
    return np.where(mean > 0.0, found, np.nan)


@one_pool()
def steady(found: Path, seed: int = 0) -> int:
    """The place of the smallest α down to which halves agree: Φ ≥ 0.75 from where they keep a feature on average.

    Where they never do, that of the largest Φ.  After the scan of Liu, Roeder, Wasserman (2010), Stability approach to
    regularization selection, NeurIPS 23, section 3, with Φ in the place of the sum of variances, which depends on p.
    """
    source = _asked(found, STEADY, None, 1.0)
    parts = _halves(source, STEADY, None, seed)
    p, best, place, agreed = max(len(source.problem.penalised), 1), -np.inf, 0, False
    positive = found.alphas[found.alphas > 0.0]
    begin, end = 0, STRETCH
    while begin < len(positive):
        # Anew from the top, each time twice as far: halves are not kept in memory from one stretch to the next.
        kept, _ = _kept(source, found, parts, positive[:end], None)
        counts = kept.sum(axis=0, dtype=np.intp)
        if (counts[source.problem.penalised, 0] == STEADY).all():
            raise ValueError(
                f"every half keeps every feature from the first alpha on, as {source.model.penalty} does: the rule "
                "'stable' has nothing to tell apart. Use 'min' or '1se', or a penalty with a corner at zero"
            )
        phi, many = agreement(counts, STEADY, p), counts.sum(axis=0) >= STEADY
        for k in range(begin, len(phi)):
            if not many[k]:
                continue
            if phi[k] >= AGREED:
                agreed, place = True, k
            elif agreed:
                return place
            elif phi[k] > best:
                best, place = float(phi[k]), k
        begin, end = end, 2 * end
    return place


def _asked(found: Path, n: int, cutoff: float | None, errors: float) -> Source:
    """The data behind a path, if it can be asked for halves."""
    if found.by_size:
        raise ValueError("stability goes by alpha, and this path goes by the number of features; use penalty='l0'")
    if not isinstance(found.source, Source):
        raise ValueError("a loaded path has no rows to halve; fit again to ask for its stability")  # noqa: TRY004
    if not (gate.number(n) >= 2 and n % 2 == 0):
        raise ValueError(f"n must be an even whole number of halves, 2 or more; got {n!r}")
    if cutoff is not None and not 0.5 < cutoff <= 1.0:
        raise ValueError(f"cutoff must be above 0.5 and at most 1; got {cutoff}")
    if not errors > 0.0:
        raise ValueError(f"errors must be above 0; got {errors}")
    found.source.unchanged()
    return found.source


def _halves(source: Source, n: int, groups: Any, seed: int) -> NDArray[np.uint8]:
    """(rows, n) the part of each row in each half; none of which may lack a class."""
    kinds = source.fleet.kinds
    parts = splits.halves(source.fleet.rows, n // 2, kinds, groups, seed)
    if kinds is not None:
        for k, column in enumerate(parts.T):
            if len(lacking := np.setdiff1d(kinds, kinds[column == TRAIN])):
                classes = source.model.classes
                absent = repr(classes[lacking[0]]) if classes else "event"
                raise ValueError(f"half {k} of the rows holds no {absent}: there are too few of it to halve")
    return parts


def _way(above: Floats, at: float) -> Floats:
    """Some of the grid's alphas on the way to one, evenly spread, and that one."""
    places = np.unique(np.linspace(0, len(above) - 1, min(len(above), WAY)).round().astype(np.intp))
    return np.append(above[places], at)


def _kept(
    source: Source, found: Path, parts: NDArray[np.uint8], grid: Floats, progress: Progress | None
) -> tuple[Bools, int]:
    """(halves, p, l) which weights each half keeps at each α, and how many of the fits missed the tolerance."""
    count, p = parts.shape[1], source.problem.p
    kept, doubtful = np.zeros((count, p, len(grid)), dtype=bool), 0
    penalised = np.isin(np.arange(p), source.problem.penalised)
    for first in range(0, count, TOGETHER):
        some = parts[:, first : first + TOGETHER]
        fleet = Fleet(tuple(replace(shard, folds=some) for shard in source.fleet.shards))
        told = None if progress is None else _shifted(progress, first * len(grid), count * len(grid))
        for k, steps in enumerate(_followed(source, fleet, some.shape[1], grid, found.model.tol, told)):
            for place, step in enumerate(steps):
                cols = step.cols[(step.cols < p) & (step.beta != 0.0)]
                kept[first + k, cols, place] = True
                doubtful += step.status is not Status.CERTIFIED
    return kept & penalised[:, None], doubtful


def _followed(
    source: Source, fleet: Fleet, count: int, grid: Floats, tol: float, progress: Progress | None
) -> list[list[engine.Step]]:
    """The paths of some halves, in lockstep."""
    own, model = source.problem, source.model
    rows: list[Split | None] = [Split(k, "train") for k in range(count)]
    built = [
        problems.build(
            fleet,
            own.loss,
            own.whole,
            moments,
            own.weights,
            split=split,
            fit_intercept=model.fit_intercept,
            standardize=model.standardize,
        )
        for moments, split in zip(problems.measure(fleet, rows), rows, strict=True)
    ]
    base = float(np.mean(model.y_mean)) / source.unit
    lean = folds.summed(fleet, built, len(grid), base)
    nulls: list[engine.Null] = engine.outcomes([(each.fleet, engine.null(each)) for each in lean])
    lean = [problems.bent(each, null.bend) for each, null in zip(lean, nulls, strict=True)]
    return folds.follow(lean, nulls, Working(lean[0]), grid / source.unit, tol, still=False, progress=progress)


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    def told(done: int, _: int, kept: int, gap: float) -> None:
        progress(before + done, total, kept, gap)

    return told


def _cutoff(mean: float, p: int, n: int, errors: float) -> float:
    """The smallest share of halves at which the bound holds; 1 if there is none."""
    for count in range(n // 2 + 1, n + 1):
        if bound(mean, p, n, count / n) <= errors:
            return count / n
    return 1.0


def _by_share(counts: Indices, least: float) -> Indices:
    """Features kept in so many halves, most often kept first."""
    order = np.argsort(-counts, kind="stable")
    return order[counts[order] >= least - 1e-9]


def _clusters(source: Source, names: tuple[str, ...], kept: Bools) -> tuple[Cluster, ...]:
    """Groups of features that any half keeps, all pairs of a group with a correlation of at least 0.7."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    counts = kept.sum(axis=0)
    ever = np.argsort(-counts, kind="stable")[: min(MOST, int(np.count_nonzero(counts)))]
    if len(ever) < 2:
        return ()
    covariance = source.covariance(ever)
    size = np.sqrt(np.diagonal(covariance))
    distance = 1.0 - np.minimum(np.abs(covariance / np.outer(size, size)), 1.0)
    distance = 0.5 * (distance + distance.T)
    np.fill_diagonal(distance, 0.0)
    labels = fcluster(linkage(squareform(distance, checks=False), "complete"), 1.0 - ALIKE, "distance")
    found = []
    for label in np.unique(labels):
        own = ever[labels == label]
        if len(own) > 1:
            found.append(Cluster(tuple(names[j] for j in own), int(kept[:, own].any(axis=1).sum())))
    return tuple(sorted(found, key=lambda cluster: -cluster.kept))
