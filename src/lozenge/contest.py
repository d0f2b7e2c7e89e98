"""`lozenge.compare`: several penalties on the same rows, folds and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import fit, gate
from lozenge.penalties.words import titled
from lozenge.results import Comparison, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lozenge.penalties import Penalty
    from lozenge.results import CrossValidation, Path

    Progress = Callable[[int, int, int, float], None]

USUAL = ("l1", "l2", "elasticnet", "mcp", "scad", "log")
LONGER, GRID = 3, 50  # times that a grid goes on for three decades, by so many values of α
FLAT = 0.01  # of the standard error of a score: a curve that falls by less over a decade of α has ended
NEAR = 0.01  # of the largest weight: below it a weight is near zero


def compare(
    X: Any,
    y: Any,
    *,
    penalties: Iterable[str | Penalty] | None = None,
    rule: str | float = "1se",
    cv: Any = 10,
    seed: int = 0,
    progress: Progress | None = None,
    **options: Any,
) -> Comparison:
    """Fit every penalty on the same rows and folds, choose each α by the same rule, and set the weights side by side.

    Parameters
    ----------
    X, y
        As for `lozenge.path`.
    penalties : names or instances, optional
        Those that know nothing of the columns beforehand: l1, l2, elasticnet, mcp, scad and log.
    rule : "1se", "min" or a number
        A number is the α of every penalty.
    cv, seed
        The folds are drawn once.
    progress, options
        Handed to `lozenge.path`; ``progress`` is called for one penalty after the other.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        As `lozenge.path` does, and where the same penalty is named twice.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 5))
    >>> found = lz.compare(X, X[:, 0] + 0.1 * rng.standard_normal(60), penalties=["l1", "l2"])
    >>> found.penalties, found.zeros.tolist()
    (('l1', 'l2'), [4, 0])
    """
    chosen = [gate.penalty(each) for each in (USUAL if penalties is None else penalties)]
    names = tuple(titled(each) for each in chosen)
    if not chosen:
        raise ValueError(f"no penalty is named; leave penalties out for {', '.join(USUAL)}")
    if len(set(names)) < len(names):
        raise ValueError(f"a penalty is named twice: {', '.join(names)}")
    options |= {"cv": _kept(cv, y), "seed": seed, "progress": progress}
    paths = [fit.choose(_far_enough(X, y, each, options), rule) for each in chosen]
    return _side_by_side(names, paths, rule if isinstance(rule, str) else "alpha")


def _far_enough(X: Any, y: Any, penalty: Penalty, options: dict[str, Any]) -> Path:
    """The path, on a grid that goes on where the best score is at its end and the curve still falls there.

    The usual grid of a ridge ends at a tenth of the largest correlation, or at ten times it where p > n; what predicts
    best may lie below.
    """
    path = fit.path(X, y, penalty=penalty, **options)
    for _ in range(LONGER):
        if not _falls(path.cv) or {"alphas", "n_alphas", "alpha_min_ratio"} & set(options):
            break
        grid = path.alphas
        on = np.geomspace(grid[-1], 1e-3 * grid[-1], GRID)[1:]
        path = fit.path(X, y, penalty=penalty, alphas=np.append(grid, on), **options)
    return path


def _falls(curve: CrossValidation | None) -> bool:
    """Whether the best score is at the last α, and by more than a hundredth of its error over the last decade."""
    if curve is None or not 0 < curve.index_min == len(curve.alphas) - 1:
        return False
    decade = max(0, int(np.sum(curve.alphas >= 10.0 * curve.alphas[-1])) - 1)
    return bool(curve.cost[decade] - curve.cost[-1] > FLAT * curve.se[-1])


def _kept(cv: Any, y: Any) -> Any:
    """A splitter may draw anew, and an iterator runs dry: their pairs of row indices are kept."""
    if hasattr(cv, "split"):
        return list(cv.split(np.zeros((len(y), 1)), y))
    return list(cv) if hasattr(cv, "__next__") else cv


def _side_by_side(names: tuple[str, ...], paths: list[Path], rule: str) -> Comparison:
    at = [path.chosen for path in paths]
    coefs = np.column_stack([path.coefs[:, [k]].toarray()[:, 0] for path, k in zip(paths, at, strict=True)])
    per_sd = coefs * paths[0].model.scale[:, None]
    size = np.abs(per_sd)
    near = (coefs != 0) & (size < NEAR * size.max(axis=0))
    cv = [path.cv for path in paths]
    places = [
        None if each is None else np.flatnonzero(each.alphas == path.alphas[k])
        for each, path, k in zip(cv, paths, at, strict=True)
    ]

    def held_out(what: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        # An α off the grid has no curve.
        return np.array(
            [
                float(getattr(each, what)[place[0]])
                if each is not None and place is not None and len(place)
                else np.nan
                for each, place in zip(cv, places, strict=True)
            ]
        )

    return Comparison(
        penalties=names,
        rule=rule,
        feature_names=paths[0].feature_names,
        alphas=np.array([path.alphas[k] for path, k in zip(paths, at, strict=True)]),
        kept=np.count_nonzero(coefs, axis=0),
        zeros=np.count_nonzero(coefs == 0, axis=0),
        near=np.count_nonzero(near, axis=0),
        explained=np.array([path.deviance_ratio[k] for path, k in zip(paths, at, strict=True)]),
        deviance=held_out("mean"),
        se=held_out("se"),
        coefs=coefs,
        per_sd=per_sd,
        intercepts=np.array([path.intercepts[k] for path, k in zip(paths, at, strict=True)]),
        gaps=np.array([path.gaps[k] for path, k in zip(paths, at, strict=True)]),
        certified=np.array([path.status[k] is Status.CERTIFIED for path, k in zip(paths, at, strict=True)]),
    )
