"""The cross-validated curve, and the rules that choose on a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge.results import CrossValidation
from lozenge.splits import rounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lozenge.design.base import Floats

    Rule = str | float | Callable[[CrossValidation], int]

ON_CURVE = ("min", "1se")
CRITERIA = ("aic", "bic", "ebic")
STEADY = "stable"
WORTH = 1e-3  # of the range of a curve, that it must fall by at an end of the grid
NAMED = (*ON_CURVE, *CRITERIA, STEADY, "df=12", "ebic:0.5")


def curve(
    alphas: Floats,
    folds: Floats,
    weights: Floats,
    parts: NDArray[np.uint8],
    *,
    seed: int,
    uncertified: int,
    scoring: str | None = None,
) -> CrossValidation:
    """Average what the folds' held-out rows say, (K, L), weighted by their Σw (K,).

    The standard error is the weighted standard deviation of the fold means, with K - 1 degrees of freedom, over √K.
    Where all rows are tested R times over, it is that of one time, the root of the mean of squares: more shuffles of
    the same rows tell no more of other rows.
    """
    times = rounds(parts)
    runs, each = folds.reshape(times, -1, folds.shape[1]), weights.reshape(times, -1, 1)
    count = runs.shape[1]
    share = each / each.sum(axis=1, keepdims=True)
    means = np.sum(share * runs, axis=1)
    mean = means.mean(axis=0)
    if not np.isfinite(mean).any():
        raise ValueError(
            "the held-out deviance is no number at any alpha: values are so large or so far apart that its sum "
            "overflows; look for a wrong cell in y or X, or measure them in larger units"
        )
    spread = np.sum(share * np.square(runs - means[:, None]), axis=1).mean(axis=0)
    se = np.sqrt(spread / max(count - 1, 1))
    cost = mean if scoring is None else -mean
    best = int(np.nanargmin(cost))
    # alphas decrease, so the first within reach is the largest.
    within = int(np.flatnonzero(cost <= cost[best] + se[best])[0])
    return CrossValidation(
        alphas=alphas,
        mean=mean,
        se=se,
        folds=folds,
        rule="1se",
        seed=seed,
        index_min=best,
        index_1se=within,
        uncertified=uncertified,
        scoring=scoring,
        rounds=means,
        parts=parts,
    )


class Asked(NamedTuple):
    """A rule that was asked for: its name, and what is behind ``=`` or ``:``, or nan."""

    name: str
    number: float = float("nan")


def rule(text: str) -> Asked:
    """Take a rule's name apart; capitals and blanks around it do not count.

    Raises
    ------
    ValueError
        For one that there is not.
    """
    text = text.strip().lower()
    name, sign, rest = text.partition("=" if text.startswith("df") else ":")
    if name in {*ON_CURVE, *CRITERIA, STEADY} and not sign:
        return Asked(name)
    if name in {"df", "ebic"} and sign:
        try:
            number = float(rest)
        except ValueError:
            number = float("nan")
        if number >= 0.0 and (number.is_integer() if name == "df" else number <= 1.0):
            return Asked(name, number)
    raise ValueError(
        f"unknown rule {text!r}; use an alpha, {', '.join(repr(each) for each in NAMED[:-2])}, 'df=12' for at most so "
        "many features, or 'ebic:0.5' with its gamma between 0 and 1"
    )


def on_curve(cv: CrossValidation | None, asked: str | Callable[[CrossValidation], int]) -> int:
    """Give the index of the α that a rule picks on the cross-validated curve.

    Raises
    ------
    ValueError
        Without a cross-validation, or for a callable that names no point of it.
    """
    if cv is None:
        shown = f"the rule {asked!r}" if isinstance(asked, str) else "a rule on the curve"
        raise ValueError(
            f"{shown} needs a cross-validated curve, and no folds were asked for: fit with cv=10, or name an alpha, "
            "'df=3' or 'bic' in its place"
        )
    if isinstance(asked, str):
        return cv.index_min if asked == "min" else cv.index_1se
    found: Any = asked(cv)
    if isinstance(found, bool) or not isinstance(found, (int, np.integer)) or not 0 <= found < len(cv.alphas):
        raise ValueError(
            f"a rule of your own takes path.cv and gives the index of one of its {len(cv.alphas)} alphas, 0 or more; "
            f"got {found!r}"
        )
    return int(found)


def edge(grid: Floats, alpha_max: float, k: int, cost: Floats) -> str | None:
    """What to say of a choice at an end of the grid that is no end of the path, if what is chosen by still falls there.

    It does where the decade of α next to that end has more than a thousandth of its range.
    """
    if len(grid) < 2:
        return None
    span = float(np.nanmax(cost) - np.nanmin(cost))
    if k == len(grid) - 1 and grid[k] > 0.0:
        decade = max(0, int(np.sum(grid >= 10.0 * grid[k])) - 1)
        if not cost[decade] - cost[k] > WORTH * span:
            return None
        return (
            f"the best score is at the end of the grid, alpha {grid[k]:.3g}: a smaller one may do better. Lengthen the "
            f"grid, alpha_min_ratio={grid[k] / (100.0 * max(alpha_max, grid[0])):.1g}, or name an alpha"
        )
    if k == 0 and grid[0] < alpha_max:
        decade = min(len(grid) - 1, int(np.sum(grid > 0.1 * grid[0])))
        if not cost[decade] - cost[0] > WORTH * span:
            return None
        return (
            f"the best score is at the start of the grid, alpha {grid[0]:.3g}: a larger one may do better. The path "
            f"begins at {alpha_max:.6g}; leave alphas out, or begin there"
        )
    return None
