"""The classic arguments for why L1 makes zeros and L2 does not, each as a function to run and to check by hand.

Every lesson takes no data, for toy numbers, or a live path under L1, for the user's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lozenge.explain.choices import correlated, unpenalised
from lozenge.explain.descent import descent, early_zeros
from lozenge.explain.geometry import corner, how_often
from lozenge.explain.priors import priors
from lozenge.explain.shapes import corners_only, norms, penalties, step_cost

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.results import Lesson

LESSONS: dict[str, Callable[..., Lesson]] = {
    "penalties": penalties,
    "step-cost": step_cost,
    "norms": norms,
    "descent": descent,
    "early-zeros": early_zeros,
    "corner": corner,
    "how-often": how_often,
    "corners-only": corners_only,
    "priors": priors,
    "unpenalised": unpenalised,
    "correlated": correlated,
}

__all__ = [
    "LESSONS",
    "corner",
    "corners_only",
    "correlated",
    "descent",
    "early_zeros",
    "how_often",
    "norms",
    "penalties",
    "priors",
    "step_cost",
    "unpenalised",
]
