"""One feature under several penalties, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.explain.words import number, position

if TYPE_CHECKING:
    from lozenge.results import Comparison


def contrast(record: Comparison, feature: str | int) -> str:
    """Say which penalties keep a feature, with what weight per standard deviation, and which make it exactly zero.

    Parameters
    ----------
    record : Comparison
    feature : str or int

    Raises
    ------
    ValueError
        For a feature that was not compared.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> found = lz.compare(X, X @ [3.0, 0.5], penalties=["l1", "l2", "mcp"], cv=None, rule=1.0)
    >>> print(found.contrast("x1"))
    x1 weighs, per SD, 0.250 under l2; it is exactly 0 under l1 and mcp.
    """
    j = position(record, feature)
    weights = record.per_sd[j]
    name = record.feature_names[j]
    kept = [f"{number(float(weights[k]))} under {record.penalties[k]}" for k in np.flatnonzero(weights)]
    gone = [record.penalties[k] for k in np.flatnonzero(weights == 0)]
    parts = [f"{name} weighs, per SD, {_listed(kept)}"] if kept else []
    if gone:
        parts.append(f"{'it' if kept else name} is exactly 0 under {_listed(gone)}")
    return "; ".join(parts) + "."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
