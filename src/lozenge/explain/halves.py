"""What fits on halves of the rows say of a feature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lozenge import stability
from lozenge.explain.words import number, percent

if TYPE_CHECKING:
    from lozenge.results import Path, Stability


def at(path: Path, alpha: float) -> Stability | None:
    """The stability that is known of a path, if it is of this α."""
    found = stability.known(path)
    return found if found is not None and math.isclose(found.alpha, alpha, rel_tol=1e-9) else None


def counted(path: Path, alpha: float, feature: int) -> tuple[int, int] | None:
    """In how many halves a feature is kept, and of how many; None where that is not known."""
    found = at(path, alpha)
    return None if found is None else (int(found.kept[feature, -1]), found.halves)


def summary(found: Stability) -> str:
    """How many features are stable, and what that is worth."""
    cut = f"kept in {math.ceil(found.cutoff * found.halves - 1e-9)} or more of {found.halves} halves of the rows"
    text = (
        f"{len(found.stable):,} of {len(found.feature_names):,} features stable, {cut} at alpha {number(found.alpha)}"
    )
    text += f", which keep {number(found.mean_kept)} on average"
    if found.uncertified:
        text += f"; {found.uncertified:,} fits of halves missed the tolerance"
    return text


def promise(found: Stability) -> str:
    """The bound, and what it assumes."""
    chance = percent(found.mean_kept / max(len(found.feature_names), 1))
    bound = f"{number(found.errors)} are expected to be features that a half keeps with a chance of {chance} or less"
    return (
        f"Of the stable at most {bound}, if shares of halves have r-concave distributions (Shah and Samworth 2013); "
        f"{number(found.errors_at_worst)} without that assumption. It does not say that a stable feature matters."
    )
