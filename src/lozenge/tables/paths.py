"""A path of solutions as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from lozenge.results import Comparison, Path, Reasons, Stability


def path_frame(path: Path) -> pl.DataFrame:
    """Weights along a path, of the features that are ever kept.

    Parameters
    ----------
    path : Path

    Returns
    -------
    polars.DataFrame
        One row per feature with a weight that is not zero at some α, in the order of the features; the first column,
        ``feature``, names it.  Then a Float64 column per α, largest first, named by its value to six digits (to all of
        them where six do not tell it from a larger α); a path by size has one per size, smallest first.
    """
    import polars as pl

    kept = np.unique(path.coefs.indices[path.coefs.data != 0])
    weights = path.coefs[kept].toarray()
    frame = {"feature": pl.Series([path.feature_names[j] for j in kept], dtype=pl.String)}
    for alpha, column in zip(path.axis.tolist(), weights.T, strict=True):
        name = f"{alpha:.6g}"
        name = repr(alpha) if name in frame else name
        while name in frame:
            name += "'"
        frame[name] = pl.Series(column, dtype=pl.Float64)
    return pl.DataFrame(frame)


def comparison_frame(found: Comparison) -> pl.DataFrame:
    """Weights in the user's units, a row per feature and a column per penalty.

    Returns
    -------
    polars.DataFrame
        The features in the order of the largest weight per standard deviation under any penalty.
    """
    import polars as pl

    order = np.argsort(-np.abs(found.per_sd).max(axis=1), kind="stable")
    frame = {"feature": pl.Series([found.feature_names[j] for j in order], dtype=pl.String)}
    columns = zip(found.penalties, found.coefs[order].T, strict=True)
    return pl.DataFrame(frame | {name: pl.Series(column, dtype=pl.Float64) for name, column in columns})


def stability_frame(found: Stability) -> pl.DataFrame:
    """How often halves of the rows keep each feature, most often first.

    Returns
    -------
    polars.DataFrame
        Of the features that any half keeps at the α asked about: ``feature``, ``halves``, ``share`` and ``stable``.
    """
    import polars as pl

    order = np.argsort(-found.share, kind="stable")
    order = order[: int(np.count_nonzero(found.share))]
    return pl.DataFrame(
        {
            "feature": pl.Series([found.feature_names[j] for j in order], dtype=pl.String),
            "halves": found.kept[order, -1],
            "share": found.share[order],
            "stable": np.isin(order, found.stable),
        }
    )


def reasons_frame(found: Reasons) -> pl.DataFrame:
    """The forces on every feature at one α, a row each in the table's order.

    Returns
    -------
    polars.DataFrame
        ``marginal``, ``left`` and ``price`` in the units of α; ``weight`` in the user's; ``enters_at`` null where the
        feature is never kept.  On a path by size nothing has a price: there are ``rise``, what the exchange would
        cost, and ``instead_of``, whose place, and ``enters_at`` is a size.
    """
    import polars as pl

    order = found.order
    numbers = {
        "weight": found.weight,
        "per_sd": found.per_sd,
        "marginal": found.marginal,
        "used": found.marginal - found.left,
        "left": found.left,
        "price": found.price,
        "share": found.share,
        "slack": found.slack,
        "enters_at": found.enters_at,
    }
    frame = {
        "feature": pl.Series([found.feature_names[j] for j in order], dtype=pl.String),
        "state": pl.Series([found.state[j] for j in order], dtype=pl.String),
    }
    if found.swaps is not None:
        numbers = {name: numbers[name] for name in numbers if name not in {"price", "share", "slack"}}
        numbers["rise"] = found.swaps.rise
        names = [found.feature_names[k] if k >= 0 else None for k in found.swaps.other[order].tolist()]
        frame["instead_of"] = pl.Series(names, dtype=pl.String)
    frame |= {name: pl.Series(values[order], dtype=pl.Float64, nan_to_null=True) for name, values in numbers.items()}
    return pl.DataFrame(frame | {"proved_zero": pl.Series(found.certified[order], dtype=pl.Boolean)})
