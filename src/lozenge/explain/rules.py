"""The rules by which an α is chosen, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lozenge import selection
from lozenge.shards import TRAIN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lozenge.results import Path


class Told(NamedTuple):
    """How a rule is told.

    Attributes
    ----------
    label : in a plot
    chose : as a clause that says who chose alpha; empty where the user did
    by : what it picks, in one phrase
    """

    label: str
    chose: str
    by: str


CRITERIA = {
    "aic": "the smallest -2 log-likelihood + 2 df",
    "bic": "the smallest -2 log-likelihood + log(n) df",
    "ebic": "the smallest -2 log-likelihood + log(n) df, and what choosing among so many features costs",
}
TOLD = {
    "1se": Told(
        "1-SE rule", "the one-standard-error rule chose alpha", "the {largest} within one standard error of {best}"
    ),
    "min": Told("best score", "the best cross-validated score chose alpha", "the best cross-validated score"),
    "stable": Told(
        "stable",
        "the rule 'stable' chose alpha",
        "the smallest down to which halves of the rows keep much the same features",
    ),
    "own": Told("chosen", "a rule of your own on the curve chose alpha", "on the cross-validated curve"),
    "last": Told("last", "alpha is the last of the path, chosen by no rule", ""),
    "alpha": Told("chosen", "", ""),
    "radius": Told("chosen", "", ""),
}


def told(rule: str) -> Told:
    """Say a rule by its name.

    Raises
    ------
    ValueError
        For one that there is not.
    """
    if rule in TOLD:
        return TOLD[rule]
    name, number = selection.rule(rule)
    if name == "df":
        most = f"at most {number:g} kept"
        return Told(f"df {number:g}", f"alpha was asked for with {most}", f"the {{smallest}} with {most}")
    title = name.upper() + ("" if math.isnan(number) else f" with gamma {number:g}")
    return Told(title, f"{title} chose alpha", CRITERIA[name])


def chosen_by(path: Path) -> str:
    """Name the rule that gives the chosen α: one of `Path.best`, ``last`` (no rule), ``alpha`` or ``radius`` (named).

    A file from before rules were kept is read by where its choice stands on the curve.
    """
    if path.rule:
        return path.rule
    cv, alpha = path.cv, path.axis[path.chosen]
    if cv is None:
        return "last" if path.chosen == len(path.alphas) - 1 else "alpha"
    grid = path.axis if path.by_size else cv.alphas
    rules = {"1se": grid[cv.index_1se], "min": grid[cv.index_min]}
    found = [rule for rule, chosen in rules.items() if chosen == alpha]
    return cv.rule if cv.rule in found else found[0] if found else "alpha"


def phrase(path: Path, best: str) -> str:
    """Say how the chosen α, or size, was picked, beside what the best score is at; empty where it was asked for."""
    rule = chosen_by(path)
    ends = ("smallest", "largest") if path.by_size else ("largest", "smallest")
    text = told(rule).by.format(largest=ends[0], smallest=ends[1], best=best)
    name = rule.upper() if rule.split(":")[0] in CRITERIA else f"the {rule} rule"
    if not text:
        return ""
    return f", by {name}: {text}" if rule != "own" else f", by a rule of your own {text}"


def scored(path: Path) -> str:
    """What the cross-validated curve is of."""
    scoring = None if path.cv is None else path.cv.scoring
    return "mean deviance, held out" if scoring is None else f"{scoring.replace('_', ' ')}, held out"


def is_score(path: Path) -> bool:
    """Whether more of what the curve is of is better."""
    return path.cv is not None and path.cv.scoring is not None


def repeats(path: Path) -> int:
    """How many times over all rows are tested."""
    return 1 if path.cv is None or path.cv.rounds is None else len(path.cv.rounds)


def folds(path: Path) -> str:
    """The folds, in words."""
    if path.cv is None:
        return ""
    times = repeats(path)
    count = len(path.cv.folds) // times
    text = f"{count} fold{'s' * (count != 1)}"
    if path.cv.grouped:
        text += " of whole groups"
    elif onward(path):
        text += ", each after the rows that train it"
    return f"{text}, {times} times over" if times > 1 else text


def dealt(path: Path) -> str:
    """The folds, and the seed where they were dealt at random."""
    if path.cv is None:
        return ""
    return folds(path) if onward(path) else f"{folds(path)}, seed {path.cv.seed}"


def onward(path: Path) -> bool:
    """Whether each fold is trained on rows before those that it is tested on."""
    return path.cv is not None and path.cv.parts is not None and _onward(path.cv.parts)


def _onward(parts: NDArray[np.uint8]) -> bool:
    """Whether each fold is trained on all that the one before was trained and tested on."""
    before, after = parts[:, :-1] != 0, parts[:, 1:] == TRAIN
    return parts.shape[1] > 1 and bool((before <= after).all())


def spread(path: Path) -> float:
    """Standard deviation of the best score over the times that all rows were tested; nan for one time."""
    if path.cv is None or path.cv.rounds is None or len(path.cv.rounds) < 2:
        return math.nan
    return float(path.cv.rounds[:, path.cv.index_min].std(ddof=1))
