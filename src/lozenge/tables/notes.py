"""What the user is told of a recipe: what was encoded and filled, what looks wrong, what leaks."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.tables.cells import NUMBER_LIKE, parse
from lozenge.tables.parts import Factor, Missingness, Number
from lozenge.tables.rules import SMALL, integers_apart
from lozenge.tables.words import count, option, quoted, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lozenge.results import Floats
    from lozenge.tables.column import Column
    from lozenge.tables.encoding import Encoding


def told(encoding: Encoding, raw: Mapping[str, Column], keep: Sequence[str]) -> list[str]:
    """Sentences on what was encoded and filled, and on columns that may not be what they seem."""
    factors = [part for part in encoding.parts if isinstance(part, Factor)]
    marks = [part for part in encoding.parts if isinstance(part, Missingness)]
    notes = []
    if factors:
        made = count(sum(len(part.names) for part in factors), "0/1 column")
        named = quoted(part.column for part in factors)
        notes.append(f"{count(len(factors), 'text column')} encoded as {made}: {named}.")
    if marks:
        filled = [column for mark in marks for column in mark.columns]
        cells = count(sum(int(raw[name].missing.sum()) for name in filled), "missing cell")
        notes.append(f"{cells} filled with medians, and marked by '… is missing' columns: {quoted(filled)}.")
    same = "missing in the same rows: one '… is missing' column for all"
    notes += [f"{quoted(mark.columns)} are {same}." for mark in marks if len(mark.columns) > 1]
    for part in encoding.parts:
        if isinstance(part, Number) and part.column not in keep and integers_apart(raw[part.column]):
            away = f"if it is an identifier, {option('drop', part.column)} leaves it out"
            notes.append(f"{show(part.column)} is another integer on every row, kept as a number; {away}.")
    for factor in (factor for factor in factors if raw[factor.column].dtype == "String"):
        texts = [level for level in (*factor.coded, *factor.uncoded) if level is not None]
        if sum(NUMBER_LIKE.fullmatch(text) is not None for text in texts) > 0.9 * len(texts):
            odd = next((text for text in texts if parse(text) is None), texts[0])
            notes.append(f"{show(factor.column)} looks like numbers but is text ('{show(odd)}').")
    return notes


def leaks(X: Floats, y: NDArray[Any], encoding: Encoding) -> list[str]:
    """Warn of features whose |correlation| is 1 with the target, or with the indicator of one of its classes."""
    n, p = X.shape
    if y.dtype.names is not None:
        names = ("time", "event") if encoding.roles.time else y.dtype.names
        found = [note for name in names for note in leaks(X, y[name], encoding)]
        return list(dict.fromkeys(found))
    classes, codes = np.unique(y, return_inverse=True) if y.dtype == object else (np.empty(0), y)
    if n < 3 or len(classes) > SMALL:
        return []
    Y = _unit((codes[:, None] == np.arange(len(classes))).astype(float) if len(classes) else y[:, None])
    width = max(1, 2**22 // n)  # columns at a time: a second X would not do
    blocks = [np.abs(_unit(X[:, j : j + width]).T @ Y).max(axis=1) for j in range(0, p, width)]
    return [
        f"Warning: '{show(encoding.feature_names[j])}' determines the target exactly; if made from it,"
        f" {option('drop', encoding.sources[j])} leaves it out."
        for j in np.flatnonzero(np.concatenate(blocks) > 1 - 1e-12)
    ]


def _unit(columns: Floats) -> Floats:
    scaled = columns / np.maximum(np.abs(columns).max(axis=0), sys.float_info.min)
    centred = scaled - scaled.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(norms > 1e-12 * math.sqrt(len(columns)), norms, np.inf))
