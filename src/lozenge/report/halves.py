"""What halves of the rows keep, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lozenge.explain import halves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lozenge.results import Path, Stability

LISTED = 40  # features; stable ones are all listed
ALIKE, NAMED = 8, 6  # clusters, and names of each


@dataclass(frozen=True)
class Count:
    """A feature, or several alike of which any counts, and in how many halves it is kept; the row it leads to."""

    name: str
    kept: int
    percent: int
    leads: str | None = None
    stable: bool = False
    zero: bool = False


@dataclass(frozen=True)
class Halves:
    """Counts of features, those of stand-ins together, and what stands above and below them."""

    total: int
    counts: tuple[Count, ...]
    more: int
    alike: tuple[Count, ...]
    summary: str
    promise: str


def counted(path: Path, ids: Mapping[int, str]) -> Halves | None:
    """What is known of halves of the rows at the chosen α; most often kept first, with the rows that they lead to."""
    found = halves.at(path, float(path.alphas[path.chosen]))
    if found is None:
        return None
    weights = path.coefs[:, [path.chosen]].toarray().ravel()
    stable = set(found.stable.tolist())
    ever = np.argsort(-found.share, kind="stable")[: int(np.count_nonzero(found.share))]
    listed = ever[: max(LISTED, len(stable))].tolist()
    counts = tuple(
        _count(found, found.feature_names[j], int(found.kept[j, -1]), ids.get(j), j in stable, bool(weights[j] == 0.0))
        for j in listed
    )
    alike = tuple(
        _count(found, ", ".join(each.features[:NAMED]) + ", …" * (len(each.features) > NAMED), each.kept)
        for each in found.clusters[:ALIKE]
    )
    return Halves(found.halves, counts, len(ever) - len(listed), alike, halves.summary(found), halves.promise(found))


def _count(
    found: Stability, name: str, kept: int, leads: str | None = None, stable: bool = False, zero: bool = False
) -> Count:
    return Count(name, kept, round(100 * kept / found.halves), leads, stable, zero)
