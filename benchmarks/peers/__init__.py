"""One file a contestant and kind of problem: package, tolerances, and the calls of its fastest correct setting."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.peers.base import Solver

ELASTIC_NET = ""  # a problem whose penalty has no other name, under the squared or the logistic loss

CONCAVE = {"lozenge": "lozenge", "skglm": "skglm_concave", "skein-glm": "skein_glm_concave"}

GLUM = {"lozenge": "lozenge_losses", "glum": "glum_losses"}
GLMNETS = {"lozenge": "lozenge_losses", "adelie": "adelie_losses", "glmstar": "glmstar_losses"}
SKEIN = {"skein-glm": "skein_glm_losses"}

# Who competes in which kind of problem, and the file that says how; a file of its own leaves results of others valid.
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
    "logistic-crossed": {"lozenge": "lozenge_crossed", "scikit-learn": "scikit_learn_crossed"},
    "mcp": CONCAVE,
    "scad": CONCAVE,
    "group": {"lozenge": "lozenge", "adelie": "adelie_group", "skglm": "skglm_group", "skein-glm": "skein_glm_group"},
    "slope": {"lozenge": "lozenge", "sortedl1": "sortedl1", "skglm": "skglm_slope"},
    "poisson": GLMNETS | GLUM | SKEIN,
    "gamma": GLUM,
    "tweedie": GLUM,
    "multinomial": GLMNETS | SKEIN,
    "multinomial-rows": GLMNETS | SKEIN,
    "cox": GLMNETS,
}

NAMES = tuple(dict.fromkeys(name for files in FILES.values() for name in files))


def path(name: str, kind: str) -> Path:
    """The file of contestant `name` for problems of that kind."""
    return Path(__file__).with_name(FILES[kind][name] + ".py")


def solver(name: str, kind: str) -> Solver:
    """Contestant `name` for problems of that kind; its package is imported when it runs, not here."""
    made: Solver = importlib.import_module(f"benchmarks.peers.{FILES[kind][name]}").Solver()
    return made


def any_solver(name: str) -> Solver:
    """Contestant `name` for the first kind it takes: package and requirements are the same for all."""
    return solver(name, next(kind for kind, files in FILES.items() if name in files))
