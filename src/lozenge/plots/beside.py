"""Weights under several penalties, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.plots.curves import COLOURS, GREY, RULE, SMALL, TEXT, axes, drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lozenge.results import Comparison

SHOWN = 15  # features


def weights(record: Comparison, ax: Axes | None = None) -> Axes:
    """Draw the weights per standard deviation under each penalty, the largest first; a ring is an exact zero.

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
    order = np.argsort(-np.abs(record.per_sd).max(axis=1), kind="stable")[:SHOWN][::-1]
    places = np.arange(len(order))
    step = 0.7 / max(len(record.penalties), 1)
    for k, name in enumerate(record.penalties):
        w = record.per_sd[order, k]
        y = places + 0.35 - step * (k + 0.5)
        colour = COLOURS[k % len(COLOURS)]
        ax.hlines(y, 0.0, w, color=colour, linewidth=1.2)
        kept = w != 0
        ax.plot(w[kept], y[kept], "o", color=colour, markersize=4, label=f"{name}: {record.kept[k]:,} kept")
        ax.plot(w[~kept], y[~kept], "o", markerfacecolor="white", markeredgecolor=colour, markersize=4)
    ax.axvline(0.0, color=RULE, linewidth=0.6, zorder=0)
    for y in places[:-1] + 0.5:
        ax.axhline(y, color=GREY, linewidth=0.4, zorder=0)
    ax.set_yticks(places, labels=[drawable(record.feature_names[j]).replace("$", r"\$") for j in order])
    ax.set_ylabel("feature", fontsize=TEXT)
    ax.set_xlabel("weight per SD of the feature; a ring is an exact zero", fontsize=TEXT)
    ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=SMALL, frameon=False)
    return ax
