"""The relaxed lasso: a solution, blended with the unpenalised fit on the features that it keeps."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from lozenge import fit, gate
from lozenge.results import Relaxed, Solution, Status
from lozenge.source import Source
from lozenge.threads import one_pool

if TYPE_CHECKING:
    from lozenge.results import Path

ASSUMES = (
    "that the features were chosen well: the refit takes them as known and fits their weights to the same rows that "
    "chose them, so that its standard errors would be too small"
)


@one_pool()
def relaxed(found: Path, alpha: float | None = None, gamma: float = 0.0) -> Relaxed:
    """Blend a solution with the refit on its support: see `Path.relaxed`."""
    if not 0.0 <= gate.number(gamma) <= 1.0:
        raise ValueError(f"gamma must be between 0, the refit alone, and 1, the solution as it is; got {gamma!r}")
    if found.by_size:
        raise ValueError("best subsets by their size are refits already, but for a ridge: there is nothing to relax")
    if not isinstance(found.source, Source):
        raise ValueError("a loaded path has no rows to refit on; fit again to relax it")  # noqa: TRY004
    own = fit.chosen(found) if alpha is None else fit.at(found, alpha)
    source = found.source
    source.unchanged()
    out = np.flatnonzero((own.coef == 0.0) & (found.model.penalty_weights > 0.0))
    alone = source.without(out.tolist())
    free = alone.solve(0.0)
    if free.status is Status.UNBOUNDED:
        raise ValueError(
            f"the refit on the {own.df} kept features has no finite optimum: without a penalty they fit these rows "
            "perfectly. Ask for gamma=1, or name a larger alpha"
        )
    weights = gamma * source.weights_at(own.alpha) + (1.0 - gamma) * alone.weights_at(0.0)
    loss = float(source.losses(weights[:, None])[0]) / (source.unit * source.unit)
    intercept = gamma * np.asarray(own.intercept) + (1.0 - gamma) * np.asarray(free.intercept)
    worse = max((own, free), key=lambda each: each.certificate.value)
    parts = {field.name: getattr(own, field.name) for field in fields(Solution)}
    parts |= {name: getattr(worse, name) for name in ("gap", "certificate", "status")}
    parts |= {
        "coef": gamma * own.coef + (1.0 - gamma) * free.coef,
        "intercept": intercept if intercept.ndim else float(intercept),
        "deviance_ratio": source.explained(loss),
    }
    return Relaxed(**parts, gamma=gamma, assumes=ASSUMES)
