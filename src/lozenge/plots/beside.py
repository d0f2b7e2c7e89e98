"""Weights under several penalties, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.plots.curves import COLOURS, GREY, RULE, SMALL, TEXT, axes, drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lozenge.results import Comparison

SHOWN, LINES = 15, 54  # features at most, and marks below one another
MARKS = "osD^v<>"  # by penalty: there are more penalties than colours that all eyes tell apart


def weights(record: Comparison, ax: Axes | None = None) -> Axes:
    """Draw the weights per standard deviation under each penalty, the largest first; a hollow mark is an exact zero.

    Parameters
    ----------
    record : Comparison
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> found = lz.compare(X, X @ [3.0, 0.5], cv=None, rule=1.0)
    >>> lz.plots.weights(found).get_ylabel()
    'feature'
    """
    ax = axes(ax)
    order = np.argsort(-np.abs(record.per_sd).max(axis=1), kind="stable")
    order = order[: min(SHOWN, LINES // max(len(record.penalties), 1))][::-1]
    places = np.arange(len(order))
    step = 0.8 / max(len(record.penalties), 1)
    size = 4.0 if len(record.penalties) < 4 else 3.0
    for k, name in enumerate(record.penalties):
        w = record.per_sd[order, k]
        y = places + 0.4 - step * (k + 0.5)
        colour, mark = COLOURS[k % len(COLOURS)], MARKS[k % len(MARKS)]
        ax.hlines(y, 0.0, w, color=colour, linewidth=1.2)
        kept = w != 0
        ax.plot(w[kept], y[kept], mark, color=colour, markersize=size, label=f"{name}: {record.kept[k]:,} kept")
        ax.plot(w[~kept], y[~kept], mark, markerfacecolor="white", markeredgecolor=colour, markersize=size)
    ax.axvline(0.0, color=RULE, linewidth=0.6, zorder=0)
    for y in places[:-1] + 0.5:
        ax.axhline(y, color=GREY, linewidth=0.4, zorder=0)
    ax.set_yticks(places, labels=[drawable(record.feature_names[j]).replace("$", r"\$") for j in order])
    ax.set_ylabel("feature", fontsize=TEXT)
    ax.set_xlabel("weight per SD of the feature; a hollow mark is an exact zero", fontsize=TEXT)
    ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=SMALL, frameon=False)
    return ax
