"""A path of solutions as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from lozenge.results import Path


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
        them where six do not tell it from a larger α).
    """
    import polars as pl

    kept = np.unique(path.coefs.indices[path.coefs.data != 0])
    weights = path.coefs[kept].toarray()
    frame = {"feature": pl.Series([path.feature_names[j] for j in kept], dtype=pl.String)}
    for alpha, column in zip(path.alphas.tolist(), weights.T, strict=True):
        name = f"{alpha:.6g}"
        name = repr(alpha) if name in frame else name
        while name in frame:
            name += "'"
        frame[name] = pl.Series(column, dtype=pl.Float64)
    return pl.DataFrame(frame)
