"""The table of kept weights on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge import screens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lozenge.results import Path, Reason, Reasons

LISTED = 200  # rows; the search finds the others


@dataclass(frozen=True)
class Cell:
    """A number, of which weight, and what it is in the units of the table; an intercept has no weight."""

    text: str
    j: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Row:
    """A feature with its numbers; ``j`` is the weight whose line it leads to."""

    name: str
    cells: tuple[Cell, ...]
    enters: str = ""
    reasons: tuple[str, ...] = ()
    j: int | None = None


@dataclass(frozen=True)
class Kept:
    """A table, and how many more rows it would have."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    levels: tuple[Row, ...]
    more: int
    note: str = ""


def kept_table(path: Path, found: Reasons, kept: tuple[int, ...], told: Mapping[int, Reason]) -> Kept:
    """A row per feature: weight, per SD and what e^weight multiplies, or its weight per SD for every output."""
    return _by_output(path, found, kept, told) if path.model.outputs else _alone(path, found, kept, told)


def _alone(path: Path, found: Reasons, kept: tuple[int, ...], told: Mapping[int, Reason]) -> Kept:
    multiplied = screens.multiplies(path.model)
    heads = ("weight", "per SD", *([f"{multiplied} per SD"] if multiplied else []))
    rows = []
    for j in kept[:LISTED]:
        per_sd = float(found.per_sd[j])
        texts = [screens.number(float(found.weight[j]), 4), screens.number(per_sd)]
        texts += [f"× {screens.number(float(np.exp(min(per_sd, 700.0))))}"] if multiplied else []
        rows.append(_row(path, found, [j], tuple(Cell(text) for text in texts), told))
    levels = [
        Row(f"({name})", (Cell(screens.number(level, 4)), *[Cell("")] * (len(heads) - 1)))
        for name, level in zip(screens.levels(path.model), _intercepts(path), strict=False)
    ]
    return Kept(heads, tuple(rows), tuple(levels), len(kept) - LISTED)


def _by_output(path: Path, found: Reasons, kept: tuple[int, ...], told: Mapping[int, Reason]) -> Kept:
    outputs, p = path.model.outputs, len(path.feature_names) // len(path.model.outputs)
    place = {j: k for k, j in enumerate(kept)}
    features = list(dict.fromkeys(j % p for j in kept))  # those of the largest weights first
    listed = [[feature + k * p for k in range(len(outputs))] for feature in features[:LISTED]]
    texts = screens.cells_of(
        [[float(found.per_sd[j]) if j in place else 0.0 for j in weights] for weights in listed], 3
    )
    rows = []
    for weights, row in zip(listed, texts, strict=True):
        cells = [_cell(path, found, j, text) if j in place else Cell("0") for j, text in zip(weights, row, strict=True)]
        first = sorted(place.keys() & set(weights), key=place.__getitem__)
        rows.append(_row(path, found, first, tuple(cells), told))
    names = screens.levels(path.model)
    levels = [Row("(intercept)", tuple(Cell(screens.number(x)) for x in _intercepts(path)))] if names else []
    note = "Per standard deviation of the feature; point at one for the weight in the units of the table."
    return Kept(outputs, tuple(rows), tuple(levels), len(features) - LISTED, note)


def _cell(path: Path, found: Reasons, j: int, text: str) -> Cell:
    return Cell(text, j, f"{path.feature_names[j]}: {float(found.weight[j]):.6g}")


def _row(path: Path, found: Reasons, weights: list[int], cells: tuple[Cell, ...], told: Mapping[int, Reason]) -> Row:
    """A row of one or several weights of a feature, the largest first."""
    reasons = tuple(str(told[j]) for j in weights if j in told)
    entries = {entry(found, j): float(found.enters_at[j]) for j in weights}
    enters = max(entries, key=lambda text: np.nan_to_num(entries[text]))
    return Row(screens.feature(path, weights[0]), cells, enters, reasons, weights[0])


def entry(found: Reasons, j: int) -> str:
    """The largest α, or the smallest size, with a non-zero weight."""
    at = float(found.enters_at[j])
    if np.isnan(at):
        return ""
    return screens.number(at) if found.swaps is None else f"{at:g}"


def _intercepts(path: Path) -> list[float]:
    levels: list[float] = np.atleast_1d(path.intercepts[path.chosen]).tolist()
    return levels
