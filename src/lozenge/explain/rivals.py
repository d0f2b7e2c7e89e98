"""Who stands in for a feature, and what it would weigh without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.explain.words import number, position, positions
from lozenge.results import WhatIf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.results import Indices, Path, Source

MOST = 500  # kept features whose covariance is inverted
NAMED = 3
ROUNDING = 1e-6  # of a weight, and of the deviance: two solves of the same problem


def rivals(path: Path, source: Source, j: int, kept: Indices) -> tuple[tuple[str, float], ...] | None:
    """Kept features by partial correlation with feature j, given the other kept ones; None where they are too many.

    With P the inverse of the covariance of j and the kept features, it is -P_jk/√(P_jj P_kk).
    """
    others = kept[kept != j]
    if not len(others):
        return ()
    if len(others) > MOST:
        return None
    features = np.append(others, j)
    C = source.covariance(features)
    size = np.sqrt(np.diagonal(C))
    R = C / np.outer(size, size)
    try:
        P = np.linalg.inv(R)
    except np.linalg.LinAlgError:
        return None
    scale = np.diagonal(P)
    # Where the features repeat each other the inverse is rounding.
    if not (np.isfinite(P).all() and (scale > 0).all() and np.abs(P @ R - np.eye(len(R))).max() < 1e-6):
        return None
    partial = -P[-1, :-1] / np.sqrt(scale[-1] * scale[:-1])
    order = np.argsort(-np.abs(partial), kind="stable")[:NAMED]
    return tuple((path.feature_names[others[k]], float(partial[k])) for k in order)


def what_if(
    path: Path, feature: str | int, without: str | int | Sequence[str | int], alpha: float | None = None
) -> WhatIf:
    """Solve once more at the same α with a rival, or several, excluded.

    Parameters
    ----------
    feature : str or int
    without : str, int or several of them
        The name of a column that has a weight for each of several outputs stands for all of them.
    alpha : float, optional
        The chosen α if none is named.

    Raises
    ------
    ValueError
        For a loaded path, an unknown feature, or a feature without itself.

    Examples
    --------
    Two copies: without the one, the other carries all.

    >>> import numpy as np
    >>> import lozenge as lz
    >>> x = np.array([-1.0, 0.0, 0.0, 1.0])
    >>> X = np.column_stack([x, x + [0.1, -0.1, 0.1, -0.1]])
    >>> found = lz.path(X, 2 * x, alphas=[0.1], feature_names=["a", "b"]).what_if("b", without="a")
    >>> found.weight, found.weight_without > 1, found.explained > found.explained_without
    (0.0, True, True)
    """
    several = (without,) if isinstance(without, (str, int, np.integer)) else tuple(without)
    j, out = position(path, feature), list(dict.fromkeys(k for each in several for k in positions(path, each)))
    if not out:
        raise ValueError("without names no feature; name one or several to leave out")
    if j in out:
        raise ValueError(f"{path.feature_names[j]!r} without itself says nothing; name another feature to leave out")
    if path.source is None:
        raise ValueError("a loaded model has no data to fit again; on the command line name them: --data FILE")
    if path.by_size:
        raise ValueError(
            "what_if compares fits at one alpha, and the solutions of a path by size belong to none; path.why says "
            "what each exchange would cost, and penalty_weights={name: inf} fits again without a feature"
        )
    at = float(path.alphas[path.chosen]) if alpha is None else float(alpha)
    before, after = path.source.solve(at), path.source.without(out).solve(at)
    # Without an unpenalised rival the null model is another: both shares are of the same deviance.
    null, floor = before.model.null_loss, before.model.saturated_loss
    loss = after.model.null_loss - after.deviance_ratio * (after.model.null_loss - floor)
    return WhatIf(
        feature=path.feature_names[j],
        without=" and ".join(
            dict.fromkeys(each if isinstance(each, str) else path.feature_names[each] for each in several)
        ),
        alpha=at,
        weight=float(before.coef[j]),
        weight_without=float(after.coef[j]),
        explained=before.deviance_ratio,
        explained_without=(null - loss) / (null - floor) if null > floor else 0.0,
        kept=int(np.count_nonzero(before.coef)),
        kept_without=int(np.count_nonzero(after.coef)),
        gap=max(before.gap, after.gap),
        several=bool(path.model.outputs),
    )


def sentence(found: WhatIf) -> str:
    """Say it in a sentence or two."""
    cost = found.explained - found.explained_without
    if abs(cost) <= ROUNDING and abs(found.weight - found.weight_without) <= ROUNDING * abs(found.weight):
        return f"Without {found.without} nothing changes: at alpha {number(found.alpha)} there is no weight to lose."
    moved = f"would weigh {number(found.weight_without)} instead of {number(found.weight)}"
    if found.weight == found.weight_without:
        moved = f"would still weigh {number(found.weight)}"
    return (
        f"Without {found.without}, at the same alpha {number(found.alpha)}, {found.feature} {moved}. The fit would "
        f"explain {100 * found.explained_without:.1f} % of the deviance instead of {100 * found.explained:.1f} %, "
        f"a loss of {100 * cost:.2g} points, and keep {found.kept_without:,} "
        f"{'weight' if found.several else 'feature'}{'s' * (found.kept_without != 1)} where it keeps {found.kept:,}."
    )
