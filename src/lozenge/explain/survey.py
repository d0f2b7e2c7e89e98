"""The reasons of all features at one α, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.explain.held import always, pulls, shares
from lozenge.explain.words import forces_at
from lozenge.results import Reasons

if TYPE_CHECKING:
    from lozenge.results import Path


def reasons(path: Path, alpha: float | None = None, *, df: int | None = None) -> Reasons:
    """The forces on every feature: kept ones by weight, then zeros by their share of the price.

    Parameters
    ----------
    path : Path
    alpha : float, optional
        The chosen α if none is named.  Any other needs the data in memory.
    df : int, optional
        In place of α: the last solution with at most so many kept.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> fit = lz.path(X, X @ [3.0, 0.5], alphas=[1.0], feature_names=["dose", "age"])
    >>> fit.reasons()["feature", "state", "share"].rows()
    [('dose', 'kept', 1.0), ('age', 'zero', 0.5)]
    """
    forces, model = forces_at(path, alpha, df=df), path.model
    kept, free = forces.weight != 0, (model.penalty_weights == 0) & ~model.constant
    state = np.where(kept, "kept", "zero").astype(object)
    state[np.isinf(model.penalty_weights)] = "excluded"
    state[free] = "unpenalised"
    state[model.constant] = "constant"
    share = shares(forces)
    weight = forces.weight / model.penalised_unit
    per_sd = weight * model.scale
    never_out = always(path)
    entered, history = path.history.entered, path.history
    on_grid = np.where((entered >= 0) & ~never_out, path.axis[np.maximum(entered, 0)], np.nan)
    rank = np.select([kept | free, state == "zero"], [0, 1], 2)
    near = np.nan_to_num(share, nan=0.0, posinf=0.0) if forces.swaps is None else -np.nan_to_num(forces.swaps.rise)
    order = np.lexsort((-near, -np.abs(per_sd), rank))
    return Reasons(
        alpha=forces.alpha,
        feature_names=path.feature_names,
        order=order,
        state=tuple(state.tolist()),
        weight=weight,
        per_sd=per_sd,
        marginal=forces.marginal,
        left=forces.left,
        price=forces.price if forces.swaps is None else np.full(len(weight), np.nan),
        share=share,
        slack=forces.price - pulls(forces) if forces.swaps is None else np.full(len(weight), np.nan),
        enters_at=np.where(np.isnan(history.enters_at) | never_out, on_grid, history.enters_at),
        certified=forces.certified,
        swaps=forces.swaps,
    )
