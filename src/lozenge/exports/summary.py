"""A fit as a page of text, laid out as statisticians lay it out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lozenge import fit as fits
from lozenge.explain import held
from lozenge.explain.rules import chosen_by, repeats
from lozenge.penalties.words import described
from lozenge.results import Status
from lozenge.screens import cells, levels, multiplies, number, percent, plain, quadratic, shorten, wrap
from lozenge.screens import described as told
from lozenge.screens.text import aligned

if TYPE_CHECKING:
    from lozenge.results import Floats, Indices, Path

__all__ = ["text"]

WIDTH = 79
HALF = 38  # columns of a label with its value, two of them to a line
MOST = 50  # weights that are listed unless all are asked for
NAME = 26  # columns of a name at most
REFITTED = 200  # weights up to which the fit without a penalty is made
REPEATED = 1e-9  # an eigenvalue of a correlation matrix below this is rounding
LARGEST = 700.0  # whose exponential is a number
CHOSEN = {"last": "by none, the last of the path", "alpha": "as asked", "radius": "as asked", "own": "by your rule"}
FOOT = "No standard errors or p-values: the data chose the features; none would hold."


def text(path: Path, *, everything: bool = False) -> str:
    """Give the model, how well it fits and how sure it is, and the features that it keeps, on at most 79 columns.

    Parameters
    ----------
    path : Path
        Loaded or live; it is told at its chosen α.  ``refit``, the weight of the fit without a penalty on the same
        features, is there while the data are in memory.
    everything : bool
        List all features that are kept; else the 50 largest per standard deviation.

    Returns
    -------
    str
        ``weight`` is in the units of X, ``per SD`` times the standard deviation of the feature, and ``enters at`` the
        largest α with the feature in the model; ~ where it is known to the grid alone.

    Examples
    --------
    >>> import lozenge as lz
    >>> from lozenge.exports import summary
    >>> X = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> fit = lz.path(X, [4.0, 3, -2, -3], alphas=[0.25], feature_names=["dose", "age"])
    >>> print(summary.text(fit))  # doctest: +ELLIPSIS
    ===============================================================================
    linear regression, lasso
    ...
    dose                         2.7500     2.75    3.000        3.00
    age                          0.25000    0.250   0.5000       0.500
    (intercept)                  0.50000
    ===============================================================================
    No standard errors or p-values: the data chose the features; none would hold.
    """
    rule, thin = "=" * WIDTH, "-" * WIDTH
    head = [rule, *_wrapped(_title(path)), rule, *_beside(_facts(path)), thin]
    lines = [*head, *_table(path, everything=everything), rule, FOOT]
    return "\n".join(line.rstrip() for line in lines)


def _wrapped(line: str) -> list[str]:
    return wrap(line, 1)


def _title(path: Path) -> str:
    model = path.model
    size = int(path.axis[path.chosen]) if path.by_size else None
    copies = max(len(model.outputs), 1)
    penalty = described(model.penalty, model.penalty_parameters, len(path.feature_names) // copies, size=size)
    return f"{told(model)}, {penalty}"


def _facts(path: Path) -> list[tuple[str, str]]:
    """Labels and values, in the order in which they are read: down the left column, then the right one."""
    model, k = path.model, path.chosen
    certificate, status = path.certificates[k], path.status[k]
    share = float(path.deviance_ratio[k])
    features = len(path.feature_names) // max(len(model.outputs), 1)
    weights = f" of {len(path.feature_names):,} weights" if model.outputs else f" of {features:,}"
    axis = ("size", f"{path.axis[k]:g}") if path.by_size else ("alpha", number(float(path.alphas[k]), 4))
    return [
        ("target", model.target or "y"),
        ("rows", f"{model.n:,}"),
        ("sum of weights", number(model.weight_sum, 6)) if model.weight_sum != model.n else ("", ""),
        ("features", f"{features:,}, {'standardised' if model.standardize else 'as they are'}"),
        axis,
        ("alpha / alpha_max", percent(float(path.alphas[k]) / model.alpha_max)) if _of_grid(path) else ("", ""),
        ("chosen", CHOSEN.get(rule := chosen_by(path), f"by the {rule} rule")),
        ("df (kept)", f"{int(path.df[k]):,}{weights}"),
        ("R squared" if quadratic(model) else "deviance ratio", f"{share:.4f}"),
        *_crossed(path),
        (_certified(certificate.kind), _figure(certificate.value)),
        ("certified", "yes" if status is Status.CERTIFIED else f"NO ({status.name.lower()})"),
        ("unique", "yes" if path.unique[k] else "not proved"),
    ]


def _of_grid(path: Path) -> bool:
    return not path.by_size and path.model.alpha_max > 0.0


def _certified(kind: str) -> str:
    return {"gap": "relative gap", "bound": "distance to bound", "stationary": "largest violation"}[kind]


def _figure(value: float) -> str:
    return f"{value:.1e}" if math.isfinite(value) else "not known"


def _crossed(path: Path) -> list[tuple[str, str]]:
    cv = path.cv
    if cv is None:
        return []
    grid = path.axis if path.by_size else cv.alphas
    at = int(np.argmin(np.abs(grid - path.axis[path.chosen])))
    label = "CV " + ("deviance" if cv.scoring is None else cv.scoring.replace("_", " "))
    return [("folds", f"{_folds(path)}, seed {cv.seed}"), (label, f"{cv.mean[at]:.4g} +- {cv.se[at]:.2g}")]


def _folds(path: Path) -> str:
    times = repeats(path)
    count = 0 if path.cv is None else len(path.cv.folds)
    return f"{times} x {count // times}" if times > 1 else f"{count}"


def _beside(facts: list[tuple[str, str]]) -> list[str]:
    """Two columns of labels and values."""
    facts = [(label, value) for label, value in facts if label]
    half = (len(facts) + 1) // 2
    left, right = facts[:half], [*facts[half:], *[("", "")] * (2 * half - len(facts))]
    return [f"{_fact(*one)}{' ' * (WIDTH - 2 * HALF)}{_fact(*other)}" for one, other in zip(left, right, strict=True)]


def _fact(label: str, value: str) -> str:
    if not label:
        return ""
    value = shorten(plain(value), HALF - cells(label) - 2)
    return f"{label}:{' ' * (HALF - cells(label) - 1 - cells(value))}{value}"


# ------------------------------------------------------------------------------------------------- the table
def _table(path: Path, *, everything: bool) -> list[str]:
    """The kept weights, largest per standard deviation first, and the intercepts."""
    model = path.model
    coef = path.coefs[:, [path.chosen]].toarray()[:, 0]
    kept = np.flatnonzero((coef != 0.0) | ((model.penalty_weights == 0.0) & ~model.constant))
    per_sd = coef * model.scale
    order = kept[np.argsort(-np.abs(per_sd[kept]), kind="stable")]
    shown = order if everything else order[:MOST]
    refit = _refit(path, kept)
    named = [plain(path.feature_names[j]) for j in shown]
    constants = levels(model)
    intercepts = np.atleast_1d(path.intercepts[path.chosen]).tolist()[: len(constants)]
    named += [f"(intercept)[{plain(each)}]" if model.outputs else f"({plain(each)})" for each in constants]
    blank = [""] * len(constants)
    columns = {"weight": aligned([number(x, 5) for x in [*coef[shown].tolist(), *intercepts]])}
    columns["per SD"] = [*aligned([number(x) for x in per_sd[shown].tolist()]), *blank]
    if multiplied := multiplies(model):
        times = np.exp(np.clip(per_sd[shown], -LARGEST, LARGEST))
        columns[f"{multiplied} x"] = [*aligned([number(x) for x in times.tolist()]), *blank]
    if refit is not None:
        columns["refit"] = [*aligned([number(x, 4) for x in refit[shown].tolist()]), *blank]
    columns["first size" if path.by_size else "enters at"] = [*_entries(path, shown), *blank]
    lines = _laid_out(named, columns)
    more = len(order) - len(shown)
    return [*lines, f" and {more:,} more, smaller ones"] if more else lines


def _laid_out(names: list[str], columns: dict[str, list[str]]) -> list[str]:
    widths = {head: max(map(cells, [head, *texts])) for head, texts in columns.items()}
    room = WIDTH - sum(width + 3 for width in widths.values())
    first = max(min(NAME, room), *(min(cells(name), room) for name in names), 10) if names else 10
    first = min(first, max(room, 10))
    heads = [" " * (widths[head] - cells(head)) + head for head in columns]
    lines = ["   ".join([" " * first, *heads]), "-" * WIDTH]
    for row, name in enumerate(names):
        cut = shorten(name, first)
        parts = [" " * (widths[head] - cells(texts[row])) + texts[row] for head, texts in columns.items()]
        lines.append("   ".join([cut + " " * (first - cells(cut)), *parts]))
    return lines


def _refit(path: Path, kept: Indices) -> Floats | None:
    """(p,) weights of the fit without a penalty on what is kept; None where there is none, or more than one."""
    source = path.source
    if source is None or not 0 < len(kept) <= REFITTED or path.model.outputs:
        return None
    C = source.covariance(kept)
    size = np.sqrt(np.diagonal(C))
    if not (size > 0.0).all() or np.linalg.eigvalsh(C / np.outer(size, size))[0] <= REPEATED:
        return None
    found = np.full(len(path.feature_names), np.nan)
    found[kept] = source.refit(kept)
    return None if np.isnan(found[kept]).any() else found


def _entries(path: Path, shown: Indices) -> list[str]:
    """Where features enter: ~ known to the grid alone."""
    if path.by_size:
        return aligned([f"{path.axis[k]:g}" for k in path.history.entered[shown].tolist()])
    history = fits.refined(path, shown.tolist()).history
    texts, never_out = [], held.always(path)
    for j in shown.tolist():
        at, first = float(history.enters_at[j]), int(history.entered[j])
        if path.model.penalty_weights[j] == 0.0 or never_out[j]:
            texts.append("always")
        else:
            texts.append(("~" if math.isnan(at) else "") + number(float(path.alphas[first]) if math.isnan(at) else at))
    return aligned(texts)
