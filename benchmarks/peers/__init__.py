"""One file a contestant: its package, its tolerances, and the calls of its fastest correct configuration."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.peers.base import Solver

NAMES = ("lozenge", "adelie", "glmstar", "celer", "skglm", "scikit-learn", "glum", "skein-glm")


def module(name: str) -> str:
    """Name of the module of contestant `name`."""
    return "benchmarks.peers." + name.replace("-", "_")


def solver(name: str) -> Solver:
    """Contestant `name`; its package is imported when it runs, not here."""
    made: Solver = importlib.import_module(module(name)).Solver()
    return made
