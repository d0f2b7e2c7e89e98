"""One file a contestant and kind of penalty: package, tolerances, and the calls of its fastest correct setting."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.peers.base import Solver

ELASTIC_NET = ""  # a problem whose penalty has no other name

CONCAVE = {"lozenge": "lozenge", "skglm": "skglm_concave", "skein-glm": "skein_glm_concave"}

# Who competes under which penalty, and the file that says how; a file of its own leaves results of the others valid.
FILES = {
    ELASTIC_NET: {
        "lozenge": "lozenge",
        "adelie": "adelie",
        "glmstar": "glmstar",
        "celer": "celer",
        "skglm": "skglm",
        "scikit-learn": "scikit_learn",
        "glum": "glum",
        "skein-glm": "skein_glm",
    },
    "mcp": CONCAVE,
    "scad": CONCAVE,
    "group": {"lozenge": "lozenge", "adelie": "adelie_group", "skglm": "skglm_group", "skein-glm": "skein_glm_group"},
    "slope": {"lozenge": "lozenge", "sortedl1": "sortedl1", "skglm": "skglm_slope"},
}

NAMES = tuple(dict.fromkeys(name for files in FILES.values() for name in files))


def path(name: str, penalty: str) -> Path:
    """The file of contestant `name` under `penalty`."""
    return Path(__file__).with_name(FILES[penalty][name] + ".py")


def solver(name: str, penalty: str) -> Solver:
    """Contestant `name` under `penalty`; its package is imported when it runs, not here."""
    made: Solver = importlib.import_module(f"benchmarks.peers.{FILES[penalty][name]}").Solver()
    return made


def any_solver(name: str) -> Solver:
    """Contestant `name` under the first penalty it takes: package and requirements are the same under all."""
    return solver(name, next(penalty for penalty, files in FILES.items() if name in files))
